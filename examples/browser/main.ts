// Publishes a message that lives thirty seconds, then shows what is retained and what comes.
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { PublishService } from "../../web/ts/gen/linger/v1/publish_pb.js";
import { SubscribeRequestSchema, SubscribeService } from "../../web/ts/gen/linger/v1/subscribe_pb.js";

const server = new URLSearchParams(location.search).get("server") ?? "http://localhost:8080";
const transport = createGrpcWebTransport({ baseUrl: server });
const list = document.querySelector("#messages");

function show(text: string): void {
  list?.append(Object.assign(document.createElement("li"), { textContent: text }));
}

async function publish(): Promise<void> {
  const messages = [{ data: new TextEncoder().encode("Hello from the browser") }];
  const answer = await createClient(PublishService, transport).publish({
    batches: [{ topic: "hello", ttl: { seconds: 30n, nanos: 0 }, messages }],
  });
  show(`published #${answer.results[0]?.firstSequence}`);
}

async function subscribe(): Promise<void> {
  const request = create(SubscribeRequestSchema, { patterns: ["hello"] });
  for await (const { runs, serverTime } of createClient(SubscribeService, transport).subscribe(request)) {
    for (const run of runs) {
      const left = Number((run.expireTime?.seconds ?? 0n) - (serverTime?.seconds ?? 0n));
      run.messages.forEach(({ data }, i) => {
        show(`#${run.firstSequence + BigInt(i)} ${left} s left: ${new TextDecoder().decode(data)}`);
      });
    }
  }
}

publish()
  .then(subscribe)
  .catch((error: unknown) => show(String(error)));
