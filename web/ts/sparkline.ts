// A minute as bars, one a second: what web/sparkline.go draws, drawn again as time goes on.
const BARS = 60;
const HEIGHT = 20;
const MOST_BEGINNINGS = 10;

// sparkline is the path that draws numbers as bars, the newest at the right, the greatest as high as the box. What is not
// zero can be seen.
export function sparkline(numbers: readonly number[]): string {
  const shown = numbers.slice(-BARS);
  const most = Math.max(...shown, 0);
  return shown
    .map((n, i) => (n > 0 ? `M${BARS - shown.length + i}.5 ${HEIGHT}v-${Math.max(1, Math.round((n / most) * HEIGHT))}` : ""))
    .join("");
}

// Minute counts, second by second, how much a counter has grown.
export class Minute {
  private bars: number[] = [];
  private second = NaN; // the last one in bars, since 1970
  private total = NaN; // the counter then
  private begun = 0; // times

  // vague: what was counted in the last whole seconds is still to be asked for.
  vague = true;

  // begin takes what was counted in the last whole seconds before `now`, when the counter is at `total`. How much of that
  // came in the second that has not ended, nobody tells: nothing did if the counter stood still from one beginning to the
  // next. One that never stands still is taken as it is: part of a second is little of a minute then.
  begin(recent: readonly number[], total: number, now: number): void {
    const second = Math.floor(now / 1000) - 1;
    this.begun++;
    this.vague = this.begun < MOST_BEGINNINGS && !(total === this.total && second > this.second);
    this.bars = recent.slice(-BARS);
    this.second = second;
    this.total = total;
  }

  // count takes in what the counter is at `now`, in milliseconds. What it grew by is spread over the whole seconds since.
  count(total: number, now: number): void {
    const second = Math.floor(now / 1000) - 1;
    // A counter that fell is another one: a topic made anew.
    const grown = Math.max(0, total - this.total);
    const since = second - this.second;
    if (Number.isNaN(this.second) || since > BARS) {
      this.bars = [];
      this.vague = true;
      this.begun = 0;
    } else if (since > 0 && !Number.isNaN(this.total)) this.add(Number.isNaN(grown) ? 0 : grown, since);
    if (since <= 0) return;
    this.second = second;
    this.total = total;
  }

  get numbers(): readonly number[] {
    return this.bars;
  }

  private add(grown: number, seconds: number): void {
    let left = grown;
    for (let i = seconds; i > 0; i--) {
      const share = Math.round(left / i);
      this.bars.push(share);
      left -= share;
    }
    this.bars.splice(0, this.bars.length - BARS);
  }
}
