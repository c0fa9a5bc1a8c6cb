// The one watch stream of a browser: opened for a set of scopes, opened again whenever it ends.
//
// It lives in a worker. On the page a fast stream would starve everything else: no timer runs between two frames.
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { WatchService, type WatchResponse } from "./gen/linger/v1/watch_pb.js";

// FIRST_WAIT doubles with each attempt that fails, up to LAST_WAIT.
export const FIRST_WAIT = 250;
export const LAST_WAIT = 5000;

// The server is never silent for a second. A stream this long without a frame is dead, whatever the socket says.
const SILENCE = 8000;

// RECENT messages of each scope come first: they fill Live, and the hole that opening anew leaves.
const RECENT = 100;

// LinkState tells how the stream is.
export type LinkState =
  | { kind: "opening"; attempt: number }
  | { kind: "open" }
  // stopping: the server said that it stops; it was asked to. recovering: it is there, and reads its store.
  | { kind: "waiting"; attempt: number; until: number; stopping: boolean; recovering: boolean; reason: string }
  // asleep: every tab is hidden.
  | { kind: "asleep" }
  // crowded: this tab has no stream, since the browser has no connection left for it.
  | { kind: "crowded" };

// Source opens a watch. It is a value so that tests can stand in for the server.
export type Source = (scopes: string[], signal: AbortSignal) => AsyncIterable<WatchResponse>;

// watchServer is the source that asks the server this worker came from.
export function watchServer(origin: string): Source {
  const client = createClient(WatchService, createGrpcWebTransport({ baseUrl: origin }));
  return (scopes, signal) =>
    client.watch({ scopes, previewsPerSecond: 30, previewBytes: 1024, recent: RECENT }, { signal });
}

// backoff is how long to wait after so many failed attempts.
export function backoff(attempt: number): number {
  return Math.min(LAST_WAIT, FIRST_WAIT * 2 ** Math.max(0, attempt - 1));
}

// isRecovering says that a server answered that it reads its store still.
export function isRecovering(error: ConnectError): boolean {
  return error.code === Code.Unavailable && error.rawMessage.startsWith("the server is recovering");
}

export class Stream {
  state: LinkState = { kind: "asleep" };
  // scopes that the stream is open for, in the order of the request: frames name them by index.
  scopes: string[] = [];
  // epoch counts the openings; numbers "since the watch began" belong to one of them.
  epoch = 0;

  private abort: AbortController | undefined;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly source: Source,
    private readonly onFrame: (frame: WatchResponse, arrival: number) => void,
    private readonly onState: (state: LinkState) => void,
  ) {}

  // open watches these scopes from now on, instead of those before.
  open(scopes: string[]): void {
    this.scopes = scopes;
    this.attempt = 0;
    this.connect();
  }

  // retry does not wait for the next attempt's time: the browser came online, or someone looks again.
  retry(): void {
    if (this.state.kind === "waiting") this.connect();
  }

  // close ends the stream until it is opened again.
  close(): void {
    this.drop();
    this.set({ kind: "asleep" });
  }

  private drop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = undefined;
  }

  private connect(): void {
    this.drop();
    this.set({ kind: "opening", attempt: this.attempt });
    this.epoch++;
    const abort = new AbortController();
    this.abort = abort;
    void this.read(abort);
  }

  private async read(abort: AbortController): Promise<void> {
    let reason: unknown;
    try {
      this.guard(abort);
      for await (const frame of this.source(this.scopes, abort.signal)) {
        if (this.abort !== abort) return;
        this.guard(abort);
        this.attempt = 0;
        if (this.state.kind !== "open") this.set({ kind: "open" });
        this.onFrame(frame, performance.now());
      }
    } catch (error) {
      reason = error;
    }
    if (this.abort === abort) this.wait(reason);
  }

  // guard ends a stream that has fallen silent.
  private guard(abort: AbortController): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.abort !== abort) return;
      this.drop();
      this.wait(new Error("no answer"));
    }, SILENCE);
  }

  private wait(reason: unknown): void {
    this.drop();
    this.attempt++;
    const delay = backoff(this.attempt);
    const error = ConnectError.from(reason ?? "ended");
    const recovering = isRecovering(error);
    const stopping =
      (error.code === Code.Unavailable && error.rawMessage.includes("stopping")) ||
      (this.state.kind === "opening" && this.stoppingBefore && !recovering);
    this.stoppingBefore = stopping;
    this.set({
      kind: "waiting",
      attempt: this.attempt,
      until: Date.now() + delay,
      stopping,
      recovering,
      reason: error.rawMessage,
    });
    this.timer = setTimeout(() => this.connect(), delay);
  }

  // Attempts that fail after the server said it stops are part of the same stop.
  private stoppingBefore = false;

  private set(state: LinkState): void {
    this.state = state;
    if (state.kind === "open") this.stoppingBefore = false;
    this.onState(state);
  }
}
