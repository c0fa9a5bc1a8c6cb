// What the page says of its connection. Pure but for the mark it is written to.
import type { LinkState } from "./stream";
import { t } from "./texts";
import { when } from "./times";

// STALE is how long the stream may be silent before the page says so. The server is never silent for a second.
const STALE = 3000;

export type Condition =
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "stale"; seconds: number }
  | { kind: "reconnecting"; attempt: number }
  | { kind: "stopped" }
  | { kind: "recovering" }
  | { kind: "crowded" };

// condition judges by the link and by how long ago the last frame was taken, in milliseconds.
export function condition(link: LinkState, silence: number | undefined): Condition {
  switch (link.kind) {
    case "crowded":
      return { kind: "crowded" };
    case "waiting":
      if (link.recovering) return { kind: "recovering" };
      return link.stopping ? { kind: "stopped" } : { kind: "reconnecting", attempt: link.attempt };
    case "opening":
      if (link.attempt > 0) return { kind: "reconnecting", attempt: link.attempt };
      return silence !== undefined && silence <= STALE ? { kind: "live" } : { kind: "connecting" };
    default:
      if (silence === undefined) return { kind: "connecting" };
      return silence <= STALE ? { kind: "live" } : { kind: "stale", seconds: Math.floor(silence / 1000) };
  }
}

// dependable says that what the page shows is what the server has.
export function dependable(state: Condition): boolean {
  return state.kind === "live";
}

export class Connection {
  link: LinkState = { kind: "opening", attempt: 0 };
  state: Condition = { kind: "connecting" };
  // stoppedAt is when the server said that it stops, by its clock; 0: it did not.
  stoppedAt = 0;

  private lastFrame: number | undefined;

  constructor(
    private readonly mark: HTMLElement | null,
    private readonly now: () => number,
  ) {}

  frame(): void {
    this.lastFrame = performance.now();
  }

  // silence is how long ago the last frame was taken; undefined before the first.
  get silence(): number | undefined {
    return this.lastFrame === undefined ? undefined : performance.now() - this.lastFrame;
  }

  // show writes the mark, and returns whether the kind of condition is another one.
  show(): boolean {
    let next = condition(this.link, this.silence);
    // While attempts go on after a stop, or during a recovery, the mark keeps saying what happens.
    const told = this.state.kind === "stopped" || this.state.kind === "recovering";
    if (next.kind === "reconnecting" && this.link.kind === "opening" && told) next = this.state;
    const changed = next.kind !== this.state.kind;
    this.state = next;
    if (this.mark) this.write(this.mark, next);
    return changed;
  }

  private write(mark: HTMLElement, state: Condition): void {
    const look = state.kind === "crowded" ? "stopped" : state.kind === "recovering" ? "reconnecting" : state.kind;
    if (mark.dataset["state"] !== look) mark.dataset["state"] = look;
    const place = mark.querySelector(".text");
    const words = this.words(state);
    if (place && place.textContent !== words) place.textContent = words;
  }

  private words(state: Condition): string {
    switch (state.kind) {
      case "connecting":
        return t("mark.connecting");
      case "live":
        return t("mark.live");
      case "stale":
        return t("mark.stale", { s: state.seconds });
      case "reconnecting":
        return t("mark.reconnecting", { n: state.attempt });
      case "stopped":
        return t("mark.stopped", { time: this.stoppedAt > 0 ? when(this.stoppedAt, this.now()) : "" }).trim();
      case "recovering":
        return t("mark.recovering");
      case "crowded":
        return t("mark.crowded");
    }
  }
}
