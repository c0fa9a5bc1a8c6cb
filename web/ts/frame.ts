// What the worker passes on: frames of the watch, taken off the wire and sorted by scope.
import type { Durability, EndReason } from "./gen/linger/v1/message_pb.js";
import type { ScopeStats, StoreState, WatchHello, WatchResponse } from "./gen/linger/v1/watch_pb.js";
import { type Message, fromRetained, millis, span } from "./message";

// Preview is a message as it was published.
export interface Preview {
  message: Message;
  // leftOut counts the messages of the scope between the preview before and this one.
  leftOut: number;
  // recent: it was published before the watch began.
  recent: boolean;
}

// Ended tells that consecutive messages ended in the same way.
export interface Ended {
  topic: string;
  incarnation: string;
  first: number;
  last: number;
  reason: EndReason;
  at: number;
  deliveries: number;
}

// Change is a new deadline.
export interface Change {
  topic: string;
  incarnation: string;
  sequence: number;
  expires: number;
  previous: number;
}

// Ending is what ends in one interval of the forecast: with more left than the stop `after`, and at most the next stop.
export interface Ending {
  after: number;
  messages: number;
  bytes: number;
}

// Stats are the numbers of one scope, true at the time of their frame.
export interface Stats {
  at: number;
  revision: string;
  published: number;
  retained: number;
  bytes: number;
  passing: number;
  // gone counts all that ended; undelivered those among them that reached their deadline and nobody.
  gone: number;
  undelivered: number;
  topics: number;
  // subscriptions whose patterns match.
  subscriptions: number;
  // publishedSince counts from the beginning of this stream: shown + left out. Another stream, another epoch.
  publishedSince: number;
  leftOut: number;
  shown: number;
  epoch: number;
  rate: number;
  busiest: Array<{ name: string; retained: number }>;
  lastEnd: number;
  // next is when the first of the retained goes; 0: none is retained.
  next: number;
  // forecast is what of the retained ends when, soonest first, without intervals in which nothing does.
  forecast: Ending[];
}

// Hello tells which server and store this is.
export interface Hello {
  store: string;
  server: string;
  started: number;
  version: string;
  durability: Durability;
}

// Health are the server's own numbers.
export interface Health {
  watchers: number;
  subscriptions: number;
  topics: number;
  exposed: boolean;
  // drift is how far the server's clock is ahead of the wall clock, in milliseconds.
  drift: number;
  // store is what is wrong with the store, in a sentence of English, with what is particular in it; empty: nothing.
  store: { problem: string; state: StoreState; values: Record<string, string> };
}

// Batch is what happened in one scope since the last batch: at most ten a second reach a tab, never one per message.
export interface Batch {
  // The frame that was delayed least: the server's time in it, and its age when the batch was posted.
  serverTime: number;
  age: number;
  hello?: Hello | undefined;
  previews: Preview[];
  ended: Ended[];
  changes: Change[];
  stats?: Stats | undefined;
  health?: Health | undefined;
  incomplete: boolean;
}

export function readHello(wire: WatchHello): Hello {
  return {
    store: wire.store,
    server: wire.server,
    started: millis(wire.startTime),
    version: wire.version,
    durability: wire.durability,
  };
}

export function readEnded(wire: WatchResponse): Ended[] {
  return wire.ended.map((range) => ({
    topic: range.topic,
    incarnation: String(range.incarnation),
    first: Number(range.firstSequence),
    last: Number(range.lastSequence),
    reason: range.reason,
    at: millis(range.endTime),
    deliveries: range.deliveries,
  }));
}

export function readChanges(wire: WatchResponse): Change[] {
  return wire.changes.map((change) => ({
    topic: change.topic,
    incarnation: String(change.incarnation),
    sequence: Number(change.sequence),
    expires: millis(change.expireTime),
    previous: millis(change.previousExpireTime),
  }));
}

export function readPreviews(wire: WatchResponse): Array<{ scope: number; preview: Preview }> {
  return wire.previews.flatMap((preview) =>
    preview.message
      ? [
          {
            scope: preview.scope,
            preview: {
              message: fromRetained(preview.message),
              leftOut: Number(preview.leftOutBefore),
              recent: preview.recent,
            },
          },
        ]
      : [],
  );
}

export function readStats(wire: ScopeStats, at: number, epoch: number, shown: number): Stats {
  const stats = wire.stats;
  const ended = stats?.ended;
  const ends = ended
    ? [ended.expiredDelivered, ended.expiredUndelivered, ended.expiredUnknown, ended.evicted, ended.deleted, ended.lost]
    : [];
  return {
    at,
    revision: String(wire.revision),
    published: Number(stats?.published ?? 0),
    retained: Number(stats?.retained ?? 0),
    bytes: Number(stats?.retainedBytes ?? 0),
    passing: Number(stats?.passing ?? 0),
    gone: ends.reduce((sum, n) => sum + Number(n), 0),
    undelivered: Number(ended?.expiredUndelivered ?? 0),
    topics: wire.topics,
    subscriptions: stats?.subscriptions ?? 0,
    publishedSince: Number(wire.publishedSince),
    leftOut: Number(wire.leftOut),
    shown,
    epoch,
    rate: wire.publishRate,
    busiest: wire.busiest.map((topic) => ({ name: topic.name, retained: Number(topic.retained) })),
    lastEnd: millis(stats?.lastEndTime),
    next: millis(stats?.nextExpireTime),
    forecast: (wire.forecast?.intervals ?? []).map(({ after, messages, bytes }) => ({
      after: span(after) ?? 0,
      messages: Number(messages),
      bytes: Number(bytes),
    })),
  };
}
