// The links that export what the list shows: in its order, as it is filtered, and only of the span that is selected.
import type { Arrangement } from "./arrange";
import type { Bounds } from "./retained";

export class ExportLink {
  private readonly links = document.querySelectorAll<HTMLAnchorElement>("a.export");

  // show has them lead to what is shown.
  show(arrangement: Arrangement, bounds: Bounds | undefined): void {
    for (const link of this.links) {
      const address = exported(link.href, arrangement, bounds);
      if (link.href !== address) link.href = address;
    }
  }
}

// exported is the address of an export; internal/server/exportasked.go reads it.
export function exported(before: string, { filter, newest }: Arrangement, bounds: Bounds | undefined): string {
  const address = new URL(before);
  const set = (name: string, value: string) => (value === "" ? address.searchParams.delete(name) : address.searchParams.set(name, value));
  const deadline = (ms: number | undefined) => (ms !== undefined && Number.isFinite(ms) ? new Date(ms).toISOString() : "");
  set("order", newest ? "newest" : "soonest");
  set("filter", filter.trim());
  set("from", deadline(bounds?.from));
  set("to", deadline(bounds?.to));
  return address.href;
}
