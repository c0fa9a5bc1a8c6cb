// How many are alive: as the server last said, less those that have ended since by the page's own clock.
import type { Stats } from "./frame";
import type { Entry, Retained } from "./retained";

export class Alive {
  stats: Stats | undefined; // undefined: the server has yet to say
  private died: number[] = []; // deadlines that have passed since

  // follow takes what the server says.
  follow(stats: Stats): void {
    this.stats = stats;
    this.died = this.died.filter((deadline) => deadline > stats.at);
  }

  // end takes what is past its deadline.
  end(entries: readonly Entry[]): void {
    for (const { message } of entries) this.died.push(message.expires);
  }

  // ended counts those since the server last said.
  get ended(): number {
    return this.died.length;
  }

  // count is how many are alive now: counted here where all are here. Where births are left out, deaths alone would make the
  // number wrong; both come with the next frame.
  count({ entries, covered, stale }: Retained, sampled: boolean): number {
    const retained = this.stats?.retained ?? 0;
    if (sampled) return retained;
    if (covered === Infinity && !stale) return entries.length;
    return Math.max(entries.length, retained - this.ended, 0);
  }
}
