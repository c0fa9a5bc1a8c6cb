// The log of what came, newest last: a ring of rows with the counts of what was left out between them. Pure.
import type { Missed } from "./absence";
import type { Change, Ended, Preview, Stats } from "./frame";
import { type Key, type Message, keyOf, olderFirst } from "./message";
import type { Says } from "./times";

// The ring's bounds; what goes over them is told at the list's foot.
export const MOST_ROWS = 2000;
export const MOST_BYTES = 4 << 20;

// Row is one line of the log.
export type Row =
  | { id: number; kind: "message"; message: Message; end: { at: number; reason: number } | undefined }
  // skip: so many messages were published between its neighbours and not shown; ended: since they had ended by then.
  | { id: number; kind: "skip"; count: number; ended?: boolean }
  // note: something about the connection or the server.
  | { id: number; kind: "note"; says: Says; missed?: MissedNote };

// MissedNote says what became of what was missed in an absence.
export interface MissedNote extends Missed {
  span: number;
  alive: number;
}

type Line = Extract<Row, { kind: "message" }>;

export class Live {
  rows: Row[] = [];
  // dropped counts the rows that the ring let go.
  dropped = 0;
  // These follow the server's count since the page began to look: shown + leftOut = published, at each statistics frame.
  published = 0;
  shown = 0;
  leftOut = 0;

  private ids = 0;
  private bytes = 0;
  private readonly byKey = new Map<Key, Line>();
  // extra are rows that were read back: they are not part of the log, and learn of their messages' ends as its rows do.
  private extra = new Map<Key, Line>();
  private epoch: { epoch: number; published: number; leftOut: number; shown: number } | undefined;

  // take adds what was published. What is known already, from before the stream was opened anew, is not told twice; returns
  // how many were new.
  take(previews: Preview[]): number {
    const begin = this.takeEarlier(previews);
    let fresh = 0;
    for (const { message, leftOut } of previews.slice(begin)) {
      const key = keyOf(message);
      if (this.byKey.has(key)) continue;
      if (leftOut > 0) this.push({ id: this.ids++, kind: "skip", count: leftOut });
      const row: Row = { id: this.ids++, kind: "message", message: { ...message }, end: undefined };
      this.push(row);
      this.byKey.set(key, row);
      fresh++;
    }
    this.bound();
    return fresh;
  }

  // takeEarlier puts recent messages from before those that the server rendered in front of them, and returns where what may
  // be new begins: recent ones come in the order of their publication, and what is not known of those before the last
  // known one was left out in its time.
  private takeEarlier(previews: Preview[]): number {
    const known = previews.map(({ message, recent }) => recent && this.byKey.has(keyOf(message))).lastIndexOf(true);
    const oldest = this.rows.find((row) => row.kind === "message");
    const earlier: Row[] = [];
    for (const { message } of previews.slice(0, known + 1)) {
      const key = keyOf(message);
      if (this.byKey.has(key) || oldest?.kind !== "message" || message.published > oldest.message.published) continue;
      const row: Row = { id: this.ids++, kind: "message", message: { ...message }, end: undefined };
      earlier.push(row);
      this.byKey.set(key, row);
      this.bytes += weight(row);
    }
    this.rows.unshift(...earlier);
    return known + 1;
  }

  // adopt begins with the rows that the server rendered, newest first.
  adopt(messages: Message[]): void {
    for (const message of [...messages].reverse()) {
      const row: Row = { id: this.ids++, kind: "message", message, end: undefined };
      this.push(row);
      this.byKey.set(keyOf(message), row);
    }
  }

  // recognise gives the rows that the server rendered the incarnation that the page does not carry: a message of the same
  // topic, sequence and time is the same one.
  recognise(previews: Preview[]): void {
    for (const { message } of previews) {
      const loose = keyOf({ ...message, incarnation: "" });
      const row = this.byKey.get(loose);
      if (!row || row.message.published !== message.published) continue;
      row.message = message;
      this.byKey.delete(loose);
      this.byKey.set(keyOf(message), row);
    }
  }

  note(says: Says, missed?: MissedNote): void {
    this.push({ id: this.ids++, kind: "note", says, ...(missed ? { missed } : {}) });
    this.bound();
  }

  ended(range: Ended): void {
    if (range.last - range.first > this.byKey.size + this.extra.size) {
      for (const row of [...this.byKey.values(), ...this.extra.values()]) {
        const { topic, incarnation, sequence } = row.message;
        if (topic === range.topic && incarnation === range.incarnation && sequence >= range.first && sequence <= range.last) end(row, range);
      }
      return;
    }
    for (let sequence = range.first; sequence <= range.last; sequence++) {
      const row = this.find(keyOf({ ...range, sequence }));
      if (row) end(row, range);
    }
  }

  changed(change: Change): void {
    const row = this.find(keyOf(change));
    if (row) row.message.expires = change.expires;
  }

