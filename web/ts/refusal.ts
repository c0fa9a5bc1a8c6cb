// What the server refuses, in the page's language. The server says it in English: in other languages the common errors are
// put into words from their values, and before the others stands a sentence about their kind. internal/server/said.go says
// the same.
import type { ConnectError } from "@connectrpc/connect";
import { short } from "./duration";
import { endedAt } from "./ends";
import { ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { EndReason } from "./gen/linger/v1/message_pb.js";
import { span } from "./message";
import { sum } from "./payload";
import { language, t } from "./texts";
import { clock } from "./times";

// Refusal is why something was refused, as the API tells it.
export interface Refusal {
  reason: string;
  values: Record<string, string>;
  // retry is in how many milliseconds there may be room; undefined: not known.
  retry: number | undefined;
}

// said tells an error of a call, or of one field of it; detail is what the server says.
export function said(error: ConnectError, field: string, detail: string): string {
  const info = error.findDetails(ErrorInfoSchema)[0];
  const reason = info?.reason ?? "";
  const retry = span(error.findDetails(RetryInfoSchema)[0]?.retryDelay);
  const values = info?.metadata ?? {};
  return ((language() !== "en" || ofServer(values)) && particular({ reason, values, retry })) || kind(reason, field, detail);
}

// ofServer says that the server is full, of which it tells in bytes.
function ofServer({ unit }: Record<string, string>): boolean {
  return unit === "memory" || unit === "disk";
}

// isUnknown says that the server itself does not know whether something was carried out.
export function isUnknown(error: ConnectError): boolean {
  return error.findDetails(ErrorInfoSchema)[0]?.reason === "UNKNOWN_OUTCOME";
}

function kind(reason: string, field: string, detail: string): string {
  switch (reason) {
    case "INVALID":
      return /\b(topic|pattern|name)$/.test(field) ? t("refused.name", { detail }) : t("refused.invalid", { detail });
    case "TTL_REJECTED":
      return t("refused.ttl", { detail });
    case "NO_SUCH_TOPIC":
      return t("refused.noTopic", { detail });
    case "ENDED":
      return t("refused.ended", { detail });
    case "CONFLICT":
      return t("refused.changed", { detail });
    case "FULL":
    case "TOO_MANY_TOPICS":
      return t("refused.full", { detail });
    case "READ_ONLY":
      return t("refused.readOnly", { detail });
    case "RECOVERING":
      return t("refused.recovering", { detail });
    default:
      return t("refused.other", { detail });
  }
}

// particular puts an error with values into words. "": there is only its detail.
export function particular({ reason, values, retry }: Refusal): string {
  const { topic, min, max, asked, latest, expires, last, first, topics, store, cause = "", percent } = values;
  const number = values["sequence"] ? `#${values["sequence"]}` : "";
  switch (reason) {
    case "UNKNOWN_OUTCOME":
      return t("refused.unknown");
    case "INVALID":
      return max ? unfit(values) : misnamed(values);
    case "TTL_REJECTED":
      if (values["default"]) return t("refused.negative", { time: short(Number(values["default"])) });
      if (!topic || !max) return "";
      if (min && asked) return t("refused.range", { topic, min: short(Number(min)), max: short(Number(max)), asked: short(Number(asked)) });
      return latest ? t("refused.latest", { topic, max: short(Number(max)), time: time(latest) }) : "";
    case "DEADLINE_PASSED":
      return expires ? t("refused.passed", { time: time(expires) }) : "";
    case "CONFLICT":
      if (topic && first && last) return t("refused.taken", { topic, last: `#${last}`, first: `#${first}` });
      return number && expires ? t("refused.moved", { number, time: time(expires) }) : "";
    case "TOPIC_EXISTS":
      return topic ? t("refused.exists", { topic }) : "";
    case "NO_SUCH_TOPIC":
      if (!topic) return "";
      return values["auto_create"] ? t("refused.notMade", { topic }) : t("refused.topic", { topic });
    case "NO_SUCH_MESSAGE":
      if (!number || !topic || !last) return "";
      return last === "0" ? t("epitaph.neverAny", { number, topic }) : t("epitaph.never", { number, last: `#${last}` });
    case "ENDED":
      return number ? epitaph(number, values) : "";
    case "TOO_MANY_TOPICS":
      return topics ? t("refused.tooMany", { count: Number(topics) }) : "";
    case "READ_ONLY":
      return store ? t("refused.disk", { store, cause }) : "";
    case "RECOVERING":
      return percent ? t("refused.reading", { percent }) : t("refused.opening");
    case "FULL": {
      const text = full(values);
      return text && retry ? t("refused.later", { text, time: short(Math.max(1000, Math.round(retry / 1000) * 1000)) }) : text;
    }
  }
  return "";
}

// unfit says which of a policy's lifetimes do not go together.
function unfit(values: Record<string, string>): string {
  const [min, max, time] = ["min", "max", "default"].map((name) => short(Number(values[name]))) as [string, string, string];
  if (values["ceiling"]) return t("refused.ceiling", { max, limit: short(Number(values["ceiling"])) });
  return values["default"] ? t("refused.default", { time, min, max }) : t("refused.minimum", { min, max });
}

// misnamed says what is wrong with a name.
function misnamed({ character, position, reserved, composed, bytes, limit = "" }: Record<string, string>): string {
  if (character && position) return t("refused.character", { character: named(character), position });
  if (position) return t("refused.part", { position });
  if (reserved) return t("refused.reserved");
  if (composed) return t("refused.composed", { name: composed });
  if (bytes === "0") return t("refused.noName");
  return bytes ? t("refused.long", { bytes, limit }) : "";
}

// full says what has no room, and for how much: a topic, the server's memory or its disk.
function full({ unit, topic, used = "", limit = "", needed, free }: Record<string, string>): string {
  const size = (bytes: string | undefined) => sum(Number(bytes));
  if (unit === "disk") return t("refused.diskFull", { used: size(used), limit: size(limit), free: size(free) });
  if (unit === "memory" && needed) return t("refused.memoryNever", { needed: size(needed), limit: size(limit) });
  if (unit === "memory") return t("refused.memory", { used: size(used), limit: size(limit) });
  if (!topic) return "";
  if (needed) return unit === "bytes" ? t("refused.neverBytes", { topic, needed, limit }) : t("refused.neverMessages", { topic, needed, limit });
  return unit === "bytes" ? t("refused.bytes", { topic, used, limit }) : t("refused.messages", { topic, used, limit });
}

// epitaph says how a message ended, as its page does.
function epitaph(number: string, { reason = "", deliveries, end_time }: Record<string, string>): string {
  const how = EndReason[reason.replace("END_REASON_", "") as keyof typeof EndReason] ?? EndReason.UNSPECIFIED;
  if (how === EndReason.UNSPECIFIED || !end_time) return t("epitaph.forgotten", { number });
  const fate = endedAt(how, clock(Date.parse(end_time), Date.now()));
  if (how === EndReason.EXPIRED_UNKNOWN) return t("epitaph.unknown", { number, fate });
  const count = Number(deliveries);
  return count > 0 ? t("epitaph.known", { number, fate, count }) : t("epitaph.nobody", { number, fate });
}

// time writes one of the values that are milliseconds since 1970.
function time(value: string): string {
  return clock(Number(value), Date.now());
}

// named says which character it is.
function named(character: string): string {
  if (character === " ") return t("refused.space");
  if (character === "\t") return t("refused.tab");
  if (character === "\n" || character === "\r") return t("refused.line");
  if (/^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)) return `“${character}”`;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
