// Publishing once. The page is a producer: it numbers its requests, so that one that was not answered may be sent again
// under its number and is not published twice.
import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Api } from "./api";
import type { Attribute } from "./attributes";
import type { BatchResult } from "./gen/linger/v1/publish_pb.js";
import { Durability } from "./gen/linger/v1/message_pb.js";
import { TtlAdjustment } from "./gen/linger/v1/publish_pb.js";
import { millis } from "./message";

// The server forgets a producer ten minutes after its last use; well before, the page becomes another one.
const IDLE = 5 * 60_000;
const DEADLINE = 20_000;

// Draft is what someone wants to publish.
export interface Draft {
  topic: string;
  data: Uint8Array<ArrayBuffer>;
  attributes: readonly Attribute[];
  ttl: number;
}

// Receipt is the server's answer.
export interface Receipt {
  topic: string;
  sequence: number;
  published: number;
  expires: number;
  ttl: number;
  asked: number;
  adjustment: TtlAdjustment;
  durability: string;
  serverTime: number;
}

// OutcomeUnknown says that the message may or may not be stored, and that nobody can tell any more.
export class OutcomeUnknown extends Error {}

// These say for certain that nothing was published.
const REFUSALS = [
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.ResourceExhausted,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
];

export class Publisher {
  private producer = identity();
  private request = 1;
  private used = performance.now();
  // unanswered is the draft whose request has this number and no answer.
  private unanswered: Draft | undefined;
  // store is the one that the first request was sent to. Later ones need none: a server that forgot the producer refuses
  // them, but a first one it would take for new.
  private store = "";
  // told is the store that the page's stream named last; "": none yet.
  told = "";

  constructor(private readonly api: Pick<Api, "publish" | "store">) {}

  // publish sends a draft. The same draft after a call without an answer is the same request again.
  async publish(draft: Draft, signal?: AbortSignal): Promise<Receipt> {
    const again = this.unanswered !== undefined && same(this.unanswered, draft);
    const forgotten = performance.now() - this.used > IDLE;
    if (again && forgotten) {
      this.renew();
      throw new OutcomeUnknown();
    }
    if (forgotten || (this.unanswered && !again)) this.renew();
    if (this.request === 1 && !(await this.sameStore(again, signal))) {
      this.renew();
      throw new OutcomeUnknown();
    }
    try {
      return await this.send(draft, signal);
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      if (!REFUSALS.includes(error.code)) throw error;
      const behind = this.request > 1 && error.code === Code.FailedPrecondition;
      this.renew();
      if (!behind) throw error;
      // The server does not know this producer any more: it was started anew on a memory store.
      if (again) throw new OutcomeUnknown();
      return this.send(draft, signal);
    }
  }

  // sameStore says that a first request may be sent: for the first time, or again to the store that it was sent to. What
  // the stream told may be old: good enough for the first time, where at worst too much is called unknown later.
  private async sameStore(again: boolean, signal: AbortSignal | undefined): Promise<boolean> {
    if (again) return (await this.api.store(signal)) === this.store;
    this.store = this.told || (await this.api.store(signal));
    return true;
  }

  private async send(draft: Draft, signal: AbortSignal | undefined): Promise<Receipt> {
    this.unanswered = draft;
    this.used = performance.now();
    const seconds = Math.floor(draft.ttl / 1000);
    const ttl = create(DurationSchema, { seconds: BigInt(seconds), nanos: Math.round((draft.ttl - seconds * 1000) * 1e6) });
    const attributes = Object.fromEntries(draft.attributes); // its own properties, whatever the keys are
    const answer = await this.api.publish.publish(
      {
        producerId: this.producer,
        request: BigInt(this.request),
        batches: [{ topic: draft.topic, ttl, messages: [{ attributes, data: draft.data }] }],
      },
      { timeoutMs: DEADLINE, ...(signal ? { signal } : {}) },
    );
    const [result] = answer.results;
    if (result?.error) throw new ConnectError(result.error.message, result.error.code as Code);
    this.unanswered = undefined;
    this.request++;
    if (!result) throw new OutcomeUnknown();
    return receipt(draft, result, millis(answer.serverTime));
  }

  private renew(): void {
    this.producer = identity();
    this.request = 1;
    this.unanswered = undefined;
  }
}

function receipt(draft: Draft, result: BatchResult, serverTime: number): Receipt {
  const published = millis(result.publishTime);
  const expires = millis(result.expireTime);
  return {
    topic: draft.topic,
    sequence: Number(result.firstSequence),
    published,
    expires,
    ttl: expires - published,
    asked: draft.ttl,
    adjustment: result.adjustment,
    durability: result.durability === Durability.FSYNCED ? "fsynced" : "memory",
    serverTime,
  };
}

function same(a: Draft, b: Draft): boolean {
  return (
    a.topic === b.topic &&
    a.ttl === b.ttl &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes) &&
    a.data.length === b.data.length &&
    a.data.every((byte, i) => byte === b.data[i])
  );
}

function identity(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(16));
}
