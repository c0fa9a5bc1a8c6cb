// Small things that every part of the page needs. Text goes in through textContent only.
import { t } from "./texts";

// element finds what the markup promises (web/parts.templ); its absence is a mistake of ours.
export function element<T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`nothing on the page fits ${selector}`);
  return found;
}

// write sets an element's text, and does nothing when it stands there already. A text that changes stays the same node:
// the browser then has no rule to ask that looks at which children there are.
export function write(target: Element | null, text: string): void {
  if (!target) return;
  const { firstChild } = target;
  if (firstChild instanceof Text && firstChild === target.lastChild && text !== "") {
    if (firstChild.data !== text) firstChild.data = text;
  } else if (target.textContent !== text) target.textContent = text;
}

// reveal writes a text and shows its element, or hides it when there is nothing to say.
export function reveal(target: HTMLElement | null, text: string): void {
  if (!target) return;
  write(target, text);
  conceal(target, text === "");
}

// conceal hides an element or shows it, and does nothing when it is so already: the browser would look for its style anew.
export function conceal(target: HTMLElement | null, hidden: boolean): void {
  if (target && target.hidden !== hidden) target.hidden = hidden;
}

// clone makes a row from one of the page's templates.
export function clone(template: string): HTMLLIElement {
  const source = element<HTMLTemplateElement>(`template#${template}`);
  return element<HTMLLIElement>("li", source.content).cloneNode(true) as HTMLLIElement;
}

// shifted tells whether Shift was down at the last click on an element: the event of a form that it sends does not tell.
// It has to be listening before others ask.
export function shifted(root: HTMLElement): () => boolean {
  let shift = false;
  root.addEventListener("click", (event) => (shift = event.shiftKey));
  return () => shift;
}

// percent writes a share of the axis as the SVG length that the style sheet expects.
export function percent(share: number): string {
  return `${Math.round(share * 1e5) / 1e3}%`;
}

// memorize keeps a text in this browser. A full or forbidden storage costs nothing but the comfort.
export function memorize(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // See above.
  }
}

// recollect is what memorize kept.
export function recollect(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

// calm says that the person asked for no motion. Kept, since to ask makes the browser bring its styles up to date.
export function calm(): boolean {
  if (still === undefined) {
    const query = matchMedia("(prefers-reduced-motion: reduce)");
    query.addEventListener("change", () => (still = query.matches));
    still = query.matches;
  }
  return still;
}
let still: boolean | undefined;

// stepped is the time by which lines are drawn: for those who asked for no motion they all step once a second.
export function stepped(now: number): number {
  return typeof matchMedia === "function" && calm() ? Math.floor(now / 1000) * 1000 : now;
}

// wayOut names what lets a held list go: a key, or a tap on the pill where there are no keys.
export function wayOut(): string {
  return matchMedia("(hover: none)").matches ? t("held.tap") : "Esc";
}
