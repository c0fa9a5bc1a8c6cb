// A message as the page holds it: plain data that crosses from the worker to the page, times in milliseconds by the
// server's clock, sequences as numbers (they stay far below 2^53).
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { RetainedMessage } from "./gen/linger/v1/retained_pb.js";
import { type Body, display } from "./payload";

export interface Message {
  topic: string;
  // incarnation is opaque and may need 64 bits: text.
  incarnation: string;
  sequence: number;
  published: number;
  expires: number;
  // granted is the lifetime it was published with: extending gives it once more.
  granted: number;
  // maxExpires is the latest deadline it may be given; 0 where unknown.
  maxExpires: number;
  deliveries: number;
  key: string;
  attributes: Array<[string, string]>;
  body: Body;
}

// Key names a message among all that ever were.
export type Key = string;

// keyOf names a message. The separator cannot stand in a topic's name.
export function keyOf(message: { topic: string; incarnation: string; sequence: number }): Key {
  return `${message.topic} ${message.incarnation} ${message.sequence}`;
}

// passing says that a message is "now or never": never retained, only seen.
export function passing(message: Message): boolean {
  return message.expires <= message.published;
}

// soonerFirst orders by deadline, then by topic and sequence, so that the order is the same on every screen.
export function soonerFirst(a: Message, b: Message): number {
  return a.expires - b.expires || (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.sequence - b.sequence;
}

// olderFirst orders by publication, and within a millisecond by topic and sequence.
export function olderFirst(a: Message, b: Message): number {
  return a.published - b.published || (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.sequence - b.sequence;
}

// millis reads a time; an unset one is 0.
export function millis(time: Timestamp | undefined): number {
  return time ? Number(time.seconds) * 1000 + time.nanos / 1e6 : 0;
}

// span reads a lifetime in milliseconds; an unset one is undefined.
export function span(duration: Duration | undefined): number | undefined {
  return duration ? Number(duration.seconds) * 1000 + duration.nanos / 1e6 : undefined;
}

// fromRetained reads a message off the wire.
export function fromRetained(wire: RetainedMessage): Message {
  return {
    topic: wire.topic,
    incarnation: String(wire.incarnation),
    sequence: Number(wire.sequence),
    published: millis(wire.publishTime),
    expires: millis(wire.expireTime),
    granted: span(wire.grantedTtl) ?? millis(wire.expireTime) - millis(wire.publishTime),
    maxExpires: millis(wire.maxExpireTime),
    deliveries: wire.deliveries,
    key: wire.message?.key ?? "",
    attributes: Object.entries(wire.message?.attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
    body: display(wire.message?.data ?? new Uint8Array(), Number(wire.dataSize)),
  };
}
