// What the page missed: told as one row of Live when the connection is back.
import type { Hello, Stats } from "./frame";
import { t } from "./texts";
import { type Says, span, when } from "./times";

// BLIP: an interruption this short in which nothing was missed is not worth a row.
const BLIP = 3000;

// Missed is what was published in an absence and not told since; caught is what was.
export interface Missed {
  from: number;
  before: number;
  count: number;
  caught: number;
  hidden: boolean;
}

export class Absence {
  private hello: Hello | undefined;
  private stats: Stats | undefined;
  private lastSeen = 0;
  private away: { since: number; stats: Stats | undefined; hidden: boolean } | undefined;
  private restarted: { from: Hello; to: Hello } | undefined;
  private caught = 0;
  // missed is what the last absence missed: between two times of the server's clock, of so many messages none was told.
  missed: Missed | undefined;

  // seen notes the server's time of each batch.
  seen(serverTime: number): void {
    if (serverTime > 0 && !this.away) this.lastSeen = serverTime;
  }

  // begin notes that there is no connection from now on, or that the tab sleeps.
  begin(hidden: boolean): void {
    if (this.hello) this.away ??= { since: this.lastSeen, stats: this.stats, hidden };
  }

  // greet learns which server answers; true when what the page holds is from another store.
  greet(hello: Hello): boolean {
    const before = this.hello;
    this.hello = hello;
    if (!before || before.server === hello.server) return false;
    this.begin(false);
    this.restarted = { from: before, to: hello };
    return before.store !== hello.store;
  }

  // fresh counts messages of the time away that came after all.
  fresh(n: number): void {
    if (this.away) this.caught += n;
  }

  // back takes in the first numbers after the absence, and returns the row that tells of it; undefined when there is none.
  back(stats: Stats): Says | undefined {
    const { away, restarted, caught } = this;
    this.stats = stats;
    this.lastSeen = stats.at;
    if (!away) return undefined;
    this.away = undefined;
    this.restarted = undefined;
    this.caught = 0;
    this.missed = undefined;
    const missed = away.stats ? Math.max(0, stats.published - away.stats.published - caught) : 0;
    const ended = away.stats ? Math.max(0, stats.gone - away.stats.gone) : 0;
    if (restarted) return afterRestart(restarted, away.since, ended);
    const length = Math.max(0, stats.at - away.since);
    if (missed > 0) this.missed = { from: Math.floor(away.since) + 1, before: stats.at, count: missed, caught, hidden: away.hidden };
    if (missed === 0 && (length < BLIP || away.hidden)) return undefined;
    return () => t(away.hidden ? "absence.hidden" : "absence.connection", { time: span(length), what: what(missed, ended) });
  }
}

function what(missed: number, gone: number): string {
  if (missed > 0) return gone > 0 ? t("absence.missedGone", { count: missed, gone }) : t("absence.missed", { count: missed });
  return gone > 0 ? t("absence.nothingGone", { gone }) : t("absence.nothing");
}

function afterRestart({ from, to }: { from: Hello; to: Hello }, since: number, ended: number): Says {
  const time = (now: number) => when(to.started, now);
  if (from.store !== to.store) return (now) => t("restart.empty", { time: time(now) });
  const down = Math.max(0, Math.round((to.started - since) / 1000));
  if (ended === 0) return (now) => t("restart.down", { time: time(now), count: down });
  return (now) => t("restart.expired", { time: time(now), count: down, expired: ended });
}
