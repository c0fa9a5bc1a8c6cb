// Keys: which key does what, wherever it is pressed. The table is web/keys.json, from which Help's list is rendered too;
// what an action does is registered by the part of the page that can do it. A key whose action nobody here can do does
// nothing.
import table from "../keys.json";
import { storage } from "./storage";

// Run does an action. False: there was nothing to do; whoever registered before is asked.
export type Run = () => boolean | void;

// Press is a key as it was pressed.
export interface Press {
  key: string;
  // typing: in a field, where keys are what one writes.
  typing: boolean;
  // enters, spaces: on something that Enter presses, or Space, which presses no link and no slider.
  enters: boolean;
  spaces: boolean;
  repeated: boolean;
  at: number;
}

// PATIENCE is how long the second key of two may take, in milliseconds.
const PATIENCE = 1500;

// STORED is where this browser keeps that single keys are switched off.
const STORED = "linger.keys";

interface Binding {
  key: string;
  action: string;
  repeats?: boolean;
}

export class Keys {
  private readonly bindings = new Map<string, Binding>();
  private readonly actions = new Map<string, Run[]>();
  private first = { key: "", at: -Infinity };

  constructor(
    list: readonly Binding[] = table,
    private readonly store: Pick<Storage, "getItem" | "setItem"> | undefined = storage(),
  ) {
    for (const binding of list) {
      this.bindings.set(binding.key, binding);
      this.actions.set(binding.action, []);
    }
  }

  // on registers what does an action; the newest is asked first. Only actions of the table have a key.
  on(action: string, run: Run): void {
    const runs = this.actions.get(action);
    if (!runs) throw new Error(`no key is for ${action}: see web/keys.json`);
    runs.unshift(run);
  }

  // press does what a key is for. True: it was for something.
  press(press: Press): boolean {
    const binding = this.find(press);
    if (!binding || (press.repeated && !binding.repeats)) return false;
    return (this.actions.get(binding.action) ?? []).some((run) => run() !== false);
  }

  // enabled says whether keys that are a single character do something; Enter and Escape always do.
  get enabled(): boolean {
    return this.store?.getItem(STORED) !== "off";
  }

  set enabled(on: boolean) {
    this.store?.setItem(STORED, on ? "on" : "off");
  }

  private find({ key, typing, enters, spaces, at }: Press): Binding | undefined {
    const name = key === " " ? "Space" : key;
    const { first } = this;
    this.first = { key: "", at: -Infinity };
    // Escape writes nothing, in a field either.
    if (name === "Escape") return this.bindings.get(name);
    if (typing || (enters && name === "Enter") || (spaces && name === "Space")) return undefined;
    if (name !== "Enter" && !this.enabled) return undefined;
    const both = at - first.at <= PATIENCE ? this.bindings.get(`${first.key} ${name}`) : undefined;
    if (!both && this.begins(name)) this.first = { key: name, at };
    return both ?? this.bindings.get(name);
  }

  private begins(name: string): boolean {
    return [...this.bindings.keys()].some((key) => key.startsWith(`${name} `));
  }
}

// keys are the page's.
export const keys = new Keys();

// listen has the page's keys do what they are for, from now on.
export function listen(on: Keys = keys): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    // An input method has the key; 229: Safari, just after.
    if (event.isComposing || event.keyCode === 229) return;
    const { target } = event;
    const press = {
      key: event.key,
      typing: target instanceof Element && target.matches(FIELD),
      enters: target instanceof Element && target.matches(ENTERED),
      spaces: target instanceof Element && target.matches(SPACED),
      repeated: event.repeat,
      at: event.timeStamp,
    };
    if (on.press(press)) event.preventDefault();
  });
}

const FIELD = "textarea, select, [contenteditable], input:not([type=range], [type=radio], [type=checkbox], [type=submit])";
const SPACED = "button, summary, input:not([type=range]), [role=button]";
const ENTERED = `a, input, [role=slider], ${SPACED}`;
