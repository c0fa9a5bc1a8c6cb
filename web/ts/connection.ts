// What the page says of its connection. Pure but for the mark it is written to.
import type { LinkState } from "./stream";

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
  // stoppedAt is when the server said that it stops, by the server's clock.
  stoppedAt = "";

  private lastFrame: number | undefined;

  constructor(private readonly mark: HTMLElement | null) {}

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
    const text = (mark.dataset[look] ?? "")
      .replace("{s}", state.kind === "stale" ? String(state.seconds) : "")
      .replace("{n}", state.kind === "reconnecting" ? String(state.attempt) : "")
      .replace("{time}", state.kind === "crowded" ? "" : this.stoppedAt)
      .trim();
    const place = mark.querySelector(".text");
    const words = state.kind === "crowded" ? "Not live" : state.kind === "recovering" ? "Recovering" : text;
    if (place && place.textContent !== words) place.textContent = words;
  }
}
