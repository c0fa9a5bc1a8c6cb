// The script of every page. It takes over what the server rendered, in place.
import { address } from "./address";
import { Clock } from "./clock";
import { Connection } from "./connection";
import { copying } from "./copy";
import { DemoBar } from "./demo-bar";
import { reveal, write } from "./dom";
import { driftText } from "./drift";
import { Feed } from "./feed";
import { Fresh } from "./fresh";
import { GoTo } from "./goto";
import { keys, listen as listenToKeys } from "./keys";
import { keySwitch } from "./key-switch";
import type { Batch } from "./frame";
import { MessagePage } from "./message-page";
import { NowPage } from "./now-page";
import { leaveReloaded, Panel } from "./panel";
import { PolicyForm } from "./policy-form";
import { closeMenu, shortcuts } from "./shortcuts";
import { isSevere, storeText } from "./store-text";
import { t } from "./texts";
import { TopicsPage } from "./topics-page";
import { Voice } from "./voice";
import { zone } from "./zone";
import { ZoneButton } from "./zone-button";

const clock = new Clock();
const main = document.querySelector<HTMLElement>("#main");
const connection = new Connection(document.querySelector("#mark"), () => clock.now());

function start(): void {
  beginClock();
  const times = new ZoneButton(() => clock.now());
  const page = document.querySelector("#retained") ? new NowPage(clock, connection) : undefined;
  const voice = new Voice(document.querySelector("#say"));
  const say = (text: string) => voice.say(text);
  const message = main && document.querySelector("#card") ? new MessagePage(main, () => clock.now(), say) : undefined;
  const demo = document.querySelector("#demo") ? new DemoBar(() => clock.now()) : undefined;
  listen(page);
  zone.changed(() => page?.rewrite());
  const goto = document.querySelector<HTMLInputElement>(".goto input");
  if (goto) new GoTo(goto, say);
  const panel = page ? new Panel(() => clock.now(), page) : undefined;
  if (!panel) leaveReloaded();
  // A page on which nothing lives needs no stream.
  if (page) watch(page, (batch) => panel?.take(batch));
  else if (message) watch(message);
  const editor = document.querySelector<HTMLFormElement>("#policy-form");
  const form = editor ? new PolicyForm(editor, () => clock.now()) : undefined;
  const single = document.querySelector<HTMLInputElement>("#single-keys");
  if (single) keySwitch(single);
  const fresh = new Fresh(() => clock.now(), connection, () => form?.address() ?? address.page.href, warn);
  const topics = main?.matches(".topics") ? new TopicsPage(main, clock, connection) : undefined;
  keys.on("release", closeMenu); // asked first, as it lies on top
  run(page, [times, message, demo, fresh, panel, topics]);
}

// Watched is a page that follows the watch of one scope.
interface Watched {
  watched: string;
  take(batch: Batch): void;
  asleep?(): void;
  connected?(): void;
}

// watch has a page follow the watch; also is told too.
function watch(page: Watched, also?: (batch: Batch) => void): void {
  let server = "";
  new Feed(page.watched, {
    batch(batch) {
      if (batch.hello && batch.hello.server !== server) {
        if (server !== "") clock.restart();
        server = batch.hello.server;
      }
      if (batch.serverTime > 0) clock.sample(batch.serverTime, batch.age);
      connection.frame();
      if (batch.health) {
        reveal(document.querySelector("#drift"), driftText(batch.health.drift));
        reveal(document.querySelector("#store"), storeText(batch.health.store));
        document.querySelector("#store")?.classList.toggle("severe", isSevere(batch.health.store));
      }
      judge(page);
      page.take(batch);
      also?.(batch);
    },
    state(link) {
      if (link.kind === "waiting" && link.stopping && connection.stoppedAt === 0) connection.stoppedAt = clock.now();
      if (link.kind === "open") connection.stoppedAt = 0;
      if (link.kind === "asleep") page.asleep?.();
      connection.link = link;
      warn(link.kind === "crowded" ? t("banner.crowded") : "");
      judge(page);
    },
  });
}

// beginClock believes the page until the first frame: the server's clock at render, a moment before it arrived.
function beginClock(): void {
  const rendered = Number(main?.dataset["now"]);
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (rendered > 0) clock.sample(rendered, performance.now() - (entry?.responseStart ?? performance.now()));
}

function judge(page: Watched | undefined): void {
  if (connection.show()) page?.connected?.();
}

// warn says what concerns the whole page.
function warn(text: string): void {
  const banner = document.querySelector<HTMLElement>("#banner");
  if (!banner) return;
  write(banner.querySelector(".text"), text);
  banner.hidden = text === "";
}

// run is the page's one timer. It comes when the next number changes, at the next deadline, and twice a second anyway.
function run(page: NowPage | undefined, others: Array<Part | undefined>): void {
  judge(page);
  const next = Math.min(page?.tick() ?? Infinity, ...others.map((part) => part?.tick() ?? Infinity), 500);
  setTimeout(() => run(page, others), Math.max(4, Math.ceil(next)));
}

// Part is what of a page changes with time.
interface Part {
  // tick does what is due. Returns in how many milliseconds there is more to do, or nothing.
  tick(): number | void;
}

function listen(page: NowPage | undefined): void {
  shortcuts();
  if (page) {
    keys.on("release", () => page.escape());
    keys.on("shorter", () => page.step(-1));
    keys.on("longer", () => page.step(1));
    keys.on("expire-now", () => page.end());
    keys.on("pause", () => page.togglePause());
    keys.on("undo", () => page.undo());
  }
  copying();
  listenToKeys();
}

start();
