/** A real bank with operators, each with a console in a real browser: what the console's tests share. */
import type { ConsoleView } from "../../../lib/console.ts";
import type { Role } from "../../../lib/operator_commands.ts";
import { connectUnix, listenUnix, system } from "../../../lib/system.ts";
import {
  Console,
  type ConsoleOptions,
  type ConsoleWorld,
} from "../../../server/console/console.ts";
import type { Signer } from "../../../server/operator/signed_request.ts";
import { serveOperators } from "../../../server/operator/socket.ts";
import { startBrowserHost } from "../../../ui/window/browser_host.ts";
import { consoleMachine, type OperableConsole } from "../../../ui/window/console_calls.ts";
import { bundlePage, type Page as PageTexts } from "../../../ui/window/page_bundle.ts";
import { type Browser, openBrowser, type Page } from "../../browser.ts";
import { addOperator } from "../../server/helpers/operators.ts";
import { RunningBank } from "../../server/helpers/running_bank.ts";
import { patienceMs, randomBytes, watchPage } from "../open_atm.ts";

export interface OpenConsole {
  page: Page;
  console: Console;
  signer: Signer;
  /** What no page should ever do: console errors, thrown errors, broken rules of the CSP. */
  problems: string[];
  /** Lines for the operator's terminal. */
  said: string[];
  /** Ends its process. */
  end(): Promise<void>;
}

export interface Desk {
  running: RunningBank;
  /** Stops the bank's server; `startServer` starts one again. */
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  /** Adds an operator with this role, and opens a console in a browser's context. */
  open(name: string, role?: Role, options?: OpenOptions): Promise<OpenConsole>;
}

export interface OpenOptions {
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  /** What its process has instead of the system's. */
  world?: Partial<ConsoleWorld>;
  /** What verifies the log. */
  verify?: ConsoleOptions["verify"];
  /** Replaces what the page's host operates, for what no bank here does. */
  wrap?(console: OperableConsole): OperableConsole;
}

let texts: Promise<PageTexts> | undefined;

/** The browser of all tests of a file: each console has another context in it. */
let shared: Promise<Browser> | undefined;

/** Closes it. */
export async function closeBrowser(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

Deno.test.afterAll(closeBrowser);

/** Runs with a running bank whose operators have consoles. */
export function withConsoles(run: (desk: Desk) => Promise<void>): Promise<void> {
  return RunningBank.with(async (running) => {
    const browser = await (shared ??= openBrowser());
    let operators = serveOperators(running.bank, listenUnix);
    const stopServer = async () => {
      await operators.close();
      await running.stop();
    };
    const startServer = async () => {
      await running.reopen();
      operators = serveOperators(running.bank, listenUnix);
    };
    const closing: (() => Promise<void>)[] = [];
    const open: Desk["open"] = async (name, role = "admin", options = {}) => {
      const { signer } = await addOperator(running.bank, name, role);
      const problems: string[] = [];
      const said: string[] = [];
      const world = { ...system, connectUnix, ...options.world };
      const say = (line: string) => void said.push(line);
      const { verify, wrap = (console) => console } = options;
      const { folder } = running;
      const console = new Console({ world, folder, say, ...(verify && { verify }) }, signer);
      const ending = new AbortController();
      const opened = Promise.withResolvers<void>();
      const host = startBrowserHost({
        machine: consoleMachine(wrap(console)),
        page: await (texts ??= bundlePage("in_browser", "console")),
        randomBytes,
        signal: ending.signal,
        onOpened: opened.resolve,
        onError: (error) => void problems.push(`host: ${error}`),
        heartbeatMs: 200,
      });
      const { viewport = { width: 1280, height: 800 }, colorScheme = "light" } = options;
      const media = { viewport, colorScheme, reducedMotion: "reduce" } as const;
      const context = await browser.newContext(media);
      context.setDefaultTimeout(patienceMs);
      const page = await context.newPage();
      watchPage(page, problems);
      const end = async () => {
        console.close();
        ending.abort();
        await host.finished;
      };
      closing.push(async () => {
        await context.close();
        await end();
      });
      await page.goto(host.newLink());
      await opened.promise; // an opening ends what another page has asked for
      return { page, console, signer, problems, said, end };
    };
    try {
      await run({ running, stopServer, startServer, open });
    } finally {
      for (const close of closing) await close();
      await operators.close();
    }
  });
}

type OpenView = Extract<ConsoleView, { state: "open" }>;

/** Returns a console whose page is shown another view while it is open. */
export function showing(
  console: OperableConsole,
  change: (view: OpenView) => OpenView,
): OperableConsole {
  const shown = (view: ConsoleView) => view.state === "open" ? change(view) : view;
  return {
    view: () => shown(console.view()),
    watch: (listener) => console.watch((view) => listener(shown(view))),
    act: (command) => console.act(command),
    read: (query) => console.read(query),
    refresh: (query) => console.refresh(query),
    lock: () => console.lock(),
    touch: () => console.touch(),
    verify: () => console.verify(),
    check: () => console.check(),
    backUp: () => console.backUp(),
    dismiss: (id) => console.dismiss(id),
    endPage: () => console.endPage(),
  };
}

/** Opens a screen by its name in the navigation. */
export const goTo = (page: Page, screen: string) =>
  page.getByRole("navigation").getByText(screen, { exact: true }).click();

/** Gives an act: its button, what is filled in, and the button of its dialog. */
export async function give(
  page: Page,
  button: string | RegExp,
  fields: Readonly<Record<string, string>> = {},
  verb = String(button),
): Promise<void> {
  await page.getByRole("main").getByRole("button", { name: button, exact: true }).click();
  const dialog = page.getByRole("alertdialog");
  for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value);
  await dialog.getByRole("button", { name: verb, exact: true }).click();
}

/** Waits for the words of an outcome, and closes the dialog. */
export async function says(page: Page, words: string | RegExp): Promise<string> {
  const dialog = page.getByRole("alertdialog");
  await dialog.getByText(words).first().waitFor();
  const text = await dialog.innerText();
  await dialog.getByRole("button", { name: "Close" }).click();
  return text;
}

export const why = { "Why, for the log": "it is a test" };

/** Waits until the console's view fits. */
export async function untilView(
  console: Console,
  fits: (view: ConsoleView) => boolean,
): Promise<void> {
  if (fits(console.view())) return;
  await new Promise<void>((resolve) => {
    const unwatch = console.watch((view) => {
      if (!fits(view)) return;
      unwatch();
      resolve();
    });
  });
}
