// The bar's button that goes round the zones, and with it every time on the page.
import { write } from "./dom";
import { keys } from "./keys";
import { t } from "./texts";
import { localize } from "./times";
import { zone } from "./zone";

export class ZoneButton {
  private second = 0;

  constructor(private readonly now: () => number) {
    document.querySelector("#zone")?.addEventListener("click", () => zone.next());
    keys.on("zone", () => zone.next());
    zone.changed(() => this.show());
    this.show();
  }

  // tick writes relative times anew, once a second.
  tick(): void {
    const second = Math.floor(this.now() / 1000);
    if (zone.kind !== "relative" || second === this.second) return;
    this.second = second;
    localize(document, this.now());
  }

  private show(): void {
    const now = this.now();
    localize(document, now);
    const name = zone.name(now);
    write(document.querySelector("#zone .text"), name);
    write(document.querySelector("#zone .name"), t("zone.name", { zone: name }));
  }
}
