// Payloads as lists show them: one line, nothing hidden, nothing run. What this returns is text for textContent.

// Body is a payload made ready for one line of a list.
export interface Body {
  kind: "text" | "json" | "binary" | "empty";
  text: string;
  // size is the length of the whole payload in bytes.
  size: number;
  // cut says that the payload goes on beyond the text.
  cut: boolean;
}

// A text may hold a stray control character; more than this share of them, and it is not for reading.
const MOST_CONTROLS = 0.1;

// MOST_SHOWN characters are more than any screen is wide; the rest of a long line would only slow the layout.
const MOST_SHOWN = 600;

// display turns a payload, or its beginning when `size` is greater, into a line.
export function display(data: Uint8Array, size = data.length): Body {
  if (size === 0) return { kind: "empty", text: "(empty)", size, cut: false };
  const cut = size > data.length;
  const text = decode(data, cut);
  if (text === undefined || !readable(text)) return binary(data, size);
  const json = looksLikeJSON(text);
  let line = visible(json ? oneLine(text) : text);
  const long = line.length > MOST_SHOWN;
  if (long) line = atCharacter(line, MOST_SHOWN);
  if (cut || long) line += `… ${bytes(size)}`;
  return { kind: json ? "json" : "text", text: line, size, cut: cut || long };
}

// decode reads UTF-8. A cut payload may end inside a character, a whole one may not.
function decode(data: Uint8Array, cut: boolean): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data, { stream: cut });
  } catch {
    return undefined;
  }
}

function readable(text: string): boolean {
  let controls = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 && code !== 9 && code !== 10 && code !== 13) controls++;
  }
  return controls <= Math.max(1, text.length * MOST_CONTROLS);
}

function binary(data: Uint8Array, size: number): Body {
  const first = Array.from(data.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const more = size > 16 ? " …" : "";
  return { kind: "binary", text: `application data, ${bytes(size)}: ${first}${more}`, size, cut: size > 16 };
}

function looksLikeJSON(text: string): boolean {
  return /^\s*[[{]/.test(text) && /[\]}]\s*$/.test(text);
}

// oneLine takes the white space between JSON's tokens to one space where there was any. Numbers and strings stay
// letter for letter as they were sent, which parsing and writing again would not promise.
export function oneLine(json: string): string {
  return json.trim().replace(/("(?:[^"\\]|\\.)*"?)|\s+/gs, (_, string?: string) => string ?? " ");
}

// visible replaces what would be invisible or would turn the line around by something one can see. Marks of direction
// that only sit between characters (LRM, RLM) and joiners (emoji) stay: text needs them.
export function visible(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g,
    (character) => symbol(character.charCodeAt(0)),
  );
}

function symbol(code: number): string {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  if (code === 0x2028 || code === 0x2029) return "\u2424";
  return `\u27e8U+${code.toString(16).toUpperCase().padStart(4, "0")}\u27e9`;
}

function atCharacter(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}

// bytes writes a size: `2,112 B`, `64 KiB`, `1.0 MiB`.
export function bytes(size: number): string {
  if (size < 10_000) return `${count(size)} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = size / 1024;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

// count writes a whole number with separators: `84,311`.
export function count(n: number): string {
  return Math.round(n).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}
