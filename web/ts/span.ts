// The span on the horizon: what ends between two deadlines, selected by drawing over the strip, or with Shift and the keys
// that look ahead. It is held by its deadlines, not by its place: it moves to the left with the messages that are in it.
import { address } from "./address";
import { element, percent, stepped } from "./dom";
import { pace } from "./forecast";
import type { Bounds } from "./retained";
import { END, LAST, keyed, position, stop } from "./scale";

// FROM and TO are the deadlines in the page's address; without TO the span has no end.
const FROM = "from";
const TO = "to";

// SLIP: a pointer that was moved by less, in pixels, meant to press and not to draw.
const SLIP = 4;

export interface SpanListener {
  // drawn is told while a span is being drawn, held when it is selected, by a key or otherwise, or let go.
  drawn(bounds: Bounds): void;
  held(bounds: Bounds | undefined, byKey: boolean): void;
}

export class Span {
  private bounds: Bounds | undefined;
  // The end that stays and the one that the keys move.
  private ends: { fixed: number; moving: number } | undefined;
  private drawing: { x: number; bounds: Bounds | undefined } | undefined;
  private drew = false; // the click that follows is the end of a drawing
  private readonly slider = element("#ahead");
  private readonly mark = element<SVGElement>("#span");
  private readonly shape = { x: "", width: "" };

  constructor(
    private readonly now: () => number,
    // looking is the lifetime that is looked at, where the keys begin a span.
    private readonly looking: () => number,
    private readonly listener: SpanListener,
  ) {
    this.listen();
  }

  // restore selects what the page's address says.
  restore(): void {
    const { searchParams } = address.page;
    const from = Date.parse(searchParams.get(FROM) ?? "");
    const to = searchParams.has(TO) ? Date.parse(searchParams.get(TO) ?? "") : Infinity;
    if (from < to && to > this.now()) this.hold({ from, to });
    else if (searchParams.has(FROM)) this.note();
  }

  // release lets the span go; true when there was one.
  release(): boolean {
    const before = this.bounds ?? this.drawing?.bounds;
    this.drawing = this.ends = undefined;
    this.hold(undefined);
    return before !== undefined;
  }

  // tick moves the mark to where its deadlines stand now. Returns in how many milliseconds it moves on. What has ended as
  // a whole is let go.
  tick(): number {
    const now = this.now();
    if (this.bounds && this.bounds.to <= now) this.release();
    const shown = this.drawing?.bounds ?? this.bounds;
    this.mark.toggleAttribute("data-active", shown !== undefined);
    if (!shown) return Infinity;
    const drawn = this.drawing ? now : stepped(now);
    const left = position(shown.from - drawn);
    const x = percent(left);
    const width = percent(position(shown.to - drawn) - left);
    if (x !== this.shape.x || width !== this.shape.width) {
      const rect = element("rect", this.mark);
      rect.setAttribute("x", x);
      rect.setAttribute("width", width);
      Object.assign(this.shape, { x, width });
    }
    return Math.min(pace(Math.max(0, shown.from - now)), pace(shown.to - now));
  }

  private hold(bounds: Bounds | undefined, byKey = false): void {
    if (bounds?.from === this.bounds?.from && bounds?.to === this.bounds?.to) return;
    this.bounds = bounds;
    this.note();
    this.tick();
    this.listener.held(bounds, byKey);
  }

  // note writes the deadlines into the page's address.
  private note(): void {
    const { bounds } = this;
    const written = (deadline: number) => (deadline < Infinity ? new Date(deadline).toISOString() : undefined);
    address.note({ [FROM]: bounds && written(bounds.from), [TO]: bounds && written(bounds.to) });
  }

  private listen(): void {
    const { slider } = this;
    slider.addEventListener("pointerdown", (event) => {
      this.drew = false;
      if (event.button !== 0 || !event.isPrimary) return;
      this.drawing = { x: event.clientX, bounds: undefined };
      slider.setPointerCapture(event.pointerId);
    });
    slider.addEventListener("pointermove", (event) => this.draw(event.clientX));
    slider.addEventListener("pointerup", () => {
      const bounds = this.drawing?.bounds;
      this.drawing = this.ends = undefined;
      if (bounds) this.hold(bounds);
      this.drew = bounds !== undefined;
    });
    slider.addEventListener("pointercancel", () => {
      this.drawing = undefined;
      this.tick();
      this.listener.held(this.bounds, false);
    });
    slider.addEventListener("click", (event) => {
      if (this.drew) event.stopImmediatePropagation();
      this.drew = false;
    });
    slider.addEventListener("keydown", (event) => {
      if (!event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
      if (this.key(event.key)) event.preventDefault();
    });
  }

  // draw selects the intervals that were drawn over, whole.
  private draw(x: number): void {
    const { drawing } = this;
    if (!drawing || (!drawing.bounds && Math.abs(x - drawing.x) < SLIP)) return;
    const { left, width } = this.slider.getBoundingClientRect();
    const [first, last] = [drawing.x, x].sort((a, b) => a - b).map((at) => Math.max(0, Math.min(1, (at - left) / width)) * LAST) as [number, number];
    const from = Math.min(LAST - 1, Math.floor(first));
    drawing.bounds = deadlines(stop(from), stop(Math.max(from + 1, Math.ceil(last))), this.now());
    this.tick();
    this.listener.drawn(drawing.bounds);
  }

  // key moves one end of the span; true when the key does.
  private key(key: string): boolean {
    const now = this.now();
    const begin = now + this.looking();
    const { fixed, moving } = this.ends ?? { fixed: begin, moving: begin };
    const to = keyed(key, Math.max(0, moving - now));
    if (to === undefined) return false;
    this.ends = { fixed, moving: now + to };
    const [first, last] = [fixed - now, to].sort((a, b) => a - b) as [number, number];
    this.hold(last - first < 1 ? undefined : deadlines(first, last, now), true);
    return true;
  }
}

// deadlines are those of what has more than `from` and at most `to` milliseconds left, which is how the horizon's bars
// count. What the axis is too short for belongs to its end.
export function deadlines(from: number, to: number, now: number): Bounds {
  return { from: Math.floor(now + from) + 1, to: to >= END ? Infinity : Math.floor(now + to) + 1 };
}
