// Payloads as lists show them: one line, nothing hidden, nothing run. What this returns is text for textContent.
// web/payload.go does the same for the first paint; a row must not change its words when the script takes it over.
import { grouped, t } from "./texts";

// Body is a payload made ready for one line of a list.
export interface Body {
  // text is the payload, harmless and readable; of bytes that are no text, the first in hex.
  text: string;
  // note says that it is told in the page's own words, as `said` does: "(empty)", "application data, 2,112 B: 89 50 4e 47 …".
  note: boolean;
  // size is there for bytes that are no text.
  size?: string;
  // cut is told at the end when the rest is missing: "… 1.0 MiB".
  cut: string;
}

// HEX_BYTES is how much of a binary payload a list shows.
const HEX_BYTES = 16;

// MOST_SHOWN characters are more than any screen is wide; the rest of a long line would only slow the layout.
const MOST_SHOWN = 600;

// display turns a payload, or its beginning when `size` is greater, into a line.
export function display(data: Uint8Array, size = data.length): Body {
  if (size === 0) return { text: "", note: true, cut: "" };
  const whole = size <= data.length;
  const text = decode(data, whole);
  if (text === undefined || !readable(text)) {
    return { text: hex(data, size), note: true, size: bytes(size), cut: "" };
  }
  const line = visible(looksLikeJSON(text) ? oneLine(text) : text);
  const shown = firstCharacters(line, MOST_SHOWN);
  return { text: shown, note: false, cut: whole && shown === line ? "" : `… ${bytes(size)}` };
}

// said is what stands in the line. Payloads are read in the worker, which knows no language; this is for the page.
export function said({ text, note, size }: Body): string {
  if (size !== undefined) return t("payload.line", { size, hex: text });
  return note && text === "" ? t("payload.empty") : text;
}

// decode reads UTF-8, or says undefined. A cut payload may end inside a character, a whole one may not.
function decode(data: Uint8Array, whole: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data, { stream: !whole });
  } catch {
    return undefined;
  }
}

// readable allows a stray control character, or a tenth of them; with more, it is no text.
function readable(text: string): boolean {
  let controls = 0;
  let length = 0;
  for (const character of text) {
    length++;
    if (character < " " && !"\t\n\r".includes(character)) controls++;
  }
  return controls <= Math.max(1, Math.floor(length / 10));
}

function hex(data: Uint8Array, size: number): string {
  const first = Array.from(data.subarray(0, HEX_BYTES), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return size > HEX_BYTES ? `${first} …` : first;
}

function looksLikeJSON(text: string): boolean {
  return /^\s*[[{].*[\]}]\s*$/s.test(text);
}

// oneLine takes the white space between JSON's tokens to one space where there was any. Numbers and strings stay letter
// for letter as they were sent, which parsing and writing again would not promise.
function oneLine(json: string): string {
  return json.trim().replace(/("(?:[^"\\]|\\.)*"?)|[ \t\r\n]+/gs, (_, string?: string) => string ?? " ");
}

function firstCharacters(text: string, most: number): string {
  return text.length <= most ? text : Array.from(text).slice(0, most).join("");
}

// INVISIBLE shows nothing or changes how others are shown: controls, format characters, separators, and letters that are
// blank by design. Some format characters are drawn, and stay.
const INVISIBLE = /(?![\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]/gu;

const JOINING =
  "\\p{sc=Arab}\\p{sc=Syrc}\\p{sc=Nkoo}\\p{sc=Mong}\\p{sc=Deva}\\p{sc=Beng}\\p{sc=Guru}\\p{sc=Gujr}\\p{sc=Orya}" +
  "\\p{sc=Taml}\\p{sc=Telu}\\p{sc=Knda}\\p{sc=Mlym}\\p{sc=Sinh}\\p{sc=Khmr}\\p{sc=Mymr}";
// Both are asked about the beginning of a text only: Chromium 156 finds no character beyond U+FFFF by `[…]$`.
const LETTER = new RegExp(`^[${JOINING}]`, "u");
const PICTURE = /^[\p{So}\p{Sk}\ufe0f]/u;

// visible gives whatever has no picture of its own one, line breaks included.
export function visible(text: string): string {
  return text.replace(INVISIBLE, (character, at: number) => {
    const code = character.codePointAt(0) as number;
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return "␡";
    if (code === 0x2028 || code === 0x2029) return "␤";
    if (joins(code, text.slice(Math.max(0, at - 2), at), text.slice(at + 1, at + 3))) return character;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

// joins says whether a zero width joiner or non-joiner does its work where it stands: in an emoji of several, or between
// letters of a script that joins. Elsewhere it only hides.
function joins(code: number, before: string, after: string): boolean {
  if (code !== 0x200c && code !== 0x200d) return false;
  const previous = Array.from(before).at(-1) ?? "";
  if (code === 0x200d && /^\p{So}/u.test(after) && PICTURE.test(previous)) return true;
  return LETTER.test(previous) && LETTER.test(after);
}

// bytes writes the size of one message. Limits are powers of two, so these are too: "2,112 B", "64.0 KiB", "1.3 MiB".
export function bytes(size: number): string {
  if (size < 10_000) return `${count(size)} B`;
  return scaled(size / 1024, 1024, 99.95, ["KiB", "MiB", "GiB", "TiB"]);
}

// sum writes a sum of bytes: "512 B", "3.1 kB", "41 kB".
export function sum(size: number): string {
  if (size < 1000) return `${count(size)} B`;
  return scaled(size / 1000, 1000, 9.95, ["kB", "MB", "GB", "TB"]);
}

// scaled writes a value in the first unit in which it stays below the next; below `tenths` with one decimal.
function scaled(value: number, base: number, tenths: number, units: string[]): string {
  let unit = 0;
  // 999.6 kB would be written "1000 kB": the next unit begins where rounding reaches it.
  for (; unit < units.length - 1 && value >= base - 0.5; unit++) value /= base;
  return `${value.toFixed(value < tenths ? 1 : 0)} ${units[unit]}`;
}

// count writes a whole number with separators: "84,311".
export function count(n: number): string {
  return grouped(Math.round(n));
}

// rough writes a whole number where there is little room: from 10,000 on in thousands or more, "22k", "1.2M".
export function rough(n: number): string {
  return n < 10_000 ? count(n) : scaled(n / 1000, 1000, 9.95, ["k", "M", "G", "T"]).replace(" ", "");
}

// rate writes messages a second: "0", "2.0", "10,021".
export function rate(perSecond: number): string {
  if (perSecond >= 100) return count(perSecond);
  if (perSecond <= 0) return "0";
  return perSecond < 0.05 ? "< 0.1" : perSecond.toFixed(1);
}
