// The page's end of the stream: a shared worker for all tabs, or, where there is none, a worker of its own.
import type { Batch } from "./frame";
import type { FromTab, ToTab } from "./tab";
import type { LinkState } from "./stream";

// PING tells the worker that the tab lives; a hidden tab's timers come once a minute at the least.
const PING = 5000;

// STREAMS is how many tabs may have a stream each over plain HTTP/1.1. A browser opens six connections to a host for all
// tabs together; the sixth is for everything else.
const STREAMS = 5;

// RETRY is how often a tab without a stream looks whether one has become free.
const RETRY = 2000;

type Port = Pick<MessagePort, "postMessage"> & { onmessage: ((event: MessageEvent<ToTab>) => void) | null };

export interface Listener {
  batch(batch: Batch): void;
  state(state: LinkState): void;
}

export class Feed {
  private port: Port | undefined;
  // The page holds this lock as long as it lives; the worker waits for it, to learn of the page's end.
  private readonly lock = `linger-tab-${crypto.getRandomValues(new Uint32Array(3)).join("-")}`;

  private readonly holding: Promise<void>;

  constructor(
    private readonly scope: string,
    private readonly listener: Listener,
  ) {
    this.holding = hold(this.lock);
    setInterval(() => this.say({ type: "alive" }), PING);
    document.addEventListener("visibilitychange", () => this.say({ type: "hidden", hidden: document.hidden }));
    addEventListener("online", () => this.say({ type: "online" }));
    addEventListener("pagehide", () => this.say({ type: "bye" }));
    addEventListener("pageshow", (event) => {
      if (event.persisted) void this.greet();
    });
    if (typeof SharedWorker === "function") this.share();
    else void this.own();
  }

  private share(): void {
    const worker = new SharedWorker(script("shared-worker.js"), { type: "module", name: "linger" });
    // Where the script cannot be loaded as a shared one, this tab gets a worker of its own.
    worker.onerror = () => void this.own();
    this.attach(worker.port);
  }

  // own opens a stream for this tab alone, once there is a connection for it.
  private async own(): Promise<void> {
    if (!multiplexed() && !(await claim())) {
      this.listener.state({ kind: "crowded" });
      setTimeout(() => void this.own(), RETRY);
      return;
    }
    this.attach(new Worker(script("worker.js"), { type: "module", name: "linger" }));
  }

  private attach(port: Port): void {
    this.port = port;
    port.onmessage = ({ data }) => {
      if (this.port !== port) return;
      if (data.type === "state") return this.listener.state(data.state);
      this.listener.batch(data.batch);
      this.say({ type: "taken" });
    };
    void this.greet();
  }

  private async greet(): Promise<void> {
    // Not before the lock is held: the worker would get it first, and take this page for gone.
    await this.holding;
    const lock = navigator.locks ? this.lock : undefined;
    this.say({ type: "hello", scope: this.scope, lock, hidden: document.hidden });
  }

  private say(said: FromTab): void {
    this.port?.postMessage(said);
  }
}

// hold takes a lock for as long as the page lives; the promise is kept when it is held. At once where there are no locks.
function hold(name: string): Promise<void> {
  return new Promise((held) => {
    if (!navigator.locks) return held();
    void navigator.locks.request(name, () => {
      held();
      return new Promise<void>(() => {});
    });
  });
}

// multiplexed says that one connection carries any number of streams (HTTP/2 and later).
function multiplexed(): boolean {
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return entry !== undefined && !/^(http\/1|$)/.test(entry.nextHopProtocol);
}

// claim takes one of the places for a stream, for as long as this page lives.
async function claim(): Promise<boolean> {
  if (!navigator.locks) return claimByVoice();
  for (let place = 0; place < STREAMS; place++) {
    const taken = await new Promise<boolean>((resolve) => {
      void navigator.locks.request(`linger-stream-${place}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<void>(() => {});
      });
    });
    if (taken) return true;
  }
  return false;
}

// claimByVoice asks the other tabs, where pages have no locks (plain HTTP to another machine).
async function claimByVoice(): Promise<boolean> {
  const channel = new BroadcastChannel("linger-streams");
  let others = 0;
  channel.onmessage = ({ data }) => {
    if (data === "here") others++;
  };
  channel.postMessage("who");
  await new Promise((resolve) => setTimeout(resolve, 300));
  if (others >= STREAMS) {
    channel.close();
    return false;
  }
  channel.onmessage = ({ data }) => {
    if (data === "who") channel.postMessage("here");
  };
  return true;
}

// script is the address of a worker beside this one. Where pages demand trusted addresses, this is the only maker.
function script(name: string): URL {
  const address = new URL(name, import.meta.url);
  const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): Policy } };
  if (!trustedTypes) return address;
  policy ??= trustedTypes.createPolicy("linger", { createScriptURL: (url: string) => url });
  return policy.createScriptURL(address.href);
}

interface Policy {
  createScriptURL(url: string): URL;
}
let policy: Policy | undefined;
