// A message shown whole, beside a list or on its own page: what its page says, read again when the watch tells of the
// message and when something was done to it here. How many have received it the watch does not tell: that is asked for.
import { Code, ConnectError } from "@connectrpc/connect";
import type { Api } from "./api";
import { Card } from "./card";
import { element, reveal, shifted, write } from "./dom";
import type { Batch } from "./frame";
import { fetched } from "./fresh";
import type { Going } from "./going";
import { Lifetime } from "./lifetime";
import type { LongerMenu } from "./longer-menu";
import { type Message, fromRetained } from "./message";
import { messageAt } from "./names";
import type { Entry } from "./retained";
import { read } from "./row";
import { t } from "./texts";
import { localize } from "./times";

// PACE: it is read again at most so often, in milliseconds.
const PACE = 250;

// PEEK: it is asked at most so often, in milliseconds, who has received it.
const PEEK = 2000;

// Surroundings are what else of the page is about messages.
export interface Surroundings {
  api: Pick<Api, "retained">;
  going: Going;
  menu: LongerMenu;
  // say reads something out.
  say(text: string): void;
  // tell shows why something was refused, where the message does not stand here any more.
  tell(text: string): void;
  // undoable is when what the list's Undo takes back would go; 0: there is nothing.
  readonly undoable: number;
  // find is the list's own entry of a message; undefined: the list, if there is one, has none.
  find(topic: string, sequence: number): Entry | undefined;
  // moved shows another deadline of such an entry.
  moved(entry: Entry, expires: number): void;
}

// Look is one look at a message, and what belongs to that look alone: whatever comes of it after another has begun is
// dropped.
class Look {
  readonly message: Pick<Message, "topic" | "sequence"> | undefined;
  readonly stop = new AbortController();
  reading = false; // its page was asked for
  missed = false; // something was told of it since
  acts = 0; // that were done to it here
  later: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly address: string) {
    this.message = messageAt(address);
  }

  is({ topic, sequence }: Pick<Message, "topic" | "sequence">): boolean {
    return this.message?.topic === topic && this.message.sequence === sequence;
  }

  // concerns says that a batch tells of it.
  concerns({ changes, ended }: Batch): boolean {
    const { topic, sequence } = this.message ?? { topic: "", sequence: 0 };
    return changes.some((change) => this.is(change)) || ended.some((range) => range.topic === topic && range.first <= sequence && sequence <= range.last);
  }
}

export class MessageView {
  private readonly lifetime: Lifetime;
  private look: Look | undefined;
  private card: Card | undefined;
  private entry: Entry | undefined;
  private listed = false; // the entry is the list's
  private readAt = -Infinity;
  private peeked = -Infinity;

