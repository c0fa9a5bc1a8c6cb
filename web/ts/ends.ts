// How messages end, in words.
import { EndReason } from "./gen/linger/v1/message_pb.js";
import { t } from "./texts";

// howEnded writes a reason as the lists say it.
export function howEnded(reason: EndReason): string {
  switch (reason) {
    case EndReason.EVICTED:
      return t("row.evicted");
    case EndReason.DELETED:
      return t("row.deleted");
    case EndReason.LOST:
      return t("row.lost");
    default:
      return t("row.gone");
  }
}

// endedAt writes a reason and when: "gone 14:32:37".
export function endedAt(reason: EndReason, time: string): string {
  switch (reason) {
    case EndReason.EVICTED:
      return t("fate.evicted", { time });
    case EndReason.DELETED:
      return t("fate.deleted", { time });
    case EndReason.LOST:
      return t("fate.lost", { time });
    default:
      return t("fate.gone", { time });
  }
}
