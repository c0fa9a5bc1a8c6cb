// The line of a message: what is left, over what it had, on the axis.
import { element, percent, stepped } from "./dom";
import { END, path, position } from "./scale";

// Motion is how a line is drawn: running, growing to a changed deadline first, or standing still until drawn again.
export type Motion = "run" | "grow" | "still";

const origin = { transformOrigin: "0 0" };

// With more left than SLOW a line moves by less than a seventh of a pixel a second. It steps as its number does: an animation
// would have the browser draw every frame anew, and give each line a layer of its own, for what no eye can see.
const SLOW = 6 * 60_000;

// GRAIN is by how much of the axis such a line steps, a tenth of a pixel.
const GRAIN = 1 / 8000;

export class Lifeline {
  private readonly life: HTMLElement;
  private readonly rest: SVGElement;
  private running: Animation | undefined;
  private drawn = 0; // the deadline for which it was drawn
  private slow = false; // it steps
  private width = ""; // what it was last drawn as

  constructor(row: HTMLElement) {
    this.life = element(".life", row);
    this.rest = element<SVGElement>(".rest", this.life);
  }

  // had draws what the message had in all. One that is longer than the axis goes on beyond its edge.
  had(lifetime: number): void {
    this.life.toggleAttribute("data-open", lifetime > END);
    element(".had", this.life).setAttribute("width", percent(position(lifetime)));
  }

  // draw starts the line when it is not running towards this deadline already. It then runs by itself, off the main
  // thread: one animation with a point at each stop, which is exact because the axis is linear between them. Returns
  // whether the deadline was another one before.
  draw(expires: number, now: number, motion: Motion): boolean {
    const before = this.drawn;
    // One that stood still for a while is set going again, towards the same deadline.
    if (before === expires && this.running && motion !== "still") return false;
    this.halt();
    this.drawn = expires;
    const left = expires - now;
    this.slow = motion !== "still" && left > SLOW;
    if (left <= 0) this.stand(0);
    else if (motion === "still") this.stand(position(expires - stepped(now)));
    else if (this.slow) this.stand(Math.round(position(left) / GRAIN) * GRAIN);
    else this.run(left);
    if (motion === "grow" && left > 0) this.grow(before - now, left);
    return before !== 0 && before !== expires;
  }

  // step moves a slow line to where it stands now, until it is quick enough to run.
  step(now: number): void {
    if (this.slow) this.draw(this.drawn, now, "run");
  }

  // stop leaves the line where it is, to be drawn anew.
  stop(): void {
    this.halt();
    this.drawn = 0;
    this.slow = false;
  }

  // end is the line of what has ended.
  end(): void {
    this.stop();
    this.stand(0);
  }

  private halt(): void {
    this.running?.cancel();
    this.running = undefined;
  }

  private stand(share: number): void {
    this.size(percent(share));
  }

  private size(width: string): void {
    if (width === this.width) return;
    this.width = width;
    this.rest.setAttribute("width", width);
  }

  private run(left: number): void {
    this.size("100%");
    this.running = this.rest.animate(
      path(left).map(({ offset, position }) => ({ offset, transform: `scaleX(${position})`, ...origin })),
      { duration: left, fill: "forwards" },
    );
    // Left to start by itself it would be late by however long the next frame takes.
    this.running.startTime = performance.now();
  }

  // grow leads from one length to another, of which the line has the second already, by its width or by how it runs.
  private grow(from: number, to: number): void {
    const whole = this.running ? 1 : position(to);
    this.rest.animate(
      [
        { transform: `scaleX(${position(from) / whole})`, ...origin },
        { transform: `scaleX(${position(to) / whole})`, ...origin },
      ],
      { duration: 240, easing: "ease-out" },
    );
  }
}
