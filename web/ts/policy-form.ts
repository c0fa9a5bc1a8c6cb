// The policy's editor: the what-if beside it follows what is typed.
import { write } from "./dom";
import { fetched, replace } from "./fresh";

const SETTLED = 250; // ms without a key before the server is asked

export class PolicyForm {
  private timer = 0;
  private asked: AbortController | undefined;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly now: () => number,
  ) {
    form.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.ask(), SETTLED);
    });
  }

  // address is the page with what stands in the form, as it would be asked for without script.
  address(): string {
    const fields = new URLSearchParams();
    for (const [name, value] of new FormData(this.form)) if (typeof value === "string") fields.append(name, value);
    return `${this.form.action}?${fields}`;
  }

  private async ask(): Promise<void> {
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const answer = await fetched(this.address(), asked.signal);
    if (!answer || asked.signal.aborted) return;
    replace("what-if", answer.page, this.now());
    write(document.querySelector("#say"), document.querySelector("#what-if-most")?.textContent ?? "");
  }
}
