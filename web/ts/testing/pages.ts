// A server of messages' pages whose answers come when a test lets them.
import { Place } from "./place";
import type { Message } from "../message";

type Named = Pick<Message, "topic" | "sequence" | "expires">;

// Pages notes what was asked for, and answers it when told to.
export class Pages {
  readonly asked: Array<{ address: string; answer: (page: unknown) => void }> = [];

  readonly fetch = (address: string): Promise<never> =>
    new Promise((resolve) => this.asked.push({ address, answer: resolve as (page: unknown) => void }));

  // answer answers what was asked first of all that is not yet answered, with the page of a message.
  answer(message: Named, status = 200): void {
    this.asked.shift()?.answer({ page: page(message), status, at: "" });
  }

  get addresses(): string[] {
    return this.asked.map(({ address }) => address);
  }
}

// page is a message's, as web/message.templ has it.
function page({ topic, sequence, expires }: Named): Place {
  const card = new Place(
    "article#card",
    new Place("p.lead", new Place("b.left")),
    new Place("div.life", new Place("svg.rest"), new Place("svg.had")),
    new Place("div.acts", new Place("form.expire", new Place("button")), new Place("span.going-says"), new Place("div.undo", new Place("button"))),
    new Place("p.refusal"),
  ).with({ topic, seq: String(sequence), published: "1000", expires: String(expires) });
  return new Place("document", new Place("main#main", card, new Place("dl.facts", new Place("dd.receivers"))));
}
