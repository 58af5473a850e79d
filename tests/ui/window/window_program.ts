/**
 * Windows with pages of the tests' own, started as their own program since GTK needs the main
 * thread: the real window, gate, worker and host, and behind them a scripted machine. What the page
 * says comes out as lines of JSON.
 */
import { atmMachine } from "../../../ui/window/calls.ts";
import { bundlePage, type Page } from "../../../ui/window/page_bundle.ts";
import { libraryName } from "../../../ui/command_line/launcher/webview_library.ts";
import { runWindow } from "../../../ui/window/window_thread.ts";
import { serveWindow, type WindowEnd } from "../../../ui/window/window_worker.ts";
import { memoryOf, treeOf } from "../../process_tree.ts";
import { ScriptedAtm } from "../scripted_atm.ts";

export type Role = "calls" | "cycles" | "attacks" | "death" | "screens";
/** What the page reports of itself by calls of the machine: its first word is what it is about. */
export type Said = { said: string[] } | { closed: number } | { memory: number; processes: number };

interface Begin {
  role: Role;
}

const workerName = "scripted";

/** Returns the page's part; `say` brings words out, `page` is the page's number, from 1 on. */
function scriptOf(role: Role, more: string): string {
  const prelude = `
    const secret = document.getElementById("app").dataset.secret;
    const ask = (...request) => strongroom(secret, ...request);
    const page = await ask("open");
    (async () => { for (let seen = -1;;) seen = (await ask("watch", page, seen))?.number ?? seen; })();
    const call = (name, ...args) => ask("call", page, name, args);
    const say = (...words) => call("logIn", "-", JSON.stringify(words));
    const soon = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`;
  const parts: Record<Role, string> = {
    calls: `
      const startMs = performance.now();
      for (let count = 0; count < 1000; count++) await call("logOut");
      await say("1000 calls", performance.now() - startMs);`,
    cycles: `await say("shown");`,
    death: "",
    screens: "",
    attacks: `
      const elsewhere = "http://127.0.0.1:${more}/";
      if (page === 1) {
        const tried = (work) => { try { return String(work()); } catch (error) { return error.name; } };
        for (const [name, attribute] of [["img", "src"], ["iframe", "src"], ["link", "href"]]) {
          const element = document.createElement(name);
          element.rel = "stylesheet";
          element[attribute] = elsewhere + name;
          document.body.append(element);
        }
        const form = document.createElement("form");
        form.action = elsewhere + "form";
        document.body.append(form);
        tried(() => form.submit());
        tried(() => new WebSocket(elsewhere.replace("http", "ws")));
        tried(() => new EventSource(elsewhere));
        tried(() => navigator.sendBeacon(elsewhere, "x"));
        const fetched = await fetch(elsewhere).then(() => "fetched", (error) => error.name);
        await soon(500);
        await say("network", fetched);
        await say("script", tried(() => eval("1")), tried(() => document.write("<p>")));
        await say("opened", tried(() => open(elsewhere + "window")), tried(() => open("about:blank")));
        location.reload(); // WebKit ignores both, in a document without an address
        location.href = "data:text/html,<p>elsewhere";
        await soon(1000);
        await say("still here");
        location.href = elsewhere + "navigated";
      } else {
        await say("after another address");
        await say("end");
      }`,
  };
  return `(async () => {${prelude}${parts[role]}})();`;
}

/**
 * A hand on the real page: does each of `steps` as soon as it can be done, and reports each screen
 * of the last. A step is the words a button begins with, `label=text` of a field, `Enter` in it, or
 * `!` and a deed of the worker's.
 */
const handOnPage = (steps: string) => `
  (() => {
    const { strongroom } = globalThis;
    let secret, page, opens = 0;
    globalThis.strongroom = async (...request) => {
      if (${steps}.includes("!silence") && request[1] === "watch") return new Promise(() => {});
      const answer = await strongroom(...request);
      if (request[1] === "open") [secret, page] = [request[0], answer];
      return answer;
    };
    const say = (...words) => strongroom(secret, "call", page, "logIn", ["-", JSON.stringify(words)]);
    const soon = () => new Promise((resolve) => setTimeout(resolve, 30));
    const find = (selector, words) => [...document.querySelectorAll(".atm " + selector)]
      .find((each) => (each.ariaLabel ?? each.textContent).trim().startsWith(words));
    const tried = async (step) => {
      const [label, text] = step.split("=");
      const field = text && find("label", label)?.control;
      if (step === "!silence") return true;
      if (step === "!open") page = await strongroom(secret, "open");
      else if (step[0] === "!") await say("do", step);
      else if (step === "Enter") document.activeElement.form.requestSubmit();
      else if (field) {
        field.focus();
        field.value = text;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      } else if (text === undefined && find("button", step)) find("button", step).click();
      else return false;
      return true;
    };
    (async () => {
      while (!page || !document.querySelector("[data-screen]")) await soon();
      addEventListener("error", ({ message }) => say("broke", message));
      addEventListener("unhandledrejection", ({ reason }) => say("broke", String(reason)));
      for (const step of ${steps}) {
        while (!await tried(step)) await soon();
        await soon();
      }
      for (let last = "";;) {
        const { screen } = document.querySelector(".atm").dataset;
        const isThere = document.querySelector(".atm h1")?.textContent;
        if (screen !== last && isThere) await say("screen", last = screen);
        await soon();
      }
    })();
  })();
`;

