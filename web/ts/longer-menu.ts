// The menu beside a row's Extend: a minute, ten, an hour, or until a time of one's own; never beyond what the policy allows.
import { element, write } from "./dom";
import { short, words } from "./duration";
import { extension } from "./lifetime";
import type { Entry } from "./retained";
import { t } from "./texts";

const MARGIN = 8; // pixels between the menu and the window's edge

// Actions are what the menu can do to a message.
export interface Actions {
  extend(entry: Entry, by: number): void;
  until(entry: Entry, deadline: number): void;
}

export class LongerMenu {
  private readonly menu = element("#longer");
  private readonly until = element<HTMLInputElement>("#longer-until");
  private entry: Entry | undefined;

  // opened is told when the menu opens and closes: until then the list keeps its rows where they are.
  constructor(
    private readonly actions: Actions,
    private readonly opened: (open: boolean) => void,
  ) {
    this.menu.addEventListener("toggle", (event) => {
      if (event.newState === "closed") this.entry = undefined;
      this.opened(event.newState === "open");
    });
    this.menu.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-by]") : null;
      if (button && this.entry) this.choose((entry) => this.actions.extend(entry, Number(button.dataset["by"])));
    });
    element("form", this.menu).addEventListener("submit", (event) => {
      event.preventDefault();
      const deadline = Date.parse(this.until.value);
      if (!Number.isNaN(deadline)) this.choose((entry) => this.actions.until(entry, deadline));
    });
  }

  // open shows the menu for a message, beside the button that asked for it.
  open(entry: Entry, button: HTMLElement): void {
    this.entry = entry;
    const { message } = entry;
    this.menu.setAttribute("aria-label", t("longer.name", { message: `#${message.sequence}` }));
    const offered = new Set([extension(message, message.granted)]);
    for (const offer of this.menu.querySelectorAll<HTMLElement>("[data-by]")) {
      const by = extension(message, Number(offer.dataset["by"]));
      // What the policy's maximum makes equal is offered once.
      offer.hidden = by <= 0 || (by < Number(offer.dataset["by"]) && offered.has(by));
      offered.add(by);
      write(offer.querySelector(".amount"), `+${short(by)}`);
      write(offer.querySelector(".name"), t("longer.by", { message: `#${message.sequence}`, time: words(by) }));
    }
    this.until.value = local(message.expires);
    this.until.max = message.maxExpires > 0 ? local(message.maxExpires) : "";
    this.menu.showPopover();
    this.place(button);
    this.menu.querySelector<HTMLElement>("button:not([hidden]), input")?.focus();
  }

  private choose(act: (entry: Entry) => void): void {
    const { entry } = this;
    this.menu.hidePopover();
    if (entry) act(entry);
  }

  private place(button: HTMLElement): void {
    const at = button.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = this.menu;
    const below = at.bottom + offsetHeight + MARGIN < innerHeight;
    this.menu.style.left = `${Math.max(MARGIN, Math.min(at.right - offsetWidth, innerWidth - offsetWidth - MARGIN))}px`;
    this.menu.style.top = `${Math.max(MARGIN, below ? at.bottom + 2 : at.top - offsetHeight - 2)}px`;
  }
}

// local writes a time as the field for one reads it: in the browser's zone, to the second.
function local(ms: number): string {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
