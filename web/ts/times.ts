// Times as text, in the browser's zone. The same words as web/format.go writes in the server's.

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// clock writes a time of today as "14:32:37", another day's as "Sun 29 Nov, 14:32", another year's with the year.
export function clock(ms: number, now: number): string {
  const at = new Date(ms);
  const today = new Date(now);
  if (at.toDateString() === today.toDateString()) return `${hm(at)}:${two(at.getSeconds())}`;
  const year = at.getFullYear() === today.getFullYear() ? "" : ` ${at.getFullYear()}`;
  return `${day(at)}${year}, ${hm(at)}`;
}

// exact writes a time in full, with milliseconds.
export function exact(ms: number): string {
  const at = new Date(ms);
  const millis = String(at.getMilliseconds()).padStart(3, "0");
  return `${day(at)} ${at.getFullYear()}, ${hm(at)}:${two(at.getSeconds())}.${millis}`;
}

// zone names the browser's zone: "Local, UTC+8".
export function zone(now: number): string {
  const minutes = -new Date(now).getTimezoneOffset();
  const size = Math.abs(minutes);
  const rest = size % 60 === 0 ? "" : `:${two(size % 60)}`;
  return minutes === 0 ? "Local, UTC" : `Local, UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}`;
}

// span writes how long something took: "0:12", "1:02", "3 h 12".
export function span(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))}`;
}

// localize writes every time of the page again in the browser's zone.
export function localize(root: ParentNode, now: number): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-clock]")) {
    const ms = Date.parse(element.dateTime);
    if (Number.isNaN(ms)) continue;
    element.textContent = element.dataset["clock"] === "exact" ? exact(ms) : clock(ms, now);
  }
}

function day(at: Date): string {
  return `${DAYS[at.getDay()]} ${at.getDate()} ${MONTHS[at.getMonth()]}`;
}

function hm(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
