import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Api, timestamp } from "./api";
import { type PublishRequest, PublishResponseSchema } from "./gen/linger/v1/publish_pb.js";
import { type Draft, OutcomeUnknown, Publisher } from "./publisher";

const draft = (text: string): Draft => ({ topic: "t", data: new TextEncoder().encode(text), attributes: [], ttl: 1500 });

// server answers each request as the test says, and remembers what it was asked.
function server(...answers: Array<"ok" | Code>) {
  const asked: Array<{ producer: string; request: number; text: string; attributes: string }> = [];
  const publish = async (request: Partial<PublishRequest>) => {
    const message = request.batches?.[0]?.messages?.[0];
    const attributes = Object.entries(message?.attributes ?? {}).map((pair) => pair.join("=")).join(" ");
    const text = new TextDecoder().decode(message?.data);
    asked.push({ producer: String(request.producerId), request: Number(request.request), text, attributes });
    const answer = answers.shift() ?? "ok";
    if (answer !== "ok") throw new ConnectError("no", answer);
    const result = { firstSequence: 42n, count: 1, publishTime: timestamp(1000), expireTime: timestamp(2500), durability: 1 };
    return create(PublishResponseSchema, { results: [result], serverTime: timestamp(1001) });
  };
  const stores: string[] = []; // what it is when asked; at last and otherwise "A"
  const store = async () => stores.shift() ?? "A";
  return { asked, stores, publisher: new Publisher({ publish: { publish }, store } as unknown as Api) };
}

test("requests are numbered from one under one identity", async () => {
  const { asked, publisher } = server();
  const receipt = await publisher.publish(draft("a"));
  await publisher.publish(draft("b"));
  assert.equal(receipt.sequence, 42);
  assert.equal(receipt.ttl, 1500);
  assert.deepEqual(asked.map((a) => a.request), [1, 2]);
  assert.equal(asked[0]?.producer, asked[1]?.producer);
});

test("the same draft after no answer is the same request", async () => {
  const { asked, publisher } = server("ok", Code.DeadlineExceeded, "ok", "ok");
  await publisher.publish(draft("a"));
  await assert.rejects(publisher.publish(draft("b")));
  await publisher.publish(draft("b"));
  await publisher.publish(draft("c"));
  assert.deepEqual(asked.map((a) => a.request), [1, 2, 2, 3]);
  assert.equal(new Set(asked.map((a) => a.producer)).size, 1);
});

test("another draft after no answer does not take its number", async () => {
  const { asked, publisher } = server(Code.Unavailable);
  await assert.rejects(publisher.publish(draft("a")));
  await publisher.publish(draft("b"));
  assert.deepEqual(asked.map((a) => a.request), [1, 1]);
  assert.notEqual(asked[0]?.producer, asked[1]?.producer);
});

test("attributes are sent, whatever their keys, and make another draft", async () => {
  const { asked, publisher } = server("ok", Code.Unavailable);
  await publisher.publish(draft("a"));
  await assert.rejects(publisher.publish({ ...draft("b"), attributes: [["__proto__", "x"], ["a", ""]] }));
  await publisher.publish({ ...draft("b"), attributes: [["a", ""]] });
  assert.deepEqual(asked.map((a) => a.attributes), ["", "__proto__=x a=", "a="]);
  assert.deepEqual(asked.map((a) => a.request), [1, 2, 1]);
});

test("a refused request is not repeated under its number", async () => {
  const { asked, publisher } = server("ok", Code.InvalidArgument);
  await publisher.publish(draft("a"));
  await assert.rejects(publisher.publish(draft("b")));
  await publisher.publish(draft("b"));
  assert.deepEqual(asked.map((a) => a.request), [1, 2, 1]);
});

test("a server that forgot the page gets the message all the same", async () => {
  const { asked, publisher } = server("ok", Code.FailedPrecondition);
  await publisher.publish(draft("a"));
  await publisher.publish(draft("b"));
  assert.deepEqual(asked.map((a) => a.request), [1, 2, 1]);
});

test("but not one whose first sending was not answered: nobody can tell", async () => {
  const { asked, publisher } = server("ok", Code.Unavailable, Code.FailedPrecondition);
  await publisher.publish(draft("a"));
  await assert.rejects(publisher.publish(draft("b")));
  await assert.rejects(publisher.publish(draft("b")), OutcomeUnknown);
  assert.equal(asked.length, 3);
});

test("a first request that was not answered goes again to the same store only", async () => {
  for (const [told, later, sent] of [["A", "A", 2], ["A", "B", 1], ["", "A", 2], ["", "B", 1]] as const) {
    const { asked, stores, publisher } = server(Code.Unavailable);
    publisher.told = told;
    stores.push(...(told === "" ? ["A", later] : [later]));
    await assert.rejects(publisher.publish(draft("a")));
    const again = publisher.publish(draft("a"));
    if (sent === 1) await assert.rejects(again, OutcomeUnknown);
    else await again;
    assert.deepEqual(asked.map((a) => a.request), sent === 1 ? [1] : [1, 1]);
    // What is published then is another producer's, or the next request.
    await publisher.publish(draft("a"));
    assert.equal(asked.at(-1)?.request, sent === 1 ? 1 : 2);
    assert.equal(asked.at(-1)?.producer === asked[0]?.producer, sent === 2);
  }
});
