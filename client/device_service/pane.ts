/**
 * The pane of the simulated devices as a page: what a customer and staff do at a real machine. Its
 * requests carry a secret from the fragment of its link, which is never sent in a request line.
 */
import { pageRequestLengthMax } from "../../lib/limits.ts";
import { formatMoney } from "../../lib/money.ts";
import { notesOf } from "../../lib/notes.ts";
import type { NoteCounts } from "../cash/note_mix.ts";
import { type Controls, type ControlsParts, faults } from "./controls.ts";

const headers = {
  "content-security-policy":
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  // Clients repeat a request on a used connection that ends without an answer: a note would be two.
  "connection": "close",
};

/** Answers a request of the page, or null if it is not one of its paths. */
export async function answerPane(
  request: Request,
  controls: Controls,
): Promise<Response | null> {
  const { pathname } = new URL(request.url);
  if (pathname === "/" && request.method === "GET") {
    return new Response(document, {
      headers: { ...headers, "content-type": "text/html; charset=utf-8" },
    });
  }
  if (!["/state", "/act"].includes(pathname) || request.method !== "POST") return null;
  if (!controls.admits(request.headers.get("x-pane-secret") ?? "")) {
    return new Response(null, { status: 403, headers });
  }
  if (pathname === "/act") {
    if (Number(request.headers.get("content-length") ?? Infinity) > pageRequestLengthMax) {
      return new Response(null, { status: 413, headers });
    }
    if (!await controls.act(await request.text())) {
      return new Response(null, { status: 400, headers });
    }
  }
  return Response.json(stateOf(controls.parts), { headers });
}

const cardAt = {
  notPresent: "",
  present: "in the reader",
  entering: "to be taken",
  jammed: "jammed",
};

function stateOf({ devices, recycler, reader }: ControlsParts) {
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
    cards: reader.names(),
    retained: reader.retained(),
    card: reader.accepting() ? "waits" : reader.media(),
    accepting: devices.isOpen(),
    presented: devices.presented().size > 0,
    jammed: devices.jammed().length > 0 || reader.media() === "jammed",
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
<button id="jam">Jam the card reader</button>
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
      button.onclick = () => act("insertNote " + value);
      return button;
    }));
    of("cards").replaceChildren(...state.cards.map((name) => {
      const button = element("button", "Insert the card of " + name);
      button.disabled = state.card !== "waits";
      button.onclick = () => act("insertCard " + name);
      return button;
    }));
    of("takecard").disabled = state.card !== "entering";
    of("emptycards").disabled = !state.retained;
    of("take").disabled = !state.presented;
    of("clear").disabled = !state.jammed;
    if (of("fault").length === 0) of("fault").append(...state.faults.map((each) => new Option(each)));
    of("armed").textContent = state.armed.join(", ") || "none";
  }
  of("takecard").onclick = () => act("takeCard");
  of("emptycards").onclick = () => act("emptyCards");
  of("take").onclick = () => act("takeNotes");
  of("jam").onclick = () => act("jamReader");
  of("clear").onclick = () => act("clearJams");
  of("arm").onclick = () => act("armFault " + of("fault").value);
  setInterval(() => ask("/state"), 500);
  ask("/state");
</script>
`;
