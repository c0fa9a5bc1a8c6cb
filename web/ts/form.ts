// The publish form: what one types, what is wrong with it, what became of it.
import { Code } from "@connectrpc/connect";
import { type Api, type Problem, problems } from "./api";
import { Attributes } from "./attributes";
import { element, reveal, write } from "./dom";
import { short, words } from "./duration";
import { TtlAdjustment } from "./gen/linger/v1/publish_pb.js";
import { topicPath } from "./names";
import { bytes, count, visible } from "./payload";
import { PolicyReader } from "./policy";
import { type Draft, OutcomeUnknown, Publisher, type Receipt } from "./publisher";
import type { Slider } from "./slider";
import { rich, t } from "./texts";
import { moment } from "./times";

const PATIENCE = 300; // before the button says that it is at work
const SLOW = 5000; // before the form says that there is no answer
const READ_BACK = 300; // before it is read who received it

export interface Told {
  published(receipt: Receipt): void;
}

export class Form {
  connected = true;

  private readonly form = element<HTMLFormElement>("#publish");
  private readonly topic = element<HTMLInputElement>("#topic");
  private readonly message = element<HTMLTextAreaElement>("#message");
  private readonly button = element<HTMLButtonElement>("#submit");
  private readonly result = element<HTMLOutputElement>("#result");
  private readonly limit = Number(element("#main").dataset["maxMessage"]) || Infinity;
  private readonly attributes = new Attributes();
  private readonly publisher: Publisher;
  private readonly policy: PolicyReader;
  private sending: AbortController | undefined;

  constructor(
    private readonly api: Api,
    private readonly slider: Slider,
    private readonly now: () => number,
    private readonly told: Told,
  ) {
    this.publisher = new Publisher(api);
    this.policy = new PolicyReader(api, slider);
    this.listen();
    this.grow();
    // A form that came back with errors keeps the lifetime that was asked for.
    if (!("failed" in this.form.dataset)) this.policy.recall(this.topic.value);
    else slider.touched = true;
  }

  // topicName is what the form would publish to.
  get topicName(): string {
    return this.topic.value.trim();
  }

  // onTopic is told of each topic that was typed, as the server knows it.
  set onTopic(found: PolicyReader["found"]) {
    this.policy.found = found;
  }

  focus(): void {
    this.message.focus();
  }

  // at tells the form which store the page is connected to.
  at(store: string): void {
    this.publisher.told = store;
  }

  // connection tells the form whether publishing can work.
  connection(connected: boolean): void {
    if (this.connected === connected) return;
    this.connected = connected;
    if (!connected) write(this.result, t("form.disconnected"));
    else if (this.result.textContent === t("form.disconnected")) write(this.result, "");
  }

