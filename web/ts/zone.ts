// The zone in which times are written: this browser's, UTC, or none, when they are told by how far they are from now.
// Kept in this browser. What the choice changes is told to whoever asked to know.
import { storage } from "./storage";
import { t } from "./texts";

const KINDS = ["local", "utc", "relative"] as const;
export type Kind = (typeof KINDS)[number];

// STORED is where this browser keeps the choice.
const STORED = "linger.zone";

export class Zone {
  private chosen: Kind;
  private readonly listeners: Array<() => void> = [];

  constructor(private readonly store: Pick<Storage, "getItem" | "setItem"> | undefined = storage()) {
    const kept = store?.getItem(STORED);
    this.chosen = KINDS.find((kind) => kind === kept) ?? "local";
  }

  get kind(): Kind {
    return this.chosen;
  }

  // next goes on to the next kind, around.
  next(): void {
    this.chosen = KINDS[(KINDS.indexOf(this.chosen) + 1) % KINDS.length] ?? "local";
    this.store?.setItem(STORED, this.chosen);
    for (const listener of this.listeners) listener();
  }

  // changed has a listener called after each change.
  changed(listener: () => void): void {
    this.listeners.push(listener);
  }

  // offset is how many minutes the zone is behind UTC at a time, as Date counts them.
  offset(ms: number): number {
    return this.chosen === "utc" ? 0 : new Date(ms).getTimezoneOffset();
  }

  // name is what the bar says: "Local, UTC+8".
  name(now: number): string {
    return this.chosen === "relative" ? t("zone.relative") : this.place(now);
  }

  // place names the zone in which a time of day is meant; where times are relative, this browser's.
  place(now: number): string {
    if (this.chosen === "utc") return "UTC";
    const minutes = -this.offset(now);
    const size = Math.abs(minutes);
    const rest = size % 60 === 0 ? "" : `:${String(size % 60).padStart(2, "0")}`;
    return t("zone.local", { zone: minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${Math.floor(size / 60)}${rest}` });
  }
}

export const zone = new Zone();