  constructor(
    private readonly root: HTMLElement,
    private readonly now: () => number,
    private readonly around: Surroundings,
    private readonly fetch = fetched,
  ) {
    this.lifetime = new Lifetime(around.api, now, (entry, expires) => this.moved(entry, expires), {
      say: (text) => around.say(text),
      refuse: (text, entry) => this.refuse(text, entry),
    }, around.going);
    const atOnce = shifted(root); // With Shift, Expire leaves no time for Undo.
    root.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>(".undo button, button.until") : null;
      const { entry } = this;
      if (!button || !entry) return;
      if (button.matches(".undo button")) void this.act(entry, this.lifetime.undo(entry));
      else around.menu.open(entry, button, { until: (asked, deadline) => void this.act(asked, this.lifetime.until(asked, deadline)) });
    });
    root.addEventListener("submit", (event) => {
      const form = event.target;
      const { entry } = this;
      if (!entry || !(form instanceof HTMLFormElement) || !this.card?.card.contains(form)) return;
      event.preventDefault();
      if (form.matches(".extend")) void this.act(entry, this.lifetime.extend(entry, offered(form)));
      else void this.act(entry, atOnce() ? this.lifetime.end(entry) : this.lifetime.expire(entry));
    });
  }

  // adopt takes over the message that the server rendered: the page is its own.
  adopt(): void {
    this.turnTo(location.href);
    this.own();
  }

  // busy says that a message is shown, or asked for.
  get busy(): boolean {
    return this.look !== undefined;
  }

  // show shows the message at an address. False: another one was asked for meanwhile, or none.
  async show(address: string): Promise<boolean> {
    const look = this.turnTo(address);
    this.root.inert = true; // what stands here until then is another one's
    const answer = await this.read(look);
    if (look !== this.look) return false;
    const main = answer?.page.getElementById("main");
    this.root.inert = false;
    this.root.replaceChildren(); // all of it is another one's
    if (answer && main) this.put(main);
    else this.root.replaceChildren(Object.assign(document.createElement("p"), { className: "lead", textContent: t("problem.unreachable") }));
    return true;
  }

  // clear shows nothing, nor what was asked for and is still to come.
  clear(): void {
    this.turnTo(undefined);
    this.root.inert = false;
    this.root.replaceChildren();
  }

  // take follows a batch of the watch.
  take(batch: Batch): void {
    const { look, entry } = this;
    if (!look) return;
    if (look.concerns(batch)) return this.again(look);
    // Between two streams, and where the watch left something out, it may have been this. Somebody may receive it at any time.
    const doubtful = batch.hello !== undefined || batch.incomplete;
    const due = batch.stats !== undefined && !document.hidden && performance.now() - this.peeked > PEEK;
    if (entry && !look.reading) {
      if (doubtful || due) void this.peek(look, entry);
    } else if (doubtful) this.again(look);
  }

  // tick writes what changes with time; as Card.
  tick(): number {
    return this.card?.tick() ?? Infinity;
  }

  // end expires the message at once; false: none is shown that could be.
  end(): boolean {
    if (!this.entry || !this.card) return false;
    void this.act(this.entry, this.lifetime.end(this.entry));
    return true;
  }

  // undo takes back the last Expire, if that was pressed here; false: there is none, or the last was the list's.
  undo(): boolean {
    const { undoable } = this.lifetime;
    if (!undoable || undoable.message.expires < this.around.undoable) return false;
    void this.act(undoable, this.lifetime.undo(undoable));
    return true;
  }

  // act waits for what is done, and shows what holds then: when it was refused, too.
  private async act(entry: Entry, done: Promise<unknown>): Promise<void> {
    reveal(this.refusal(entry), "");
    await done;
    const { look } = this;
    if (!look?.is(entry.message)) return; // another one is looked at by now
    look.acts++;
    this.tick();
    this.again(look);
  }

  private refuse(text: string, entry: Entry): void {
    const place = this.refusal(entry);
    if (place) reveal(place, text);
    else this.around.tell(text);
  }

  // refusal is where a refusal stands that is a message's, if the message does.
  private refusal({ message }: Entry): HTMLElement | null {
    return this.look?.is(message) && !this.root.inert ? this.root.querySelector<HTMLElement>(".refusal") : null;
  }

  // moved shows another deadline, in the list too, whatever is looked at by now. What no list had has no incarnation.
  private moved(entry: Entry, expires: number): void {
    const { topic, sequence, incarnation } = entry.message;
    const listed = this.around.find(topic, sequence) ?? (incarnation ? entry : undefined);
    if (listed) this.around.moved(listed, expires);
    entry.message.expires = expires;
  }

  // peek asks what of the message may have changed, without its payload. The whole is read only where it is another one.
  private async peek(look: Look, entry: Entry): Promise<void> {
    this.peeked = performance.now();
    const { topic, sequence, expires } = entry.message;
    const at = BigInt(sequence);
    try {
      const { messages } = await this.around.api.retained.listMessages({ pattern: topic, minSequence: at, maxSequence: at, pageSize: 1, previewBytes: 1 });
      if (entry !== this.entry) return;
      const message = messages[0] && fromRetained(messages[0]);
      if (message?.expires !== expires && entry.message.expires === expires) return this.again(look);
      if (message) this.received(message.deliveries);
    } catch (thrown) {
      if (ConnectError.from(thrown).code === Code.NotFound) this.again(look); // its topic is gone
    }
  }

  // received writes how many subscriptions were handed the message.
  private received(count: number): void {
    write(this.root.querySelector(".receivers"), count > 0 ? t("message.subscriptions", { count }) : t("message.nobodyYet"));
  }

  // turnTo begins a look at what is at an address, and ends the one before.
  private turnTo(address: string): Look;
  private turnTo(address: undefined): undefined;
  private turnTo(address: string | undefined): Look | undefined {
    clearTimeout(this.look?.later);
    this.look?.stop.abort();
    this.card = this.entry = undefined;
    return (this.look = address === undefined ? undefined : new Look(address));
  }

  // again reads the message once more, soon. What stands here stays when it cannot be read. While it is being read that
  // waits for the answer, which may be from before.
  private again(look: Look): void {
    if (look !== this.look) return;
    if (look.reading) look.missed = true;
    else look.later ??= setTimeout(() => void this.reread(look), Math.max(0, this.readAt + PACE - performance.now()));
  }

  private async reread(look: Look): Promise<void> {
    look.later = undefined;
    const { acts } = look;
    const answer = await this.read(look);
    const main = answer?.page.getElementById("main");
    if (!answer || answer.status >= 500 || !main || look !== this.look) return;
    if (acts !== look.acts) return; // it may be from before what was done meanwhile, after which it is read again
    this.put(main);
    if (this.root.id === "main") document.title = answer.page.title;
  }

  // read asks for the page of what is looked at, and once more after that if something was told of it meanwhile.
  private async read(look: Look): ReturnType<typeof fetched> {
    look.reading = true;
    look.missed = false;
    this.readAt = performance.now();
    const answer = await this.fetch(look.address, look.stop.signal);
    look.reading = false;
    if (look.missed) this.again(look);
    return answer;
  }

  // own takes over the message that stands here.
  private own(): void {
    const { look } = this;
    const card = this.root.querySelector<HTMLElement>("#card");
    const message = card ? read(card) : undefined;
    this.card = undefined;
    if (!look || !card || !message) {
      this.entry = undefined;
      return;
    }
    const { topic, sequence } = message;
    const before = this.entry?.message.topic === topic && this.entry.message.sequence === sequence ? this.entry : undefined;
    const found = this.around.find(topic, sequence);
    // Where the two differ, the server's is the newer word. One that the list has let go of is not kept up any more.
    const listed = found?.message.expires === message.expires ? found : undefined;
    if (listed) this.entry = listed;
    else if (before && !this.listed) before.message = message;
    else this.entry = { message, end: undefined, born: 0 };
    this.listed = listed !== undefined;
    this.card = new Card(card, this.entry as Entry, this.now, this.around.going, () => this.again(look));
  }

  // put brings in what differs from what stands here.
  private put(main: Element): void {
    const { root } = this;
    const focused = root.contains(document.activeElement);
    this.card?.stop();
    alter(root, main);
    localize(root, this.now());
    this.own();
    if (focused && !root.contains(document.activeElement)) root.focus({ preventScroll: true });
  }
}

