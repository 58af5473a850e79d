/**
 * The window's thread, the process's main one, and its messages to and from the worker.
 *
 * After `run` this thread only does the window's work: it copies each call of the page and forwards
 * it. The ATM, the connection to the bank and all cryptography run in the worker (`window_worker`),
 * which answers the page directly. When the window is closed, or the worker ends it, the gate is
 * shut, the window freed, and the worker ends cleanly.
 */
import { Gate } from "./gate.ts";
import { tameGtkSignals } from "./gtk_signals.ts";
import { enterKiosk, type Kiosk } from "./kiosk.ts";
import { type BoundCall, Webview, type WindowHandle } from "./webview.ts";
import { dataUrl, windowDocument } from "./window_document.ts";
import type { Page } from "./page_bundle.ts";

/** Messages of the main thread. */
export type ToWorker<Begin> =
  | { begin: Begin; window: SharedWindow }
  | { call: BoundCall }
  | { stop: true };

/** Messages of the worker. The first one is sent when it is ready for messages and signals. */
export type FromWorker = { loaded: true } | { ended: number };

/** The window as shared with the worker. */
export interface SharedWindow {
  library: string;
  handle: WindowHandle;
  gate: SharedArrayBuffer;
  secret: string;
  /** The page's address, to show it again. */
  url: string;
}

/** The name of the bound function in the page's window. */
const boundName = "strongroom";

export interface WindowOptions<Begin> {
  /** The web view's library; null if this system has none. */
  library: string | null;
  title: string;
  /** The page, or a link to it. */
  page: Promise<Page | string>;
  kiosk: boolean;
  randomBytes: (length: number) => Uint8Array;
  /** Starts the worker, which must run `serveWindow`. */
  startWorker: () => Worker;
  /** The worker's start message. */
  begin: Begin;
  /** Aborted by signals that arrived before the worker was ready. */
  interrupted: AbortSignal;
}

/**
 * Shows the window until it is closed; returns the worker's exit code.
 * @throws {NoWindow} if this host cannot show one; nothing has started then
 */
export async function runWindow<Begin>(options: WindowOptions<Begin>): Promise<number> {
  const window = new Webview(options.library, options.title);
  const gate = new Gate();
  const secret = new Uint8Array(options.randomBytes(32))
    .toBase64({ alphabet: "base64url", omitPadding: true });
  const worker = new WindowWorker<Begin>(options.startWorker());
  const signals = tameGtkSignals(window.systemWindow, window.systemView);
  let kiosk: Kiosk | null = null;
  try {
    const page = await options.page;
    const url = typeof page === "string" ? page : dataUrl(windowDocument(page, secret));
    if (options.kiosk) kiosk = enterKiosk(window.systemWindow);
    window.bind(boundName, (call) => worker.post({ call }));
    window.navigate(url);
    await worker.loaded; // from here on the worker handles signals: this thread is blocked
    worker.post({
      begin: options.begin,
      window: { library: options.library!, handle: window.handle, gate: gate.memory, secret, url },
    });
    if (!worker.hasEnded && !options.interrupted.aborted) window.run();
  } finally {
    gate.shut();
    kiosk?.leave();
    signals.silence();
    window.destroy();
    kiosk?.free();
    signals.free();
    worker.post({ stop: true });
  }
  try {
    return await worker.ended;
  } finally {
    worker.terminate();
  }
}

/** The main thread's handle of the worker. */
class WindowWorker<Begin> {
  readonly loaded: Promise<void>;
  /** The exit code; 1 if the worker failed. */
  readonly ended: Promise<number>;
  hasEnded = false;

  constructor(private readonly worker: Worker) {
    const loaded = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<number>();
    this.loaded = loaded.promise;
    this.ended = ended.promise;
    const end = (code: number) => {
      this.hasEnded = true;
      loaded.resolve();
      ended.resolve(code);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("loaded" in data) loaded.resolve();
      else end(data.ended);
    };
    worker.onerror = (event) => {
      event.preventDefault(); // reported here, with an exit code rather than a crash
      console.error(`the window's worker failed: ${event.message}`);
      end(1);
    };
  }

  terminate(): void {
    this.worker.terminate();
  }

  post(message: ToWorker<Begin>): void {
    this.worker.postMessage(message);
  }
}
