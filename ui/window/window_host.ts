/**
 * The host of a page in a native window, in the worker: answers the page's requests, which arrive
 * through the window's bound function. It uses no window and no thread; `window_worker` passes
 * requests to it and sends its answers.
 *
 * A request is checked in this order: length, shape, secret, kind, page, arguments. Every failure
 * gets the same refusal, without a reason.
 */
import { equalInConstantTime } from "../../lib/bytes.ts";
import { pageHeartbeatMs, pageRequestLengthMax } from "../../lib/limits.ts";
import type { WatchAnswer, WindowRequest } from "../page/bridge/window_bridge.ts";
import { type HostOptions, PageDesk } from "./page_desk.ts";

export interface WindowHostOptions extends HostOptions {
  /** The secret that every request of the page must contain: text, base64url. */
  secret: string;
  /** Settles a request, once. */
  answer: (id: string, value: unknown, refused?: boolean) => void;
  /** Called when the page has navigated away or closed: it should be shown again. */
  onPageDisconnected: () => void;
}

export interface WindowHost {
  /** Handles a request of the page: its id, and its arguments as a JSON array. */
  take(id: string, request: string): void;
  /** Settles when the page has drawn a view of a machine that is online, or of any view. */
  shown: Record<"any" | "online", Promise<void>>;
  /** Notifies the page that the host has ended. */
  close(): void;
}

interface Watching {
  id: string;
  timer: ReturnType<typeof setTimeout>;
}

export function startWindowHost(options: WindowHostOptions): WindowHost {
  const { answer } = options;
  const shown = { any: Promise.withResolvers<void>(), online: Promise.withResolvers<void>() };
  const secret = new TextEncoder().encode(options.secret);
  let watching: Watching | null = null;
  let closed = false;
  const desk = new PageDesk(options, {
    onView: (newest) => answerWatch(newest),
    onPageDisconnected: options.onPageDisconnected,
  });
  const refuse = (id: string) => answer(id, null, true);

  /** Answers the page's pending watch, if there is one. */
  const answerWatch = (value: WatchAnswer<unknown>) => {
    if (watching === null) return;
    const { id, timer } = watching;
    watching = null;
    clearTimeout(timer);
    answer(id, value);
    desk.pageLeft(); // until it watches again, at once
  };

  const watch = (id: string, seen: number) => {
    answerWatch(null);
    desk.pageIsHere();
    const heartbeatMs = options.heartbeatMs ?? pageHeartbeatMs;
    watching = { id, timer: setTimeout(() => answerWatch(null), heartbeatMs) };
    const { number } = desk.newest;
    if (seen >= 0) shown.any.resolve();
    if (seen >= number && options.machine.isOnline()) shown.online.resolve();
    if (seen < number) answerWatch(desk.newest);
  };

  const call = async (id: string, page: number, name: string, args: unknown) => {
    try {
      const made = await desk.call(page, name, args);
      if (typeof made === "string") refuse(id);
      else answer(id, made);
    } catch (error) {
      options.onError?.(error);
      refuse(id);
    }
  };

  return {
    take(id, text) {
      const request = closed ? null : parseRequest(text, secret);
      if (request === null) return refuse(id);
      if (request[0] === "open") {
        answerWatch({ disconnected: "opened_elsewhere" });
        return answer(id, desk.takeOver());
      }
      const [kind, page, ...rest] = request;
      if (!desk.isNewest(page)) return refuse(id);
      if (kind === "watch") watch(id, Number(rest[0]));
      else void call(id, page, String(rest[0]), rest[1]);
    },
    shown: { any: shown.any.promise, online: shown.online.promise },
    close() {
      closed = true;
      answerWatch({ disconnected: "stopped" });
      desk.close();
    },
  };
}

/** Parses an authenticated request; returns null for any other. */
function parseRequest(text: string, secret: Uint8Array): WindowRequest | null {
  if (text.length > pageRequestLengthMax) return null;
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return null;
  }
  if (!Array.isArray(request) || typeof request[0] !== "string") return null;
  const given = new TextEncoder().encode(request[0]);
  if (!equalInConstantTime(given, secret)) return null;
  const [, kind, page, third, fourth] = request;
  const fits = kind === "open" && request.length === 2 ||
    kind === "watch" && request.length === 4 && isCount(page) && Number.isInteger(third) ||
    kind === "call" && request.length === 5 && isCount(page) && typeof third === "string" &&
      Array.isArray(fourth);
  return fits ? request.slice(1) as WindowRequest : null;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0;
}
