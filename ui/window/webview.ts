/**
 * A thin binding of the C library webview 0.12 (MIT; only the library of npm's `webview-bun` is
 * used): a native window with the system's web view.
 *
 * Threads. The process's main thread creates and owns the window. Only this thread may create,
 * configure, bind, navigate, run and destroy. Any thread may call `webview_return`,
 * `webview_terminate` and `webview_dispatch`, which queue their work for the main thread's loop and
 * return at once. Handles are numbers here (`usize`), since pointers cannot be sent to a worker.
 *
 * Memory. The library copies texts before a call returns, with one exception: the argument of
 * `webview_dispatch` must live until the main thread has used it. A bound function's callback is
 * allocated here and freed after the window. The library stays loaded until the process ends, since
 * WebKit's threads may still run its code.
 */

/**
 * The reason why no window can be shown on this host, in one line, with a remedy if there is one.
 */
export class NoWindow extends Error {
  override name = "NoWindow";
}

/** A window: webview's handle, as a number. */
export type WindowHandle = bigint;

const text = "buffer";
const handle = "usize";

/** Functions for the main thread only. */
const ofMainThread = {
  webview_create: { parameters: ["i32", handle], result: handle },
  webview_destroy: { parameters: [handle], result: "i32" },
  webview_run: { parameters: [handle], result: "i32" },
  webview_get_window: { parameters: [handle], result: handle },
  webview_get_native_handle: { parameters: [handle, "i32"], result: handle },
  webview_set_title: { parameters: [handle, text], result: "i32" },
  webview_set_size: { parameters: [handle, "i32", "i32", "i32"], result: "i32" },
  webview_navigate: { parameters: [handle, text], result: "i32" },
  webview_bind: { parameters: [handle, text, "function", handle], result: "i32" },
  webview_unbind: { parameters: [handle, text], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** Functions for any thread. */
const ofAnyThread = {
  webview_return: { parameters: [handle, text, "i32", text], result: "i32" },
  webview_terminate: { parameters: [handle], result: "i32" },
  webview_dispatch: { parameters: [handle, "pointer", text], result: "i32" },
  /**
   * `webview_navigate` as a callback of `webview_dispatch`: it takes a window and one argument, as
   * required.
   */
  navigate: { name: "webview_navigate", type: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** A call of the page: `id` identifies its answer, `request` is the arguments as a JSON array. */
export interface BoundCall {
  id: string;
  request: string;
}

/** The library's kind of native handle for the browser. */
const browserController = 2;
const widthPx = 1280;
const heightPx = 800;

/** The window on the main thread. */
export class Webview {
  readonly #symbols: Deno.DynamicLibrary<typeof ofMainThread>["symbols"];
  readonly #bound: { name: Uint8Array<ArrayBuffer>; callback: { close(): void } }[] = [];
  readonly handle: WindowHandle;

  /**
   * Loads the library and creates a window.
   * @param library the library's path; null if this system has none
   * @throws {NoWindow} if this host cannot show one
   */
  constructor(library: string | null, title: string) {
    this.#symbols = load(library, ofMainThread);
    this.handle = this.#symbols.webview_create(0, 0n);
    if (this.handle === 0n) {
      throw new NoWindow("no display can be opened. On Linux, set DISPLAY or WAYLAND_DISPLAY");
    }
    this.#symbols.webview_set_title(this.handle, cString(title));
    this.#symbols.webview_set_size(this.handle, widthPx, heightPx, 0);
  }

  /** The system's window: GtkWindow*, NSWindow* or HWND. */
  get systemWindow(): bigint {
    return this.#symbols.webview_get_window(this.handle);
  }

  /**
   * The system's web view in the window: WebKitWebView*, WKWebView* or ICoreWebView2Controller*.
   */
  get systemView(): bigint {
    return this.#symbols.webview_get_native_handle(this.handle, browserController);
  }

  /** Adds a function to every page in the window; `onCall` must not throw, and answers later. */
  bind(name: string, onCall: (call: BoundCall) => void): void {
    const callback = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "pointer"], result: "void" },
      // the library owns both texts and frees them when this returns
      (id, request) => onCall({ id: copyOf(id), request: copyOf(request) }),
    );
    const cName = cString(name);
    this.#symbols.webview_bind(this.handle, cName, callback.pointer, 0n);
    this.#bound.push({ name: cName, callback });
  }

  navigate(url: string): void {
    this.#symbols.webview_navigate(this.handle, cString(url));
  }

  /** Shows the window and blocks this thread until it is closed or terminated. */
  run(): void {
    this.#symbols.webview_run(this.handle);
  }

  /** Frees the window. No thread may touch it afterwards: shut its gate first. */
  destroy(): void {
    for (const { name } of this.#bound) this.#symbols.webview_unbind(this.handle, name);
    this.#symbols.webview_destroy(this.handle);
    for (const { callback } of this.#bound) callback.close();
  }
}

/** The window's operations for other threads, always used inside its gate. */
export class WebviewRemote {
  readonly #symbols: Deno.DynamicLibrary<typeof ofAnyThread>["symbols"];
  /** Addresses that the main thread may not have read yet. */
  #going: Uint8Array<ArrayBuffer>[] = [];

  constructor(library: string, private readonly handle: WindowHandle) {
    this.#symbols = load(library, ofAnyThread);
  }

  /** Settles the promise of a page's call: with a value, or refused. */
  answer(id: string, value: unknown, refused = false): void {
    // the library puts the text into a script, where these two would end a line
    const json = JSON.stringify(value ?? null)
      .replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
    this.#symbols.webview_return(this.handle, cString(id), refused ? 1 : 0, cString(json));
  }

  /** Ends the main thread's `run`. */
  terminate(): void {
    this.#symbols.webview_terminate(this.handle);
  }

  navigate(url: string): void {
    const address = cString(url);
    this.#going = [...this.#going, address].slice(-16);
    this.#symbols.webview_dispatch(this.handle, this.#symbols.navigate, address);
  }
}

function load<Symbols extends Deno.ForeignLibraryInterface>(
  path: string | null,
  symbols: Symbols,
): Deno.DynamicLibrary<Symbols>["symbols"] {
  if (path === null) {
    throw new NoWindow(`no web view is available for ${Deno.build.os} on ${Deno.build.arch}`);
  }
  try {
    return Deno.dlopen(path, symbols).symbols;
  } catch (error) {
    throw new NoWindow(whyNotLoaded(path, error as Error), { cause: error });
  }
}

/** The packages of Debian and Ubuntu that WebKit needs; other systems use similar names. */
const packages = "libwebkitgtk-6.0-4 and libvulkan1";

/** Returns why the library at `path` did not load, with a remedy. */
export function whyNotLoaded(path: string, error: Error): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "native libraries are not permitted: --allow-ffi was refused";
  }
  const missing = /([\w+.-]+\.so[.\d]*): cannot open shared object file/.exec(error.message)?.[1];
  if (missing && !path.endsWith(missing)) {
    return `${missing} is missing. Install WebKitGTK (packages ${packages} on Debian and Ubuntu)`;
  }
  const [line = ""] = error.message.split("\n");
  return `loading the web view's library failed: ${
    line.replace(/^(Could not open library: )+/, "")
  }`;
}

function cString(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value.replaceAll("\0", "") + "\0");
}

function copyOf(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}
