import assert from "node:assert/strict";
import { test } from "node:test";
import { END, LABELLED, LAST, STOPS, lifetime, nearestStop, page, path, place, position, step, stop } from "./scale";

const s = 1000;
const min = 60 * s;
const h = 60 * min;
const d = 24 * h;

test("there are 48 stops, strictly rising from 0 to 7 days", () => {
  assert.equal(STOPS.length, 48);
  assert.equal(STOPS[0], 0);
  assert.equal(END, 7 * d);
  for (let i = 1; i < STOPS.length; i++) assert.ok(stop(i) > stop(i - 1), `stop ${i}`);
});

test("the labelled stops are the presets", () => {
  assert.deepEqual(
    LABELLED.map((i) => stop(i)),
    [0, 5 * s, 10 * s, 30 * s, min, 10 * min, h, 6 * h, d, 7 * d],
  );
});

test("position is equally spaced at the stops and linear between them", () => {
  STOPS.forEach((ms, i) => assert.ok(Math.abs(position(ms) - i / 47) < 1e-12));
  assert.equal(place(45 * s), 14.5);
  assert.equal(position(0), 0);
  assert.equal(position(-5), 0);
  assert.equal(position(8 * d), 1);
});

test("lifetime is the inverse of position", () => {
  for (const ms of [0, 1, 250, 999, 1000, 1500, 45 * s, 59 * s, 61 * s, 59 * min, 3.2 * h, 23 * h, 6.99 * d, 7 * d]) {
    assert.ok(Math.abs(lifetime(position(ms)) - ms) < 1e-3, `${ms}`);
  }
});

test("position rises and lifetime answers within half a stop", () => {
  let before = -1;
  for (let ms = 0; ms < 2 * h; ms += 777) {
    assert.ok(position(ms) > before);
    before = position(ms);
    assert.ok(Math.abs(nearestStop(ms) - place(ms)) <= 0.5);
  }
});

test("arrow keys go to the next stop, also from between two", () => {
  assert.equal(stop(step(30 * s, 1)), 40 * s);
  assert.equal(stop(step(30 * s, -1)), 25 * s);
  assert.equal(stop(step(33 * s, 1)), 40 * s);
  assert.equal(stop(step(33 * s, -1)), 30 * s);
  assert.equal(step(0, -1), 0);
  assert.equal(step(7 * d, 1), LAST);
  assert.equal(step(30 * d, -1), LAST - 1);
});

test("home and seven arrows stand at eight seconds", () => {
  let ms = 0;
  for (let i = 0; i < 7; i++) ms = stop(step(ms, 1));
  assert.equal(ms, 8 * s);
});

test("page keys go to the next labelled stop", () => {
  assert.equal(stop(page(30 * s, 1)), min);
  assert.equal(stop(page(30 * s, -1)), 10 * s);
  assert.equal(stop(page(31 * s, -1)), 30 * s);
  assert.equal(stop(page(7 * d, 1)), 7 * d);
  assert.equal(stop(page(0, -1)), 0);
});

test("a line's path is exact at every moment of its life", () => {
  for (const left of [1, 300, 2500, 26 * s, 70 * s, 3.5 * h, 7 * d, 9 * d]) {
    const points = path(left);
    assert.equal(points[0]?.offset, 0);
    assert.deepEqual(points.at(-1), { offset: 1, position: 0 });
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1]!, points[i]!];
      assert.ok(b.offset > a.offset);
      const middle = (a.offset + b.offset) / 2;
      const drawn = (a.position + b.position) / 2;
      assert.ok(Math.abs(drawn - position(left * (1 - middle))) < 1e-9, `${left} at ${middle}`);
    }
  }
});
