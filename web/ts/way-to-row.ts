// The way from the result of a publish to the message's row, where that is not in view: how many rows away it stands, and a
// button that leads there. How many are before one that is not loaded, the forecast tells.
import { type Census, about } from "./census";
import { reveal } from "./dom";
import { matches } from "./names";
import { count } from "./payload";
import type { Receipt } from "./publisher";
import type { RetainedList } from "./retained-list";
import { t } from "./texts";

export class WayToRow {
  private latest: Receipt | undefined;
  private going = false;
  private readonly button = document.querySelector<HTMLElement>("#down");

  constructor(
    private readonly scope: string,
    private readonly list: RetainedList,
    private readonly census: Census,
    private readonly now: () => number,
  ) {
    this.button?.addEventListener("click", () => void this.go());
  }

  // published is told of what the form has published.
  published(receipt: Receipt): void {
    this.latest = receipt;
  }

  // show writes how far the row is, or hides the button when it is in view or there is none.
  show(): void {
    const { latest } = this;
    const alive = latest !== undefined && latest.expires > this.now() && matches(this.scope, latest.topic);
    reveal(this.button, alive ? distance(latest, this.list, this.census) : "");
  }

  // go leads to the row: lets go what is held, or loads on. Where that leads nowhere, the message has its own page.
  private async go(): Promise<void> {
    const { latest, list } = this;
    if (!latest || this.going) return;
    this.going = true;
    try {
      if (list.away(latest) === undefined && list.find(latest)) list.letGo();
      if (!(await list.reach(latest))) document.querySelector<HTMLElement>("#result a")?.click();
    } finally {
      this.going = false;
    }
  }
}

// Listed is what of the list tells where a row is.
type Listed = Pick<RetainedList, "away" | "beyond" | "find" | "whole"> & { model: { covered: number } };

// distance says how far from those in view the row of a message is. Empty: it is in view, or nothing is known of it.
export function distance(message: Pick<Receipt, "topic" | "sequence" | "expires">, list: Listed, census: Pick<Census, "between">): string {
  const away = list.away(message);
  if (away !== undefined) return rows(away, count(Math.abs(away)));
  if (!list.whole) return "";
  const before = census.between(-Infinity, message.expires);
  const place = list.beyond(before.messages);
  // A held list will have it at this place.
  if (list.find(message)) return place === 0 ? t("result.row") : rows(place, count(Math.abs(place)));
  // It lies beyond what is loaded, or has not been told of yet.
  return message.expires < list.model.covered ? "" : rows(Math.max(1, place), about({ ...before, messages: Math.max(1, place) }));
}

function rows(away: number, many: string): string {
  if (away === 0) return "";
  return away > 0 ? t("result.down", { count: many }) : t("result.up", { count: many });
}
