// Changing many lifetimes at once: first it is read which messages there are, exactly, then each is given its own absolute
// deadline, some hundreds with one call, if it still has the one that was read. So a lost answer does no harm, nor do others who change the same.
import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Api, problems, timestamp } from "./api";
import { ErrorInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import { ListOrder, type SetExpireTimeRequestSchema, type SetExpireTimeResult } from "./gen/linger/v1/retained_pb.js";
import { type Message, fromRetained } from "./message";
import type { Bounds } from "./retained";

// MOST messages are taken on at once; PAGE of them are read with one call.
export const MOST = 100_000;
const PAGE = 1000;

// CHUNK changes are sent with one call, so that progress is seen and a stop comes soon, and LANES calls are under way at a time:
// one is carried out while the next is on its way.
const CHUNK = 250;
const LANES = 2;

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

// Changed hears of each message that has its new deadline.
export type Changed = (target: Target, expires: number) => void;

// change gives each target the deadline that `wanted` says: undefined, it cannot be changed; the one it has, that is well. What
// is under way when the signal comes is waited for, so that the tally is exact. So is it ended when the server does not answer.
export async function change(
  api: Pick<Api, "retained">,
  targets: readonly Target[],
  wanted: (target: Target) => number | undefined,
  { signal, done }: Progress,
  changed: Changed = () => {},
): Promise<Tally> {
  const tally: Tally = { done: 0, ended: 0, moved: 0, fixed: 0, failed: 0, untried: 0, problem: "" };
  let next = 0;
  let finished = 0;
  let lost = false;
  const fail = (thrown: unknown, count: number) => {
    const [problem] = problems(thrown);
    tally.failed += count;
    tally.problem ||= problem?.text ?? "";
    lost ||= problem?.unknown ?? false;
  };
  const lane = async () => {
    while (next < targets.length && !signal.aborted && !lost) {
      const chunk = targets.slice(next, next + CHUNK);
      next += chunk.length;
      const moves = plan(chunk, wanted, tally);
      try {
        const results = moves.length > 0 ? (await api.retained.setExpireTimes({ changes: moves.map(request) })).results : [];
        moves.forEach(({ target, expires }, i) => {
          const error = refusal(results[i]);
          const why = error && reason(error);
          if (why) tally[why]++;
          else if (error) fail(error, 1);
          else {
            tally.done++;
            changed(target, expires);
          }
        });
      } catch (thrown) {
        fail(thrown, moves.length);
      }
      finished += chunk.length;
      done(finished);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  tally.untried = targets.length - next;
  return tally;
}

interface Move {
  target: Target;
  expires: number;
}

// plan finds which of a chunk have to be moved; the others are counted.
function plan(chunk: readonly Target[], wanted: (target: Target) => number | undefined, tally: Tally): Move[] {
  const moves: Move[] = [];
  for (const target of chunk) {
    const expires = wanted(target);
    if (expires === undefined) tally.fixed++;
    else if (expires === target.expires) tally.done++;
    else moves.push({ target, expires });
  }
  return moves;
}

function request({ target, expires }: Move): MessageInitShape<typeof SetExpireTimeRequestSchema> {
  return {
    topic: target.topic,
    sequence: BigInt(target.sequence),
    expireTime: timestamp(expires),
    expectedExpireTime: timestamp(target.expires),
  };
}

// refusal is why one of many was not changed, as a call of its own would have said it.
function refusal(result: SetExpireTimeResult | undefined): ConnectError | undefined {
  if (result && !result.error) return undefined;
  const error = new ConnectError(result?.error?.message ?? "", (result?.error?.code ?? Code.Unknown) as Code);
  error.details = (result?.error?.details ?? []).map(({ typeUrl, value }) => ({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value }));
  return error;
}

// onceMore gives a message its own lifetime again, as far as it may live.
export function onceMore({ expires, granted, maxExpires }: Target): number | undefined {
  const to = maxExpires > 0 ? Math.min(expires + granted, maxExpires) : expires + granted;
  return to > expires ? to : undefined;
}

// reason says why the server refused a change, where that is no fault: the message or its topic has ended, or its
// deadline is another one by now.
function reason(error: ConnectError): "ended" | "moved" | undefined {
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
