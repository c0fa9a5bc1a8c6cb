// A message's own page. It follows the watch as the lists do.
import { connect } from "./api";
import type { Batch } from "./frame";
import { Going } from "./going";
import { keys } from "./keys";
import { LongerMenu } from "./longer-menu";
import { MessageView } from "./message-view";

export class MessagePage {
  private readonly view: MessageView;

  constructor(
    private readonly main: HTMLElement,
    now: () => number,
    say: (text: string) => void,
  ) {
    this.view = new MessageView(main, now, {
      api: connect(location.origin),
      going: new Going(),
      menu: new LongerMenu(now),
      say,
      tell: say,
      undoable: 0,
      find: () => undefined,
      moved: () => {},
    });
    main.tabIndex = -1;
    this.view.adopt();
    keys.on("expire-now", () => this.view.end());
    keys.on("undo", () => this.view.undo());
  }

  get watched(): string {
    return this.main.dataset["topic"] ?? "";
  }

  take(batch: Batch): void {
    this.view.take(batch);
  }

  tick(): number {
    return this.view.tick();
  }
}
