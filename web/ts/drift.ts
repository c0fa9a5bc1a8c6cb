// The server's clock and the wall clock, when the wall clock was set. web/format.go writes the same.
import { short } from "./duration";
import { t } from "./texts";

// TOLD: a difference up to this is not worth telling.
const TOLD = 1000;

// driftText says how far the server's clock is ahead of the wall clock (negative: behind); nothing within a second.
export function driftText(ahead: number): string {
  if (Math.abs(ahead) <= TOLD) return "";
  const by = short(Math.round(Math.abs(ahead) / 1000) * 1000);
  return ahead > 0 ? t("drift.ahead", { by }) : t("drift.behind", { by });
}
