/**
 * The pane of the simulated devices as a page: what a customer and staff do at a real machine. Its
 * requests carry a secret from the fragment of its link, which is never sent in a request line.
 */
import type { DeviceFault } from "../../lib/atm.ts";
import { equalInConstantTime } from "../../lib/bytes.ts";
import { pageRequestLengthMax } from "../../lib/limits.ts";
import { formatMoney, minorFromText } from "../../lib/money.ts";
import { notesOf } from "../../lib/notes.ts";
import type { NoteCounts } from "../cash/note_mix.ts";
import { CardReaderError } from "../cards/card_reader.ts";
import type { Cards, SimulatedCardReader } from "../cards/simulated_card_reader.ts";
import type { SimulatedDevices } from "../cash/simulated_devices.ts";
import type { CashRecycler } from "./recycler.ts";

export interface PaneParts {
  devices: SimulatedDevices;
  recycler: CashRecycler;
  reader: SimulatedCardReader;
  cards: Cards;
  secret: string;
  /** Called after the state has changed. */
  onChange: () => void;
}

const faults: readonly DeviceFault[] = (["jam", "lost count", "power cut"] as const).flatMap((
  what,
) =>
  (["before", "between", "after"] as const).flatMap((when) =>
    (["dispense", "present", "retract", "cashIn", "cashInEnd", "cashInRollback"] as const)
      .map((step) => `${what} ${when} ${step}` as const)
  )
);

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** Answers a request of the page, or null if it is not one of its paths. */
export async function answerPane(request: Request, parts: PaneParts): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (pathname === "/" && request.method === "GET") {
    return new Response(document, {
      headers: { ...headers, "content-type": "text/html; charset=utf-8" },
    });
  }
  if (!["/state", "/act"].includes(pathname) || request.method !== "POST") return null;
  const given = request.headers.get("x-pane-secret") ?? "";
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (!equalInConstantTime(bytes(given), bytes(parts.secret))) {
    return new Response(null, { status: 403, headers });
  }
  if (pathname === "/act") {
    if (Number(request.headers.get("content-length") ?? Infinity) > pageRequestLengthMax) {
      return new Response(null, { status: 413, headers });
    }
    if (!act(await request.text(), parts)) return new Response(null, { status: 400, headers });
    parts.onChange();
  }
  return Response.json(stateOf(parts), { headers });
}

/** Executes "insert 2000", "take", "card NAME", "takecard", "emptycards", "clear", "arm FAULT" or "disarm FAULT". */
function act(text: string, { devices, recycler, reader, cards }: PaneParts): boolean {
  const { currency } = recycler.units;
  const [, verb, rest = ""] = /^([a-z]+) ?(.*)$/.exec(text) ?? [];
  const fault = faults.find((each) => each === rest);
  if (verb === "take") devices.takeNotes();
  else if (verb === "card" || verb === "takecard" || verb === "emptycards") {
    if (verb === "card" && !cards.names().includes(rest)) return false;
    try {
      if (verb === "card") reader.insert(rest);
      else if (verb === "takecard") reader.take();
      else reader.empty();
    } catch (error) {
      if (!(error instanceof CardReaderError)) throw error;
      return false;
    }
  } else if (verb === "clear") devices.clearJams();
  else if (verb === "arm" && fault) devices.arm(fault);
  else if (verb === "disarm" && fault) devices.disarm(fault);
  else if (verb === "insert" && currency) {
    const note = minorFromText(rest);
    if (note === null || !notesOf(currency).includes(note)) return false;
    void devices.insert(note);
  } else return false;
  return true;
}

const cardAt = {
  notPresent: "",
  present: "in the reader",
  entering: "to be taken",
  jammed: "jammed",
};

