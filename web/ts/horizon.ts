// The horizon: what ends when, on the axis. Up to TICKS messages it shows each, a tick that travels by the page's clock;
// beyond that bars, by the server's count, which change with its numbers only. Where bars stand for bytes there are always
// bars: a tick has no height to tell.
import { element, memorize, percent, recollect, stepped } from "./dom";
import { type Measure, heights, outlook, pace } from "./forecast";
import type { Ending } from "./frame";
import type { Entry } from "./retained";
import { position, stop } from "./scale";

// TICKS is up to how many messages each has its own; web/horizon.go has it too.
const TICKS = 200;

// GRAIN: a tick that would move by less than this share of the axis, a tenth of a pixel, stays where it is.
const GRAIN = 1 / 8000;

// MEMORY is where this browser keeps what the bars stand for.
const MEMORY = "linger.bars";

const SVG = "http://www.w3.org/2000/svg";

export class Horizon {
  private readonly bars: SVGElement[];
  private readonly drawn: string[] = []; // heights of the bars
  private readonly ticks: SVGElement;
  private readonly lines: Array<{ line: SVGElement; at: string; soon: boolean }> = [];
  private readonly choice = element<HTMLInputElement>("#bars-bytes");
  private forecast: readonly Ending[] = [];

  constructor(
    private readonly strip: HTMLElement,
    changed: () => void,
  ) {
    this.bars = [...strip.querySelectorAll<SVGElement>(".interval")];
    this.ticks = element<SVGElement>(".ticks", strip);
    // What the server drew is drawn anew, in the same place.
    this.ticks.replaceChildren();
    this.choice.checked = recollect(MEMORY) === "bytes";
    for (const radio of document.querySelectorAll('input[name="bars"]')) {
      radio.addEventListener("change", () => {
        memorize(MEMORY, this.measure);
        this.follow(this.forecast);
        changed();
      });
    }
  }

  // follow draws the bars, and sums up, by the server's count.
  follow(forecast: readonly Ending[]): void {
    this.forecast = forecast;
    const label = outlook(forecast);
    if (this.strip.getAttribute("aria-label") !== label) this.strip.setAttribute("aria-label", label);
    heights(forecast, this.measure).forEach((height, i) => {
      if (this.drawn[i] === height) return;
      this.drawn[i] = height;
      this.bars[i]?.setAttribute("height", height);
    });
  }

  // show decides between ticks and bars. Ticks take that every message is known: the list has them all (`covered`), and
  // none was left out of what was told (`sampled`). Until the list was first read, it stays as the server drew it.
  show(entries: readonly Entry[], covered: number, sampled: boolean, now: number): void {
    if (this.measure === "bytes") this.strip.toggleAttribute("data-each", false);
    else if (covered > -Infinity) {
      const each = covered === Infinity && !sampled && entries.length <= TICKS;
      if (each !== this.each) this.strip.toggleAttribute("data-each", each);
    }
    this.tick(entries, now);
  }

  // tick moves the ticks to where their messages stand now. Returns in how many milliseconds the first one moves on. Which
  // tick is whose does not matter: the soonest message has the first.
  tick(entries: readonly Entry[], now: number): number {
    const shown = this.each ? entries : [];
    while (this.lines.length > shown.length) this.lines.pop()?.line.remove();
    while (this.lines.length < shown.length) this.lines.push({ line: this.make(), at: "", soon: false });
    shown.forEach(({ message }, i) => this.place(i, message.expires - stepped(now)));
    return shown[0] ? pace(shown[0].message.expires - now) : Infinity;
  }

  private get measure(): Measure {
    return this.choice.checked ? "bytes" : "messages";
  }

  private get each(): boolean {
    return this.strip.hasAttribute("data-each");
  }

  private place(i: number, left: number): void {
    const tick = this.lines[i];
    if (!tick) return;
    const at = percent(Math.round(position(left) / GRAIN) * GRAIN);
    const soon = left <= stop(1);
    if (at !== tick.at) for (const end of ["x1", "x2"]) tick.line.setAttribute(end, at);
    if (soon !== tick.soon) tick.line.classList.toggle("soon", soon);
    Object.assign(tick, { at, soon });
  }

  private make(): SVGElement {
    const line = document.createElementNS(SVG, "line");
    line.setAttribute("y1", "40%");
    line.setAttribute("y2", "100%");
    return this.ticks.appendChild(line);
  }
}
