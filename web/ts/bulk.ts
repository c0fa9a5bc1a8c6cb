// Changing many lifetimes at once: first it is read which messages there are, exactly, then each is given its own absolute
// deadline, if it still has the one that was read. So a lost answer does no harm, nor do others who change the same.
import { Code, ConnectError } from "@connectrpc/connect";
import { type Api, problems, timestamp } from "./api";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { ListOrder } from "./gen/linger/v1/retained_pb.js";
import { type Message, fromRetained } from "./message";
import type { Bounds } from "./retained";

// MOST messages are taken on at once; PAGE of them are read with one call.
export const MOST = 100_000;
const PAGE = 1000;

// LANES calls are under way at a time: a browser has six connections to a host, of which the stream has one.
const LANES = 4;

export type Target = Pick<Message, "topic" | "sequence" | "published" | "expires" | "granted" | "maxExpires">;

// Progress is told as the work goes on; the signal ends it.
export interface Progress {
  signal: AbortSignal;
  done(count: number): void;
}

// gather reads what ends within bounds, next to go first; at most MOST.
export async function gather(api: Pick<Api, "retained">, pattern: string, { from, to }: Bounds, { signal, done }: Progress): Promise<Target[]> {
  const targets: Target[] = [];
  let pageToken = "";
  do {
    const answer = await api.retained.listMessages(
      {
        pattern,
        order: ListOrder.EXPIRE_TIME,
        pageSize: PAGE,
        previewBytes: 1, // payloads are of no interest here
        pageToken,
        minExpireTime: timestamp(from),
        ...(to < Infinity ? { maxExpireTime: timestamp(to) } : {}),
      },
      { signal },
    );
    targets.push(...answer.messages.map(fromRetained));
    pageToken = answer.nextPageToken;
    done(targets.length);
  } while (pageToken !== "" && targets.length < MOST);
  return targets.slice(0, MOST);
}

// Tally is what became of the targets; all of them together are the targets.
export interface Tally {
  done: number;
  ended: number; // before they could be changed
  moved: number; // somebody else had given them another deadline
  fixed: number; // may not be extended any further
  failed: number;
  untried: number;
  problem: string; // the first that was no answer
}

// change gives each target the deadline that `wanted` says; undefined: it cannot be changed. What is under way when the
// signal comes is waited for, so that the tally is exact. So is it ended when the server does not answer.
export async function change(
  api: Pick<Api, "retained">,
  targets: readonly Target[],
  wanted: (target: Target) => number | undefined,
  { signal, done }: Progress,
): Promise<Tally> {
  const tally: Tally = { done: 0, ended: 0, moved: 0, fixed: 0, failed: 0, untried: 0, problem: "" };
  let next = 0;
  let lost = false;
  const lane = async () => {
    while (next < targets.length && !signal.aborted && !lost) {
      const target = targets[next++] as Target;
      const expires = wanted(target);
      if (expires === undefined) tally.fixed++;
      else {
        try {
          await api.retained.setExpireTime({
            topic: target.topic,
            sequence: BigInt(target.sequence),
            expireTime: timestamp(expires),
            expectedExpireTime: timestamp(target.expires),
          });
          tally.done++;
        } catch (thrown) {
          const refused = reason(thrown);
          if (refused) tally[refused]++;
          else {
            const [problem] = problems(thrown);
            tally.failed++;
            tally.problem ||= problem?.text ?? "";
            lost ||= problem?.unknown ?? false;
          }
        }
      }
      done(next);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  tally.untried = targets.length - next;
  return tally;
}

// onceMore gives a message its own lifetime again, as far as it may live.
export function onceMore({ expires, granted, maxExpires }: Target): number | undefined {
  const to = maxExpires > 0 ? Math.min(expires + granted, maxExpires) : expires + granted;
  return to > expires ? to : undefined;
}

// reason says why the server refused a change, where that is no fault: the message or its topic has ended, or its
// deadline is another one by now.
function reason(thrown: unknown): "ended" | "moved" | undefined {
  const error = ConnectError.from(thrown);
  if (error.code === Code.NotFound) return "ended";
  switch (error.findDetails(ErrorInfoSchema)[0]?.reason) {
    case "ENDED":
      return "ended";
    case "CONFLICT":
      return "moved";
    default:
      return undefined;
  }
}
