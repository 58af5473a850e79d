/**
 * The worker's end of a window: receives the page's calls from the main thread, answers them
 * directly to the web view, and ends when the window is closed, the launcher closes standard input,
 * or a signal arrives.
 */
import { pageCallsMax } from "../../lib/limits.ts";
import { Gate } from "./gate.ts";
import { WebviewRemote } from "./webview.ts";
import { startWindowHost, type WindowHost, type WindowHostOptions } from "./window_host.ts";
import type { FromWorker, SharedWindow, ToWorker } from "./window_thread.ts";

/** The window's interface for a program in the worker. */
export interface WindowEnd {
  /** Attaches a machine to the page. Handles calls that arrived earlier. */
  host(options: Omit<WindowHostOptions, "secret" | "answer" | "onPageDisconnected">): WindowHost;
  /** Settles when the program should end. */
  closed: Promise<void>;
}

/** The part of a worker's global scope that is used. */
interface Scope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: FromWorker): void;
}

/**
 * Serves the window of the thread that started this worker.
 * @param lifeEnds settles when the launcher closes standard input or a signal arrives
 * @param program the program to run; returns the exit code
 */
export function serveWindow<Begin>(
  lifeEnds: Promise<void>,
  program: (begin: Begin, window: WindowEnd) => Promise<number>,
): void {
  const scope = self as unknown as Scope;
  const closed = Promise.withResolvers<void>();
  let take: (call: { id: string; request: string }) => void = () => {};

  const begin = async (given: Begin, shared: SharedWindow) => {
    const gate = new Gate(shared.gate);
    const remote = new WebviewRemote(shared.library, shared.handle);
    const window = windowEnd(shared, gate, remote, closed.promise);
    take = ({ id, request }) => window.take(id, request);
    lifeEnds.then(() => gate.pass(() => remote.terminate()));
    const exitCode = await program(given, window.end);
    // if the program ended first, its window is closed; the main thread then sends `stop`
    gate.pass(() => remote.terminate());
    await closed.promise;
    scope.postMessage({ ended: exitCode });
  };

  scope.onmessage = ({ data }: MessageEvent<ToWorker<Begin>>) => {
    if ("call" in data) take(data.call);
    else if ("stop" in data) closed.resolve();
    else void begin(data.begin, data.window);
  };
  scope.postMessage({ loaded: true });
}

function windowEnd(shared: SharedWindow, gate: Gate, remote: WebviewRemote, closed: Promise<void>) {
  let host: WindowHost | null = null;
  let early: [id: string, request: string][] = [];
  const end: WindowEnd = {
    closed,
    host(options) {
      const started = host = startWindowHost({
        ...options,
        secret: shared.secret,
        answer: (id, value, refused) => gate.pass(() => remote.answer(id, value, refused)),
        onPageDisconnected: () => gate.pass(() => remote.navigate(shared.url)),
      });
      for (const call of early) started.take(...call);
      early = [];
      return started;
    },
  };
  return {
    end,
    take(id: string, request: string) {
      if (host) host.take(id, request);
      else if (early.length < pageCallsMax) early.push([id, request]);
      else gate.pass(() => remote.answer(id, null, true));
    },
  };
}
