// The last messages published in a scope, complete: what a page that was shown a part of them reads when one looks closely.
import { Code, ConnectError } from "@connectrpc/connect";
import { type Api, timestamp } from "./api";
import { ListOrder } from "./gen/linger/v1/retained_pb.js";
import { type Message, fromRetained } from "./message";

// LAST is how many are read back on Pause.
export const LAST = 500;

const PREVIEW = 1024;

// Window is when they were published, in milliseconds by the server's clock: `from` is in it, `before` is not.
export interface Window {
  from?: number;
  before: number;
}

export interface ReadBack {
  // from is the time from which on none is missing.
  from: number;
  // messages are alive, last published first.
  messages: Message[];
  // within counts all that are alive and were published within the window.
  within: number;
}

// readBack reads the last `most` messages of a pattern that were published within a window and are alive.
export async function readBack(api: Pick<Api, "retained">, pattern: string, { from, before }: Window, most = LAST): Promise<ReadBack> {
  try {
    const answer = await api.retained.listMessages({
      pattern,
      order: ListOrder.NEWEST,
      pageSize: most,
      previewBytes: PREVIEW,
      maxPublishTime: timestamp(Math.ceil(before)),
      ...(from === undefined ? {} : { minPublishTime: timestamp(Math.floor(from)) }),
    });
    const messages = answer.messages.map(fromRetained);
    const more = answer.nextPageToken !== "";
    const oldest = messages.at(-1)?.published ?? Infinity;
    return { from: more ? oldest : (from ?? -Infinity), messages, within: Number(answer.retainedWithin) };
  } catch (error) {
    // A topic that does not exist retains nothing.
    if (ConnectError.from(error).code === Code.NotFound) return { from: from ?? -Infinity, messages: [], within: 0 };
    throw error;
  }
}
