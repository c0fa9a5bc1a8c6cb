// What the server refuses, in the page's language. The server says it in English: in other languages the common errors are
// put into words from their values, and before the others stands a sentence about their kind. internal/server/said.go says
// the same.
import type { ConnectError } from "@connectrpc/connect";
import { short } from "./duration";
import { ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { span } from "./message";
import { language, t } from "./texts";

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
  return (language() !== "en" && particular({ reason, values: info?.metadata ?? {}, retry })) || kind(reason, field, detail);
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
  const { topic, character, position, bytes, limit = "", min, max, asked, used = "" } = values;
  switch (reason) {
    case "INVALID":
      if (character && position) return t("refused.character", { character: named(character), position });
      if (position) return t("refused.part", { position });
      if (values["reserved"]) return t("refused.reserved");
      if (bytes === "0") return t("refused.noName");
      return bytes ? t("refused.long", { bytes, limit }) : "";
    case "TTL_REJECTED":
      if (!topic || !min || !max || !asked) return "";
      return t("refused.range", { topic, min: short(Number(min)), max: short(Number(max)), asked: short(Number(asked)) });
    case "NO_SUCH_TOPIC":
      return topic ? t("refused.topic", { topic }) : "";
    case "FULL": {
      if (!topic) return "";
      const text = values["unit"] === "bytes" ? t("refused.bytes", { topic, used, limit }) : t("refused.messages", { topic, used, limit });
      return retry ? t("refused.later", { text, time: short(Math.max(1000, Math.round(retry / 1000) * 1000)) }) : text;
    }
  }
  return "";
}

// named says which character it is.
function named(character: string): string {
  if (character === " ") return t("refused.space");
  if (character === "\t") return t("refused.tab");
  if (character === "\n" || character === "\r") return t("refused.line");
  if (/^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)) return `“${character}”`;
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
