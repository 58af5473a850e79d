/**
 * The screens in a real browser, in front of a scripted machine: what the tests of screens share. The
 * page comes over either bridge: from its loopback host, or as a window's document with the window's
 * function in it.
 */
import { atmMachine } from "../../ui/window/calls.ts";
import type { Browser, BrowserContext, Page } from "../browser.ts";
import { type BrowserHost, startBrowserHost } from "../../ui/window/browser_host.ts";
import { bundlePage, type Page as PageTexts, type PageEntry } from "../../ui/window/page_bundle.ts";
import { dataUrl, windowDocument } from "../../ui/window/window_document.ts";
import { startWindowHost } from "../../ui/window/window_host.ts";
import { ScriptedAtm } from "./scripted_atm.ts";

export interface OpenAtm {
  scripted: ScriptedAtm;
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

/** An ATM behind a page with a link. */
export interface OpenInBrowser extends OpenAtm {
  host: BrowserHost;
  /** Grows with each opening of a page. */
  opened: true[];
}

export interface OpenOptions {
  scripted?: ScriptedAtm;
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  disconnectedMsMax?: number;
  /** A page without anything of an earlier one, for what is measured. */
  isNew?: boolean;
}

const bundles: Partial<Record<PageEntry, Promise<PageTexts>>> = {};
const textsOf = (entry: PageEntry) => bundles[entry] ??= bundlePage(entry);

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Opens a new host and its page; `close` ends both. */
export async function openAtm(
  browser: Browser,
  options: OpenOptions = {},
): Promise<OpenInBrowser> {
  const scripted = options.scripted ?? new ScriptedAtm();
  const ending = new AbortController();
  const problems: string[] = [];
  const opened: true[] = [];
  const host = startBrowserHost({
    machine: atmMachine(scripted),
    page: await textsOf("in_browser"),
    randomBytes,
    onOpened: () => void opened.push(true),
    signal: ending.signal,
    ...hostOptions(options, problems),
  });
  const { context, page, requests, leave } = await openPage(browser, options, problems);
  await page.goto(host.newLink());
  const killHost = async () => {
    ending.abort();
    await host.finished;
  };
  const close = async () => {
    await leave();
    await killHost();
  };
  return { scripted, host, opened, page, context, problems, requests, killHost, close };
}

/** Opens the page as a window shows it, with the window's function in it; `close` ends it. */
export async function openAtmInWindow(
  browser: Browser,
  options: OpenOptions = {},
): Promise<OpenAtm> {
  const scripted = options.scripted ?? new ScriptedAtm();
  const problems: string[] = [];
  const { context, page, requests, leave } = await openPage(browser, options, problems);
  const secret = randomBytes(32).toBase64({ alphabet: "base64url", omitPadding: true });
  const url = dataUrl(windowDocument(await textsOf("in_window"), secret));
  const open = new Map<string, PromiseWithResolvers<unknown>>();
  const host = startWindowHost({
    machine: atmMachine(scripted),
    secret,
    answer(id, value, refused) {
      if (refused) open.get(id)?.reject(new Error("refused"));
      else open.get(id)?.resolve(structuredClone(value));
      open.delete(id);
    },
    onPageDisconnected() {},
    ...hostOptions(options, problems),
  });
  let calls = 0;
  await bind(page, (...request) => {
    requests.push(String(request[1]));
    const id = `${calls++}`;
    const answer = Promise.withResolvers<unknown>();
    open.set(id, answer);
    host.take(id, JSON.stringify(request));
    return answer.promise;
  });
  await page.goto(url);
  const killHost = () => Promise.resolve(host.close());
  const close = async () => {
    await leave();
    await killHost();
  };
  return { scripted, page, context, problems, requests, killHost, close };
}

function hostOptions(options: OpenOptions, problems: string[]) {
  return {
    onError: (error: unknown) => void problems.push(`host: ${error}`),
    disconnectedMsMax: options.disconnectedMsMax ?? 2_000,
    heartbeatMs: 200,
  };
}

type Bound = (...request: unknown[]) => Promise<unknown>;
const boundPages = new WeakMap<Page, Bound>();

/** Binds a window's function into a page, instead of that of an earlier test. */
async function bind(page: Page, bound: Bound): Promise<void> {
  const isNew = !boundPages.has(page);
  boundPages.set(page, bound);
  if (!isNew) return;
  await page.exposeFunction(
    "strongroom",
    (...request: unknown[]) => boundPages.get(page)!(...request),
  );
}

/** A page for each browser that its last test has left: a new one costs a process. */
const leftPages = new WeakMap<Browser, Page>();

async function openPage(browser: Browser, options: OpenOptions, problems: string[]) {
  const viewport = options.viewport ?? { width: 1280, height: 800 };
  const colorScheme = options.colorScheme ?? "light";
  // reduced motion: nothing to be waited for
  const media = { colorScheme, reducedMotion: "reduce" } as const;
  const left = options.isNew ? undefined : leftPages.get(browser);
  if (left) leftPages.delete(browser);
  const context = left?.context() ?? await browser.newContext({ viewport });
  const page = left ?? await context.newPage();
  await page.setViewportSize(viewport);
  await page.emulateMedia(media);
  const requests = watchPage(page, problems);
  /** Leaves a blank page for the next test; closes a context in which more was opened. */
  const leave = async () => {
    page.removeAllListeners();
    const isUsable = !options.isNew && !page.isClosed() && context.pages().length === 1;
    if (!isUsable || leftPages.has(browser)) return await context.close();
    await page.goto("about:blank");
    leftPages.set(browser, page);
  };
  return { context, page, requests, leave };
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

/** How long anything may take to show on a machine that is busy with other things. */
export const patienceMs = 60_000;

/** Waits until the page shows a screen of this name. */
export async function onScreen(page: Page, name: string): Promise<void> {
  await page.locator(`[data-screen=${name}]`).waitFor({ timeout: patienceMs });
}

/** A button by its name; an amount is the ATM's own button: the demo's pane says "Insert €50". */
export const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" && name.startsWith("€") });

/**
 * Goes from the welcome to the menu, as alice, in one round trip to the browser: most tests begin
 * there. `log_in_test` and `touches_test` do it as a customer does.
 */
export async function logIn(page: Page): Promise<void> {
  await onScreen(page, "welcome");
  await page.evaluate(async () => {
    const find = async <E extends Element>(selector: string): Promise<E> => {
      for (;;) {
        const found = document.querySelector<E>(selector);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    (await find<HTMLElement>("[data-screen=welcome] [data-key~=enter]")).click();
    for (const [name, text] of [["username", "alice"], ["password", "correct horse"]] as const) {
      const field = await find<HTMLInputElement>(`[data-screen=log_in] [name=${name}]`);
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    (await find<HTMLFormElement>("[data-screen=log_in] form")).requestSubmit();
    await find("[data-screen=menu]");
  });
}

/** Types a name and a password, and sends them. */
export async function fillLogIn(page: Page, username: string, password: string): Promise<void> {
  await onScreen(page, "log_in");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}
