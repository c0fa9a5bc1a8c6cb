// Reads the list of what is retained, all or what ends within bounds: at the start, again whenever the watch did not tell
// everything, further down when someone scrolls.
import { Code, ConnectError } from "@connectrpc/connect";
import { type Api, timestamp } from "./api";
import { ListOrder, type ListMessagesResponse } from "./gen/linger/v1/retained_pb.js";
import { type Message, fromRetained } from "./message";
import { type Retained, WINDOW } from "./retained";

// PACE: the list is read at most twice a second, however much happens.
const PACE = 500;
const PREVIEW = 1024;

// Page is a part of the list.
export interface Page {
  messages: Message[];
  // more says that the list goes on.
  more: boolean;
}

export class Reader {
  private reading = false;
  private last = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  // chain is where the pages further down go on; token "" before the first of them.
  private chain: { from: number; token: string } | undefined;

  constructor(
    private readonly api: Api,
    private readonly pattern: string,
    private readonly model: Retained,
    private readonly now: () => number,
    private readonly changed: () => void,
  ) {}

  // refresh reads the first window anew, soon: at once, or when the pace allows it.
  refresh(): void {
    if (this.timer !== undefined || this.reading) return;
    const wait = Math.max(0, this.last + PACE - performance.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.window();
    }, wait);
  }

  // read reads the first window at once, and is done when it is here.
  async read(): Promise<void> {
    if (!this.reading) await this.window();
  }

  // further reads what follows the deadline `from`, and then what follows that.
  async further(from: number): Promise<Page> {
    if (this.chain?.from !== from) this.chain = { from, token: "" };
    const { chain } = this;
    const answer = await this.ask(from, chain.token);
    chain.token = answer.nextPageToken;
    return { messages: answer.messages.map(fromRetained), more: answer.nextPageToken !== "" };
  }

  private async window(): Promise<void> {
    this.reading = true;
    this.last = performance.now();
    this.model.begin();
    try {
      const answer = await this.ask(this.model.bounds.from, "");
      const messages = answer.messages.map(fromRetained);
      const end = messages.at(-1);
      this.model.replace(messages, answer.nextPageToken !== "" && end ? end.expires : Infinity, this.now());
      this.chain = undefined;
    } catch (error) {
      // A topic that does not exist yet retains nothing.
      if (ConnectError.from(error).code === Code.NotFound) this.model.replace([], Infinity, this.now());
      else this.model.fail();
    } finally {
      this.reading = false;
      this.last = performance.now();
    }
    this.changed();
  }

  private ask(from: number, pageToken: string): Promise<ListMessagesResponse> {
    const { to } = this.model.bounds;
    return this.api.retained.listMessages({
      pattern: this.pattern,
      order: ListOrder.EXPIRE_TIME,
      pageSize: WINDOW,
      previewBytes: PREVIEW,
      pageToken,
      ...(from > -Infinity ? { minExpireTime: timestamp(from) } : {}),
      ...(to < Infinity ? { maxExpireTime: timestamp(to) } : {}),
    });
  }
}
