// Help's switch of the keys that are a single character. Other pages of this browser follow at the next key.
import { type Keys, keys } from "./keys";

export function keySwitch(box: HTMLInputElement, of: Pick<Keys, "enabled"> = keys): void {
  const show = () => (box.checked = of.enabled);
  box.addEventListener("change", () => {
    of.enabled = box.checked;
    show(); // a browser that keeps nothing keeps no choice either
  });
  addEventListener("storage", show); // switched on another page
  show();
}
