// Hurry: when many messages die, their rows are not animated and the list is drawn less often.

// More deaths a second than HURRY, and no row animates; the list is drawn at most every HURRIED milliseconds.
const HURRY = 10;
export const HURRIED = 250;

// KEPT deaths are enough to know that there is a hurry.
const KEPT = 4 * HURRY;

export class Hurry {
  // perSecond is how many died a second of late, by the server's count.
  perSecond = 0;

  private deaths: number[] = []; // when the page last let something go, oldest first

  // note takes deaths that the page saw by itself.
  note(count: number): void {
    const now = performance.now();
    for (let i = 0; i < Math.min(count, KEPT); i++) this.deaths.push(now);
    this.deaths.splice(0, this.deaths.length - KEPT);
  }

  // count takes the server's count of what is gone, and when, after an earlier one.
  count(before: { gone: number; at: number } | undefined, { gone, at }: { gone: number; at: number }): void {
    if (before && at > before.at) this.perSecond = Math.max(0, ((gone - before.gone) * 1000) / (at - before.at));
  }

  // on says that there is one. What the server last said of its rate does not outlive the connection.
  on(connected: boolean): boolean {
    const since = performance.now() - 1000;
    return (this.perSecond > HURRY && connected) || this.deaths.filter((at) => at > since).length > HURRY;
  }
}
