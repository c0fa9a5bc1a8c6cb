// Lifetimes as people write and read them. All numbers are milliseconds.
import { visible } from "./payload";

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
  if (input === "") return { error: "no time given. Write 30 s, 10 min, 1.5 h or 7 d." };
  if (/^[-−]/.test(input)) return { error: "a time to live cannot be negative. 0 means now or never." };
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
    if (unit === undefined) return { error: `“${quote(match[2] as string)}” is not a unit. Units are ms, s, min, h and d.` };
    if (unit >= above) return { error: "write the greater unit first, each once: 2 h 30 min." };
    above = unit;
    ms += Number(match[1]) * unit;
  }
  return inRange(ms);
}

// misread says what is wrong with a rest that does not begin with a number and a unit.
function misread(rest: string): string {
  if (/^\d[\d.]*\s*,/.test(rest)) return "a comma could be thousands or a fraction. Write 1.5 h or 1500 s.";
  if (/^\d[\d.]*\s*:/.test(rest)) return "a colon could be minutes or hours. Write 1 min 30 s or 1 h 30 min.";
  if (/^\d[\d.]*\s*$/.test(rest)) return `${quote(rest)} has no unit. Write 2 h 30 min, or one number for seconds.`;
  return `“${quote(rest)}” does not begin with a number. Write 30 s, 10 min, 1.5 h or 7 d.`;
}

function quote(typed: string): string {
  const text = visible(typed);
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

function inRange(ms: number): Parsed {
  // 0.1 + 0.2 seconds is 300 ms, not 301: what is less than a nanosecond is the arithmetic's, not the person's.
  const whole = Math.ceil(Number((ms - 1e-6).toFixed(6)));
  if (whole > LONGEST) return { error: "longer than 10 years. Nothing is kept for ever." };
  return { ms: Math.max(0, whole) };
}

// short writes a lifetime exactly and compactly: `250 ms`, `1.5 s`, `30 s`, `2 h 30 min`, `7 d`.
export function short(ms: number): string {
  return write(ms, ["d", "h", "min", "s", "ms"], (_, unit) => unit, "0");
}

// words writes a lifetime for reading aloud. It never ticks, so a screen reader says it once.
export function words(ms: number): string {
  return write(ms, ["day", "hour", "minute", "second", "millisecond"], plural, "now or never: not kept");
}

function plural(count: number, unit: string): string {
  return count === 1 ? unit : unit + "s";
}

function write(ms: number, names: string[], inflect: (count: number, unit: string) => string, zero: string): string {
  if (ms <= 0) return zero;
  const parts: string[] = [];
  let rest = Math.ceil(ms);
  [DAY, HOUR, MINUTE].forEach((unit, i) => {
    const count = Math.floor(rest / unit);
    if (count > 0) parts.push(`${count} ${inflect(count, names[i] as string)}`);
    rest -= count * unit;
  });
  if (rest >= SECOND || (rest > 0 && parts.length > 0)) {
    parts.push(`${rest / SECOND} ${inflect(rest / SECOND, names[3] as string)}`);
  } else if (rest > 0) {
    parts.push(`${rest} ${inflect(rest, names[4] as string)}`);
  }
  return parts.join(" ");
}

// countdown writes what is left: `9.8 s`, `26 s`, `4:07`, `3 h 12`, `6 d`. Rounded up, so never 0 while alive.
export function countdown(left: number): string {
  const tenths = Math.max(1, Math.ceil(left / 100));
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.ceil(left / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  const minutes = Math.ceil(left / MINUTE);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)}`;
  return `${Math.ceil(left / DAY)} d`;
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
