// What is wrong with the store. The server's sentence is English; in other languages it is put into words from its values, as by
// internal/server/said.go.
import type { Health } from "./frame";
import { StoreState } from "./gen/linger/v1/watch_pb.js";
import { sum } from "./payload";
import { language, t } from "./texts";

// storeText is empty when nothing is wrong.
export function storeText({ state, problem, values }: Health["store"]): string {
  if (language() === "en") return problem;
  const { store, cause = "" } = values;
  const [used, limit, free] = ["used", "limit", "free"].map((name) => sum(Number(values[name]))) as [string, string, string];
  switch (state) {
    case StoreState.NEARLY_FULL:
      return t("store.nearlyFull", { used, limit });
    case StoreState.FULL:
      return t("store.full", { used, limit, free });
    case StoreState.READ_ONLY:
      return store ? t("refused.disk", { store, cause }) : problem;
    case StoreState.DAMAGED:
      return store ? t("store.damaged", { store, cause }) : problem;
    default:
      return problem;
  }
}

// isSevere says that it is more than a warning.
export function isSevere({ state }: Health["store"]): boolean {
  return state > StoreState.NEARLY_FULL;
}
