// What is done with a row of Retained: by its buttons, by the menu of longer lifetimes, by a key at the row one is at.
import { shifted } from "./dom";
import type { Lifetime } from "./lifetime";
import type { Actions, LongerMenu } from "./longer-menu";
import type { Entry } from "./retained";
import type { RetainedList } from "./retained-list";

export class RowActions {
  constructor(
    private readonly list: RetainedList,
    private readonly lifetime: Lifetime,
    private readonly menu: LongerMenu,
  ) {
    this.listen();
  }

  // end expires the row that has the focus, at once. False when none has it.
  end(): boolean {
    const entry = this.entryOf(document.activeElement);
    if (entry) void this.lifetime.end(entry);
    return entry !== undefined;
  }

  private entryOf(target: EventTarget | null): Entry | undefined {
    const li = target instanceof Element ? target.closest("li") : null;
    return li && this.list.list.contains(li) ? this.list.entry(li) : undefined;
  }

  private listen(): void {
    const { lifetime } = this;
    const { list, holding } = this.list;
    // Until the menu is closed the list keeps its rows where they are.
    const actions: Actions = {
      extend: (entry, by) => void lifetime.extend(entry, by),
      until: (entry, deadline) => void lifetime.until(entry, deadline),
      opened: (open) => holding.keep("menu", open),
    };
    const atOnce = shifted(list); // With Shift, Expire leaves no time for Undo.
    list.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>(".longer, .undo button") : null;
      const entry = button && this.entryOf(button);
      if (!entry) return;
      if (button.matches(".longer")) this.menu.open(entry, button, actions);
      else void lifetime.undo(entry);
    });
    list.addEventListener("submit", (event) => {
      const form = event.target as HTMLFormElement;
      const entry = this.entryOf(form);
      if (!entry) return;
      event.preventDefault();
      if (form.classList.contains("extend")) void lifetime.extend(entry);
      else void (atOnce() ? lifetime.end(entry) : lifetime.expire(entry));
    });
  }
}
