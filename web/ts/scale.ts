// The axis: "now" at its left, 7 days at its right. The slider, the horizon and every lifeline stand on it.
//
// It is made of 48 stops, each a time a person would say, equally spaced. Between two stops it is linear, so a dying
// line moves at constant speed from stop to stop and quickens as it dies.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const FINE = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50];
const HOURS = [1, 2, 3, 4, 5, 6, 8, 10, 12, 18];
const DAYS = [1, 2, 3, 4, 5, 6, 7];

// STOPS are lifetimes in milliseconds, least first.
export const STOPS: readonly number[] = [
  0,
  ...FINE.map((n) => n * SECOND),
  ...FINE.map((n) => n * MINUTE),
  ...HOURS.map((n) => n * HOUR),
  ...DAYS.map((n) => n * DAY),
];

// LAST is the index of the last stop, and the number of intervals.
export const LAST = STOPS.length - 1;

// END is the lifetime at the right end of the axis.
export const END = stop(LAST);

// LABELLED are the stops with a label under the rail; Page Up and Page Down go from one to the next.
export const LABELLED: readonly number[] = [0, 5, 8, 13, 16, 23, 31, 36, 41, 47];

// stop is the lifetime of a stop; indices beyond the axis mean its ends.
export function stop(index: number): number {
  return STOPS[Math.max(0, Math.min(STOPS.length - 1, index))] as number;
}

// stopAtOrBelow is the index of the last stop that is not above ms.
export function stopAtOrBelow(ms: number): number {
  let low = 0;
  let high = LAST;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (stop(middle) <= ms) low = middle;
    else high = middle - 1;
  }
  return low;
}

// place is where ms stands in stops: 13.5 is halfway between stop 13 and stop 14.
export function place(ms: number): number {
  if (!(ms > 0)) return 0;
  if (ms >= END) return LAST;
  const below = stopAtOrBelow(ms);
  return below + (ms - stop(below)) / (stop(below + 1) - stop(below));
}

// position is where ms stands on the axis, from 0 to 1.
export function position(ms: number): number {
  return place(ms) / LAST;
}

// lifetime is the inverse of position.
export function lifetime(position: number): number {
  const at = Math.max(0, Math.min(1, position)) * LAST;
  const below = Math.min(LAST - 1, Math.floor(at));
  return stop(below) + (at - below) * (stop(below + 1) - stop(below));
}

// nearestStop is the index of the stop that is nearest on the axis.
export function nearestStop(ms: number): number {
  return Math.round(place(ms));
}

// step is the index of the next stop above (+1) or below (-1), also from between two stops.
export function step(ms: number, direction: 1 | -1): number {
  const at = place(ms);
  const next = direction > 0 ? Math.floor(at) + 1 : Math.ceil(at) - 1;
  return Math.max(0, Math.min(LAST, next));
}

// page is the index of the next labelled stop above or below.
export function page(ms: number, direction: 1 | -1): number {
  const at = place(ms);
  const next =
    direction > 0 ? LABELLED.find((i) => i > at) : [...LABELLED].reverse().find((i) => i < at);
  return next ?? (direction > 0 ? LAST : 0);
}

// keyed is where a key leads to from a place on the axis, as in any slider; undefined: nowhere.
export function keyed(key: string, from: number): number | undefined {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return stop(step(from, -1));
    case "ArrowRight":
    case "ArrowUp":
      return stop(step(from, 1));
    case "PageDown":
      return stop(page(from, -1));
    case "PageUp":
      return stop(page(from, 1));
    case "Home":
      return 0;
    case "End":
      return END;
    default:
      return undefined;
  }
}

// Point is a moment in the life of a line: the share of the time that has passed, and where the line then ends.
export interface Point {
  offset: number;
  position: number;
}

// path is the way of a line that has `left` milliseconds to live. It is exact with one point at each stop it passes,
// because the axis is linear between them. A line longer than the axis rests at its edge first.
export function path(left: number): Point[] {
  const points: Point[] = [{ offset: 0, position: position(left) }];
  for (let i = Math.ceil(place(left)); i >= 0; i--) {
    const at = stop(i);
    if (at < left) points.push({ offset: (left - at) / left, position: i / LAST });
  }
  return points;
}
