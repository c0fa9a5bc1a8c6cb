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
  // messages are alive, last published first.
  messages: Message[];
  // more were published before these, within the window, and are alive.
  more: boolean;
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
    return { messages: answer.messages.map(fromRetained), more: answer.nextPageToken !== "", within: Number(answer.retainedWithin) };
  } catch (error) {
    // A topic that does not exist retains nothing.
    if (ConnectError.from(error).code === Code.NotFound) return { messages: [], more: false, within: 0 };
    throw error;
  }
}
