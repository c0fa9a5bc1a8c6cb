// When a page is drawn: with the next frame of the browser, and at a high rate less often.

// CROWD: more than so often, in milliseconds, would show nothing that an eye could follow.
const CROWD = 200;

export class Painter {
  private frame = 0; // that is asked for; 0: none
  private painted = 0;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly paint: () => void) {}

  // now draws at once.
  now(): void {
    this.frame = 0;
    this.painted = performance.now();
    this.paint();
  }

  // soon has the page drawn with the next frame.
  soon(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => this.now());
  }

  // crowded has it drawn when some time has passed since the last.
  crowded(): void {
    this.later ??= setTimeout(
      () => {
        this.later = undefined;
        this.soon();
      },
      Math.max(0, this.painted + CROWD - performance.now()),
    );
  }
}
