import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Voice } from "./voice";

test("deaths are told together, at most every 15 seconds", () => {
  const now = mock.method(performance, "now", () => 0);
  const place = { textContent: "", firstChild: null, lastChild: null };
  globalThis.Text ??= class {} as never;
  const voice = new Voice(place as unknown as HTMLElement);
  const at = (ms: number) => {
    now.mock.mockImplementation(() => ms);
    voice.tick(38);
    return place.textContent;
  };
  voice.deaths(2);
  assert.equal(at(14_999), "");
  voice.deaths(1);
  assert.equal(at(15_000), "3 messages gone in 15 seconds, 38 retained");
  place.textContent = "";
  assert.equal(at(40_000), "");
  voice.deaths(1);
  assert.equal(at(40_001), "1 message gone in 25 seconds, 38 retained");
  now.mock.restore();
});
