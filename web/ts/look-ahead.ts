// Looking ahead: what would still be here at a stop of the axis, which is what a subscriber arriving then would get. The
// pointer or the arrow keys look, a click or Enter keeps looking there, Esc lets go.
import { address } from "./address";
import { type Census, type Share, about, size } from "./census";
import { conceal, element, percent } from "./dom";
import { parse, short, typed } from "./duration";
import { LAST, keyed, nearestStop, position, stop } from "./scale";
import { rich, t } from "./texts";
import { clock } from "./times";

// PARAMETER of the page's address is the lifetime at which one keeps looking: at=5m.
const PARAMETER = "at";

export class LookAhead {
  private at: number | undefined; // what is looked at, in milliseconds from now
  private pinned: number | undefined;
  private over: number | undefined; // the interval under the pointer
  private known = false; // until the first numbers come, nothing is said
  private readonly slider = element("#ahead");
  private readonly line = element<SVGElement>("#ahead-line");

  constructor(
    private readonly census: Census,
    private readonly now: () => number,
    private readonly changed: () => void,
    // kept is told when one begins to keep looking at a stop.
    private readonly kept: () => void,
  ) {
    this.slider.tabIndex = 0;
    const read = parse(address.page.searchParams.get(PARAMETER) ?? "");
    if ("ms" in read && read.ms > 0) this.at = this.pinned = stop(nearestStop(read.ms));
    this.listen();
    this.draw();
  }

  // until is the lifetime within which rows are dimmed; 0: none.
  get until(): number {
    return this.at ?? 0;
  }

  // follow says it anew, from new numbers.
  follow(): void {
    this.known = true;
    this.draw();
  }

  // release lets go; true when there was something to let go.
  release(): boolean {
    const held = this.at !== undefined;
    this.pin(undefined);
    this.look(undefined);
    return held;
  }

  private look(at: number | undefined, over?: number): void {
    const to = at ?? this.pinned;
    if (to === this.at && over === this.over) return;
    const moved = to !== this.at;
    this.at = to;
    this.over = over;
    this.draw();
    if (moved) this.changed();
  }

  private pin(at: number | undefined): void {
    if (this.pinned === at) return;
    this.pinned = at;
    if (at !== undefined) this.kept();
    address.note({ [PARAMETER]: at === undefined ? undefined : typed(at) });
  }

  private draw(): void {
    const { at, over, slider, census } = this;
    slider.setAttribute("aria-valuenow", String(nearestStop(at ?? 0)));
    const now = this.now();
    const outlook = at && this.known ? foresee(at, now, census.between(now + at, Infinity), census.between(-Infinity, now + at)) : undefined;
    const says = outlook ? t("ahead.says", outlook) : "";
    slider.setAttribute("aria-valuetext", says || t("horizon.now"));
    const box = element("#ahead-says");
    conceal(box, says === "");
    const below = says && over !== undefined ? `\n${bar(over, now, census)}` : "";
    if (box.textContent !== says + below) box.replaceChildren(...(outlook ? rich("ahead.says", { ...outlook, what: strong(outlook.what) }) : []), below);
    // Beside the line, not before the bars that are looked at.
    box.toggleAttribute("data-left", position(at ?? 0) > 0.5);
    this.line.setAttribute("width", percent(position(at ?? 0)));
    this.line.toggleAttribute("data-active", says !== "");
  }

  private listen(): void {
    const { slider } = this;
    const share = (event: MouseEvent) => {
      const { left, width } = slider.getBoundingClientRect();
      return Math.max(0, Math.min(1, (event.clientX - left) / width));
    };
    const under = (event: MouseEvent) => stop(Math.max(1, Math.round(share(event) * LAST)));
    slider.addEventListener("pointermove", (event) => {
      // With a button down a span is being drawn.
      if (event.buttons === 0) this.look(under(event), Math.min(LAST - 1, Math.floor(share(event) * LAST)));
    });
    slider.addEventListener("pointerdown", () => this.look(undefined));
    slider.addEventListener("pointerleave", () => this.look(undefined));
    slider.addEventListener("blur", () => this.look(undefined));
    slider.addEventListener("click", (event) => {
      const at = under(event);
      this.pin(at === this.pinned ? undefined : at);
      this.look(this.pinned);
    });
    slider.addEventListener("keydown", (event) => {
      if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
      const to = keyed(event.key, this.until);
      if (to !== undefined) this.look(to);
      else if (event.key === "Enter" && this.at) this.pin(this.at);
      else return;
      event.preventDefault();
    });
  }
}

// Outlook is what the sentence tells: "In 5 min, at 14:37:07: 29 still here (2.2 kB), 12 gone."
interface Outlook {
  left: string;
  time: string;
  what: string;
}

export function foresee(at: number, now: number, here: Share, gone: Share): Outlook {
  const what = t("ahead.what", { here: about(here), size: size(here), gone: about(gone) });
  return { left: short(at), time: clock(now + at, now), what };
}

function strong(text: string): HTMLElement {
  return Object.assign(document.createElement("strong"), { textContent: text });
}

// bar says what one interval of the horizon holds: "Between 4 min and 5 min: 12 (1.1 kB)."
function bar(i: number, now: number, census: Census): string {
  const from = short(stop(i));
  if (i < LAST - 1) {
    const share = census.between(now + stop(i), now + stop(i + 1));
    return t("ahead.bar", { from, to: short(stop(i + 1)), count: about(share), size: size(share) });
  }
  // What the axis is too short for stands in its last interval.
  const share = census.between(now + stop(i), Infinity);
  return t("ahead.beyond", { from, count: about(share), size: size(share) });
}
