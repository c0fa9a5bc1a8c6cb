// The numbers around the lists, the chips, the title: what the statistics frame says, each 500 ms.
import type { Stats } from "./frame";
import { conceal, write } from "./dom";
import { topicPath } from "./names";
import { count, rate, rough, sum, visible } from "./payload";
import { t } from "./texts";

export class Numbers {
  private readonly chips = document.querySelector<HTMLElement>("#chips");

  constructor(
    private readonly scope: string,
    private readonly place: string,
  ) {}

  // show writes the numbers. Between two frames deaths by the page's own clock are taken off already; without a connection
  // that is all that is known, and the number says so.
  show(stats: Stats, retained: number, goneSince: number, deathsPerSecond: number, approximate: boolean): void {
    const alive = (approximate ? "≈" : "") + count(retained);
    write(document.querySelector("#count"), alive);
    write(document.querySelector("#size"), retained === 0 ? sum(0) : sum(stats.bytes));
    const gone = deathsPerSecond > 10 ? t("rate.aSecond", { rate: count(deathsPerSecond) }) : count(stats.gone + goneSince);
    write(document.querySelector("#gone"), gone);
    write(document.querySelector("#undelivered"), count(stats.undelivered));
    conceal(document.querySelector<HTMLElement>(".undelivered"), stats.undelivered === 0);
    write(document.querySelector("#rate"), t("rate.aSecond", { rate: rate(stats.rate) }));
    write(document.querySelector('label:has(#tab-retained) .n'), alive);
    write(document.querySelector('label:has(#tab-live) .n'), t("rate.short", { rate: rate(stats.rate) }));
    this.showChips(stats);
  }

  // title is what a row of tabs can be read by.
  title(retained: number, live: boolean): void {
    const name = this.place === "" ? "" : ` · ${visible(this.place)}`;
    const text = live ? `${count(retained)}${name} — Linger` : `◌${name.replace(" ·", "")} — Linger`;
    if (document.title !== text) document.title = text;
  }

  private showChips(stats: Stats): void {
    const { chips } = this;
    if (!chips) return;
    const shown = new Map<string, HTMLElement>();
    for (const chip of chips.querySelectorAll<HTMLElement>(".chip[data-topic]")) shown.set(chip.dataset["topic"] ?? "", chip);
    for (const { name, retained } of stats.busiest) fill(shown.get(name), name, retained);
    const more = chips.querySelector(".more");
    if (this.scope === ">") write(more, allTopics(stats.topics));
    const same = stats.busiest.length === shown.size && stats.busiest.every(({ name }) => shown.has(name));
    // Chips change their places only while nobody is about to press one.
    if (same || chips.matches(":hover, :focus-within")) return;
    for (const chip of shown.values()) chip.remove();
    for (const { name, retained } of stats.busiest) {
      const chip = shown.get(name) ?? makeChip(name);
      fill(chip, name, retained);
      chips.insertBefore(chip, more);
    }
    if (!more && this.scope === ">" && stats.topics > 0) chips.append(moreLink(stats.topics));
  }
}

function makeChip(topic: string): HTMLElement {
  const chip = document.createElement("a");
  chip.className = "chip";
  chip.href = topicPath(topic);
  chip.dataset["topic"] = topic;
  const name = document.createElement("bdi");
  name.textContent = visible(topic);
  const n = document.createElement("b");
  n.className = "n";
  chip.append(name, " ", n);
  return chip;
}

// fill writes what changes of a chip: there is room for about how many its topic has.
function fill(chip: HTMLElement | undefined, topic: string, retained: number): void {
  if (!chip) return;
  write(chip.querySelector(".n"), rough(retained));
  const title = t("now.chip", { topic: visible(topic), count: retained });
  if (chip.title !== title) chip.title = title;
}

function moreLink(topics: number): HTMLElement {
  const link = document.createElement("a");
  link.className = "more";
  link.href = "/topics";
  link.textContent = allTopics(topics);
  return link;
}

function allTopics(topics: number): string {
  return topics === 0 ? t("now.noTopics") : t("now.topics", { count: topics });
}
