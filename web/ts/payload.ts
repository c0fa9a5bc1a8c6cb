// Payloads as lists show them: one line, nothing hidden, nothing run. What this returns is text for textContent.
// web/payload.go does the same for the first paint; a row must not change its words when the script takes it over.

// Body is a payload made ready for one line of a list.
export interface Body {
  // note is what the page says in its own words: "(empty)", "application data, 2,112 B".
  note: string;
  // text is the payload, harmless and readable; the first bytes in hex when it is not text.
  text: string;
  // cut is told at the end when the rest is missing: "… 1.0 MiB".
  cut: string;
}

// HEX_BYTES is how much of a binary payload a list shows.
const HEX_BYTES = 16;

// display turns a payload, or its beginning when `size` is greater, into a line.
export function display(data: Uint8Array, size = data.length): Body {
  if (size === 0) return { note: "(empty)", text: "", cut: "" };
  const whole = size <= data.length;
  const text = decode(data, whole);
  if (text === undefined) return { note: `application data, ${count(size)} B`, text: hex(data, size), cut: "" };
  if (!whole) return { note: "", text: visible(text), cut: `… ${bytes(size)}` };
  return { note: "", text: visible(oneLine(text)), cut: "" };
}

// decode reads UTF-8, or says undefined. A cut payload may end inside a character, a whole one may not.
function decode(data: Uint8Array, whole: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data, { stream: !whole });
  } catch {
    return undefined;
  }
}

function hex(data: Uint8Array, size: number): string {
  const first = Array.from(data.subarray(0, HEX_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return size > HEX_BYTES ? `${first} …` : first;
}

// oneLine puts JSON that was written over several lines on one. Only white space between tokens goes: numbers and
// strings stay letter for letter, which parsing and writing again would not promise.
function oneLine(text: string): string {
  if (!/^\s*[[{]/.test(text) || !/[\n\r\t]/.test(text)) return text;
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string?: string) => string ?? "");
}

// INVISIBLE shows nothing or changes how others are shown: controls, format characters, separators, and letters that are
// blank by design. Some format characters are drawn, and stay.
const INVISIBLE = /(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/gu;

const JOINING =
  "\\p{sc=Arab}\\p{sc=Syrc}\\p{sc=Nkoo}\\p{sc=Mong}\\p{sc=Deva}\\p{sc=Beng}\\p{sc=Guru}\\p{sc=Gujr}\\p{sc=Orya}" +
  "\\p{sc=Taml}\\p{sc=Telu}\\p{sc=Knda}\\p{sc=Mlym}\\p{sc=Sinh}\\p{sc=Khmr}\\p{sc=Mymr}";
const BEFORE_LETTER = new RegExp(`[${JOINING}]$`, "u");
const AFTER_LETTER = new RegExp(`^[${JOINING}]`, "u");

// visible gives whatever has no picture of its own one, line breaks included.
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character, at: number) => {
    const code = character.codePointAt(0) as number;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "␡";
    if (joins(code, text.slice(Math.max(0, at - 2), at), text.slice(at + 1, at + 3))) return character;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

// joins says whether a zero width joiner or non-joiner does its work where it stands: in an emoji of several, or between
// letters of a script that joins. Elsewhere it only hides.
function joins(code: number, before: string, after: string): boolean {
  if (code !== 0x200c && code !== 0x200d) return false;
  if (code === 0x200d && /^\p{So}/u.test(after) && /[\p{So}\p{Sk}\ufe0f]$/u.test(before)) return true;
  return BEFORE_LETTER.test(before) && AFTER_LETTER.test(after);
}

// bytes writes the size of one message. Limits are powers of two, so these are too: "900 B", "1.3 MiB".
export function bytes(size: number): string {
  return scaled(size, 1024, ["B", "KiB", "MiB", "GiB"]);
}

// sum writes a sum of bytes: "512 B", "3.1 kB", "41 kB".
export function sum(size: number): string {
  return scaled(size, 1000, ["B", "kB", "MB", "GB", "TB"]);
}

function scaled(value: number, base: number, units: string[]): string {
  let unit = 0;
  // 999.6 kB would be written "1000 kB": the next unit begins where rounding reaches it.
  for (; unit < units.length - 1 && value >= base - 0.5; unit++) value /= base;
  return `${value.toFixed(unit === 0 || value >= 9.95 ? 0 : 1)} ${units[unit]}`;
}

// count writes a whole number with separators: "84,311".
export function count(n: number): string {
  return Math.round(n)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

// rate writes messages a second: "0", "2.0", "10,021".
export function rate(perSecond: number): string {
  if (perSecond >= 100) return count(perSecond);
  if (perSecond <= 0) return "0";
  return perSecond < 0.05 ? "< 0.1" : perSecond.toFixed(1);
}
