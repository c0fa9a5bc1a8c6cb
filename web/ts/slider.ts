// The slider "Time to live" on the axis, its box, its presets. The box is the authority: the slider stands where it says.
import { element, percent, reveal, write } from "./dom";
import { parse, short, words } from "./duration";
import { END, keyed, place, position, step, stop } from "./scale";
import { t } from "./texts";
import { clock, sameDay } from "./times";

// Limits are what a topic's policy lets a message ask for.
export interface Limits {
  min: number;
  max: number;
  standard: number;
  refuseZero: boolean;
}

export class Slider {
  value: number;
  // touched says that the person has chosen; a topic's default then no longer moves the thumb.
  touched = false;
  // onMove is told of every new value.
  onMove: () => void = () => {};

  private limits: Limits;
  private readonly range = element<HTMLInputElement>("#ttl");
  private readonly box = element<HTMLInputElement>("#ttl-text");
  private readonly fill = element<SVGElement>("#rail .fill");
  private readonly hairline = element<SVGElement>("#hairline");
  private readonly death = element("#death");
  private readonly error = element("#ttl-error");
  private readonly kept = element("#ttl-kept");
  private readonly end = element<HTMLLabelElement>('.preset[data-stop="47"]');
  private readonly presets = [...document.querySelectorAll<HTMLLabelElement>(".preset[data-stop]")];

  constructor(
    limits: Limits,
    private readonly now: () => number,
    private readonly keeper: () => string,
  ) {
    this.limits = limits;
    const read = parse(this.box.value);
    this.value = "ms" in read ? read.ms : limits.standard;
    this.listen();
    this.draw();
  }

  // set moves the thumb, as the person's choice or not.
  set(ms: number, touched: boolean): void {
    this.value = ms;
    this.touched ||= touched;
    this.complain("");
    reveal(this.kept, "");
    this.draw();
    this.onMove();
  }

  // limit takes in another policy. A choice outside of it moves to the nearest that is allowed.
  limit(limits: Limits): void {
    this.limits = limits;
    element("#rail").toggleAttribute("data-refuse-zero", limits.refuseZero);
    element("#rail .low").setAttribute("width", percent(position(limits.min)));
    element("#rail .high").setAttribute("width", percent(1 - position(limits.max)));
    element(".presets").toggleAttribute("data-beyond", limits.max > END);
    const last = limits.max > END ? t("form.beyond", { time: short(END) }) : short(END);
    write(this.end.querySelector("span"), last);
    this.end.querySelector("input")?.setAttribute("aria-label", last);
    if (!this.touched) return this.set(limits.standard, false);
    // What was said of the other policy does not hold for this one; what is being typed is judged when it is done.
    reveal(this.kept, "");
    const typed = parse(this.box.value);
    if (!("ms" in typed)) return;
    this.complain("");
    if (typed.ms === this.value) this.spring();
  }

  // allowed is the nearest to a lifetime that the policy lets one ask for.
  allowed(ms: number): number {
    const { min, max, refuseZero } = this.limits;
    return ms === 0 && !refuseZero ? 0 : Math.min(max, Math.max(min, ms));
  }

  // commit reads the box, if something was typed there, and says whether there is a lifetime to ask for.
  commit(): boolean {
    const read = parse(this.box.value);
    if ("error" in read) {
      this.complain(t("form.problem", { field: t("form.ttl"), problem: read.error }), true);
      return false;
    }
    if (read.ms !== this.value) this.set(read.ms, true);
    this.spring();
    return true;
  }

  // complain says something about the lifetime under the form; wrong says that the box cannot be read.
  complain(text: string, wrong = false): void {
    reveal(this.error, text);
    if (wrong) this.box.setAttribute("aria-invalid", "true");
    else this.box.removeAttribute("aria-invalid");
  }

  focusBox(): void {
    this.box.focus();
  }

