// Copying: a command that stands on the page, or a message in one of the forms that its page offers (web/copyas.templ). The
// forms of a message are made by the server, from all of it: a list may show only its beginning.
import { element, write } from "./dom";
import { fetched } from "./fresh";
import { keys } from "./keys";
import { focusedRow } from "./row-focus";
import { t } from "./texts";

// Form is one of the forms of a message.
type Form = "text" | "pub" | "grpcurl" | "curl";

const SHOWN = 2000; // how long it is said that something was copied

// copying has the page's buttons and keys copy, from now on.
export function copying(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest<HTMLElement>(".copy") : null;
    if (button?.dataset["copyAs"]) void copyMessage(button, document);
    else if (button?.dataset["copy"]) void copyCommand(button);
  });
  keys.on("copy-text", () => copyFocused("text"));
  keys.on("copy-command", () => copyFocused("pub"));
}

// copyFocused copies the message of the row that has the focus, or the one that is open.
function copyFocused(form: Form): boolean {
  const row = focusedRow();
  if (!row) {
    const button = document.querySelector<HTMLElement>(`[data-copy-as="${form}"]`);
    if (!button?.checkVisibility()) return false;
    void copyMessage(button, document);
    return true;
  }
  const link = row.querySelector<HTMLAnchorElement>("a.seq");
  if (link) void copyRow(link.href, form);
  return link !== null;
}

// copyRow reads the message's page, which has all of it.
async function copyRow(address: string, form: Form): Promise<void> {
  const answer = await fetched(address);
  const button = answer?.page.querySelector<HTMLElement>(`[data-copy-as="${form}"]`);
  if (answer && button) return copyMessage(button, answer.page);
  tell(answer ? t("copy.ended") : t("copy.unread"));
}

async function copyMessage(button: HTMLElement, page: Document): Promise<void> {
  const form = button.textContent.trim();
  const why = button.dataset["why"];
  if (why) return tell(t("copy.not", { form, why }));
  const text = JSON.parse(button.dataset["copyJson"] ?? '""') as string;
  const message = `#${element("#card", page).dataset["seq"]}`;
  tell((await toClipboard(text)) ? t("copy.copied", { message, form }) : t("copy.refused"));
}

// copyCommand copies what stands before the button. Where pages may not, it is selected, to be copied by hand.
async function copyCommand(button: HTMLElement): Promise<void> {
  const [label] = button.childNodes;
  if (await toClipboard(button.dataset["copy"] ?? "")) {
    if (!label) return;
    label.textContent = t("command.copied");
    setTimeout(() => (label.textContent = t("command.copy")), SHOWN);
  } else if (button.previousElementSibling) document.getSelection()?.selectAllChildren(button.previousElementSibling);
}

// toClipboard puts a text into the clipboard. Browsers have the clipboard only for pages of this machine or over TLS; the
// way from before there was one works for others too. False: neither does.
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return throughSelection(text);
  }
}

function throughSelection(text: string): boolean {
  const take = (event: ClipboardEvent): void => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener("copy", take, { capture: true, once: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", take, { capture: true });
  return done;
}

// tell says aloud and for a moment in sight what became of it.
function tell(text: string): void {
  const place = document.querySelector<HTMLElement>("#copied");
  write(document.querySelector("#say"), text);
  write(place, text);
  if (!place) return;
  place.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (place.hidden = true), SHOWN);
}
let hiding: ReturnType<typeof setTimeout> | undefined;
