/**
 * The HTTP host of a page in a browser: serves the page on loopback and carries its calls to its
 * machine, an ATM or an operator's console. A page authenticates with a launch secret from the
 * fragment of its link (never sent in a request line, usable once) and gets its own secret for all
 * calls in return, and another one for its tab, which opens it again after a reload.
 *
 * Every request is checked in this order: Host (421), path (404), method (405), Origin (403),
 * secret (403), call name (404), size (413), arguments (400). A response never reveals why a secret
 * was wrong. Connections without a page's secret are limited in number and time.
 */
import { acceptAll } from "../../lib/accept.ts";
import {
  BadRequest,
  type HttpHead,
  type HttpResponse,
  readBody,
  readHead,
  untilDisconnected,
  writeResponse,
} from "../../lib/http.ts";
import {
  closeMsMax,
  pageExchangeMsMax,
  pageHeartbeatMs,
  pageRequestLengthMax,
  pageStrangersMax,
} from "../../lib/limits.ts";
import { listenTcp, system } from "../../lib/system.ts";
import { pause, type Socket } from "../../lib/world.ts";
import { type HostOptions, PageDesk } from "./page_desk.ts";
import type { Page } from "./page_bundle.ts";
import { createPageSecrets } from "./page_secrets.ts";
import { streamViews, type ViewStream } from "./view_stream.ts";

export interface BrowserHostOptions extends HostOptions {
  page: Page;
  randomBytes: (length: number) => Uint8Array;
  /** Called when a link was used: another one is needed to open the page elsewhere. */
  onOpened?: () => void;
  /**
   * Called at the first call of a page that is unknown or has wrong arguments: a page that is honest
   * makes none.
   */
  onRefused?: () => void;
  /** Ends the host: open streams are closed at once. */
  signal: AbortSignal;
}

export interface BrowserHost {
  /** `http://127.0.0.1:PORT` */
  origin: string;
  /**
   * Returns a link that opens the page once. A new page replaces the previous one: it ends that
   * page's visit, and that page then shows that it was opened elsewhere.
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
  const { page, signal, onError = () => {} } = options;
  signal.throwIfAborted();
  const secrets = createPageSecrets(options.randomBytes);
  const texts = new Map<string, HttpResponse>([
    ["/", { status: 200, contentType: "text/html; charset=utf-8", body: page.html }],
    ["/page.js", { status: 200, contentType: "text/javascript; charset=utf-8", body: page.script }],
    ["/page.css", { status: 200, contentType: "text/css; charset=utf-8", body: page.style }],
  ]);
  let pageNumber = 0;
  let refusedPage = 0;
  let stream: ViewStream | null = null;
  const desk = new PageDesk(options, {
    onView(newest) {
      if (options.machine.isLocked() && secrets.endReplacement()) {
        return stream?.end({ disconnected: "link_used" });
      }
      stream?.send(newest);
    },
  });
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const authority = listener.address;

  const isPage = ({ headers }: HttpHead) => secrets.isPage(headers.get("x-page-secret") ?? null);

  const refuseCall = (status: number): HttpResponse => {
    if (refusedPage !== pageNumber) options.onRefused?.();
    refusedPage = pageNumber;
    return refuse(status);
  };

  const open = (headers: HttpHead["headers"]) => {
    const opened = secrets.exchange(headers.get("x-launch-secret") ?? null);
    if (!opened) return refuse(403);
    stream?.end({ disconnected: "opened_elsewhere" });
    pageNumber = desk.takeOver();
    options.onOpened?.();
    // a visit that is still ending is the previous page's
    const first = options.machine.hasVisit() ? {} : desk.newest;
    return json({ secret: opened.secret, again: opened.again, ...first });
  };

  const watch = (): HttpResponse => {
    stream?.end();
    desk.pageIsHere();
    const mine = streamViews(desk.newest, options.heartbeatMs ?? pageHeartbeatMs, () => {
      if (stream !== mine) return;
      stream = null;
      desk.pageLeft();
    });
    stream = mine;
    return { status: 200, contentType: "application/x-ndjson", body: mine.body };
  };

  const call = async (name: string, head: HttpHead, socket: Socket) => {
    const page = pageNumber; // another page may open while the body is read
    const body = await readBody(socket, head, pageRequestLengthMax);
    if (body === null) return null;
    if (!isPage(head)) return refuse(403);
    const answer = await desk.call(page, name, parseJson(body));
    if (answer === "busy") return refuse(503);
    return typeof answer === "string" ? refuseCall(400) : json(answer);
  };

  /** Returns the answer; null if the peer has disconnected. */
  const answer = async (
    head: HttpHead,
    socket: Socket,
    onPage: () => void,
  ): Promise<HttpResponse | null> => {
    const { method, path, headers } = head;
    if (headers.get("host") !== authority || !path.startsWith("/")) return refuse(421);
    const text = texts.get(path);
    const [, folder, name, ...deeper] = path.split("/");
    const isPost = path === "/open" || path === "/watch" ||
      (folder === "call" && name !== undefined && deeper.length === 0);
    if (!(text || isPost) || path.includes("?")) return refuse(404);
    if (method !== (text ? "GET" : "POST")) return refuse(405);
    if (text) return text;
    if (headers.get("origin") !== `http://${authority}`) return refuse(403);
    if (folder === "open") return open(headers);
    if (!isPage(head)) return refuse(403);
    onPage();
    if (folder === "watch") return watch();
    return options.machine.isCall(name!) ? await call(name!, head, socket) : refuseCall(404);
  };

