// What is read aloud. One polite region, and deaths in it at most every 15 seconds: a countdown read out is noise.
import { write } from "./dom";
import { t } from "./texts";

const PACE = 15_000;

export class Voice {
  private gone = 0;
  private said = performance.now();

  constructor(private readonly place: HTMLElement | null) {}

  // say tells at once.
  say(text: string): void {
    write(this.place, text);
  }

  // deaths counts, for the next summary.
  deaths(n: number): void {
    this.gone += n;
  }

  // tick gives the summary when its time has come.
  tick(retained: number): void {
    const now = performance.now();
    if (this.gone === 0 || now - this.said < PACE) return;
    const seconds = Math.min(Math.round((now - this.said) / 1000), 60);
    this.say(t("retained.spoken", { count: this.gone, seconds, retained }));
    this.gone = 0;
    this.said = now;
  }
}
