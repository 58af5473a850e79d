/**
 * The HTTP host of the ATM's page in a browser: serves the page on loopback and carries its calls
 * to the ATM. A page authenticates with a launch secret from the fragment of its link (never sent
 * in a request line, usable once) and gets its own secret for all calls in return, and a launch
 * secret for its tab, which a reload uses.
 *
 * Every request is checked in this order: Host (421), path (404), method (405), Origin (403),
 * secret (403), call name (404), size (413), arguments (400). A response never reveals why a secret
 * was wrong.
 */
import { pageHeartbeatMs, pageRequestLengthMax } from "../../lib/limits.ts";
import { isCall } from "./calls.ts";
import { type HostOptions, PageDesk } from "./page_desk.ts";
import type { Page } from "./page_bundle.ts";
import { createPageSecrets } from "./page_secrets.ts";
import { streamViews, type ViewStream } from "./view_stream.ts";

export interface BrowserHostOptions extends HostOptions {
  page: Page;
  randomBytes: (length: number) => Uint8Array;
  /** Called when a link was used: another one is needed to open the page elsewhere. */
  onOpened?: () => void;
  /** Ends the host: open streams are closed at once. */
  signal: AbortSignal;
}

export interface BrowserHost {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /**
   * Returns a link that opens the page once. A new page replaces the previous one: it ends that
   * page's visit, and that page then shows that the ATM was opened elsewhere.
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

/** Starts the host on 127.0.0.1, at a free port. */
export function startBrowserHost(options: BrowserHostOptions): BrowserHost {
  const { page, signal } = options;
  signal.throwIfAborted();
  const secrets = createPageSecrets(options.randomBytes);
  const texts = new Map([
    ["/", { type: "text/html; charset=utf-8", text: page.html }],
    ["/page.js", { type: "text/javascript; charset=utf-8", text: page.script }],
    ["/page.css", { type: "text/css; charset=utf-8", text: page.style }],
  ]);
  let authority = "";
  let pageNumber = 0;
  let stream: ViewStream | null = null;
  const desk = new PageDesk(options, { onView: (newest) => stream?.send(newest) });

  const open = (request: Request) => {
    const secret = secrets.exchange(request.headers.get("x-launch-secret"));
    if (!secret) return refuse(403);
    stream?.end({ disconnected: "opened_elsewhere" });
    pageNumber = desk.takeOver();
    options.onOpened?.();
    return Response.json({ secret, again: secrets.newLaunchSecret() });
  };

  const watch = () => {
    stream?.end();
    desk.pageIsHere();
    const mine = streamViews(desk.newest, options.heartbeatMs ?? pageHeartbeatMs, () => {
      if (stream !== mine) return;
      stream = null;
      desk.pageLeft();
    });
    stream = mine;
    return new Response(mine.body, { headers: { "content-type": "application/x-ndjson" } });
  };

  const call = async (name: string, request: Request) => {
    const page = pageNumber; // another page may open while the body is read
    const body = await readBody(request, pageRequestLengthMax);
    if (body === null) return refuse(413);
    const answer = await desk.call(page, name, parseJson(body));
    if (answer === "busy") return refuse(503);
    return typeof answer === "string" ? refuse(400) : Response.json(answer);
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
      options.onError?.(error);
      return withHeaders(refuse(500));
    },
  }, async (request) => withHeaders(await answer(request)));
  authority = `127.0.0.1:${server.addr.port}`;

  signal.addEventListener("abort", () => {
    desk.close();
    stream?.end();
  }, { once: true });

  return {
    origin: `http://${authority}`,
    newLink: () => `http://${authority}/#${secrets.newLaunchSecret()}`,
    finished: server.finished,
  };
}

/**
 * Returns a document that redirects the browser to `link`, for a 0600 file: this keeps the secret
 * off command lines, which every user of the host can read.
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

/**
 * Returns the body as text, or null if it is longer than `bytesMax`; reads no further than that.
 */
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
