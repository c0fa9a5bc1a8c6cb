// Filter and order of a list of what is retained. Pure.
import { type Message, olderFirst } from "./message";
import type { Entry } from "./retained";

// Arrangement is what somebody asked to see, and how.
export interface Arrangement {
  // filter: each of its words has to stand somewhere in the message; empty: all are shown.
  filter: string;
  // newest: the last published first, instead of the next to go.
  newest: boolean;
}

// arrange gives the entries that fit, in order. What it is given is next to go first.
export function arrange(entries: readonly Entry[], { filter, newest }: Arrangement): readonly Entry[] {
  const words = fold(filter).split(/\s+/).filter((word) => word !== "");
  const fitting = words.length > 0 ? entries.filter((entry) => fits(entry, words)) : entries;
  return newest ? [...fitting].sort((a, b) => olderFirst(b.message, a.message)) : fitting;
}

// fits looks for each word in what a row shows and in what its message carries. What has ended shows nothing any more.
function fits({ message, end }: Entry, words: readonly string[]): boolean {
  if (end) return true;
  const text = fold(searched(message));
  return words.every((word) => text.includes(word));
}

function searched({ sequence, topic, key, attributes, body }: Message): string {
  return [`#${sequence}`, topic, key, body.text, ...attributes.flat()].join("\n");
}

// fold makes letters alike that differ in case or width alone.
function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}
