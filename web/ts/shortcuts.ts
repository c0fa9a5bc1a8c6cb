// What the keys do that are the same on every page. The rest is registered where it is done: `keys.on("pause", …)`.
import { keys } from "./keys";
import { focusedRow, moveFocus } from "./row-focus";

// PAGES are the links of the bar that have keys.
const PAGES: Record<string, string> = { now: "/", topics: "/topics", server: "/server", help: "/help" };

export function shortcuts(): void {
  for (const [action, path] of Object.entries(PAGES)) keys.on(action, () => click(document.querySelector(`.bar a[href="${path}"]`)));
  keys.on("goto", () => focus("[data-goto]") || focus(".goto input"));
  keys.on("form", () => focus("#message"));
  keys.on("next", () => moveFocus(1));
  keys.on("previous", () => moveFocus(-1));
  keys.on("open", () => click(focusedRow()?.querySelector("a.seq, a")));
  keys.on("extend", () => press("form.extend button"));
  keys.on("expire", () => press("form.expire button"));
  keys.on("release", leaveField);
}

// focus goes to the first field of these that is shown.
function focus(fields: string): boolean {
  const field = [...document.querySelectorAll<HTMLInputElement>(fields)].find((one) => one.checkVisibility());
  field?.focus();
  field?.select();
  return field !== undefined;
}

function click(link: HTMLElement | null | undefined): boolean {
  link?.click();
  return Boolean(link);
}

// press presses a button of the row that has the focus, or of the message that the page is about.
function press(selector: string): boolean {
  const place = focusedRow() ?? document.querySelector("#card");
  const button = place?.querySelector<HTMLElement>(selector);
  if (!button?.checkVisibility()) return false;
  button.click();
  return true;
}

// closeMenu closes the menu that lies over everything. The browser would do so too, and leave the key to what is below.
export function closeMenu(): boolean {
  const menu = document.querySelector<HTMLElement>(":popover-open");
  menu?.hidePopover();
  return menu !== null;
}

// leaveField takes the focus out of a field, so that the next key is a key again.
function leaveField(): boolean {
  const { activeElement } = document;
  if (!(activeElement instanceof HTMLElement) || activeElement === document.body) return false;
  if (!activeElement.matches("input, textarea")) return false;
  activeElement.blur();
  return true;
}
