// The horizon's numbers as a table, for those who would rather read it than look at it. Out of sight until it has the focus,
// and written anew only then: a table that changes while it is being read cannot be read.
import { element, write } from "./dom";
import { short } from "./duration";
import type { Ending } from "./frame";
import { count, sum } from "./payload";
import { LAST, stop, stopAtOrBelow } from "./scale";
import { t } from "./texts";
import { clock } from "./times";

export class Intervals {
  private forecast: readonly Ending[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly now: () => number,
  ) {
    place.addEventListener("focus", () => this.write());
  }

  // read takes the forecast that the server rendered.
  read(): Ending[] {
    return [...this.place.querySelectorAll<HTMLElement>("tr[data-after]")].map(({ dataset: { after, messages, bytes } }) => ({
      after: Number(after),
      messages: Number(messages),
      bytes: Number(bytes),
    }));
  }

  follow(forecast: readonly Ending[]): void {
    this.forecast = forecast;
  }

  private write(): void {
    const now = this.now();
    write(element("caption", this.place), t("intervals.asOf", { time: clock(now, now) }));
    const rows = this.forecast.filter(({ messages }) => messages > 0).map(row);
    element("tbody", this.place).replaceChildren(...rows);
  }
}

function row({ after, messages, bytes }: Ending): HTMLTableRowElement {
  const tr = document.createElement("tr");
  const th = document.createElement("th");
  th.scope = "row";
  th.textContent = interval(after);
  tr.append(th);
  for (const text of [count(messages), sum(bytes)]) tr.insertCell().textContent = text;
  for (const cell of tr.cells) if (cell !== th) cell.className = "num";
  return tr;
}

// interval names the one that begins at a stop: "10 s to 12 s". web/horizon.go says the same.
export function interval(after: number): string {
  const i = stopAtOrBelow(after);
  const from = short(stop(i));
  return i < LAST ? t("intervals.row", { from, to: short(stop(i + 1)) }) : t("intervals.beyond", { from });
}
