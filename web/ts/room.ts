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
  // here is the page's topic, topic and room are the form's: another may be typed there.
  private here: Room | undefined;
  private topic: string;
  private room: Room | undefined;
  private asking = false;
  private asked = 0; // when the form's was, by the server's clock

  // page is the topic that the page is about, if it is about one.
  constructor(
    private readonly api: Pick<Api, "topics">,
    private readonly page: string,
    private readonly now: () => number,
  ) {
    this.topic = page;
    if (page !== "") void this.ask(page);
  }

  // at takes in a topic that the form would publish to; undefined: there is no such topic yet.
  at(name: string, topic: Topic | undefined): void {
    this.topic = name;
    this.know(name, topic);
  }

  // follow takes in the numbers of the page's topic.
  follow(stats: Stats): void {
    if (this.page === "") return;
    if (this.here) Object.assign(this.here, { messages: stats.retained, bytes: stats.bytes, next: stats.next });
    else if (stats.topics > 0) void this.ask(this.page);
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
      this.know(name, topic);
    } catch {
      // What is known stands.
    } finally {
      setTimeout(() => (this.asking = false), AGAIN);
    }
  }

  // know takes in a topic as it is now, for the page and for the form; another may have been typed since it was asked for.
  private know(name: string, topic: Topic | undefined): void {
    const room = topic && roomOf(topic);
    if (name === this.page) this.here = room;
    if (name === this.topic) {
      this.room = room;
      this.asked = this.now();
    }
    this.show();
  }

  private show(): void {
    const { here, room } = this;
    if (here) reveal(document.querySelector("#nearly"), nearly(here)); // until then what the server rendered stands
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
