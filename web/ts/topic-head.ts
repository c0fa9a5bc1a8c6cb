// The line under a topic's name: what the topic keeps, and who is listening.
import type { Api } from "./api";
import { write } from "./dom";
import type { Stats } from "./frame";
import { count } from "./payload";
import { askLimits, keeps, readLimits } from "./policy";
import { t } from "./texts";

export class TopicHead {
  private readonly place = document.querySelector(".topic-head .sub");
  private kept: string | undefined;
  private asking = false;

  constructor(
    private readonly api: Pick<Api, "topics">,
    private readonly main: HTMLElement,
  ) {}

  // follow writes the line anew. What a topic keeps is asked once, when the topic exists.
  follow(stats: Stats): void {
    if (!this.place || stats.topics === 0) return;
    write(document.querySelector("#tab-subscribers"), count(stats.subscriptions));
    if (this.kept === undefined) return void this.ask();
    write(this.place, t("topic.promise", { keeps: this.kept, count: stats.subscriptions }));
  }

  private async ask(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      this.kept = keeps(await askLimits(this.api, this.main.dataset["topic"] ?? "", readLimits(this.main)));
    } catch {
      // What the server rendered stays; asked again with the next numbers.
    } finally {
      this.asking = false;
    }
  }
}
