// What lifetimes a topic grants, as the slider shows it while one types the topic's name.
import { Code, ConnectError } from "@connectrpc/connect";
import type { Api } from "./api";
import { memorize, recollect } from "./dom";
import { short } from "./duration";
import type { Topic, TopicPolicy } from "./gen/linger/v1/topic_pb.js";
import { span } from "./message";
import type { Limits, Slider } from "./slider";
import { storage } from "./storage";
import { t } from "./texts";

const SETTLE = 300; // after the last key in the topic's field
const MEMORY = "linger.ttl "; // the last lifetime used for a topic, in this browser

export class PolicyReader {
  // found is told of each topic that is read; undefined: there is none of that name.
  found: (name: string, topic: Topic | undefined) => void = () => {};

  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = "";
  // standard is the server's own policy, for topics that do not exist.
  private readonly standard: Limits;

  constructor(
    private readonly api: Pick<Api, "topics">,
    private readonly slider: Slider,
  ) {
    this.standard = readLimits(document.querySelector<HTMLElement>("#main"), "standard");
  }

  // recall puts the slider where this browser last had it for the topic. A server that never had a message begins at what
  // the page says.
  recall(topic: string): void {
    if ("fresh" in (document.querySelector<HTMLElement>("#main")?.dataset ?? {})) return;
    const last = Number(recollect(MEMORY + topic) ?? NaN);
    if (Number.isFinite(last) && last >= 0) this.slider.set(this.slider.allowed(last), false);
  }

  remember(topic: string, ttl: number): void {
    memorize(MEMORY + topic, String(ttl));
  }

  // follow reads the policy of the topic that is being typed, once the typing pauses.
  follow(topic: string): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read(topic), SETTLE);
  }

  private async read(topic: string): Promise<void> {
    if (topic === "") return;
    this.asked = topic;
    let found: Topic | undefined;
    try {
      found = (await this.api.topics.getTopic({ name: topic })).topic;
    } catch (error) {
      // A name that is none yet, or no topic: the first publish will say what is wrong or make it.
      const { code } = ConnectError.from(error);
      if (code !== Code.NotFound && code !== Code.InvalidArgument) return;
    }
    if (this.asked !== topic) return;
    this.found(topic, found);
    this.slider.limit(fromPolicy(found?.policy, this.standard));
    if (!this.slider.touched) this.recall(topic);
  }
}

// readLimits takes a policy that the server put on the page: that of the form's topic ("ttl"), or the server's own.
export function readLimits(main: HTMLElement | null, whose: "ttl" | "standard" = "ttl"): Limits {
  const data = main?.dataset ?? {};
  return {
    min: Number(data[`${whose}Min`]) || 1,
    standard: Number(data[`${whose}Default`]) || 600_000,
    max: Number(data[`${whose}Max`]) || 7 * 86_400_000,
    refuseZero: `${whose}RefuseZero` in data,
  };
}

// keeps says in a few words how long a topic keeps: "10 min, up to 7 d". web/form.go says the same.
export function keeps({ min, standard, max }: Limits): string {
  const kept = { default: short(standard), max: short(max) };
  return min <= 1 ? t("policy.upTo", kept) : t("policy.between", { ...kept, min: short(min) });
}

// askLimits reads a topic's policy.
export async function askLimits(api: Pick<Api, "topics">, topic: string, standard: Limits): Promise<Limits> {
  const answer = await api.topics.getTopic({ name: topic });
  return fromPolicy(answer.topic?.policy, standard);
}

function fromPolicy(policy: TopicPolicy | undefined, standard: Limits): Limits {
  if (!policy) return standard;
  return {
    min: span(policy.ttlMin) ?? standard.min,
    standard: span(policy.ttlDefault) ?? standard.standard,
    max: span(policy.ttlMax) ?? standard.max,
    refuseZero: policy.refuseZero,
  };
}