function stateOf({ devices, recycler, reader, cards }: PaneParts) {
  const { currency } = recycler.units;
  const listed = (notes: NoteCounts) =>
    [...notes].map(([value, count]) => `${count} × ${formatMoney(value, currency!)}`).join(", ");
  return {
    notes: currency
      ? notesOf(currency).map((value) => ({
        value: value.toString(),
        label: formatMoney(value, currency),
      }))
      : [],
    rows: currency
      ? [
        ["In the cassettes", listed(devices.cassettes())],
        ["On the stacker", listed(devices.at("stacker"))],
        ["To be taken", listed(devices.presented())],
        ["In escrow", listed(devices.escrow())],
        ["In the bins", listed(devices.at("reject", "retract"))],
        ["Left by customers", listed(devices.at("left"))],
        ["Out of order", devices.jammed().join(", ")],
        ["Card", cardAt[reader.media()]],
        ["Retained cards", reader.retained() === 0 ? "" : String(reader.retained())],
      ]
      : [["Units", "not configured: an ATM configures them when it connects"]],
    cards: cards.names(),
    retained: reader.retained(),
    card: reader.accepting() ? "waits" : reader.media(),
    accepting: devices.accepting(),
    presented: devices.presented().size > 0,
    jammed: devices.jammed().length > 0,
    faults,
    armed: devices.faults(),
  };
}

const document = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cash devices</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
  button, select { font: inherit; min-height: 44px; padding: 0 1rem; margin: 0 .5rem .5rem 0; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: start; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8888; }
  th { width: 12rem; font-weight: 600; }
</style>
<h1>Cash devices</h1>
<table id="rows"></table>
<h2>A customer</h2>
<div id="notes"></div>
<button id="take">Take the notes</button>
<div id="cards"></div>
<button id="takecard">Take the card</button>
<h2>Faults</h2>
<label>Next fault <select id="fault"></select></label>
<button id="arm">Arm</button>
<p>Armed: <span id="armed">none</span></p>
<h2>Staff</h2>
<button id="clear">Clear the jams</button>
<button id="emptycards">Take out the retained cards</button>
<p id="lost" role="status"></p>
<script>
  const secret = location.hash.slice(1);
  const of = (id) => document.getElementById(id);
  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  let drawn = "";
  async function ask(path, body = "") {
    try {
      const headers = { "x-pane-secret": secret };
      const response = await fetch(path, { method: "POST", headers, body });
      of("lost").textContent = response.ok ? "" : "The page's link is no longer valid.";
      if (response.ok) draw(await response.json());
    } catch {
      of("lost").textContent = "The devices do not answer.";
    }
  }
  const act = (what) => ask("/act", what);
  function draw(state) {
    const text = JSON.stringify(state);
    if (text === drawn) return;
    drawn = text;
    of("rows").replaceChildren(...state.rows.map(([name, value]) => {
      const row = element("tr", "");
      row.append(element("th", name), element("td", value || "none"));
      return row;
    }));
    of("notes").replaceChildren(...state.notes.map(({ value, label }) => {
      const button = element("button", "Insert " + label);
      button.disabled = !state.accepting;
      button.onclick = () => act("insert " + value);
      return button;
    }));
    of("cards").replaceChildren(...state.cards.map((name) => {
      const button = element("button", "Insert the card of " + name);
      button.disabled = state.card !== "waits";
      button.onclick = () => act("card " + name);
      return button;
    }));
    of("takecard").disabled = state.card !== "entering";
    of("emptycards").disabled = !state.retained;
    of("take").disabled = !state.presented;
    of("clear").disabled = !state.jammed;
    if (of("fault").length === 0) of("fault").append(...state.faults.map((each) => new Option(each)));
    of("armed").textContent = state.armed.join(", ") || "none";
  }
  of("takecard").onclick = () => act("takecard");
  of("emptycards").onclick = () => act("emptycards");
  of("take").onclick = () => act("take");
  of("clear").onclick = () => act("clear");
  of("arm").onclick = () => act("arm " + of("fault").value);
  setInterval(() => ask("/state"), 500);
  ask("/state");
</script>
`;
