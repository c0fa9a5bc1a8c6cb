// Parts of a page that change by themselves: the page is read again and the parts are put in place of the old ones. Only
// while somebody looks, and never a part in which somebody has the focus or selects.
import type { Connection } from "./connection";
import { localize } from "./times";

// Answer is a page as the server gave it.
export interface Answer {
  page: Document;
  status: number;
  at: string;
  // recovering: it stands in for every page, until the server has read its store.
  recovering: boolean;
}

// fetched reads a page of this server and gives it as a document in which nothing runs. undefined: it is not there now.
export async function fetched(address: string, signal?: AbortSignal): Promise<Answer | undefined> {
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" }, ...(signal ? { signal } : {}) });
    const { status, url: at } = answer;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { page, status, at, recovering: status === 503 && answer.headers.has("refresh") };
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
  private attempt = 0; // in a row without the page

  constructor(
    private readonly now: () => number,
    private readonly connection: Pick<Connection, "link" | "frame">,
    private readonly address: () => string,
    private readonly warn: (text: string) => void,
    private readonly fetch = fetched,
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
    const address = this.address();
    const answer = await this.fetch(address, AbortSignal.timeout(PATIENCE));
    this.reading = false;
    this.last = performance.now();
    this.tell(answer);
    if (answer?.status !== 200 || address !== this.address()) return; // it is asked for otherwise by now
    for (const id of [...ids, "tab-subscribers"]) replace(id, answer.page, this.now());
  }

  // tell shows the mark of the connection as long as the page is not as new as it should be; else such pages have none. A
  // server that is well and has no such page any more says why, in place of what stands still.
  private tell(answer: Answer | undefined): void {
    const well = answer !== undefined && answer.status < 500;
    this.attempt = well ? 0 : this.attempt + 1;
    if (well) this.connection.frame();
    const recovering = answer?.recovering ?? false;
    this.connection.link = well
      ? { kind: "open" }
      : { kind: "waiting", attempt: this.attempt, until: 0, stopping: false, recovering, reason: "" };
    const mark = document.querySelector<HTMLElement>("#mark");
    if (mark) mark.hidden = well;
    if (well) this.warn(answer.status === 200 ? "" : (answer.page.querySelector("h1")?.textContent ?? "").trim());
  }
}
