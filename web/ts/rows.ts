// A list of which only what is in view, and a little around it, is in the page. The rest is room above and below.

// View is a row in the page.
export interface View {
  li: HTMLElement;
  // remove is called when the row leaves the page.
  remove?(): void;
}

// Source says how the items of a list become rows. Rows of one kind are equally high.
export interface Source<T, V extends View> {
  key(item: T): string | number;
  kind(item: T): string;
  make(item: T): V;
}

const AROUND = 8; // rows beyond each edge of the view
const LEAST = 20; // rows in the page even when the list is hidden behind a tab of the phone layout
const GUESS = 32; // pixels, until a row of the kind was seen

export class Rows<T, V extends View> {
  readonly views = new Map<string | number, V>();

  private readonly heights = new Map<string, number>();
  private readonly closing = new Set<Element>();
  private readonly margined: { marginTop?: HTMLElement | undefined; marginBottom?: HTMLElement | undefined } = {};
  private items: readonly T[] = [];
  // The part of the list in view, in pixels from its start. Measured when it may have changed and not at each drawing:
  // to ask between two changes makes the browser lay out the page at once.
  private edge: { top: number; bottom: number } | undefined;

  constructor(
    readonly list: HTMLElement,
    private readonly source: Source<T, V>,
  ) {
    const moved = () => (this.edge = undefined);
    new ResizeObserver(moved).observe(list, { box: "border-box" });
    addEventListener("resize", () => (this.heights.clear(), moved()));
    // Another list's own scrolling moves nothing here.
    const scrolled = ({ target }: Event) => {
      if (target instanceof Node && target.contains(list)) moved();
    };
    addEventListener("scroll", scrolled, { capture: true, passive: true });
  }

  // show makes the page have the rows of these items that are in view, in this order.
  show(items: readonly T[]): void {
    this.items = items;
    const { first, last, above, below } = this.range();
    const wanted = new Map<string | number, T>();
    for (const item of items.slice(first, last)) wanted.set(this.source.key(item), item);
    for (const [key, view] of this.views) if (!wanted.has(key)) this.drop(key, view);
    let next = this.list.firstElementChild;
    for (const [key, item] of wanted) {
      const view = this.views.get(key) ?? this.add(key, item);
      while (next && this.closing.has(next)) next = next.nextElementSibling;
      if (next === view.li) next = next.nextElementSibling;
      else this.list.insertBefore(view.li, next);
    }
    while (next) {
      const after: Element | null = next.nextElementSibling;
      if (!this.closing.has(next)) next.remove();
      next = after;
    }
    this.room(above, below);
  }

  // close lets the row of that key go after it was seen to go: it fades, closes, and those below slide up.
  close(key: string | number, kind: string): void {
    const view = this.views.get(key);
    if (!view?.li.isConnected) return;
    this.views.delete(key);
    view.remove?.();
    const { li } = view;
    this.closing.add(li);
    li.classList.add("gone");
    li.setAttribute("aria-hidden", "true");
    const height = this.heights.get(kind) ?? li.offsetHeight;
    const motion = li.animate(
      [{ height: `${height}px`, overflow: "hidden" }, { height: "0", minHeight: "0", paddingBlock: "0", overflow: "hidden" }],
      { delay: 160, duration: 160, easing: "ease-in", fill: "forwards" },
    );
    motion.onfinish = () => {
      this.closing.delete(li);
      li.remove();
    };
  }

  // visible are the indices of the first item in view and of the one after the last.
  visible(): [number, number] {
    const { from, to } = this.edges();
    return [from, to];
  }

  // reveal scrolls to where the item with that index is, in the middle of the view.
  reveal(index: number): void {
    const above = this.items.slice(0, index).reduce((sum, item) => sum + this.height(item), 0);
    const { list } = this;
    if (getComputedStyle(list).overflowY === "visible") scrollTo({ top: scrollY + list.getBoundingClientRect().top + above - innerHeight / 2 });
    else list.scrollTop = above - list.clientHeight / 2;
    this.edge = undefined;
  }

  private add(key: string | number, item: T): V {
    const view = this.source.make(item);
    this.views.set(key, view);
    return view;
  }

  private drop(key: string | number, view: V): void {
    this.views.delete(key);
    view.remove?.();
    view.li.remove();
  }

  private range(): { first: number; last: number; above: number; below: number } {
    const { from, to } = this.edges();
    const first = Math.max(0, from - AROUND);
    const last = Math.min(this.items.length, Math.max(to + AROUND, LEAST));
    let above = 0;
    let below = 0;
    for (let i = 0; i < first; i++) above += this.height(this.items[i] as T);
    for (let i = last; i < this.items.length; i++) below += this.height(this.items[i] as T);
    return { first, last, above, below };
  }

  private edges(): { from: number; to: number } {
    const { top, bottom } = (this.edge ??= this.measure());
    let at = 0;
    let from = 0;
    let to = 0;
    for (const item of this.items) {
      if (at >= bottom) break;
      at += this.height(item);
      if (at <= top) from++;
      to++;
    }
    return { from, to };
  }

  private measure(): { top: number; bottom: number } {
    const box = this.list.getBoundingClientRect();
    const scrolled = this.list.scrollTop;
    // A list that the page scrolls grows with its rows: what it may show is bounded by the window alone.
    const grows = getComputedStyle(this.list).overflowY === "visible";
    const bottom = grows ? innerHeight : Math.min(innerHeight, box.bottom);
    return { top: scrolled + Math.max(0, -box.top), bottom: scrolled + Math.max(0, bottom - box.top) };
  }

  private height(item: T): number {
    const kind = this.source.kind(item);
    const known = this.heights.get(kind);
    if (known !== undefined) return known;
    const li = this.views.get(this.source.key(item))?.li;
    const seen = li?.isConnected ? li.getBoundingClientRect().height : 0;
    if (seen > 0) this.heights.set(kind, seen);
    return seen || GUESS;
  }

  // room keeps the place of the rows that are not in the page, as margins of the first and the last one that are: padding
  // of the list would make the list itself larger.
  private room(above: number, below: number): void {
    const rows = this.list.children;
    this.margin("marginTop", rows[0], above);
    this.margin("marginBottom", rows[rows.length - 1], below);
  }

  private margin(side: "marginTop" | "marginBottom", row: Element | undefined, pixels: number): void {
    const before = this.margined[side];
    const place = row instanceof HTMLElement ? row : undefined;
    if (before && before !== place) before.style[side] = "";
    const text = pixels > 0 ? `${pixels}px` : "";
    if (place && place.style[side] !== text) place.style[side] = text;
    this.margined[side] = place;
  }
}
