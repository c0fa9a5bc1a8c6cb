// Parts of a page that change by themselves: the page is read again and the parts are put in place of the old ones. Only
// while somebody looks, and never a part in which somebody has the focus or selects.
import type { Connection } from "./connection";
import { localize } from "./times";

// fetched reads a page of this server and gives it as a document in which nothing runs. undefined: it is not there now.
export async function fetched(address: string, signal?: AbortSignal): Promise<{ page: Document; status: number; at: string } | undefined> {
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" }, ...(signal ? { signal } : {}) });
    return { page: new DOMParser().parseFromString(await answer.text(), "text/html"), status: answer.status, at: answer.url };
  } catch {
    return undefined;
  }
}

// replace puts an element of another page in the place of the one with its id.
export function replace(id: string, page: Document, now: number): void {
  const old = document.getElementById(id);
  const source = page.getElementById(id);
  if (!old || !source || busy(old)) return;
  const open = [...old.querySelectorAll("details[open]")].map((details) => details.id);
  const fresh = document.importNode(source, true);
  for (const details of fresh.querySelectorAll("details")) details.open = open.includes(details.id);
  localize(fresh, now);
  if (fresh.innerHTML !== old.innerHTML) old.replaceChildren(...fresh.childNodes);
}

// busy says that somebody is at something in that element: has the focus there, or text of it selected.
function busy(place: HTMLElement): boolean {
  if (place !== document.activeElement && place.contains(document.activeElement)) return true;
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && selection.containsNode(place, true);
}

// PATIENCE is how long the page waits for itself to be read again, in milliseconds.
const PATIENCE = 10_000;

// Fresh keeps what has data-fresh-each, in milliseconds, as new as that.
export class Fresh {
  private reading = false;
  private last = performance.now();
  private attempt = 0; // in a row without an answer

  constructor(
    private readonly now: () => number,
    private readonly connection: Pick<Connection, "link" | "frame">,
    private readonly address: () => string = () => location.href,
  ) {}

  // tick reads the page again when it is time.
  tick(): void {
    const parts = [...document.querySelectorAll<HTMLElement>("[data-fresh-each]")];
    const each = Math.min(...parts.map((part) => Number(part.dataset["freshEach"])));
    if (this.reading || document.hidden || performance.now() - this.last < each || parts.length === 0) return;
    void this.read(parts.map((part) => part.id));
  }

  private async read(ids: string[]): Promise<void> {
    this.reading = true;
    const answer = await fetched(this.address(), AbortSignal.timeout(PATIENCE));
    this.reading = false;
    this.last = performance.now();
    this.tell(answer !== undefined);
    if (answer?.status !== 200) return;
    for (const id of [...ids, "tab-subscribers"]) replace(id, answer.page, this.now());
  }

  // tell shows the mark of the connection as long as the page is not as new as it should be; else such pages have none.
  private tell(answered: boolean): void {
    this.attempt = answered ? 0 : this.attempt + 1;
    if (answered) this.connection.frame();
    this.connection.link = answered
      ? { kind: "open" }
      : { kind: "waiting", attempt: this.attempt, until: 0, stopping: false, recovering: false, reason: "" };
    const mark = document.querySelector<HTMLElement>("#mark");
    if (mark) mark.hidden = answered;
  }
}
