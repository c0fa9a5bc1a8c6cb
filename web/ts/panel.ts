// A message beside the list it came from: what its page shows, read from there. The address is the message's, so that it can
// be passed on, reloaded and gone back from.
import { address } from "./address";
import { element } from "./dom";
import type { Batch } from "./frame";
import { fetched } from "./fresh";
import { keys } from "./keys";
import { MessageView, type Surroundings } from "./message-view";

export class Panel {
  private readonly place = element("#panel");
  private readonly content = element("#panel-content");
  private readonly view: MessageView;
  private leaving = false; // the history was told to go back, and has not yet
  private from: { href: string; list: string; byPointer: boolean } | undefined; // the link that it was opened by

  constructor(now: () => number, around: Surroundings, fetch = fetched) {
    this.view = new MessageView(this.content, now, around, fetch);
    document.addEventListener("click", (event) => this.clicked(event));
    element(".close", this.place).addEventListener("click", () => this.close());
    keys.on("release", () => this.close());
    keys.on("expire-now", () => this.place.contains(document.activeElement) && this.view.end());
    keys.on("undo", () => this.view.undo());
    addEventListener("popstate", () => this.moved());
  }

  // take follows a batch of the watch.
  take(batch: Batch): void {
    this.view.take(batch);
  }

  // tick writes what changes with time; as Card.
  tick(): number {
    return this.view.tick();
  }

  private clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(".rows a.seq") : null;
    if (!link) return;
    event.preventDefault();
    this.from = { href: link.getAttribute("href") ?? "", list: link.closest(".rows")?.id ?? "", byPointer: event.detail > 0 };
    address.cover(link.href);
    void this.open();
  }

  // open shows the message whose address it is, and goes there, unless one has gone elsewhere by the time it comes.
  private async open(): Promise<void> {
    const { activeElement: before } = document;
    if (!(await this.view.show(location.href))) return;
    this.place.hidden = false;
    const { activeElement: now } = document;
    if (now === before || now === document.body) this.content.focus();
  }

  // close goes back to the list, once: the history takes a moment. False: it was not open, nor about to be.
  private close(): boolean {
    if (!this.view.busy) return false;
    if (!this.leaving) history.back();
    this.leaving = true;
    return true;
  }

  private moved(): void {
    this.leaving = false;
    if (address.moved()) return void this.open();
    this.view.clear(); // also one that has not come yet
    if (this.place.hidden) return;
    this.place.hidden = true;
    if (!this.from) return;
    const { href, list, byPointer } = this.from;
    const link = document.querySelector<HTMLElement>(`#${list} a.seq[href="${CSS.escape(href)}"]`);
    link?.focus({ preventScroll: true });
    // The focus would hold the list. Who came by pointer goes on from there by Tab, and holds nothing.
    if (byPointer) link?.blur();
  }
}

// leaveReloaded reads the list when one goes back to it from the message's own page: to the browser both are the same page
// after one was reloaded under the other's address, so it only tells of the step.
export function leaveReloaded(): void {
  const { pathname } = location;
  addEventListener("popstate", () => {
    if (location.pathname !== pathname) location.reload();
  });
}