  private listen(): void {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.publish();
    });
    this.message.addEventListener("keydown", (event) => {
      // An input method ends its composition with Enter; that is not meant for the form (229: Safari, just after).
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      void this.publish();
    });
    this.message.addEventListener("input", () => this.grow());
    this.topic.addEventListener("input", () => {
      this.complain("topic", "");
      this.policy.follow(this.topicName);
    });
    for (const field of [this.topic, this.message]) field.addEventListener("input", () => this.complain("", ""));
    // On a phone the chip opens the form by its focus. The form then moves from under the finger, so there is no click.
    document.querySelector("#chip")?.addEventListener("focus", () => requestAnimationFrame(() => element("#ttl").focus()));
    // So it would from under one on Publish. With a message to send the bar stays closed, else one is asked for.
    this.button.addEventListener("mousedown", (event) => {
      if (this.topic.checkVisibility()) return;
      event.preventDefault(); // of the focus
      if (this.message.value === "") this.message.focus();
    });
  }

  private async publish(): Promise<void> {
    if (this.sending && !this.slow) return;
    this.clear();
    if (!this.slider.commit()) return this.lead("ttl");
    const draft: Draft = {
      topic: this.topicName,
      data: new TextEncoder().encode(this.message.value),
      attributes: this.attributes.filled,
      ttl: this.slider.value,
    };
    const problem = tooLarge(draft.data.length, this.limit);
    if (problem) {
      this.complain("message", problem);
      return this.lead("message");
    }
    const fault = this.attributes.fault;
    if (fault) return this.refuseAttributes(fault.text, fault.row, fault.part);
    this.sending?.abort();
    const sending = new AbortController();
    this.sending = sending;
    const patience = setTimeout(() => this.pending(true), PATIENCE);
    const slow = setTimeout(() => this.tellSlow(), SLOW);
    try {
      const receipt = await this.publisher.publish(draft, sending.signal);
      if (this.sending === sending) this.succeed(receipt);
    } catch (thrown) {
      if (this.sending === sending) this.fail(thrown);
    } finally {
      clearTimeout(patience);
      clearTimeout(slow);
      if (this.sending === sending) {
        this.sending = undefined;
        this.slow = false;
        this.pending(false);
      }
    }
  }

  private slow = false;

  private tellSlow(): void {
    this.slow = true;
    this.pending(false);
    this.complain("", t("form.noAnswer"));
  }

  private pending(pending: boolean): void {
    this.button.disabled = pending;
    this.button.toggleAttribute("aria-busy", pending);
    write(this.button, t(pending ? "form.publishing" : "form.publish"));
  }

  private succeed(receipt: Receipt): void {
    this.clear();
    this.policy.remember(receipt.topic, this.slider.value);
    this.tell(receipt);
    // Typing then replaces it. A bar that is closed stays so: select would give it the focus in some browsers.
    if (this.topic.checkVisibility()) this.message.select();
    else this.message.setSelectionRange(0, this.message.value.length);
    this.told.published(receipt);
    setTimeout(() => void this.readBack(receipt), READ_BACK);
  }

  private fail(thrown: unknown): void {
    this.clear();
    if (thrown instanceof OutcomeUnknown) {
      return this.complain("", t("form.forgotten"));
    }
    const found = problems(thrown);
    for (const problem of found) this.complain(problem.field, this.sentence(problem));
    this.lead(found[0]?.field ?? "");
  }

  // lead puts the focus on the field at fault. On a phone it may lie in a bar that is closed, which the message opens.
  private lead(field: Problem["field"]): void {
    if (field === "" || field === "attributes") return;
    this.message.focus();
    if (field === "topic") this.topic.focus();
    else if (field === "ttl") this.slider.focusBox();
  }

  private sentence(problem: Problem): string {
    if (problem.unknown && problem.code !== Code.Unavailable) return t("form.unknown", { problem: problem.text });
    return problem.text;
  }

  // complain writes an error under its field, or under the form.
  private complain(field: Problem["field"], text: string): void {
    if (field === "attributes") return this.refuseAttributes(text);
    if (field === "ttl") return this.slider.complain(text && t("form.problem", { field: t("form.ttl"), problem: text }), text !== "");
    const place = document.querySelector<HTMLElement>(`#${field || "form"}-error`);
    const named = field && text && t("form.problem", { field: t(field === "topic" ? "form.topic" : "form.message"), problem: text });
    reveal(place, named || text);
    const input = field === "topic" ? this.topic : field === "message" ? this.message : undefined;
    if (text) input?.setAttribute("aria-invalid", "true");
    else input?.removeAttribute("aria-invalid");
  }

  private refuseAttributes(...fault: Parameters<Attributes["refuse"]>): void {
    this.message.focus(); // which opens a bar that is closed
    this.attributes.refuse(...fault);
  }

  private clear(): void {
    for (const field of ["", "topic", "message"] as const) this.complain(field, "");
    this.attributes.clear();
  }

  // tell writes the result line: a link, what was granted, what it promises, who got it.
  private tell(receipt: Receipt, receivedBy?: number): void {
    const link = document.createElement("a");
    link.href = topicPath(receipt.topic, receipt.sequence);
    link.textContent = `#${receipt.sequence}`;
    const rest = [t(receipt.durability === "fsynced" ? "result.fsynced" : "result.memory")];
    if (receivedBy !== undefined) rest.push(t("result.receivedBy", { count: receivedBy }));
    this.result.replaceChildren(link, " ", ...this.granted(receipt), ...rest.map((part) => ` · ${part}`));
  }

  private granted(receipt: Receipt): Array<string | Node> {
    if (receipt.ttl <= 0) return [t("result.passed")];
    const [ttl, asked, topic] = [short(receipt.ttl), short(receipt.asked), visible(receipt.topic)];
    switch (receipt.adjustment) {
      case TtlAdjustment.LOWERED_TO_MAXIMUM:
        return [t("result.because", { ttl, reason: t("reason.atMost", { asked, topic, max: ttl }) })];
      case TtlAdjustment.RAISED_TO_MINIMUM:
        return [t("result.because", { ttl, reason: t("reason.atLeast", { asked, topic, min: ttl }) })];
      default:
        return rich("result.until", { ttl, time: moment(receipt.expires, this.now(), "at") });
    }
  }

  private async readBack(receipt: Receipt): Promise<void> {
    try {
      const { state } = await this.api.retained.getMessage({ topic: receipt.topic, sequence: BigInt(receipt.sequence) });
      // Another publish may have taken the line meanwhile.
      if (this.result.querySelector("a")?.textContent !== `#${receipt.sequence}` || state.value === undefined) return;
      this.tell(receipt, state.value.deliveries);
    } catch {
      // The line is true without it.
    }
  }

  // grow gives the message as many lines as it has, from one to six.
  private grow(): void {
    if (CSS.supports("field-sizing", "content")) return;
    const { message } = this;
    message.rows = 1;
    const line = parseFloat(getComputedStyle(message).lineHeight) || 20;
    message.rows = Math.max(1, Math.min(6, Math.round((message.scrollHeight - 14) / line)));
  }
}

// spoken is what is read aloud of one's own publish.
export function spoken(receipt: Receipt): string {
  const published = { sequence: String(receipt.sequence), topic: visible(receipt.topic) };
  return receipt.ttl > 0 ? t("form.spoken", { ...published, words: words(receipt.ttl) }) : t("form.spokenPassed", published);
}

// tooLarge says that a message is over the server's limit, before it is sent; empty when it is not.
export function tooLarge(size: number, limit: number): string {
  if (size <= limit) return "";
  // A little over the limit is told to the byte: "1.0 MiB; the limit is 1 MiB" explains nothing.
  const write = bytes(size) === bytes(limit) ? (n: number) => `${count(n)} B` : bytes;
  return t("form.tooLarge", { size: write(size), limit: write(limit).replace(".0 ", " ") });
}
