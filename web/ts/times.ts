// Times as text, in the zone that the reader chose. The same words as web/format.go writes in the server's.
import { rough } from "./duration";
import { list, t } from "./texts";
import { zone } from "./zone";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// clock writes a time of today as "14:32:37", another day's as "Sun 29 Nov, 14:32", another year's with the year.
export function clock(ms: number, now: number): string {
  const at = new Date(zoned(ms));
  if (sameDay(ms, now)) return `${hm(at)}:${two(at.getUTCSeconds())}`;
  return t("time.dateAt", { date: day(at, at.getUTCFullYear() !== new Date(zoned(now)).getUTCFullYear()), time: hm(at) });
}

// exact writes a time in full, with milliseconds.
export function exact(ms: number): string {
  const at = new Date(zoned(ms));
  const millis = String(at.getUTCMilliseconds()).padStart(3, "0");
  return t("time.dateAt", { date: day(at, true), time: `${hm(at)}:${two(at.getUTCSeconds())}.${millis}` });
}

// when writes a time that stands by itself: as clock, or by how far it is from now where times are relative.
export function when(ms: number, now: number): string {
  if (zone.kind !== "relative") return clock(ms, now);
  return ms > now ? t("time.in", { time: coarse(ms - now) }) : t("time.ago", { time: coarse(now - ms) });
}

// Says is a sentence with times in it, as it reads now in the zone that is chosen.
export type Says = (now: number) => string;

// coarse writes how far a time is, in one unit up to an hour, so that few of many change at once.
export function coarse(distance: number): string {
  const unit = distance < MINUTE ? SECOND : distance < HOUR ? MINUTE : HOUR;
  return rough(Math.max(SECOND, distance - (distance % unit)));
}

// sameDay says whether two times are of one day.
export function sameDay(a: number, b: number): boolean {
  return new Date(zoned(a)).toISOString().slice(0, 10) === new Date(zoned(b)).toISOString().slice(0, 10);
}

// span writes how long something took: "0:12", "1:02", "3 h 12".
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return t("left.hours", { h: Math.floor(seconds / 3600), m: two(Math.floor((seconds % 3600) / 60)) });
}

// How is how a time element is written: "clock" and "exact" become relative with the others, "at" stays a time of day
// since the sentence around it asks for one.
type How = "clock" | "exact" | "at";

// moment makes a time element, which localize keeps in the reader's zone; web/parts.templ has the same.
export function moment(ms: number, now: number, how: How = "clock"): HTMLTimeElement {
  const element = document.createElement("time");
  element.dateTime = new Date(ms).toISOString();
  element.dataset["clock"] = how;
  show(element, ms, now);
  return element;
}

// field writes a time as a field for date and time has it, to the second.
export function field(ms: number): string {
  return new Date(zoned(ms)).toISOString().slice(0, 19);
}

// fieldTime reads such a field; undefined: there is no time in it. An hour that a clock skips is read as the one after.
export function fieldTime(text: string): number | undefined {
  const as = Date.parse(`${text}Z`);
  if (Number.isNaN(as)) return undefined;
  // How far the zone is off is known of a time, which is what is looked for: the first guess is near enough for that.
  const guess = as + zone.offset(as) * MINUTE;
  return as + zone.offset(guess) * MINUTE;
}

// localize writes every time of the page again, in the zone that the reader chose.
export function localize(root: ParentNode, now: number): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-clock]")) {
    const ms = Date.parse(element.dateTime);
    if (!Number.isNaN(ms)) show(element, ms, now);
  }
}

function show(element: HTMLTimeElement, ms: number, now: number): void {
  const how = element.dataset["clock"] as How;
  const relative = zone.kind === "relative" && how !== "at";
  const text = relative ? when(ms, now) : how === "exact" ? exact(ms) : clock(ms, now);
  if (element.textContent !== text) element.textContent = text;
  if (relative) element.title = exact(ms);
  else element.removeAttribute("title");
}

// zoned moves a time so that its UTC fields read as those of the zone.
function zoned(ms: number): number {
  return ms - zone.offset(ms) * MINUTE;
}

function day(at: Date, withYear: boolean): string {
  const date = {
    weekday: list("time.weekdays")[at.getUTCDay()] ?? "",
    day: at.getUTCDate(),
    month: list("time.months")[at.getUTCMonth()] ?? "",
  };
  return withYear ? t("time.dateYear", { ...date, year: String(at.getUTCFullYear()) }) : t("time.date", date);
}

function hm(at: Date): string {
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
