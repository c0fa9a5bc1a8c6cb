// The server's clock as the page knows it.
//
// Every frame names the server's time when it was sent. Its way here only ever makes it look too late, so the largest
// difference (server time - arrival) of the last 30 seconds belongs to the frame that was delayed least. Arrivals are
// read from performance.now(), which no one sets: a wall clock that is an hour off, or is changed, moves nothing.

const WINDOW = 30_000;

interface Sample {
  arrival: number;
  difference: number;
}

export class Clock {
  // Newest last, differences falling: a sample that a later, larger one outlives is never needed again.
  private samples: Sample[] = [];
  private difference: number | undefined;

  constructor(private readonly monotonic: () => number = () => performance.now()) {}

  // sample takes in a frame: the server's time in it, and how many milliseconds ago it arrived. A shared worker tells
  // the age, since its performance.now() starts elsewhere.
  sample(serverTime: number, age = 0): void {
    const arrival = this.monotonic() - age;
    const difference = serverTime - arrival;
    while (this.samples.length > 0 && (this.samples.at(-1) as Sample).difference <= difference) this.samples.pop();
    this.samples.push({ arrival, difference });
    while ((this.samples[0] as Sample).arrival < arrival - WINDOW) this.samples.shift();
    this.difference = (this.samples[0] as Sample).difference;
  }

  // restart forgets what was learnt, for a server that began anew, perhaps on another clock.
  restart(): void {
    this.samples = [];
  }

  // known is false until the first sample.
  get known(): boolean {
    return this.difference !== undefined;
  }

  // offset is what to add to performance.now() to get the server's time.
  get offset(): number {
    return this.difference ?? Date.now() - this.monotonic();
  }

  // now is the server's time in milliseconds since 1970.
  now(): number {
    return this.monotonic() + this.offset;
  }
}
