// The field that goes to a topic: while one types, a list below it offers those whose name has that in it, the busiest
// first, as the server knows them. Without this it is a plain form, whose answer leads to the topic.
import { element, write } from "./dom";
import { topicPath } from "./names";
import { visible } from "./payload";
import { t } from "./texts";

// PAUSE is how long nothing is typed before the server is asked, in milliseconds.
const PAUSE = 120;

// isName says that what is typed can be a part of a topic's name; a message ("orders/42") and a pattern are gone to as
// they are.
function isName(text: string): boolean {
  return !/[/*>]/.test(text);
}

export class GoTo {
  private readonly list: HTMLElement;
  private names: string[] = [];
  private chosen = -1; // of names; -1: none, Enter goes to what is typed
  private asking: AbortController | undefined;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly field: HTMLInputElement,
    private readonly say: (text: string) => void,
  ) {
    this.list = element("#goto-list");
    field.role = "combobox";
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.ariaExpanded = "false";
    field.addEventListener("input", () => this.typed());
    field.addEventListener("keydown", (event) => {
      if (!event.isComposing && !event.altKey && !event.ctrlKey && !event.metaKey && this.key(event.key)) event.preventDefault();
    });
    field.form?.addEventListener("submit", (event) => {
      const name = this.names[this.chosen];
      if (name === undefined) return; // to what is typed
      event.preventDefault();
      location.assign(topicPath(name));
    });
    field.addEventListener("blur", () => this.close());
    // The press would take the focus away, and the list with it.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      const name = option ? this.names[[...this.list.children].indexOf(option)] : undefined;
      if (name !== undefined) location.assign(topicPath(name));
    });
  }

  private typed(): void {
    this.choose(-1); // it was of what was typed before
    clearTimeout(this.later);
    this.asking?.abort();
    const text = this.field.value.trim();
    if (text === "" || !isName(text)) return this.close();
    this.later = setTimeout(() => void this.ask(text), PAUSE);
  }

  // key does what a key is for; false: it is the field's own.
  private key(key: string): boolean {
    const { names, chosen } = this;
    const open = !this.list.hidden;
    switch (key) {
      case "ArrowDown":
      case "ArrowUp":
        if (!open) void this.ask(this.field.value.trim());
        // After the last, and before the first, comes what is typed.
        else this.choose(((chosen + (key === "ArrowDown" ? 2 : names.length + 1)) % (names.length + 1)) - 1);
        return true;
      case "Escape":
        this.close();
        return open;
    }
    return false;
  }

  private async ask(text: string): Promise<void> {
    if (!isName(text)) return;
    clearTimeout(this.later);
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    try {
      const query = new URLSearchParams({ in: text });
      const answer = await fetch(`/topics?${query}`, { headers: { accept: "application/json" }, signal: asking.signal });
      const { topics } = (await answer.json()) as { topics?: string[] };
      if (!topics) throw new Error(answer.statusText); // no answer, and none that says that there is none
      if (!asking.signal.aborted && document.activeElement === this.field) this.offer(topics);
    } catch {
      // Not connected: what is offered is of what was typed before, and Enter still goes to what is typed.
      if (!asking.signal.aborted) this.close();
    }
  }

  private offer(names: string[]): void {
    this.names = names;
    this.list.replaceChildren(...names.map(option));
    this.list.hidden = names.length === 0;
    this.field.ariaExpanded = String(names.length > 0);
    this.choose(-1);
    this.say(t("goto.found", { count: names.length }));
  }

  private choose(index: number): void {
    this.chosen = index;
    for (const [i, one] of [...this.list.children].entries()) one.ariaSelected = String(i === index);
    const chosen = this.list.children[index];
    if (chosen) this.field.setAttribute("aria-activedescendant", chosen.id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  private close(): void {
    clearTimeout(this.later);
    this.asking?.abort();
    this.asking = undefined;
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.field.ariaExpanded = "false";
    this.choose(-1);
  }
}

function option(name: string, index: number): HTMLElement {
  const item = document.createElement("li");
  item.id = `goto-${index}`;
  item.role = "option";
  const text = document.createElement("bdi");
  write(text, visible(name));
  item.append(text);
  item.title = visible(name);
  return item;
}