  // step moves one stop, from the keys [ and ].
  step(direction: 1 | -1): void {
    this.set(stop(step(this.value, direction)), true);
    this.spring();
  }

  // tick writes the moment of death anew, each second.
  tick(): void {
    const { value } = this;
    if (value <= 0) return write(this.death, t("death.none"));
    const now = this.now();
    const time = clock(now + value, now);
    write(this.death, sameDay(now + value, now) ? t("death.today", { time, words: words(value) }) : t("death.later", { time }));
  }

  // foot writes what the value means for what is retained, under the hairline.
  foot(text: string): void {
    const foot = document.querySelector<HTMLElement>("#hairline-foot");
    write(foot, text);
    if (!foot || text === "") return;
    // Beside the line, on the side that has room.
    const at = position(this.value);
    foot.style.alignSelf = at < 0.5 ? "start" : "end";
    foot.style.marginLeft = at < 0.5 ? percent(at) : "";
    foot.style.marginRight = at < 0.5 ? "" : percent(1 - at);
  }

  get active(): boolean {
    return "active" in this.hairline.dataset;
  }

  private draw(): void {
    const { value, range } = this;
    const at = place(value);
    // Between two stops the thumb stands at the exact place, which whole steps do not have.
    range.step = Number.isInteger(at) ? "1" : "any";
    range.value = String(at);
    range.setAttribute("aria-valuetext", words(value));
    this.fill.setAttribute("width", percent(position(value)));
    this.hairline.setAttribute("width", percent(position(value)));
    this.box.value = short(value);
    write(document.querySelector("#chip .text"), short(value));
    write(document.querySelector("#chip .name"), t("form.change", { ttl: short(value) }));
    const preset = this.presets.find((label) => stop(Number(label.dataset["stop"])) === value);
    const radio = preset?.querySelector<HTMLInputElement>("input") ?? document.querySelector<HTMLInputElement>("#ttl-other");
    if (radio) radio.checked = true;
    this.tick();
  }

  // spring goes back into the policy's limits: the page does not ask for what it will not get.
  private spring(): void {
    const { min, max } = this.limits;
    const allowed = this.allowed(this.value);
    if (allowed === this.value) return;
    this.set(allowed, true);
    reveal(this.kept, t("form.keeps", { topic: this.keeper(), min: short(min), max: short(max) }));
  }

  private listen(): void {
    const { range, box } = this;
    range.addEventListener("input", () => this.drag());
    range.addEventListener("change", () => this.spring());
    range.addEventListener("keydown", (event) => this.key(event));
    for (const type of ["focus", "blur", "pointerdown", "pointerup", "pointercancel"]) {
      range.addEventListener(type, () => this.activate(type === "pointerdown" || document.activeElement === range));
    }
    box.addEventListener("change", () => this.commit());
    box.addEventListener("input", () => {
      // What is being typed is the person's choice already: a policy that arrives now must not write over it.
      this.touched = true;
      this.complain("");
      reveal(this.kept, "");
    });
    for (const label of this.presets) {
      label.querySelector("input")?.addEventListener("change", () => {
        this.set(stop(Number(label.dataset["stop"])), true);
        this.spring();
      });
    }
  }

  private drag(): void {
    const at = Number(this.range.value);
    const before = place(this.value);
    // From between two stops an assistive tool may move by less than a stop: that means the next one.
    const stepped = Math.abs(at - before) < 0.5 && at !== before && !Number.isInteger(before);
    this.set(stop(stepped ? step(this.value, at > before ? 1 : -1) : Math.round(at)), true);
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    // The end is what the topic grants at most, which may lie beyond the axis.
    const to = event.key === "End" ? this.limits.max : keyed(event.key, this.value);
    if (to === undefined) return;
    event.preventDefault();
    this.set(to, true);
    this.spring();
  }

  private activate(active: boolean): void {
    if (active) this.hairline.dataset["active"] = "";
    else delete this.hairline.dataset["active"];
    this.onMove();
  }
}
