// What to offer while a topic's name is typed: the busiest topics first, then the others as the server lists them.
import type { Api } from "./api";
import { visible } from "./payload";

const FRESH = 10_000; // for which an answer is good
const MOST = 100;

export class Suggestions {
  private busiest: string[] = [];
  private asked = -Infinity;

  constructor(
    private readonly api: Pick<Api, "topics">,
    field: HTMLElement,
    private readonly list: HTMLElement | null,
  ) {
    field.addEventListener("focus", () => void this.refresh());
  }

  // follow learns which topics are busy.
  follow(busiest: Array<{ name: string }>): void {
    this.busiest = busiest.map(({ name }) => name);
  }

  private async refresh(): Promise<void> {
    const now = performance.now();
    if (!this.list || now - this.asked < FRESH) return;
    this.asked = now;
    try {
      const { topics } = await this.api.topics.listTopics({ pageSize: MOST });
      const names = new Set([...this.busiest, ...topics.map(({ name }) => name)]);
      this.list.replaceChildren(...[...names].slice(0, MOST).map(option));
    } catch {
      // What the server rendered stays.
    }
  }
}

function option(name: string): HTMLOptionElement {
  const element = document.createElement("option");
  element.value = name;
  if (visible(name) !== name) element.label = visible(name);
  return element;
}
