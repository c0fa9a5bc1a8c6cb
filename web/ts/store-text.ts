// What is wrong with the store. The server's sentence is English; internal/server/said.go puts the same words before it.
import type { Health } from "./frame";
import { StoreState } from "./gen/linger/v1/watch_pb.js";
import { t } from "./texts";

// storeText is empty when nothing is wrong.
export function storeText({ state, problem: detail }: Health["store"]): string {
  switch (state) {
    case StoreState.NEARLY_FULL:
      return t("store.nearlyFull", { detail });
    case StoreState.FULL:
      return t("store.full", { detail });
    case StoreState.READ_ONLY:
      return t("refused.readOnly", { detail });
    case StoreState.DAMAGED:
      return t("store.damaged", { detail });
    default:
      return detail;
  }
}

// isSevere says that it is more than a warning.
export function isSevere({ state }: Health["store"]): boolean {
  return state > StoreState.NEARLY_FULL;
}
