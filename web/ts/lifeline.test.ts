import assert from "node:assert/strict";
import { test } from "node:test";
import { Lifeline } from "./lifeline";

// Line is a row with what a lifeline needs of it, and what was done to it.
function line(): { row: HTMLElement; done: string[] } {
  const done: string[] = [];
  const rest = {
    setAttribute: (_: string, value: string) => done.push(`width ${value}`),
    animate: (_: unknown, { duration }: { duration: number }) => {
      done.push(`run ${duration}`);
      return { cancel: () => done.push("cancel") };
    },
  };
  const life = { querySelector: () => rest };
  return { row: { querySelector: () => life } as unknown as HTMLElement, done };
}

test("a line that runs towards its deadline is left alone", () => {
  const { row, done } = line();
  const lifeline = new Lifeline(row);
  lifeline.draw(11_000, 1000, "run");
  lifeline.draw(11_000, 2000, "run");
  assert.deepEqual(done, ["width 100%", "run 10000"]);
});

test("a line that stood still is set going again towards the same deadline", () => {
  const { row, done } = line();
  const lifeline = new Lifeline(row);
  lifeline.draw(11_000, 1000, "run");
  assert.equal(lifeline.draw(11_000, 3000, "still"), false);
  assert.equal(lifeline.draw(11_000, 5000, "run"), false);
  lifeline.draw(11_000, 6000, "run");
  assert.deepEqual(done, ["width 100%", "run 10000", "cancel", "width 14.894%", "width 100%", "run 6000"]);
});

test("another deadline is told, and starts the line anew", () => {
  const { row, done } = line();
  const lifeline = new Lifeline(row);
  assert.equal(lifeline.draw(11_000, 1000, "run"), false);
  assert.equal(lifeline.draw(21_000, 1000, "run"), true);
  assert.deepEqual(done, ["width 100%", "run 10000", "cancel", "run 20000"]);
});

test("a line that moves too slowly to be seen steps, and runs when it is quicker", () => {
  const { row, done } = line();
  const lifeline = new Lifeline(row);
  const deadline = 1000 + 60 * 60_000;
  lifeline.draw(deadline, 1000, "run");
  lifeline.step(1100); // nothing to be seen yet
  lifeline.step(1000 + 60_000);
  lifeline.step(deadline - 6 * 60_000);
  lifeline.step(deadline - 5 * 60_000);
  assert.deepEqual(done, ["width 65.963%", "width 65.75%", "width 100%", "run 360000"]);
});

test("a slow line grows from where it stood", () => {
  const { row, done } = line();
  const lifeline = new Lifeline(row);
  lifeline.draw(1000 + 60 * 60_000, 1000, "run");
  lifeline.draw(1000 + 90 * 60_000, 1000, "grow");
  assert.deepEqual(done.slice(1), ["width 67.025%", "run 240"]);
});
