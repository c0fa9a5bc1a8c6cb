// Plays the demo: publishes by the ordinary calls, goes on where it was when another page of Linger is opened in its tab,
// and leaves the server as empty as it found it.
import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Api, problems, timestamp } from "./api";
import { due, LATE, LENGTH, LISTENED, type Step } from "./demo";
import { millis } from "./message";

// LOOK is how often it is looked whether the demo's topics are empty, in milliseconds.
const LOOK = 2000;

const KEY = "linger-demo";

// Sent is a message that the demo published, and its deadline as far as the demo knows.
interface Sent {
  topic: string;
  sequence: number;
  expires: number;
}

// Playing is the demo under way, kept for the tab's next page. Times by the server's clock.
interface Playing {
  begun: number;
  until: number; // steps are taken up to here, in milliseconds after the beginning
  over: boolean;
  stopped: boolean;
  problem: string;
  sent: Sent[];
}

// State is what there is to show of the demo.
export type State =
  | { kind: "none" }
  | { kind: "playing"; left: number }
  // over: what it sent goes within `left` milliseconds, then it is as if it had never been.
  | { kind: "over"; left: number; problem: string };

export class DemoPlayer {
  private playing: Playing | undefined;
  private work: Promise<void> = Promise.resolve();
  private listening: AbortController | undefined;
  private heard: Promise<void> = Promise.resolve();
  private looked = -Infinity;

  constructor(
    private readonly api: Pick<Api, "publish" | "retained" | "topics" | "subscribe">,
    private readonly now: () => number,
    private readonly store: Pick<Storage, "getItem" | "setItem" | "removeItem">,
  ) {
    this.playing = this.read();
  }

  // begin plays from the start, unless it plays already.
  begin(): void {
    if (this.playing) return;
    this.playing = { begun: this.now(), until: -1, over: false, stopped: false, problem: "", sent: [] };
    this.keep();
    this.tick();
  }

  // stop expires what the demo sent.
  stop(): void {
    const { playing } = this;
    if (!playing || playing.stopped) return;
    playing.stopped = true;
    this.end(playing, "");
    this.after(async () => {
      const alive = playing.sent.filter(({ expires }) => expires > this.now());
      await Promise.allSettled(alive.map((sent) => this.set(sent, this.now())));
    });
  }

  // tick does what is due now.
  tick(): void {
    const { playing } = this;
    if (!playing) return;
    if (playing.over) return this.tidySoon(playing);
    this.listen();
    const elapsed = this.now() - playing.begun;
    const steps = due(playing.until, elapsed);
    if (steps.length > 0) {
      playing.until = elapsed;
      this.keep(); // before they are sent: the next page does not send them again
      this.after(() => this.take(playing, steps));
    }
    // A clock that is far behind is another server's.
    if (elapsed >= LENGTH || elapsed < -LATE) this.end(playing, "");
  }

  get state(): State {
    const { playing } = this;
    if (!playing || playing.stopped) return { kind: "none" };
    if (!playing.over) return { kind: "playing", left: playing.begun + LENGTH - this.now() };
    const left = last(playing) - this.now();
    return left > 0 ? { kind: "over", left, problem: playing.problem } : { kind: "none" };
  }

  // idle is kept when everything that was begun has been answered.
  idle(): Promise<void> {
    return this.work;
  }

  // after does one thing after the other, so that messages are published in their order.
  private after(what: () => Promise<void>): void {
    this.work = this.work.then(what).catch(() => {});
  }

  private async take(playing: Playing, steps: Step[]): Promise<void> {
    await this.heard;
    if (playing.stopped) return;
    try {
      await this.publish(playing, steps);
      for (const step of steps) {
        if (step.kind === "publish") continue;
        const sent = playing.sent.filter(({ topic }) => topic === step.topic)[step.nth];
        // Somebody may have ended it, or changed it, before: then it is theirs.
        if (sent) await this.set(sent, step.kind === "extend" ? sent.expires + step.by : this.now()).catch(() => {});
      }
    } catch (thrown) {
      this.end(playing, problems(thrown)[0]?.text ?? "");
    }
    this.keep();
  }

