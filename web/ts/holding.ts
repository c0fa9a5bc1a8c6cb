// Holding: while someone is busy with a list, nothing in it is inserted, removed or reordered.
//
// Busy is: the pointer moved over it in the last 3 s, text in it is selected, focus is inside, or it is scrolled away from
// its start. A pointer merely left lying there holds nothing.

const AFTER_MOVE = 3000;

export class Holding {
  private movedUntil = 0;
  private selected = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = "";
  // kept is why the list is held whatever the person does with it: a menu is open, or all is paused.
  private readonly kept = new Set<string>();
  // scrolled says that the list is not at its start. Kept, since to ask makes the browser lay out the page.
  scrolled = false;

  constructor(
    private readonly list: HTMLElement,
    private readonly changed: () => void,
  ) {
    list.addEventListener("pointermove", (event) => this.move(event));
    list.addEventListener("focusin", changed);
    list.addEventListener("focusout", () => setTimeout(changed));
    const scrolled = () => {
      this.scrolled = this.away;
      changed();
    };
    list.addEventListener("scroll", scrolled, { passive: true });
    addEventListener("scroll", scrolled, { passive: true });
    document.addEventListener("selectionchange", () => this.select());
    // A click by pointer leaves no focus behind that would hold the list for ever.
    list.addEventListener("click", (event) => {
      const { activeElement } = document;
      if (event.detail > 0 && activeElement instanceof HTMLElement && list.contains(activeElement)) activeElement.blur();
    });
  }

  get held(): boolean {
    return this.kept.size > 0 || performance.now() < this.movedUntil || this.focused || this.selected || this.scrolled;
  }

  // away: by its own scroll bar, or, where the page scrolls instead, by the page's.
  private get away(): boolean {
    if (this.list.scrollTop > 4) return true;
    const scrollsItself = this.list.scrollHeight > this.list.clientHeight + 1;
    return !scrollsItself && this.list.clientHeight > innerHeight / 2 && this.list.getBoundingClientRect().top < -40;
  }

  // keep holds the list for a reason until that reason is gone.
  keep(reason: string, on: boolean): void {
    if (on) this.kept.add(reason);
    else this.kept.delete(reason);
    this.changed();
  }

  // letGo lets everything go at once, but for what has a reason to be kept.
  letGo(): void {
    this.movedUntil = 0;
    if (this.focused) (document.activeElement as HTMLElement).blur();
    if (this.selected) document.getSelection()?.removeAllRanges();
    if (this.list.scrollTop > 0) this.list.scrollTop = 0;
    else if (this.away) scrollTo({ top: 0 });
    this.scrolled = this.away; // the event comes later
    this.changed();
  }

  private get focused(): boolean {
    const { activeElement } = document;
    return activeElement !== null && activeElement !== document.body && this.list.contains(activeElement);
  }

  // select looks at the selection when it changes, and not at each drawing: asking for it lays out the page.
  private select(): void {
    const selection = document.getSelection();
    const selected = selection !== null && !selection.isCollapsed && this.list.contains(selection.anchorNode);
    if (!selected && !this.selected) return;
    this.selected = selected;
    this.changed();
  }

  private move(event: PointerEvent): void {
    // Browsers report a move when the page moves under a pointer that lies still.
    const place = `${event.clientX} ${event.clientY}`;
    if (place === this.last) return;
    this.last = place;
    const before = this.held;
    this.movedUntil = performance.now() + AFTER_MOVE;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed(), AFTER_MOVE + 20);
    if (!before) this.changed();
  }
}
