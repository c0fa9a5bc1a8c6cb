// A message beside the list it came from: what its page shows, read from there. The address is the message's, so that it can
// be passed on, reloaded and gone back from.
import { Card } from "./card";
import { element } from "./dom";
import { fetched } from "./fresh";
import { keys } from "./keys";
import { localize } from "./times";

export class Panel {
  private readonly place = document.querySelector<HTMLElement>("#panel");
  private readonly list = location.href;
  private card: Card | undefined;
  private from = ""; // the link that it was opened by

  constructor(private readonly now: () => number) {
    if (!this.place) return;
    document.addEventListener("click", (event) => this.clicked(event));
    element(".close", this.place).addEventListener("click", () => this.close());
    this.place.addEventListener("submit", (event) => void this.submit(event));
    keys.on("release", () => this.close());
    addEventListener("popstate", () => void this.moved());
  }

  // address is the page below, whatever message stands beside it.
  address(): string {
    return this.place?.hidden === false ? this.list : location.href;
  }

  // tick writes what changes with time; as Card.
  tick(): number {
    return this.card?.tick() ?? Infinity;
  }

  private clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>(".rows a.seq") : null;
    if (!link) return;
    event.preventDefault();
    this.from = link.getAttribute("href") ?? "";
    if (this.place?.hidden) history.pushState({ panel: true }, "", link.href);
    else history.replaceState({ panel: true }, "", link.href);
    void this.show(link.href);
  }

  private async show(address: string): Promise<void> {
    const answer = await fetched(address);
    const content = answer?.page.getElementById("main");
    if (!this.place || !content || location.href !== address) return void (answer ? undefined : location.assign(address));
    const inside = element("#panel-content", this.place);
    inside.replaceChildren(...document.importNode(content, true).childNodes);
    localize(inside, this.now());
    this.place.hidden = false;
    const card = inside.querySelector<HTMLElement>("#card");
    this.card = card ? new Card(card, this.now, () => void this.show(address)) : undefined;
    inside.focus();
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
    await this.show(location.href);
  }

  // close goes back to the list. False: it was not open.
  private close(): boolean {
    if (!this.place || this.place.hidden) return false;
    history.back();
    return true;
  }

  private async moved(): Promise<void> {
    if (!this.place) return;
    if ((history.state as { panel?: boolean } | null)?.panel) return this.show(location.href);
    if (this.place.hidden) return;
    this.place.hidden = true;
    this.card = undefined;
    element("#panel-content", this.place).replaceChildren();
    document.querySelector<HTMLElement>(`a.seq[href="${CSS.escape(this.from)}"]`)?.focus();
  }
}
