/** The screens in a real browser, in front of a scripted machine: what the tests of screens share. */
import type { Browser, BrowserContext, Page } from "../browser.ts";
import { type BrowserHost, startBrowserHost } from "../../ui/window/browser_host.ts";
import { bundlePage, type Page as PageTexts } from "../../ui/window/page_bundle.ts";
import { ScriptedMachine } from "./scripted_machine.ts";

export interface OpenAtm {
  machine: ScriptedMachine;
  host: BrowserHost;
  page: Page;
  context: BrowserContext;
  /** What no page should ever do: console errors, thrown errors, broken rules of the CSP. */
  problems: string[];
  /** Every request since the page was opened. */
  requests: string[];
  /** Ends the host, as if its process had died. */
  killHost(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  machine?: ScriptedMachine;
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  pageGoneGraceMs?: number;
}

let texts: PageTexts | undefined;

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Opens the page of a host of its own; `close` ends both. */
export async function openAtm(browser: Browser, options: OpenOptions = {}): Promise<OpenAtm> {
  const machine = options.machine ?? new ScriptedMachine();
  const ending = new AbortController();
  const problems: string[] = [];
  const host = startBrowserHost({
    machine,
    page: texts ??= await bundlePage("in_browser"),
    randomBytes,
    signal: ending.signal,
    onError: (error) => problems.push(`host: ${error}`),
    pageGoneGraceMs: options.pageGoneGraceMs ?? 300,
    heartbeatMs: 200,
  });
  const context = await browser.newContext({
    viewport: options.viewport ?? { width: 1280, height: 800 },
    colorScheme: options.colorScheme ?? "light",
    reducedMotion: "reduce", // nothing to be waited for
  });
  const page = await context.newPage();
  const requests = watchPage(page, problems);
  await page.goto(host.newLink());
  const killHost = async () => {
    ending.abort();
    await host.finished;
  };
  return {
    machine,
    host,
    page,
    context,
    problems,
    requests,
    killHost,
    async close() {
      await context.close();
      await killHost();
    },
  };
}

/** Collects what goes wrong on a page, and its requests. */
export function watchPage(page: Page, problems: string[]): string[] {
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`thrown: ${error}`));
  page.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));
  return requests;
}

/** Waits until the page shows a screen of this name. */
export async function onScreen(page: Page, name: string): Promise<void> {
  await page.locator(`[data-screen=${name}]`).waitFor({ timeout: 5000 });
}

/** From the welcome to the menu, as alice. */
export async function logIn(page: Page): Promise<void> {
  await onScreen(page, "welcome");
  await page.getByRole("button", { name: "Touch to begin" }).click();
  await fillLogIn(page, "alice", "correct horse");
  await onScreen(page, "menu");
}

/** Types a name and a password, and sends them. */
export async function fillLogIn(page: Page, username: string, password: string): Promise<void> {
  await onScreen(page, "log_in");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}
