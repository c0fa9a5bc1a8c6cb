import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Api } from "./api";
import { MOST, type Target, change, gather, onceMore } from "./bulk";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { type Status, StatusSchema } from "./gen/google/rpc/status_pb.js";
import { millis } from "./message";
import { summary } from "./span-head";

const target = (sequence: number, more: Partial<Target> = {}): Target => ({
  topic: "t", sequence, published: 0, expires: 1000 + sequence, granted: 500, maxExpires: 0, ...more,
});
const targets = (n: number) => Array.from({ length: n }, (_, i) => target(i + 1));
const progress = () => {
  const stop = new AbortController();
  const told: number[] = [];
  return { stop, told, progress: { signal: stop.signal, done: (n: number) => void told.push(n) } };
};

// server answers setExpireTimes by sequence, with an error for the one or by throwing for all; what it was asked is kept.
function server(answer: (sequence: number) => undefined | Status | Promise<undefined>) {
  const asked: Array<{ sequence: number; expires: number; expected: number }> = [];
  const setExpireTimes = async ({ changes }: { changes: Array<{ sequence: bigint; expireTime: never; expectedExpireTime: never }> }) => {
    calls.push(changes.length);
    const results = [];
    for (const { sequence, expireTime, expectedExpireTime } of changes) {
      asked.push({ sequence: Number(sequence), expires: millis(expireTime), expected: millis(expectedExpireTime) });
      results.push({ error: await answer(Number(sequence)) });
    }
    return { results };
  };
  const calls: number[] = [];
  return { asked, calls, api: { retained: { setExpireTimes } } as unknown as Pick<Api, "retained"> };
}

const refusal = (code: Code, message: string, reason?: string) =>
  create(StatusSchema, { code, message, details: reason ? [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason }))] : [] });

test("each message is given its own deadline, if it still has the one that was read", async () => {
  const { asked, api } = server(() => undefined);
  const { told, progress: p } = progress();
  const tally = await change(api, targets(9), onceMore, p);
  assert.equal(tally.done, 9);
  assert.deepEqual(asked.map(({ sequence }) => sequence), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const { sequence, expires, expected } of asked) assert.deepEqual([expected, expires], [1000 + sequence, 1500 + sequence]);
  assert.equal(told.at(-1), 9);
});

test("what became of all of them adds up", async () => {
  const answers: Record<number, Status> = {
    2: refusal(Code.FailedPrecondition, "gone", "ENDED"), 3: refusal(Code.NotFound, "no such topic"),
    4: refusal(Code.FailedPrecondition, "another", "CONFLICT"), 6: refusal(Code.Internal, "sorry"),
  };
  const { api } = server((sequence) => answers[sequence]);
  const list = [...targets(6), target(7, { maxExpires: 1007 }), target(8, { maxExpires: 1100 })];
  const tally = await change(api, list, onceMore, progress().progress);
  assert.deepEqual(tally, { done: 3, ended: 2, moved: 1, fixed: 1, failed: 1, untried: 0, problem: "Sorry." });
  assert.equal(
    summary("extend", tally),
    "3 extended, 2 had ended meanwhile, 1 had another deadline by then and keeps it, 1 may not live longer, 1 without success. Sorry.",
  );
});

test("a stop waits for what is under way, and leaves the rest", async () => {
  const { stop, progress: p } = progress();
  let under = 0;
  const { asked, calls, api } = server(async (sequence) => {
    under++;
    await Promise.resolve();
    under--;
    if (sequence === 1000) stop.abort();
    return undefined;
  });
  const tally = await change(api, targets(10_000), () => 1, p);
  assert.equal(under, 0);
  assert.equal(tally.done, asked.length);
  assert.equal(tally.done + tally.untried, 10_000);
  assert.ok(tally.done >= 1000 && tally.done < 2000, String(tally.done));
  assert.ok(calls.length < 10, `${calls.length} calls`);
  assert.match(summary("extend", tally), /^1,\d\d\d extended, [89],\d\d\d left as they were\.$/);
});

test("a server that cannot be reached ends it", async () => {
  const { calls, api } = server(() => Promise.reject(new ConnectError("failed to fetch", Code.Unknown)));
  const tally = await change(api, targets(10_000), () => 1, progress().progress);
  assert.equal(tally.failed, calls.reduce((sum, n) => sum + n, 0));
  assert.ok(calls.length <= 2);
  assert.equal(tally.failed + tally.untried, 10_000);
});

test("once more is its own lifetime, as far as it may live", () => {
  assert.equal(onceMore(target(1)), 1501);
  assert.equal(onceMore(target(1, { maxExpires: 1200 })), 1200);
  assert.equal(onceMore(target(1, { maxExpires: 1001 })), undefined);
});

test("all within the bounds are read, page by page, and no more than can be taken on", async () => {
  const pages: unknown[] = [];
  const page = { messages: Array.from({ length: 1000 }, () => ({ sequence: 1n, deliveries: 0, dataSize: 0n })), nextPageToken: "more" };
  const listMessages = async (request: Record<string, unknown>) => {
    pages.push([millis(request["minExpireTime"] as never), millis(request["maxExpireTime"] as never), request["pageToken"]]);
    return pages.length < 3 ? page : { ...page, messages: page.messages.slice(0, 5), nextPageToken: "" };
  };
  const { told, progress: p } = progress();
  const api = { retained: { listMessages } } as unknown as Pick<Api, "retained">;
  assert.equal((await gather(api, "t", { from: 5, to: 9 }, p)).length, 2005);
  assert.deepEqual(pages, [[5, 9, ""], [5, 9, "more"], [5, 9, "more"]]);
  assert.deepEqual(told, [1000, 2000, 2005]);
  const endless = { retained: { listMessages: async () => page } } as unknown as Pick<Api, "retained">;
  assert.equal((await gather(endless, "t", { from: 5, to: Infinity }, progress().progress)).length, MOST);
});
