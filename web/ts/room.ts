// How much room a topic with limits has left: a chip when it is nearly full, and at the form what a publish would meet.
import type { Api } from "./api";
import { reveal } from "./dom";
import type { Stats } from "./frame";
import { LimitRule, type Topic } from "./gen/linger/v1/topic_pb.js";
import { millis } from "./message";
import { count, sum } from "./payload";
import { t } from "./texts";
import { clock } from "./times";

// NEARLY is the share of a limit from which the chip is shown.
const NEARLY = 0.9;

// AGAIN is how long after the time at which there should be room the topic is looked at again, in milliseconds.
const AGAIN = 1000;

// SOONER is how often it is looked at until then, in milliseconds: somebody may make room.
const SOONER = 5000;

// Room is what a topic holds, and what it may hold; 0: any number.
export interface Room {
  messages: number;
  maxMessages: number;
  bytes: number;
  maxBytes: number;
  rule: LimitRule;
  // next is when its first message goes; 0: it has none.
  next: number;
}

// nearly says how full a topic is that is nearly full: "92 % of 10,000 messages". Empty for others.
export function nearly({ messages, maxMessages, bytes, maxBytes }: Room): string {
  const byMessages = maxMessages > 0 ? messages / maxMessages : 0;
  const byBytes = maxBytes > 0 ? bytes / maxBytes : 0;
  if (Math.max(byMessages, byBytes) < NEARLY) return "";
  const percent = String(Math.min(100, Math.floor(100 * Math.max(byMessages, byBytes))));
  return byMessages >= byBytes ? t("room.messages", { percent, limit: count(maxMessages) }) : t("room.bytes", { percent, limit: sum(maxBytes) });
}

// meets says what a publish to a full topic would meet: "full: rejected until 14:33:02". Empty while there is room.
export function meets({ messages, maxMessages, bytes, maxBytes, rule, next }: Room, now: number): string {
  const full = (maxMessages > 0 && messages >= maxMessages) || (maxBytes > 0 && bytes >= maxBytes);
  if (!full) return "";
  if (rule === LimitRule.EVICT_OLDEST) return t("room.evictsOldest");
  if (rule === LimitRule.EVICT_SOONEST) return t("room.evictsSoonest");
  return next > now ? t("room.rejectedUntil", { time: clock(next, now) }) : t("room.rejected");
}

export class RoomLine {
  private topic = "";
  private room: Room | undefined;
  private asking = false;
  private asked = 0; // when, by the server's clock

  // page is the topic that the page is about, if it is about one.
  constructor(
    private readonly api: Pick<Api, "topics">,
    private readonly page: string,
    private readonly now: () => number,
  ) {
    if (page !== "") void this.ask(page);
  }

  // at takes in a topic that the form would publish to; undefined: there is no such topic yet.
  at(name: string, topic: Topic | undefined): void {
    this.topic = name;
    this.asked = this.now();
    this.room = topic && roomOf(topic);
    this.show();
  }

  // follow takes in the numbers of the page's topic.
  follow(stats: Stats): void {
    if (this.page === "") return;
    if (this.room && this.topic === this.page) Object.assign(this.room, { messages: stats.retained, bytes: stats.bytes, next: stats.next });
    else if (!this.room && this.topic === "" && stats.topics > 0) void this.ask(this.page);
    this.show();
  }

  // tick looks again at a topic that is full, of which the page's watch does not tell.
  tick(): void {
    const { room } = this;
    if (!room || this.topic === this.page || meets(room, 0) === "") return;
    if (this.now() > Math.min(room.next + AGAIN, this.asked + SOONER)) void this.ask(this.topic);
  }

  private async ask(name: string): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    try {
      const { topic } = await this.api.topics.getTopic({ name });
      if (this.topic === name || this.topic === "") this.at(name, topic); // else another was typed meanwhile
    } catch {
      // What is known stands.
    } finally {
      setTimeout(() => (this.asking = false), AGAIN);
    }
  }

  private show(): void {
    const { room, topic } = this;
    reveal(document.querySelector("#nearly"), room && topic === this.page ? nearly(room) : "");
    reveal(document.querySelector("#room"), room ? meets(room, this.now()) : "");
  }
}

function roomOf({ policy, stats }: Topic): Room {
  return {
    messages: Number(stats?.retained ?? 0),
    maxMessages: Number(policy?.maxMessages ?? 0),
    bytes: Number(stats?.retainedBytes ?? 0),
    maxBytes: Number(policy?.maxBytes ?? 0),
    rule: policy?.atLimit ?? LimitRule.UNSPECIFIED,
    next: millis(stats?.nextExpireTime),
  };
}
