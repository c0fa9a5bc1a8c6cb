// The buttons that go round the zones, and with them every time on the page: the bar's and, on phones, Help's.
import { write } from "./dom";
import { keys } from "./keys";
import { t } from "./texts";
import { localize } from "./times";
import { zone } from "./zone";

export class ZoneButton {
  private readonly buttons = document.querySelectorAll("button.zone");
  private second = 0;

  constructor(private readonly now: () => number) {
    for (const button of this.buttons) button.addEventListener("click", () => zone.next());
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
    for (const button of this.buttons) {
      write(button.querySelector(".text"), name);
      write(button.querySelector(".name"), t("zone.name", { zone: name }));
    }
  }
}
