// A message beside the list it came from: what its page shows, read from there. The address is the message's, so that it can
// be passed on, reloaded and gone back from.
import { address } from "./address";
import { Card } from "./card";
import { element } from "./dom";
import { fetched } from "./fresh";
import { keys } from "./keys";
import { t } from "./texts";
import { localize } from "./times";

export class Panel {
  private readonly place = document.querySelector<HTMLElement>("#panel");
  private card: Card | undefined;
  private from: { href: string; byPointer: boolean } | undefined; // the link that it was opened by

  constructor(private readonly now: () => number) {
    if (!this.place) {
      leaveReloaded();
      return;
    }
    document.addEventListener("click", (event) => this.clicked(event));
    element(".close", this.place).addEventListener("click", () => this.close());
    this.place.addEventListener("submit", (event) => void this.submit(event));
    keys.on("release", () => this.close());
    addEventListener("popstate", () => this.moved());
  }

  // tick writes what changes with time; as Card.
  tick(): number {
    return this.card?.tick() ?? Infinity;
  }

  private get content(): HTMLElement {
    return element("#panel-content");
  }

  private clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(".rows a.seq") : null;
    if (!link) return;
    event.preventDefault();
    this.from = { href: link.getAttribute("href") ?? "", byPointer: event.detail > 0 };
    address.cover(link.href);
    void this.open();
  }

  // open shows the message whose address it is, and goes there.
  private async open(): Promise<void> {
    await this.read();
    if (this.place?.hidden === false) this.content.focus();
  }

  // read shows the message as it is now. The focus stays where it is, at the content when what held it is gone.
  private async read(): Promise<void> {
    const { href } = location;
    const answer = await fetched(href);
    const main = answer?.page.getElementById("main");
    if (!this.place || location.href !== href) return;
    const inside = this.content;
    const focused = inside.contains(document.activeElement);
    this.card = undefined;
    // Not connected: the page below stays, and so does what one has written there.
    if (main) inside.replaceChildren(...document.importNode(main, true).childNodes);
    else inside.replaceChildren(Object.assign(document.createElement("p"), { className: "lead", textContent: t("problem.unreachable") }));
    localize(inside, this.now());
    this.place.hidden = false;
    const card = inside.querySelector<HTMLElement>("#card");
    if (card) this.card = new Card(card, this.now, () => void this.reread(href));
    if (focused) inside.focus();
  }

  // reread tells how a message ended, if it still is the one that is shown.
  private async reread(href: string): Promise<void> {
    if (location.href === href && (await fetched(href))) await this.read();
  }

  // submit changes the message's lifetime and shows it as it is then.
  private async submit(event: SubmitEvent): Promise<void> {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") fields.append(name, value);
    try {
      await fetch(form.action, { method: "POST", body: fields, headers: { accept: "application/json" } });
    } catch {
      return; // not connected: what stands here stays
    }
    await this.read();
  }

  // close goes back to the list. False: it was not open.
  private close(): boolean {
    if (!this.place || this.place.hidden) return false;
    history.back();
    return true;
  }

  private moved(): void {
    if (address.moved()) return void this.open();
    if (!this.place || this.place.hidden) return;
    this.place.hidden = true;
    this.card = undefined;
    this.content.replaceChildren();
    if (!this.from) return;
    const link = document.querySelector<HTMLElement>(`a.seq[href="${CSS.escape(this.from.href)}"]`);
    link?.focus({ preventScroll: true });
    // The focus would hold the list. Who came by pointer goes on from there by Tab, and holds nothing.
    if (this.from.byPointer) link?.blur();
  }
}

// leaveReloaded reads the list when one goes back to it from the message's own page: to the browser both are the same page
// after one was reloaded under the other's address, so it only tells of the step.
function leaveReloaded(): void {
  const { pathname } = location;
  addEventListener("popstate", () => {
    if (location.pathname !== pathname) location.reload();
  });
}