let bundled: Promise<Page> | undefined;

/** Returns a page that is only this script; the real one's document and style around it. */
async function pageOf(role: Role, more: string): Promise<Page> {
  const real = await (bundled ??= bundlePage("in_window"));
  if (role === "death") return real;
  if (role === "screens") return { ...real, script: handOnPage(more) + real.script };
  return { ...real, script: scriptOf(role, more) };
}

async function show(role: Role, more: string): Promise<number> {
  const name = libraryName(Deno.build.os, Deno.build.arch)!;
  const library = decodeURIComponent(
    new URL(import.meta.resolve(`webview-bun/build/${name}`)).pathname,
  );
  const worker = () => new Worker(import.meta.url, { type: "module", name: workerName });
  return await runWindow<Begin>({
    library,
    title: "test",
    page: pageOf(role, more),
    kiosk: false,
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    startWorker: worker,
    begin: { role },
    interrupted: new AbortController().signal,
  });
}

/** What happens to the machine behind a screen. */
const deeds: Record<string, (scripted: ScriptedAtm) => void> = {
  "!hold": (scripted) => scripted.gate = new Promise(() => {}),
  "!present": (scripted) =>
    scripted.change({ presented: { notes: [{ value: "5000", count: 2 }], total: "10000" } }),
  "!insert a card": (scripted) => void scripted.insertCard("alice"),
  "!refuse": (scripted) => scripted.next.withdraw = "insufficient_funds",
  "!lose": (scripted) => scripted.loseBank(),
  "!find": (scripted) => scripted.change({ bank: "online" }),
  "!no key": (scripted) => scripted.change({ bank: "no_key" }),
};

/**
 * Returns the worker: a machine that says what it is asked, until the page has said what it should.
 */
async function serve({ role }: Begin, window: WindowEnd): Promise<number> {
  const done = Promise.withResolvers<void>();
  const scripted = new ScriptedAtm({ otherAccounts: { savings: 980_000n } });
  const logIn = scripted.logIn.bind(scripted);
  scripted.logIn = (username, words) => {
    if (role === "screens") {
      if (!words.startsWith("[")) return logIn(username, words);
      const [about, what] = JSON.parse(words);
      if (about === "do") deeds[what]!(scripted);
      else send({ said: [about, what] });
      return Promise.resolve({ outcome: "ok" });
    }
    send({ said: words.startsWith("[") ? JSON.parse(words).map(String) : ["stranger", username] });
    if (role !== "attacks" || words.includes("end")) done.resolve();
    return logIn(username, words);
  };
  // a page on a busy machine may be late: the visit of one that shows screens does not end for it
  const disconnectedMsMax = role === "screens" ? 60_000 : 500;
  const host = window.host({ machine: atmMachine(scripted), heartbeatMs: 500, disconnectedMsMax });
  if (role === "death") {
    await host.shown.any;
    send({ said: ["shown"] });
    setTimeout(() => {
      throw new Error("the worker breaks, as the test requires");
    }, 500);
  }
  await (role === "screens" ? window.closed : Promise.race([done.promise, window.closed]));
  host.close();
  return 0;
}

function send(said: Said): void {
  console.log(JSON.stringify(said));
}

/** Opens and closes windows in this one process, and reports what it holds before and after. */
async function cycle(count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    await show("cycles", "");
    const tree = treeOf(Deno.pid);
    if (at === Math.floor(count / 5) || at === count - 1) {
      send({ memory: memoryOf([Deno.pid]), processes: tree.length });
    }
  }
}

/** Shows a window for each list of steps, in this one process; each is closed from outside. */
async function showEach(steps: string[][]): Promise<number> {
  for (const each of steps) send({ closed: await show("screens", JSON.stringify(each)) });
  return 0;
}

if (import.meta.main) {
  if (self.name === workerName) {
    serveWindow<Begin>(new Promise<never>(() => {}), serve);
  } else {
    const [role, more = ""] = Deno.args as [Role, string?];
    if (role === "cycles") await cycle(Number(more));
    else if (role === "screens") Deno.exitCode = await showEach(JSON.parse(more));
    else Deno.exitCode = await show(role, more);
    Deno.exit(Deno.exitCode);
  }
}