  const serveOne = async (socket: Socket, onPage: () => void) => {
    let head: HttpHead | null = null;
    let response: HttpResponse | null;
    try {
      head = await readHead(socket);
      response = head && await answer(head, socket, onPage);
    } catch (error) {
      if (isDisconnect(error)) return;
      if (!(error instanceof BadRequest)) onError(error);
      response = refuse(error instanceof BadRequest ? error.status : 500);
    }
    if (response === null) return;
    await writeResponse(socket, { ...response, headers: headersAlways });
    // Closing before the peer has sent its body would reset the connection.
    const isWhole = head !== null && bodyLength(head) <= head.rest.length;
    if (response.status >= 400 && !isWhole) {
      await Promise.race([untilDisconnected(socket), pause(system, closeMsMax)]);
    }
  };

  const sockets = new Set<Socket>();
  const strangers = new Set<Socket>();
  const serve = (socket: Socket) => {
    // Of the connections without a page's secret, the oldest makes room.
    const [oldest] = strangers;
    if (oldest && strangers.size >= pageStrangersMax) {
      strangers.delete(oldest);
      oldest.close();
    }
    const close = () => socket.close();
    const cancel = system.after(pageExchangeMsMax, close);
    sockets.add(socket);
    strangers.add(socket);
    const onPage = () => {
      cancel();
      strangers.delete(socket);
    };
    serveOne(socket, onPage).catch((error) => {
      if (!isDisconnect(error)) onError(error);
    }).finally(() => {
      onPage();
      sockets.delete(socket);
      close();
    });
  };
  const log = (line: string) => onError(new Error(line));
  const accepting = acceptAll(listener, system, serve, { whose: "pages", log });

  signal.addEventListener("abort", () => {
    desk.close();
    stream?.end();
    listener.close();
    for (const socket of sockets) socket.close();
  }, { once: true });

  return {
    origin: `http://${authority}`,
    newLink: () => `http://${authority}/#${secrets.newLaunchSecret()}`,
    // a call that the machine has not answered does not hold up the end: its socket is closed
    finished: accepting,
  };
}

/**
 * Returns a document that redirects the browser to `link`, for a 0600 file: this keeps the secret
 * off command lines, which every user of the host can read.
 */
export function openFile(link: string): string {
  if (!/^http:\/\/127\.0\.0\.1:\d+\/#[\w-]+$/.test(link)) throw new TypeError("not a host's link");
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
    `<title>Opening…</title><meta http-equiv="refresh" content="0;url=${link}">\n`;
}

function refuse(status: number): HttpResponse {
  return { status, body: "" };
}

function json(value: unknown): HttpResponse {
  return { status: 200, contentType: "application/json", body: JSON.stringify(value) };
}

/** Returns the announced length of a request's body; Infinity if it has none. */
function bodyLength({ headers }: HttpHead): number {
  if (headers.has("transfer-encoding")) return Infinity;
  return Number(headers.get("content-length") ?? 0);
}

/** Returns whether an error is that of a peer that has left. */
function isDisconnect(error: unknown): boolean {
  const names = [
    "ConnectionReset",
    "BrokenPipe",
    "ConnectionAborted",
    "BadResource",
    "Interrupted",
  ];
  return error instanceof Error && names.includes(error.name);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
