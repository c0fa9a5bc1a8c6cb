// The page's unary calls, by fetch, each with a deadline: when the browser has no connection left, that shows as an error
// and not as a page that hangs.
import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { BadRequestSchema } from "./gen/google/rpc/error_details_pb.js";
import { PublishService } from "./gen/linger/v1/publish_pb.js";
import { RetainedService } from "./gen/linger/v1/retained_pb.js";
import { SubscribeService } from "./gen/linger/v1/subscribe_pb.js";
import { TopicService } from "./gen/linger/v1/topic_pb.js";
import { WatchService } from "./gen/linger/v1/watch_pb.js";
import { isUnknown, said } from "./refusal";
import { isRecovering } from "./stream";
import { t } from "./texts";

const DEADLINE = 10_000;

export interface Api {
  topics: Client<typeof TopicService>;
  publish: Client<typeof PublishService>;
  retained: Client<typeof RetainedService>;
  subscribe: Client<typeof SubscribeService>;
  // store asks which store answers now; a memory store is another one after a restart.
  store(signal?: AbortSignal): Promise<string>;
}

export function connect(origin: string): Api {
  const transport = createGrpcWebTransport({ baseUrl: origin, defaultTimeoutMs: DEADLINE });
  return {
    topics: createClient(TopicService, transport),
    publish: createClient(PublishService, transport),
    retained: createClient(RetainedService, transport),
    subscribe: createClient(SubscribeService, transport),
    store: (signal) => storeNow(createClient(WatchService, transport), signal),
  };
}

// storeNow opens a watch for its first frame alone: no other call that a browser can make names the store.
async function storeNow(client: Client<typeof WatchService>, signal?: AbortSignal): Promise<string> {
  const done = new AbortController();
  signal?.addEventListener("abort", () => done.abort(), { once: true });
  try {
    const frames = client.watch({}, { timeoutMs: DEADLINE, signal: done.signal })[Symbol.asyncIterator]();
    const first = await frames.next();
    if (first.done) throw new ConnectError("the watch ended before it began", Code.Unavailable);
    return first.value.hello?.store ?? "";
  } finally {
    done.abort();
  }
}

// timestamp writes a time in milliseconds for the wire.
export function timestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1e6) });
}

// Problem is an error as the page tells it: under a field of the form, or under the whole.
export interface Problem {
  field: "topic" | "message" | "attributes" | "ttl" | "";
  text: string;
  // unknown: the call may have been carried out or not.
  unknown: boolean;
  code: Code;
}

// problems reads an error of a call. There is always at least one.
export function problems(thrown: unknown): Problem[] {
  const error = ConnectError.from(thrown);
  const unknown = [Code.Unavailable, Code.DeadlineExceeded, Code.Canceled, Code.Unknown, Code.Aborted].includes(error.code);
  const about = error
    .findDetails(BadRequestSchema)
    .flatMap((detail) => detail.fieldViolations)
    .map(({ field, description }) => ({ field: fieldOf(field), text: said(error, field, description), unknown: false, code: error.code }));
  if (about.length > 0) return about;
  return [{ field: "", text: sentence(error), unknown, code: error.code }];
}

// fieldOf finds the form's field in a path such as `batches[0].messages[0].data`.
function fieldOf(path: string): Problem["field"] {
  if (/\.attributes\b/.test(path)) return "attributes"; // first: a key may be any of the words below
  if (/\btopic\b|\bname\b/.test(path)) return "topic";
  if (/\bmessages?\b|\bdata\b|\bmessage\b/.test(path)) return "message";
  return /\bttl\b/.test(path) ? "ttl" : "";
}

function sentence(error: ConnectError): string {
  switch (error.code) {
    case Code.DeadlineExceeded:
      return t("problem.noAnswer");
    case Code.Unavailable:
      if (isRecovering(error) || isUnknown(error)) return said(error, "", capital(error.rawMessage));
      return error.rawMessage.includes("stopping") ? t("problem.stopping") : t("problem.unreachable");
    case Code.Unknown:
    case Code.Canceled:
      return /fetch|network|load failed/i.test(error.rawMessage) ? t("problem.unreachable") : said(error, "", capital(error.rawMessage));
    default:
      return said(error, "", capital(error.rawMessage));
  }
}

function capital(text: string): string {
  const sentence = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
