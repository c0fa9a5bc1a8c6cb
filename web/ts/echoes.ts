// Changes of lifetime made here that the watch has yet to tell: what it tells before that is older than what the server has
// answered.
import type { Change } from "./frame";
import { type Key, keyOf } from "./message";

// ECHO is how long the watch may take to tell what the server has answered, in milliseconds.
const ECHO = 3000;

export class Echoes {
  private readonly awaited = new Map<Key, { expires: number; until: number }>();

  constructor(private readonly clock: () => number = () => performance.now()) {}

  // expect is told of a change that the server has answered.
  expect(change: Pick<Change, "topic" | "incarnation" | "sequence" | "expires">): void {
    this.awaited.set(keyOf(change), { expires: change.expires, until: this.clock() + ECHO });
  }

  // overtaken says that a change which the watch tells is older than one that the server has answered.
  overtaken(change: Change): boolean {
    const key = keyOf(change);
    const echo = this.awaited.get(key);
    if (!echo) return false;
    const late = this.clock() > echo.until;
    if (late || echo.expires === change.expires) this.awaited.delete(key);
    return !late && echo.expires !== change.expires;
  }
}