  // publish sends what is due as one request, each message a batch of its own.
  private async publish(playing: Playing, steps: Step[]): Promise<void> {
    const batches = steps.flatMap((step) => (step.kind === "publish" ? [step] : []));
    if (batches.length === 0) return;
    const { results } = await this.api.publish.publish({
      batches: batches.map(({ topic, data, ttl }) => ({
        topic,
        ttl: create(DurationSchema, { seconds: BigInt(ttl / 1000) }),
        messages: [{ data: new TextEncoder().encode(data), attributes: { demo: "true" } }],
      })),
    });
    for (const [i, result] of results.entries()) {
      if (result.error) throw new ConnectError(result.error.message, result.error.code as Code);
      const sequence = Number(result.firstSequence);
      playing.sent.push({ topic: batches[i]?.topic ?? "", sequence, expires: millis(result.expireTime) });
    }
  }

  // set gives a message another deadline, unless somebody else has.
  private async set(sent: Sent, expires: number): Promise<void> {
    const answer = await this.api.retained.setExpireTime({
      topic: sent.topic,
      sequence: BigInt(sent.sequence),
      expireTime: timestamp(Math.floor(expires)),
      expectedExpireTime: timestamp(sent.expires),
    });
    sent.expires = millis(answer.expireTime);
  }

  // listen subscribes to two of the topics, since watching does not count as delivery. Nothing is published before the
  // subscription stands: the first message is to be received, too.
  private listen(): void {
    if (this.listening) return;
    const listening = new AbortController();
    this.listening = listening;
    this.heard = new Promise((heard) => {
      const read = async () => {
        const request = { patterns: LISTENED, start: { case: "new" as const, value: {} } };
        for await (const _ of this.api.subscribe.subscribe(request, { signal: listening.signal, timeoutMs: 0 })) heard();
      };
      read().catch(() => {}).finally(heard); // without it the demo shows less, and nothing that is wrong
    });
  }

  private end(playing: Playing, problem: string): void {
    playing.over = true;
    playing.problem = problem;
    this.listening?.abort();
    this.listening = undefined;
    this.keep();
  }

  // tidySoon looks now and then whether the demo's topics are empty, once nothing that it sent should be alive.
  private tidySoon(playing: Playing): void {
    const now = this.now();
    if (now < this.looked + LOOK || (!playing.stopped && now < last(playing))) return;
    this.looked = now;
    this.after(() => this.tidy(playing));
  }

  // tidy deletes the topics that are empty and held nothing but what the demo sent.
  private async tidy(playing: Playing): Promise<void> {
    for (const name of new Set(playing.sent.map(({ topic }) => topic))) {
      const sent = playing.sent.filter(({ topic }) => topic === name);
      if (await this.done(name, sent.length)) playing.sent = playing.sent.filter(({ topic }) => topic !== name);
    }
    if (playing.sent.length > 0) return this.keep();
    this.playing = undefined;
    this.keep();
  }

  // done says that there is nothing left to do about a topic: it is deleted, or it is not the demo's alone.
  private async done(name: string, sent: number): Promise<boolean> {
    try {
      const stats = (await this.api.topics.getTopic({ name })).topic?.stats;
      if (!stats || Number(stats.published) !== sent) return true;
      if (stats.retained > 0n || stats.passing > 0n) return false;
      await this.api.topics.deleteTopic({ name });
      return true;
    } catch (thrown) {
      return ConnectError.from(thrown).code === Code.NotFound;
    }
  }

  private keep(): void {
    try {
      if (this.playing) this.store.setItem(KEY, JSON.stringify(this.playing));
      else this.store.removeItem(KEY);
    } catch {
      // Where nothing can be kept, the demo ends with its page.
    }
  }

  private read(): Playing | undefined {
    try {
      return (JSON.parse(this.store.getItem(KEY) ?? "null") as Playing | null) ?? undefined;
    } catch {
      return undefined;
    }
  }
}

// last is when the last message that the demo sent goes.
function last(playing: Playing): number {
  return playing.sent.reduce((latest, { expires }) => Math.max(latest, expires), 0);
}
