// The line of a message: what is left, over what it had, on the axis.
import { element, percent, stepped } from "./dom";
import { END, path, position } from "./scale";

// Motion is how a line is drawn: running, growing to a changed deadline first, or standing still until drawn again.
export type Motion = "run" | "grow" | "still";

const origin = { transformOrigin: "0 0" };

export class Lifeline {
  private readonly life: HTMLElement;
  private readonly rest: SVGElement;
  private running: Animation | undefined;
  private drawn = 0; // the deadline for which it was drawn

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
    this.stop();
    this.drawn = expires;
    const left = expires - now;
    if (left <= 0 || motion === "still") this.rest.setAttribute("width", percent(position(left <= 0 ? 0 : expires - stepped(now))));
    else this.run(left);
    if (motion === "grow") this.grow(before - now, left);
    return before !== 0 && before !== expires;
  }

  // stop leaves the line where it is, to be drawn anew.
  stop(): void {
    this.running?.cancel();
    this.running = undefined;
    this.drawn = 0;
  }

  // end is the line of what has ended.
  end(): void {
    this.stop();
    this.rest.setAttribute("width", "0%");
  }

  private run(left: number): void {
    this.rest.setAttribute("width", "100%");
    this.running = this.rest.animate(
      path(left).map(({ offset, position }) => ({ offset, transform: `scaleX(${position})`, ...origin })),
      { duration: left, fill: "forwards" },
    );
    // Left to start by itself it would be late by however long the next frame takes.
    this.running.startTime = performance.now();
  }

  private grow(from: number, to: number): void {
    this.rest.animate(
      [
        { transform: `scaleX(${position(from)})`, ...origin },
        { transform: `scaleX(${position(to)})`, ...origin },
      ],
      { duration: 240, easing: "ease-out" },
    );
  }
}
