// The page's words: the catalogue of web/texts in the page's language, of which the file before this script
// (static/dist/texts.LANGUAGE.js, made by internal/assets) has what the script needs.
import type { Texts } from "./gen/texts";

// Key names a text. What is not in the catalogue does not compile, nor do other placeholders than the text has.
export type Key = keyof Texts;
type Named<K extends Key, V> = Record<Texts[K], V>;
type Values<K extends Key> = [Texts[K]] extends [never] ? [] : [values: Named<K, string | number>];

// Forms is a text in the forms that numbers need.
export type Forms = string | { one: string; other: string };

export interface Loaded {
  tag: string;
  texts: Record<string, Forms>;
}

declare global {
  var lingerTexts: Loaded | undefined;
}

// t writes a text, with what its placeholders stand for; numbers get thousands separators.
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  return pieces<string>(key, values[0] ?? {}).join("");
}

// rich is t for a text with elements in it: what element.append() takes.
export function rich<K extends Key>(key: K, values: Named<K, string | number | Node>): Array<string | Node> {
  return pieces<string | Node>(key, values);
}

// list is a text that is several words, with spaces between them.
export function list(key: "time.weekdays" | "time.months"): string[] {
  return t(key).replace(/[⟦⟧]/g, "").split(" ");
}

// language is the page's, as in <html lang>.
export function language(): string {
  return globalThis.lingerTexts?.tag ?? "en";
}

function pieces<V extends string | Node>(key: string, values: Record<string, V | number>): Array<string | V> {
  const forms = globalThis.lingerTexts?.texts[key] ?? key;
  const form = typeof forms === "string" ? forms : written(values["count"] ?? "") === "1" ? forms.one : forms.other;
  return form.split(/\{(\w+)\}/).map((part, i) => (i % 2 === 0 ? part : written(values[part] ?? `{${part}}`)));
}

function written<V>(value: V | number): string | V {
  return typeof value === "number" ? grouped(value) : value;
}

// grouped writes a whole number with thousands separators: `1,163`.
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}
