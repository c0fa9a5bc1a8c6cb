// Which row one is at: the one that holds the focus. j and k move it, Enter opens its link by itself.

// What counts as a row, and what of it takes the focus.
const ROWS = "#retained > .row, #live > .row, [data-rows] [data-row]";
const LINK = "a.seq, a";

// focusedRow is the row that holds the focus; undefined: none does.
export function focusedRow(): HTMLElement | undefined {
  return document.activeElement?.closest<HTMLElement>(ROWS) ?? undefined;
}

// moveFocus goes to the next row, or the one before. From outside of the lists it goes to the first one in view. Where
// the row with the focus has gone, its place in the list goes on from there.
export function moveFocus(by: 1 | -1): boolean {
  const from = focusedRow();
  const list = from?.closest<HTMLElement>("#retained, #live, [data-rows]") ?? shownList();
  if (!list) return false;
  const rows = rowsOf(list);
  const next = from ? rows[rows.indexOf(from) + by] : rows[list === last?.list && !last.row.isConnected ? Math.min(last.at, rows.length - 1) : 0];
  if (!next) return false;
  last = { list, row: next, at: rows.indexOf(next) };
  handle(next)?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

// last is where the focus was put: the row may end under it.
let last: { list: HTMLElement; row: HTMLElement; at: number } | undefined;

// handle is what of a row takes the focus: its link, or itself where it folds.
function handle(row: HTMLElement): HTMLElement | null {
  return row.localName === "summary" ? row : row.querySelector<HTMLElement>(LINK);
}

function rowsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>(ROWS)].filter((row) => handle(row) !== null && row.checkVisibility());
}

function shownList(): HTMLElement | undefined {
  const lists = document.querySelectorAll<HTMLElement>("#retained, #live, [data-rows]");
  return [...lists].find((list) => list.checkVisibility() && rowsOf(list).length > 0);
}