// offered is how much longer the message lives by one of its page's forms.
function offered(form: HTMLFormElement): number {
  const value = (name: string) => Number(element<HTMLInputElement>(`input[name=${name}]`, form).value);
  return value("expire_time") - value("expected");
}

// alter makes an element's content that of another one. What can stay does: what is pressed, focused or selected in it still
// is. Whether something is hidden, and why something was refused, is not the server's to say.
function alter(old: Element, fresh: Element): void {
  const have = [...old.childNodes];
  const want = [...fresh.childNodes];
  if (have.length !== want.length || have.some((node, i) => node.nodeName !== want[i]?.nodeName)) {
    old.replaceChildren(...[...document.importNode(fresh, true).childNodes]);
    return;
  }
  have.forEach((node, i) => {
    const other = want[i];
    if (node instanceof Element && other instanceof Element) {
      if (node.matches(".refusal")) return;
      for (const name of node.getAttributeNames()) if (name !== "hidden" && !other.hasAttribute(name)) node.removeAttribute(name);
      for (const { name, value } of other.attributes) if (name !== "hidden" && node.getAttribute(name) !== value) node.setAttribute(name, value);
      alter(node, other);
    } else if (node.nodeValue !== other?.nodeValue) node.nodeValue = other?.nodeValue ?? "";
  });
}
