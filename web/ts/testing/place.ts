// What stands in for a page in tests, which run without a browser: as much of elements as the script asks of them.

let made = 0;

// Place is an element made from a selector: new Place("form.expire", button).
export class Place extends EventTarget {
  // No two nodes fit each other, so that what is put in their place is new.
  readonly nodeName = `node-${made++}`;
  readonly dataset: Record<string, string | undefined> = {};
  readonly childNodes: Place[] = [];
  readonly classList = { toggle() {}, contains: () => false };
  parent: Place | undefined;
  hidden = false;
  inert = false;
  textContent = "";
  value = "";
  ariaSelected: string | null = null;

  constructor(
    private readonly selector: string,
    ...children: Place[]
  ) {
    super();
    this.append(...children);
  }

  // with gives it data attributes.
  with(data: Record<string, string>): this {
    Object.assign(this.dataset, data);
    return this;
  }

  get id(): string {
    return /#([\w-]+)/.exec(this.selector)?.[1] ?? "";
  }
  set id(_: string) {}
  get children(): Place[] {
    return this.childNodes;
  }
  get nextElementSibling(): Place | null {
    const { childNodes = [] } = this.parent ?? {};
    return childNodes[childNodes.indexOf(this) + 1] ?? null;
  }

  append(...children: Place[]): void {
    for (const child of children) child.parent = this;
    this.childNodes.push(...children);
  }
  replaceChildren(...children: Place[]): void {
    this.childNodes.length = 0;
    this.append(...children);
  }

  // Selectors are lists of one part each, or of one within another: "form.expire button".
  matches(selector: string): boolean {
    const [own = "", ...within] = selector.split(" ").reverse();
    const names = own.split(/(?=[.#[])/);
    if (!names.every((name) => this.selector.split(/(?=[.#[])/).includes(name))) return false;
    return within.length === 0 || this.parent?.closest(within.reverse().join(" ")) != null;
  }
  closest(selector: string): Place | null {
    return this.matches(selector) ? this : (this.parent?.closest(selector) ?? null);
  }
  querySelectorAll(selector: string): Place[] {
    return this.childNodes.flatMap((child) => [...(child.matches(selector) ? [child] : []), ...child.querySelectorAll(selector)]);
  }
  querySelector(selector: string): Place | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  get innerHTML(): string {
    return this.childNodes.map((child) => child.textContent + child.innerHTML).join();
  }
  getElementById(id: string): Place | null {
    return this.querySelector(`#${id}`);
  }
  contains(other: Place | null): boolean {
    return other !== null && (other === this || this.contains(other.parent ?? null));
  }

  focus(): void {
    focused = this;
  }
  blur(): void {
    if (focused === this) focused = null;
  }
  setAttribute(): void {}
  removeAttribute(): void {}
  animate(): object {
    return { cancel() {} };
  }
}

let focused: Place | null = null;

// Page is the document.
export class Page extends Place {
  get activeElement(): Place | null {
    return focused;
  }
  createElement(tag: string): Place {
    return new Place(tag);
  }
  importNode(node: Place): Place {
    return node;
  }
}

// openPage makes places the page that the script finds.
export function openPage(...places: Place[]): Page {
  focused = null;
  const document = new Page("document", ...places);
  Object.assign(globalThis, { Element: Place, HTMLElement: Place, HTMLFormElement: Place, Text: class {}, document });
  return document;
}

// happens tells a place of an event of that kind, as if it had come from the target.
export function happens(at: EventTarget, kind: string, target: EventTarget, more: object = {}): void {
  at.dispatchEvent(Object.defineProperty(Object.assign(new Event(kind, { cancelable: true }), more), "target", { value: target }));
}

// settled is when all that waits for nothing else has been done.
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
