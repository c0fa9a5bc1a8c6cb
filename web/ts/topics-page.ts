// The table and the tree of topics: what the server rendered, kept current in place. Order and rows stay as they are until
// the page is asked for again.
import { type Api, connect } from "./api";
import type { Clock } from "./clock";
import type { Connection } from "./connection";
import { write } from "./dom";
import { countdown } from "./duration";
import type { TopicSum } from "./gen/linger/v1/topic_pb.js";
import { millis } from "./message";
import { count, rate, sum } from "./payload";
import { Poll } from "./poll";
import { moveFocus } from "./row-focus";
import { Minute, sparkline } from "./sparkline";
import { t } from "./texts";
import { coarse } from "./times";

// The API adds up so many patterns at once.
const MOST = 500;

export class TopicsPage {
  private readonly api: Api = connect(location.origin);
  private readonly rows: Row[];
  private readonly filter = new URLSearchParams(location.search).get("in") ?? "";
  private readonly rendered: number;

  constructor(
    main: HTMLElement,
    private readonly clock: Clock,
    connection: Connection,
  ) {
    this.rendered = Number(main.dataset["now"]);
    this.rows = [...main.querySelectorAll<HTMLElement>("[data-rows] [data-row]")].map((place) => new Row(place));
    new Poll(() => this.ask(), clock, connection);
    main.querySelector(".tree")?.addEventListener("keydown", (event) => fold(event as KeyboardEvent));
  }

  // tick writes what changes with time alone. Returns in how many milliseconds that is again.
  tick(): number {
    const now = this.clock.now();
    for (const row of this.rows) row.tick(now);
    const order = document.querySelector("#order");
    if (order) write(order, t("topics.orderAge", { age: coarse(now - this.rendered) }));
    return 250;
  }

  private async ask(): Promise<number> {
    // What is folded away is not asked for.
    const shown = this.rows.filter((row) => row.shown).slice(0, MOST);
    const recent = shown.some((row) => row.vague);
    const patterns = shown.map((row) => row.pattern);
    const { sums, serverTime } = await this.api.topics.sumTopics({ patterns, filter: this.filter, recent });
    const now = millis(serverTime);
    shown.forEach((row, i) => row.take(sums[i] as TopicSum, now));
    return now;
  }
}

// Row is a topic, or a branch of the tree.
class Row {
  readonly pattern: string;
  private next: number;
  private readonly minute = new Minute();

  constructor(private readonly place: HTMLElement) {
    this.pattern = place.dataset["pattern"] ?? "";
    this.next = Number(place.dataset["next"]) || Infinity;
  }

  get shown(): boolean {
    return this.place.checkVisibility();
  }

  // vague: what was published in the last minute is still to be asked for.
  get vague(): boolean {
    return this.minute.vague;
  }

  take({ stats, publishRate, recent }: TopicSum, now: number): void {
    if (!stats) return;
    const published = Number(stats.published);
    if (this.vague) this.minute.begin(recent, published, now);
    else this.minute.count(published, now);
    this.next = millis(stats.nextExpireTime) || Infinity;
    this.put("rate", rate(publishRate));
    this.put("retained", count(Number(stats.retained)));
    this.put("bytes", sum(Number(stats.retainedBytes)));
    this.put("subscribers", count(stats.subscriptions));
    this.put("lag", count(Number(stats.worstLag)));
    const path = sparkline(this.minute.numbers);
    const line = this.place.querySelector(".spark path");
    if (line && line.getAttribute("d") !== path) line.setAttribute("d", path);
  }

  tick(now: number): void {
    this.put("next", this.next === Infinity ? "–" : countdown(Math.max(0, this.next - now)));
  }

  private put(cell: string, text: string): void {
    write(this.place.querySelector(`.${cell}`), text);
  }
}

// fold moves about in the tree: up and down from row to row, right and left into a branch and out of it.
function fold(event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof HTMLElement)) return;
  const branch = event.target.closest("summary")?.parentElement as HTMLDetailsElement | undefined;
  switch (event.key) {
    case "ArrowDown":
      moveFocus(1);
      break;
    case "ArrowUp":
      moveFocus(-1);
      break;
    case "ArrowRight":
      if (branch && !branch.open) branch.open = true;
      else moveFocus(1);
      break;
    case "ArrowLeft":
      if (branch?.open) branch.open = false;
      else outOf(branch ?? event.target)?.focus();
      break;
    default:
      return;
  }
  event.preventDefault();
}

// outOf is the branch that something stands in.
function outOf(place: HTMLElement): HTMLElement | null | undefined {
  return place.parentElement?.closest("details")?.querySelector("summary");
}
