// The demo as a person sees it: the button that plays it, and a bar over the page with what is left of it and Stop.
import { connect } from "./api";
import { DemoPlayer, type State } from "./demo-player";
import { element, write } from "./dom";
import { countdown } from "./duration";
import { t } from "./texts";

export class DemoBar {
  private readonly player: DemoPlayer;
  private readonly bar = element("#demo");
  private readonly button = element<HTMLButtonElement>("#demo-stop");
  private shown: State["kind"] = "none";

  constructor(now: () => number) {
    this.player = new DemoPlayer(connect(location.origin), now, sessionStorage);
    this.button.addEventListener("click", () => this.stop());
    document.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("button.play-demo")) this.play();
    });
  }

  tick(): void {
    this.player.tick();
    this.show(this.player.state);
  }

  // play begins, on a page where one sees what happens.
  private play(): void {
    this.player.begin();
    if (document.querySelector("#retained")) this.tick();
    else location.assign("/");
  }

  private stop(): void {
    this.player.stop();
    this.show(this.player.state);
    write(document.querySelector("#say"), t("demo.stopped"));
  }

  private show(state: State): void {
    const { bar, button } = this;
    const changed = state.kind !== this.shown;
    this.shown = state.kind;
    if (!changed && state.kind === "none") return;
    const text = sentence(state);
    write(bar.querySelector(".text"), text);
    bar.hidden = text === "";
    button.hidden = state.kind !== "playing";
    // What counts down is not read out; the beginning and the end are.
    if (changed && state.kind !== "none") write(document.querySelector("#say"), text);
  }
}

function sentence(state: State): string {
  switch (state.kind) {
    case "none":
      return "";
    case "playing":
      return t("demo.left", { seconds: Math.max(0, Math.ceil(state.left / 1000)) });
    case "over":
      if (state.problem) return t("demo.failed", { problem: state.problem, left: countdown(state.left) });
      return t("demo.over", { left: countdown(state.left) });
  }
}
