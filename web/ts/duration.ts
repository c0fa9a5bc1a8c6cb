// Lifetimes as people write and read them. All numbers are milliseconds.
import { visible } from "./payload";
import { t } from "./texts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// LONGEST is the ceiling that no operator can lift: ten years.
export const LONGEST = 3650 * DAY;

// A plain "m" is a minute: "10m" was never meant to be ten months. web/duration.go reads the same.
const UNITS: ReadonlyArray<readonly [number, RegExp]> = [
  [DAY, /^(d|days?|天|日)$/],
  [HOUR, /^(h|hrs?|hours?|小时|小時|时|時)$/],
  [MINUTE, /^(m|mins?|minutes?|分|分钟|分鐘)$/],
  [SECOND, /^(s|secs?|seconds?|秒|秒钟|秒鐘)$/],
  [1, /^(ms|msecs?|milliseconds?|毫秒)$/],
];

// Parsed is a lifetime, or a sentence that says what the box did not understand.
export type Parsed = { ms: number } | { error: string };

// parse reads the box beside the slider: `250ms`, `1.5 h`, `2h30m`, `10 分钟`; a bare number is seconds. A fraction of a
// millisecond counts as one more, as the server counts it.
export function parse(text: string): Parsed {
  const input = text.normalize("NFKC").replaceAll("。", ".").trim().toLowerCase();
  if (input === "") return { error: t("parse.none") };
  if (/^[-−]/.test(input)) return { error: t("parse.negative") };
  if (/^(\d+\.?\d*|\.\d+)$/.test(input)) return inRange(Number(input) * SECOND);
  return parseParts(input);
}

function parseParts(input: string): Parsed {
  const part = /\s*(\d+\.?\d*|\.\d+)\s*([^\d.\s,:]+)\s*/y;
  let ms = 0;
  let above = Infinity;
  while (part.lastIndex < input.length) {
    const rest = input.slice(part.lastIndex);
    const match = part.exec(input);
    if (!match) return { error: misread(rest) };
    const unit = UNITS.find(([, name]) => name.test(match[2] as string))?.[0];
    if (unit === undefined) return { error: t("parse.unit", { text: quote(match[2] as string) }) };
    if (unit >= above) return { error: t("parse.order") };
    above = unit;
    ms += Number(match[1]) * unit;
  }
  return inRange(ms);
}

// misread says what is wrong with a rest that does not begin with a number and a unit.
function misread(rest: string): string {
  if (/^\d[\d.]*\s*,/.test(rest)) return t("parse.comma");
  if (/^\d[\d.]*\s*:/.test(rest)) return t("parse.colon");
  if (/^\d[\d.]*\s*$/.test(rest)) return t("parse.noUnit", { text: quote(rest) });
  return t("parse.noNumber", { text: quote(rest) });
}

function quote(typed: string): string {
  const text = visible(typed);
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

function inRange(ms: number): Parsed {
  // 0.1 + 0.2 seconds is 300 ms, not 301: what is less than a nanosecond is the arithmetic's, not the person's.
  const whole = Math.ceil(Number((ms - 1e-6).toFixed(6)));
  if (whole > LONGEST) return { error: t("parse.long") };
  return { ms: Math.max(0, whole) };
}

const SHORT = ["short.day", "short.hour", "short.minute", "short.second", "short.millisecond"] as const;
const WORDS = ["words.day", "words.hour", "words.minute", "words.second", "words.millisecond"] as const;
const TYPED = ["d", "h", "m", "s", "ms"] as const;

// short writes a lifetime exactly and compactly: `250 ms`, `1.5 s`, `30 s`, `2 h 30 min`, `7 d`.
export function short(ms: number): string {
  return ms <= 0 ? "0" : spell(ms, (number, unit) => t(SHORT[unit], { count: number })).join(" ");
}

// words writes a lifetime for reading aloud. It never ticks, so a screen reader says it once.
export function words(ms: number): string {
  return ms <= 0 ? t("words.zero") : spell(ms, (number, unit) => t(WORDS[unit], { count: number })).join(" ");
}

// typed writes a lifetime as in an address or a command, the same in every language: `1h30m`.
export function typed(ms: number): string {
  return ms <= 0 ? "0" : spell(ms, (number, unit) => number + TYPED[unit]).join("");
}

// Unit is an index from the day to the millisecond.
type Unit = 0 | 1 | 2 | 3 | 4;

// spell writes each unit's number by name, the seconds with what is less.
function spell(ms: number, name: (number: string, unit: Unit) => string): string[] {
  const parts: string[] = [];
  let rest = Math.ceil(ms);
  for (const [unit, size] of [DAY, HOUR, MINUTE].entries()) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(name(String(count), unit as Unit));
    rest -= count * size;
  }
  if (rest >= SECOND || (rest > 0 && parts.length > 0)) parts.push(name(String(rest / SECOND), 3));
  else if (rest > 0) parts.push(name(String(rest), 4));
  return parts;
}

// countdown writes what is left: `9.8 s`, `26 s`, `4:07`, `3 h 12`, `6 d`. Rounded up, so never 0 while alive.
export function countdown(left: number): string {
  const tenths = Math.max(1, Math.ceil(left / 100));
  if (tenths < 100) return t("short.second", { count: (tenths / 10).toFixed(1) });
  const seconds = Math.ceil(left / SECOND);
  if (seconds < 60) return t("short.second", { count: seconds });
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  const minutes = Math.ceil(left / MINUTE);
  if (minutes < 48 * 60) return t("left.hours", { h: Math.floor(minutes / 60), m: two(minutes % 60) });
  return t("short.day", { count: Math.ceil(left / DAY) });
}

// rough writes a span for a sentence, to the two greatest units: `26 s`, `10 min`, `3 h 12 min`, `2 d 5 h`.
export function rough(ms: number): string {
  if (ms < MINUTE) return short(ms < SECOND ? ms : Math.round(ms / SECOND) * SECOND);
  if (ms < HOUR) return short(Math.round(ms / SECOND) * SECOND);
  return short(ms < DAY ? Math.round(ms / MINUTE) * MINUTE : Math.round(ms / HOUR) * HOUR);
}

// dyingFrom is how long before its end a message counts as dying: a tenth of its granted life, 1 s to 60 s.
export function dyingFrom(granted: number): number {
  return Math.min(MINUTE, Math.max(SECOND, granted / 10));
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
