// The form's attributes: rows of key and value, off until one asks for them.
import { element, reveal, write } from "./dom";
import { count } from "./payload";
import { t } from "./texts";

// The server's limits (internal/server/wire/limits.go): attributes of a message; bytes of a key, of a value, of all of them.
const MOST = 64;
const MAX_KEY = 128;
const MAX_VALUE = 1024;
const MAX_BYTES = 16 * 1024;

export type Attribute = readonly [key: string, value: string];

// Fault is what is wrong in a row, counted from 0.
export interface Fault {
  row: number;
  part: "key" | "value";
  text: string;
}

// faultOf is the first fault of the rows; those without key and value are left out. The server says the same of a form that
// is posted (internal/server/formattributes.go).
export function faultOf(rows: readonly Attribute[]): Fault | undefined {
  const at = new Map<string, number>();
  const size = (text: string) => new TextEncoder().encode(text).length;
  let total = 0;
  for (const [row, [key, value]] of rows.entries()) {
    if (key === "" && value === "") continue;
    const [keySize, valueSize] = [size(key), size(value)];
    total += keySize + valueSize;
    const before = at.get(key);
    const wrong = (part: Fault["part"], text: string): Fault => ({ row, part, text });
    if (at.size >= MOST) return wrong("key", t("attrs.many", { limit: count(MOST) }));
    if (key === "") return wrong("key", t("attrs.noKey"));
    if (keySize > MAX_KEY) return wrong("key", t("attrs.longKey", { bytes: count(keySize), limit: count(MAX_KEY) }));
    if (before !== undefined) return wrong("key", t("attrs.twice", { row: String(before + 1) }));
    if (valueSize > MAX_VALUE) return wrong("value", t("attrs.longValue", { bytes: count(valueSize), limit: count(MAX_VALUE) }));
    if (total > MAX_BYTES) return wrong("value", t("attrs.total", { bytes: count(total), limit: count(MAX_BYTES) }));
    at.set(key, row);
  }
  return undefined;
}

export class Attributes {
  private readonly details = element<HTMLDetailsElement>("#attributes");
  private readonly place = element("#attr-rows");

  constructor() {
    for (const spare of this.place.querySelectorAll(".without-script")) spare.remove();
    this.listen();
  }

  // filled are the attributes to publish.
  get filled(): Attribute[] {
    return this.read().filter(([key, value]) => key !== "" || value !== "");
  }

  // fault is the first that there is.
  get fault(): Fault | undefined {
    return faultOf(this.read());
  }

  // refuse says under a row, by itself the last one, what is wrong there.
  refuse(text: string, row = this.rows.length - 1, part: Fault["part"] = "value"): void {
    const at = this.rows[row];
    if (!at) return;
    this.details.open = true;
    reveal(at.querySelector(".error"), t("form.problem", { field: t("attrs.nth", { n: String(row + 1) }), problem: text }));
    const field = fieldOf(at, part);
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }

  // clear takes back what was said to be wrong.
  clear(rows: Iterable<Element> = this.rows): void {
    for (const row of rows) {
      reveal(row.querySelector(".error"), "");
      for (const field of row.querySelectorAll("input")) field.removeAttribute("aria-invalid");
    }
  }

  private get rows(): Element[] {
    return [...this.place.children];
  }

  private read(): Attribute[] {
    return this.rows.map((row) => [fieldOf(row, "key").value, fieldOf(row, "value").value]);
  }

  private listen(): void {
    const { place, details } = this;
    element("summary", details).addEventListener("click", () => {
      // Whoever asks for attributes writes one.
      if (!details.open) requestAnimationFrame(() => this.go(this.rows.length - 1));
    });
    element("#attr-more").addEventListener("click", () => this.more(this.rows.length - 1));
    place.addEventListener("input", () => {
      this.clear(); // in all rows: what is wrong with one may lie in another
      this.tell();
    });
    place.addEventListener("click", (event) => {
      const row = rowOf(event.target);
      if (row && event.target instanceof Element && event.target.matches(".attr-remove")) this.remove(row);
    });
    place.addEventListener("keydown", (event) => this.key(event));
    place.addEventListener("keypress", (event) => {
      // The key that moved the focus here must not publish: a keypress may follow its keydown into another field.
      if (event.key === "Enter" && event.target instanceof HTMLInputElement) event.preventDefault();
    });
  }

  private key(event: KeyboardEvent): void {
    const { target: field } = event;
    const row = rowOf(field);
    // An input method ends its composition with Enter (form.ts).
    if (!row || !(field instanceof HTMLInputElement) || event.isComposing || event.keyCode === 229) return;
    const isKey = field.matches(".attr-key");
    if (event.key === "Enter") {
      event.preventDefault();
      if (isKey) fieldOf(row, "value").focus();
      else this.more(this.rows.indexOf(row));
    } else if (event.key === "Backspace" && isKey && field.value === "" && fieldOf(row, "value").value === "" && this.rows.length > 1) {
      event.preventDefault();
      this.remove(row);
    }
  }

  // more goes to the row after one, which is made unless it is there and empty.
  private more(after: number): void {
    const { rows } = this;
    const [row, next] = [rows[after], rows[after + 1]];
    if (!row) return;
    const empty = next && fieldOf(next, "key").value === "" && fieldOf(next, "value").value === "";
    if (!empty) {
      const made = row.cloneNode(true) as Element;
      for (const field of made.querySelectorAll("input")) {
        field.removeAttribute("value");
        field.value = "";
      }
      this.clear([made]);
      row.after(made);
      this.number();
    }
    this.go(after + 1);
  }

  // remove takes a row away; the last one is emptied, and attributes are off again.
  private remove(row: Element): void {
    const at = this.rows.indexOf(row);
    this.clear();
    if (this.rows.length > 1) {
      row.remove();
      this.number();
      this.go(Math.max(0, at - 1), "value");
    } else {
      for (const field of row.querySelectorAll("input")) field.value = "";
      element("summary", this.details).focus();
      this.details.open = false;
    }
    this.tell();
  }

  private go(row: number, part: Fault["part"] = "key"): void {
    const at = this.rows[row];
    if (at) fieldOf(at, part).focus();
  }

  // number names the rows anew: what is said of one names its place.
  private number(): void {
    for (const [i, row] of this.rows.entries()) {
      const n = String(i + 1);
      const error = element(".error", row);
      error.id = `attr-error-${n}`;
      for (const [field, name] of [
        [fieldOf(row, "key"), t("attrs.keyOf", { n })],
        [fieldOf(row, "value"), t("attrs.valueOf", { n })],
      ] as const) {
        field.setAttribute("aria-label", name);
        field.setAttribute("aria-describedby", error.id);
      }
      element(".attr-remove", row).setAttribute("aria-label", t("attrs.remove", { n }));
    }
  }

  private tell(): void {
    const { length } = this.filled;
    write(element("summary .n", this.details), length > 0 ? ` ${count(length)}` : "");
  }
}

function fieldOf(row: Element, part: Fault["part"]): HTMLInputElement {
  return element<HTMLInputElement>(`.attr-${part}`, row);
}

function rowOf(target: EventTarget | null): Element | null {
  return target instanceof Element ? target.closest(".attr") : null;
}
