// Filter and order of a topic's Retained: the controls in the head of the list. What they say stands in the page's address,
// by which the server renders the list at first.
import { address } from "./address";
import type { Api } from "./api";
import type { Arrangement } from "./arrange";
import { conceal, element, write } from "./dom";
import { readBack } from "./read-back";
import { Retained, WINDOW } from "./retained";
import type { RetainedList } from "./retained-list";
import { t } from "./texts";

// PACE: the newest are read at most so often, in milliseconds.
const PACE = 500;

// SETTLED: the address follows what is typed after so many milliseconds, as browsers allow it to change so often only.
const SETTLED = 300;

export class Filter {
  private readonly field = document.querySelector<HTMLInputElement>("#filter");
  private readonly order = document.querySelector<HTMLSelectElement>("#order");
  private readonly none = document.querySelector<HTMLElement>("#filter-none");

  private noting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly scope: string,
    private readonly list: RetainedList,
    private readonly now: () => number,
    private readonly changed: () => void,
  ) {
    this.field?.addEventListener("input", () => this.apply());
    this.field?.addEventListener("change", () => this.note()); // whoever goes on to something else has typed all of it
    this.field?.form?.addEventListener("submit", (event) => event.preventDefault());
    this.order?.addEventListener("change", () => this.reorder());
    if (this.none) element("button", this.none).addEventListener("click", () => this.clear());
    const { asked } = this;
    if (asked.filter !== "" || asked.newest) this.list.arrange(asked);
    // Whether those that the server rendered are all that there are is not known yet.
    if (asked.newest) this.list.narrow("order", this.newest());
  }

  // show says so where nothing fits, of how many.
  show(retained: number): void {
    const { none, list } = this;
    if (!none) return;
    const empty = list.arrangement.filter.trim() !== "" && list.fitting === 0 && retained > 0;
    conceal(none, !empty);
    if (!empty) return;
    const looked = list.loaded;
    write(element(".text", none), looked < retained ? t("filter.noneOfPart", { count: looked, all: retained }) : t("filter.none", { count: retained }));
  }

  // clear takes the filter away; false: there was none.
  clear(): boolean {
    const { field } = this;
    if (!field || field.value === "") return false;
    field.value = "";
    this.apply();
    field.focus();
    return true;
  }

  private apply(): void {
    this.list.arrange(this.asked);
    clearTimeout(this.noting);
    this.noting = setTimeout(() => this.note(), SETTLED);
  }

  // note writes what is asked for into the page's address.
  private note(): void {
    clearTimeout(this.noting);
    const { filter, newest } = this.asked;
    address.note({ filter: filter.trim() || undefined, order: newest ? "newest" : undefined });
  }

  private get asked(): Arrangement {
    return { filter: this.field?.value ?? "", newest: this.order?.value === "newest" };
  }

  // reorder shows the newest of many, which are not those that go next: they are read by themselves.
  private reorder(): void {
    this.apply();
    this.note();
    const many = this.list.model.covered < Infinity;
    this.list.narrow("order", this.asked.newest && many ? this.newest() : undefined);
  }

  private newest(): NonNullable<Parameters<RetainedList["narrow"]>[1]> {
    const model = new Retained();
    model.adopt(this.list.model.entries.map(({ message }) => ({ ...message }))); // until the list is here
    const { api, scope, now, changed } = this;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      model.begin();
      try {
        // Whatever comes from now on is newer, so none is missing among the newest.
        model.replace((await readBack(api, scope, { before: now() + 1 }, WINDOW)).messages, Infinity, now());
      } catch {
        model.fail();
      }
      changed();
    };
    // One at a time: what comes during a read is kept for that one alone.
    const readIn = (ms: number) => {
      timer ??= setTimeout(() => void read().finally(() => (timer = undefined)), ms);
    };
    const refresh = () => readIn(PACE);
    readIn(0);
    return { model, reader: { refresh, further: async () => ({ messages: [], more: false }) } };
  }
}
