/** Runs in the page: receipts that are pasted, dropped or in the link's fragment are checked at once. */
import { receiptOfFragment } from "./fragment.ts";
import { type Finding, type Verdict, verifyReceipt } from "./verify_receipt.ts";

type Field = "receipt" | "proof" | "policy" | "later";

const fileBytesMax = 1 << 20;
/** Base64 of the first bytes of a later log's first entry. */
const laterExtra = "\nextra c3Ryb25ncm9vbS8xIGNoYWlucyBiZWZv";

const element = (id: string) => document.getElementById(id)!;
const fieldOf = (id: Field) => element(id) as HTMLTextAreaElement;

const outcomes: Record<Verdict["outcome"], [heading: string, advice: string]> = {
  logged: ["The log has this entry", "This is what was proved, and what was not."],
  signed: [
    "Signed by the bank, not proved yet",
    "The bank has given its word. A proof shows that its log keeps it.",
  ],
  refused: ["Not verified", "Read why before you rely on this receipt or proof."],
};

const groups: [kind: Finding["kind"], heading: string][] = [
  ["refused", "Why"],
  ["proved", "Proved"],
  ["unproved", "Not proved"],
];

/** Counts checks, so that an older one that ends later is dropped. */
let checks = 0;

async function check(): Promise<void> {
  const number = ++checks;
  const texts = (["receipt", "proof", "later"] as const).map((id) => fieldOf(id).value)
    .filter((text) => text.trim() !== "").map(withOneEnd);
  const policy = fieldOf("policy").value;
  if (texts.length === 0 || policy.trim() === "") {
    return show(null, texts.length > 0 ? "Add the bank's policy: it has the keys." : undefined);
  }
  try {
    const verdict = await verifyReceipt(texts, policy, crypto.subtle);
    if (number === checks) show(verdict);
  } catch (error) {
    if ((error as Error).name !== "NotSupportedError") throw error;
    report("This browser lacks Ed25519 signatures: open the page in a current browser.");
  }
}

/** Returns the text as it was signed: copying may add or lose line breaks at its ends. */
function withOneEnd(text: string): string {
  return `${text.trim()}\n`;
}

function show(
  verdict: Verdict | null,
  advice =
    "Paste the receipt of your QR code or the bank's proof, or drop their files anywhere on " +
    "this page.",
): void {
  const [heading, about] = verdict
    ? outcomes[verdict.outcome]
    : ["Nothing to check yet", advice] as const;
  element("verdict").dataset.outcome = verdict?.outcome ?? "";
  element("outcome").textContent = heading;
  element("advice").textContent = about;
  element("findings").replaceChildren(
    ...groups.flatMap(([kind, heading]) => {
      const found = verdict?.findings.filter((finding) => finding.kind === kind) ?? [];
      return found.length === 0 ? [] : [listOf(kind, heading, found)];
    }),
  );
}

function listOf(kind: string, heading: string, findings: readonly Finding[]): HTMLElement {
  const section = document.createElement("div");
  section.dataset.kind = kind;
  const title = document.createElement("h3");
  title.textContent = heading;
  const list = document.createElement("ul");
  list.role = "list";
  list.append(...findings.map(({ sentence }) => {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("span"), { textContent: sentence }));
    return item;
  }));
  section.append(title, list);
  return section;
}

/** @param problem empty for none */
function report(problem: string): void {
  element("problem").hidden = problem === "";
  element("problem").textContent = problem;
}

/** Returns the field for a file's text. */
function placeOf(text: string): Field {
  if (text.startsWith("strongroom receipt ")) return "receipt";
  if (!text.startsWith("c2sp.org/tlog-proof@")) return "policy";
  return text.includes(laterExtra) ? "later" : "proof";
}

async function takeFiles(files: Iterable<File>): Promise<void> {
  report("");
  for (const file of files) {
    try {
      if (file.size > fileBytesMax) throw new Error("it is too large");
      const text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      fieldOf(placeOf(text)).value = text;
    } catch (error) {
      report(`${file.name} cannot be read: ${(error as Error).message}.`);
    }
  }
  await check();
}

function takeFragment(): void {
  if (location.hash.length < 2) return;
  report("");
  try {
    fieldOf("receipt").value = receiptOfFragment(location.hash.slice(1));
  } catch {
    fieldOf("receipt").value = ""; // an earlier link's receipt is not this link's
    report("The link is damaged: scan the QR code again.");
  }
}

function start(): void {
  // browsers leave it out on pages that came by plain HTTP
  if (!globalThis.crypto?.subtle) {
    return report(
      "This page cannot check signatures here: the browser offers no cryptography (crypto.subtle). " +
        "Open the page over HTTPS or as a file, in a current browser.",
    );
  }
  element("texts").addEventListener("input", (event) => {
    if (!(event.target instanceof HTMLTextAreaElement)) return;
    report("");
    check();
  });
  element("texts").addEventListener("submit", (event) => event.preventDefault());
  const input = element("files") as HTMLInputElement;
  input.addEventListener("change", () => takeFiles(input.files ?? []));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    takeFiles(event.dataTransfer?.files ?? []);
  });
  addEventListener("hashchange", () => {
    takeFragment();
    check();
  });
  takeFragment();
  check();
}

start();
