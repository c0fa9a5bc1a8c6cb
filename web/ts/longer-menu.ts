// The menu beside a row's Extend: a minute, ten, an hour, or until a time of one's own; never beyond what the policy allows.
// A message that is shown whole has buttons for the lifetimes, and of the menu only the time.
import { element, write } from "./dom";
import { short, words } from "./duration";
import { extension } from "./lifetime";
import type { Entry } from "./retained";
import { t } from "./texts";
import { field, fieldTime } from "./times";
import { zone } from "./zone";

const MARGIN = 8; // pixels between the menu and the window's edge

// Actions are what the menu can do to a message; opened is told when it opens and closes.
export interface Actions {
  extend?(entry: Entry, by: number): void;
  until(entry: Entry, deadline: number): void;
  opened?(open: boolean): void;
}

export class LongerMenu {
  private readonly menu = element("#longer");
  private readonly until = element<HTMLInputElement>("#longer-until");
  private asked: { entry: Entry; button: HTMLElement; actions: Actions } | undefined;

  constructor(private readonly now: () => number) {
    this.menu.addEventListener("toggle", (event) => {
      const open = event.newState === "open";
      this.asked?.actions.opened?.(open);
      if (!open) this.asked = undefined;
    });
    this.menu.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("button[data-by]") : null;
      if (button) this.choose((entry, { extend }) => extend?.(entry, Number(button.dataset["by"])));
    });
    element("form", this.menu).addEventListener("submit", (event) => {
      event.preventDefault();
      const deadline = fieldTime(this.until.value);
      if (deadline !== undefined) this.choose((entry, { until }) => until(entry, deadline));
    });
    zone.changed(() => this.fill());
    addEventListener("resize", () => this.asked && this.place(this.asked.button));
  }

  // open shows the menu for a message, beside the button that asked for it. Without extend it asks for the time alone.
  open(entry: Entry, button: HTMLElement, actions: Actions): void {
    this.menu.hidePopover();
    this.asked?.actions.opened?.(false);
    this.asked = { entry, button, actions };
    this.offer(entry, actions.extend !== undefined);
    this.fill();
    this.menu.showPopover();
    this.place(button);
    this.menu.querySelector<HTMLElement>("button:not([hidden], form *), input")?.focus();
  }

  private offer({ message }: Entry, lifetimes: boolean): void {
    this.menu.setAttribute("aria-label", t("longer.name", { message: `#${message.sequence}` }));
    const offered = new Set([extension(message, message.granted)]);
    for (const offer of this.menu.querySelectorAll<HTMLElement>("[data-by]")) {
      const by = extension(message, Number(offer.dataset["by"]));
      // What the policy's maximum makes equal is offered once.
      offer.hidden = !lifetimes || by <= 0 || (by < Number(offer.dataset["by"]) && offered.has(by));
      offered.add(by);
      write(offer.querySelector(".amount"), `+${short(by)}`);
      write(offer.querySelector(".name"), t("longer.by", { message: `#${message.sequence}`, time: words(by) }));
    }
  }

  // fill writes the present deadline into the field, in the zone that the reader chose.
  private fill(): void {
    if (!this.asked) return;
    const { expires, maxExpires } = this.asked.entry.message;
    const now = this.now();
    this.until.value = field(expires);
    this.until.min = field(now);
    this.until.max = maxExpires > 0 ? field(maxExpires) : "";
    write(document.querySelector("#longer-zone"), zone.place(expires));
  }

  private choose(act: (entry: Entry, actions: Actions) => void): void {
    const { asked } = this;
    this.menu.hidePopover();
    if (asked) act(asked.entry, asked.actions);
  }

  private place(button: HTMLElement): void {
    const at = button.getBoundingClientRect();
    this.menu.style.left = `${MARGIN}px`; // where it stood before, there may be less room for it
    const { offsetWidth, offsetHeight } = this.menu;
    const below = at.bottom + offsetHeight + MARGIN < innerHeight;
    this.menu.style.left = `${Math.max(MARGIN, Math.min(at.right - offsetWidth, innerWidth - offsetWidth - MARGIN))}px`;
    this.menu.style.top = `${Math.max(MARGIN, below ? at.bottom + 2 : at.top - offsetHeight - 2)}px`;
  }
}
