/**
 * The ATM's screen in a browser: an HTTP host on loopback that serves the page and carries its calls
 * to the machine. A page proves itself with a launch secret from the fragment of its link (never
 * sent in a request line, usable once) and gets a secret of its own for every call in return.
 *
 * Every request is checked in this order: Host (421), path (404), method (405), Origin (403), secret
 * (403), call name (404), size (413), arguments (400). What a response says never depends on why a
 * secret was wrong.
 */
import type { AtmMachine, MachineView } from "../../lib/atm.ts";
import { isCall, parseCall } from "./calls.ts";
import type { Page } from "./page_bundle.ts";
import { createPageSecrets } from "./page_secrets.ts";
import { streamViews, type ViewStream } from "./view_stream.ts";

export const hostLimits = {
  /** Longest body of a call. */
  bodyBytesMax: 4096,
  /** Calls of the page that may be under way at one time. */
  callsUnderWayMax: 16,
  /** How often an idle stream shows that its host lives; the page gives up after 8 s of silence. */
  heartbeatMs: 2000,
  /** How long after its page has gone a visit ends. */
  pageGoneGraceMs: 5000,
} as const;

export interface BrowserHostOptions {
  machine: AtmMachine;
  page: Page;
  randomBytes: (length: number) => Uint8Array;
  /** Ends the host: open streams are cut at once. */
  signal: AbortSignal;
  /** Told of what went wrong inside, for the operator's log; the page learns nothing of it. */
  onError?: (error: unknown) => void;
  pageGoneGraceMs?: number;
  heartbeatMs?: number;
}

export interface BrowserHost {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /**
   * A link that opens the page once. The page that opens last is the only one: it ends the visit
   * of the page before it, which then says that the ATM was opened elsewhere.
   */
  newLink(): string;
  /** Settles when the host has ended. */
  finished: Promise<void>;
}

const headersAlways: Record<string, string> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "permissions-policy": "camera=(), microphone=(), geolocation=(), clipboard-read=()",
};

/** Starts the host on 127.0.0.1, at a port of the system's choice. */
export function startBrowserHost(options: BrowserHostOptions): BrowserHost {
  const { machine, page, signal } = options;
  signal.throwIfAborted();
  const secrets = createPageSecrets(options.randomBytes);
  const onError = options.onError ?? (() => {});
  const texts = new Map([
    ["/", { type: "text/html; charset=utf-8", text: page.html }],
    ["/page.js", { type: "text/javascript; charset=utf-8", text: page.script }],
    ["/page.css", { type: "text/css; charset=utf-8", text: page.style }],
  ]);
  let authority = "";
  let stream: ViewStream | null = null;
  let pageGone: ReturnType<typeof setTimeout> | undefined;
  let callsUnderWay = 0;

  let newest = { number: 0, view: machine.view() };
  const unwatch = machine.watch((view: MachineView) => {
    newest = { number: newest.number + 1, view };
    stream?.tell(newest);
  });

  const endVisit = () => {
    if (machine.view().visit) machine.logOut().catch(onError);
  };

  /** A visit does not outlive its page, also where its log-in was still under way. */
  const noticePageGone = () => {
    clearTimeout(pageGone);
    if (stream || signal.aborted) return;
    pageGone = setTimeout(endVisit, options.pageGoneGraceMs ?? hostLimits.pageGoneGraceMs);
  };

  const open = (request: Request) => {
    const secret = secrets.exchange(request.headers.get("x-launch-secret"));
    if (!secret) return refuse(403);
    stream?.end({ gone: "opened_elsewhere" });
    endVisit();
    noticePageGone();
    return Response.json({ secret });
  };

  const watch = () => {
    stream?.end();
    clearTimeout(pageGone);
    const mine = streamViews(newest, options.heartbeatMs ?? hostLimits.heartbeatMs, () => {
      if (stream !== mine) return;
      stream = null;
      noticePageGone();
    });
    stream = mine;
    return new Response(mine.body, { headers: { "content-type": "application/x-ndjson" } });
  };

  const call = async (name: string, request: Request) => {
    if (callsUnderWay >= hostLimits.callsUnderWayMax) return refuse(503);
    const pageSecret = request.headers.get("x-page-secret");
    callsUnderWay += 1;
    try {
      const body = await readBody(request, hostLimits.bodyBytesMax);
      if (body === null) return refuse(413);
      const invoke = parseCall(name, parseJson(body));
      if (typeof invoke === "string") return refuse(400);
      const value = await invoke(machine) ?? null;
      return Response.json({ value, ...newest });
    } finally {
      callsUnderWay -= 1;
      // a log-in that a page began must not become the visit of the page that took over
      if (!secrets.isPage(pageSecret)) endVisit();
      if (!stream) noticePageGone();
    }
  };

  const answer = (request: Request): Response | Promise<Response> => {
    if (request.headers.get("host") !== authority) return refuse(421);
    const url = new URL(request.url);
    if (url.host !== authority) return refuse(421);
    const text = texts.get(url.pathname);
    const [, folder, name, ...deeper] = url.pathname.split("/");
    const isPost = url.pathname === "/open" || url.pathname === "/watch" ||
      (folder === "call" && name !== undefined && deeper.length === 0);
    if (url.search !== "" || !(text || isPost)) return refuse(404);
    if (request.method !== (text ? "GET" : "POST")) return refuse(405);
    if (text) return new Response(text.text, { headers: { "content-type": text.type } });
    if (request.headers.get("origin") !== `http://${authority}`) return refuse(403);
    if (folder === "open") return open(request);
    if (!secrets.isPage(request.headers.get("x-page-secret"))) return refuse(403);
    if (folder === "watch") return watch();
    return isCall(name!) ? call(name!, request) : refuse(404);
  };

  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal,
    onListen: () => {},
    onError: (error) => {
      onError(error);
      return withHeaders(refuse(500));
    },
  }, async (request) => withHeaders(await answer(request)));
  authority = `127.0.0.1:${server.addr.port}`;

  signal.addEventListener("abort", () => {
    clearTimeout(pageGone);
    unwatch();
    stream?.end();
  }, { once: true });

  return {
    origin: `http://${authority}`,
    newLink: () => `http://${authority}/#${secrets.newLaunchSecret()}`,
    finished: server.finished,
  };
}

/**
 * A document that takes the browser on to `link`, for a 0600 file: so the secret is on no command
 * line, where every user of the machine could read it.
 */
export function openFile(link: string): string {
  if (!/^http:\/\/127\.0\.0\.1:\d+\/#[\w-]+$/.test(link)) throw new TypeError("not a host's link");
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
    `<title>Opening the ATM…</title><meta http-equiv="refresh" content="0;url=${link}">\n`;
}

function refuse(status: number): Response {
  return new Response(null, { status });
}

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(headersAlways)) response.headers.set(name, value);
  return response;
}

/** The body as text, or null when it is longer than `bytesMax`; never reads further than that. */
async function readBody(request: Request, bytesMax: number): Promise<string | null> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return null;
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
