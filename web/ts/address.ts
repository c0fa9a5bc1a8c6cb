// The page's address, in which the page notes what one looks at. While a message stands beside the list the browser shows
// the message's address: what is noted meanwhile is written when the list's comes back.
export class Address {
  private own: URL | undefined;
  private covered = false;

  // page is the page's own address, whatever stands over it.
  get page(): URL {
    return new URL((this.covered && this.own) || location.href);
  }

  // note writes parameters into it; undefined takes one away.
  note(parameters: Record<string, string | undefined>): void {
    const { page } = this;
    for (const [name, value] of Object.entries(parameters)) {
      if (value === undefined) page.searchParams.delete(name);
      else page.searchParams.set(name, value);
    }
    this.own = page;
    if (!this.covered) this.write();
  }

  // cover puts the address of a message over it: one step back leads to the page, from whichever message was shown last.
  cover(address: string): void {
    this.own = this.page;
    if (this.covered) history.replaceState(COVERED, "", address);
    else history.pushState(COVERED, "", address);
    this.covered = true;
  }

  // moved follows a step through the history. True: a message's address stands over the page's now.
  moved(): boolean {
    const before = this.covered;
    this.covered = (history.state as typeof COVERED | null)?.covered ?? false;
    if (before && !this.covered) this.write();
    return this.covered;
  }

  private write(): void {
    if (this.own && this.own.href !== location.href) history.replaceState(history.state, "", this.own);
  }
}

const COVERED = { covered: true };

// address is the page's.
export const address = new Address();
