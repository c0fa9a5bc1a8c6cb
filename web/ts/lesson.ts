// The one line under the form after the first message a server ever had: it follows that message, and is then silent for
// good. Driven by what happens, never by a "Next".
import type { Api } from "./api";
import { short } from "./duration";
import { millis } from "./message";
import { visible } from "./payload";
import type { Receipt } from "./publisher";
import { rich, t } from "./texts";

const LOOK = 700; // between two looks at who received it
const FIRST = 300; // before the first one

export class Lesson {
  private receipt: Receipt | undefined;
  private waiting = false;
  private taken = false;
  private told = false; // the last text stands
  private server = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly place: HTMLElement | null,
    private readonly api: Pick<Api, "retained">,
    private readonly now: () => number,
    // typed is what to type for a command on this server, with {} in place of its arguments.
    private readonly typed: string,
  ) {}

  // published begins the lesson with the first message; a later one ends it.
  published(receipt: Receipt): void {
    if (!this.place) return;
    clearTimeout(this.timer);
    if (this.receipt || receipt.ttl <= 0) return this.end();
    this.receipt = receipt;
    this.place.replaceChildren(); // what is said waits for the look: somebody may be listening
    this.look(FIRST);
  }

  // wait says that nobody got it yet, and how to.
  private wait(receipt: Receipt): void {
    if (this.waiting) return;
    this.waiting = true;
    this.say(
      ...rich("lesson.waits", {
        number: `#${receipt.sequence}`,
        topic: code(receipt.topic),
        time: short(receipt.ttl),
        command: command(this.typed.replace("{}", () => `sub ${receipt.topic}`)),
      }),
    );
  }

  // arrived ends the lesson's last text: something else happens now.
  arrived(): void {
    if (this.told) this.end();
  }

  // greet learns which server answers. What was said of a message of another one does not outlive it.
  greet(server: string): void {
    if (this.server !== "" && this.server !== server) this.end();
    this.server = server;
  }

  // end keeps the place of the line, so that nothing moves.
  private end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.place?.replaceChildren();
  }

  private look(after = LOOK): void {
    this.timer = setTimeout(() => void this.ask(), after);
  }

  private async ask(): Promise<void> {
    const { receipt, timer } = this;
    if (!receipt) return;
    try {
      const { state } = await this.api.retained.getMessage({ topic: receipt.topic, sequence: BigInt(receipt.sequence) });
      if (this.timer !== timer) return; // ended meanwhile
      if (state.case === "ended") {
        const lived = millis(state.value.endTime) - receipt.published;
        const after = Number.isFinite(lived) && lived > 0 ? short(Math.round(lived / 100) * 100) : short(receipt.ttl);
        this.told = true;
        return this.say(t("lesson.over", { number: `#${receipt.sequence}`, time: after, count: state.value.deliveries }));
      }
      if (state.case === "retained" && state.value.deliveries === 0) this.wait(receipt);
      if (state.case === "retained" && state.value.deliveries > 0 && !this.taken) {
        this.taken = true;
        const left = Math.max(0, millis(state.value.expireTime) - this.now());
        this.say(t("lesson.taken", { number: `#${receipt.sequence}`, left: short(Math.ceil(left / 1000) * 1000) }));
      }
    } catch {
      // Asked again.
    }
    if (this.timer === timer) this.look();
  }

  private say(...parts: Array<string | Node>): void {
    this.place?.replaceChildren(...parts);
  }
}

function code(text: string): HTMLElement {
  const element = document.createElement("code");
  element.textContent = visible(text);
  return element;
}

// command is something to type into a terminal, with a button that copies it; web/parts.templ has the same.
function command(text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = "command";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.dataset["copy"] = text;
  button.textContent = t("command.copy");
  const hidden = document.createElement("span");
  hidden.className = "vh";
  hidden.textContent = ` ${visible(text)}`;
  button.append(hidden);
  span.append(code(text), button);
  return span;
}