  // complete fills rows of this log with what was read back: all messages alive that were published from a time on, last
  // published first. From then on each stands in its place by time; where numbers of a topic are missing between two, as many
  // have ended before they could be read.
  complete(rows: readonly Row[], messages: readonly Message[], from: number): Row[] {
    const begin = rows.findIndex((row) => row.kind === "message" && row.message.published >= from);
    const [before, after] = begin < 0 ? [rows, []] : [rows.slice(0, begin), rows.slice(begin)];
    const known = new Set(rows.flatMap((row) => (row.kind === "message" ? [keyOf(row.message)] : [])));
    const lines: Row[] = after.filter((row) => row.kind !== "skip");
    for (const message of messages) {
      if (known.has(keyOf(message))) continue;
      const row: Line = { id: this.ids++, kind: "message", message: { ...message }, end: undefined };
      this.extra.set(keyOf(message), row);
      lines.push(row);
    }
    return this.join(before, this.tellEnded(inTime(lines)), after[0]);
  }

  // fill takes what was missed into the log itself.
  fill(messages: readonly Message[], from: number): void {
    this.rows = this.complete(this.rows, messages, from);
    for (const [key, row] of this.extra) this.byKey.set(key, row);
    this.extra.clear();
    this.bytes = this.rows.reduce((sum, row) => sum + weight(row), 0);
    this.bound();
  }

  // join puts the older part of a log before what was completed. Of those left out between the two, some stand there now.
  private join(before: readonly Row[], complete: readonly Row[], next: Row | undefined): Row[] {
    const skip = before.at(-1);
    if (skip?.kind !== "skip" || !next) return [...before, ...complete];
    const added = complete.slice(0, complete.indexOf(next));
    const there = added.reduce((sum, row) => sum + (row.kind === "skip" ? row.count : row.kind === "message" ? 1 : 0), 0);
    const count = skip.count - there;
    return [...before.slice(0, -1), ...(count > 0 ? [{ ...skip, id: this.ids++, count }] : []), ...complete];
  }

  // forget lets go of what was read back.
  forget(): void {
    this.extra.clear();
  }

  private tellEnded(rows: readonly Row[]): Row[] {
    const last = new Map<string, number>();
    return rows.flatMap<Row>((row) => {
      if (row.kind !== "message") return [row];
      const { topic, incarnation, sequence } = row.message;
      const before = last.get(`${topic} ${incarnation}`) ?? sequence;
      last.set(`${topic} ${incarnation}`, sequence);
      const count = sequence - before - 1;
      return count > 0 ? [{ id: this.ids++, kind: "skip", count, ended: true }, row] : [row];
    });
  }

  private find(key: Key): Line | undefined {
    return this.byKey.get(key) ?? this.extra.get(key);
  }

  // count takes in a statistics frame. The stream's own counts begin anew with each opening; the page's go on.
  count(stats: Stats): void {
    if (this.epoch?.epoch !== stats.epoch) {
      // A tab that joins an open stream begins at what the stream has counted so far.
      const joined = this.epoch === undefined;
      this.epoch = joined
        ? { epoch: stats.epoch, published: stats.publishedSince, leftOut: stats.leftOut, shown: stats.shown }
        : { epoch: stats.epoch, published: 0, leftOut: 0, shown: 0 };
    }
    const base = this.epoch;
    this.published += stats.publishedSince - base.published;
    this.leftOut += stats.leftOut - base.leftOut;
    this.shown += stats.shown - base.shown;
    this.epoch = { epoch: stats.epoch, published: stats.publishedSince, leftOut: stats.leftOut, shown: stats.shown };
  }

  private push(row: Row): void {
    this.rows.push(row);
    this.bytes += weight(row);
  }

  private bound(): void {
    let count = 0;
    while (this.rows.length - count > MOST_ROWS || this.bytes > MOST_BYTES) {
      const row = this.rows[count++] as Row;
      this.bytes -= weight(row);
      if (row.kind === "message") {
        this.byKey.delete(keyOf(row.message));
        this.dropped++;
      }
    }
    if (count > 0) this.rows.splice(0, count);
  }
}

// inTime sorts rows by when their messages were published; a note stays behind what it stood behind.
function inTime(rows: readonly Row[]): Row[] {
  let last: Message | undefined;
  const placed = rows.map((row) => ({ row, at: row.kind === "message" ? (last = row.message) : last, note: row.kind !== "message" }));
  placed.sort((a, b) => {
    if (!a.at || !b.at) return a.at ? 1 : b.at ? -1 : 0;
    return olderFirst(a.at, b.at) || Number(a.note) - Number(b.note);
  });
  return placed.map(({ row }) => row);
}

function end(row: Line, range: Ended): void {
  row.end = { at: Math.min(range.at, row.message.expires), reason: range.reason };
}

// weight is what a row costs in memory, about: two bytes a character, and what stands around them.
function weight(row: Row): number {
  if (row.kind !== "message") return 100;
  const { body, topic, attributes } = row.message;
  const extra = attributes.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  return 400 + 2 * (body.text.length + topic.length + extra);
}
