// Looking ahead: what would still be here at a stop of the axis, which is what a subscriber arriving then would get. The
// pointer or the arrow keys look, a click or Enter keeps looking there, Esc lets go.
import { element, percent, reveal } from "./dom";
import { parse, short } from "./duration";
import { type Split, split } from "./forecast";
import type { Ending } from "./frame";
import { count, sum } from "./payload";
import { LAST, nearestStop, page, position, step, stop } from "./scale";
import { clock } from "./times";

// PARAMETER of the page's address is the lifetime at which one keeps looking: at=5m.
const PARAMETER = "at";

export class LookAhead {
  private at: number | undefined; // what is looked at, in milliseconds from now
  private pinned: number | undefined;
  private forecast: readonly Ending[] | undefined; // until the first numbers come, nothing is said
  private readonly slider = element("#ahead");
  private readonly line = element<SVGElement>("#ahead-line");

  constructor(
    private readonly now: () => number,
    private readonly changed: () => void,
  ) {
    this.slider.tabIndex = 0;
    const read = parse(new URL(location.href).searchParams.get(PARAMETER) ?? "");
    if ("ms" in read && read.ms > 0) this.at = this.pinned = stop(nearestStop(read.ms));
    this.listen();
    this.draw();
  }

  // until is the lifetime within which rows are dimmed; 0: none.
  get until(): number {
    return this.at ?? 0;
  }

  follow(forecast: readonly Ending[]): void {
    this.forecast = forecast;
    this.draw();
  }

  // release lets go; true when there was something to let go.
  release(): boolean {
    const held = this.at !== undefined;
    this.pin(undefined);
    this.look(undefined);
    return held;
  }

  private look(at: number | undefined): void {
    const to = at ?? this.pinned;
    if (to === this.at) return;
    this.at = to;
    this.draw();
    this.changed();
  }

  private pin(at: number | undefined): void {
    if (this.pinned === at) return;
    this.pinned = at;
    const url = new URL(location.href);
    if (at === undefined) url.searchParams.delete(PARAMETER);
    else url.searchParams.set(PARAMETER, short(at).replace(/ min/g, "m").replaceAll(" ", ""));
    history.replaceState(history.state, "", url);
  }

  private draw(): void {
    const { at, slider, forecast } = this;
    slider.setAttribute("aria-valuenow", String(nearestStop(at ?? 0)));
    const says = at && forecast ? sentence(at, this.now(), split(forecast, at)) : "";
    slider.setAttribute("aria-valuetext", says || "Now");
    reveal(element("#ahead-says"), says);
    this.line.setAttribute("width", percent(position(at ?? 0)));
    this.line.toggleAttribute("data-active", says !== "");
  }

  private listen(): void {
    const { slider } = this;
    const under = (event: PointerEvent | MouseEvent) => {
      const { left, width } = slider.getBoundingClientRect();
      return stop(Math.max(1, Math.round(((event.clientX - left) / width) * LAST)));
    };
    slider.addEventListener("pointermove", (event) => this.look(under(event)));
    slider.addEventListener("pointerleave", () => this.look(undefined));
    slider.addEventListener("blur", () => this.look(undefined));
    slider.addEventListener("click", (event) => {
      const at = under(event);
      this.pin(at === this.pinned ? undefined : at);
      this.look(this.pinned);
    });
    slider.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const to = this.keyed(event.key);
      if (to !== undefined) this.look(to);
      else if (event.key === "Enter" && this.at) this.pin(this.at);
      else return;
      event.preventDefault();
    });
  }

  private keyed(key: string): number | undefined {
    const at = this.at ?? 0;
    switch (key) {
      case "ArrowLeft":
      case "ArrowDown":
        return stop(step(at, -1));
      case "ArrowRight":
      case "ArrowUp":
        return stop(step(at, 1));
      case "PageDown":
        return stop(page(at, -1));
      case "PageUp":
        return stop(page(at, 1));
      case "Home":
        return 0;
      case "End":
        return stop(LAST);
      default:
        return undefined;
    }
  }
}

// sentence says what will be: "In 5 min, at 14:37:07: 29 still here (2.2 kB), 12 gone."
export function sentence(at: number, now: number, { here, bytes, gone }: Split): string {
  const size = here > 0 ? ` (${sum(bytes)})` : "";
  return `In ${short(at)}, at ${clock(now + at, now)}: ${count(here)} still here${size}, ${count(gone)} gone.`;
}
