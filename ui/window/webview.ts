/**
 * A thin binding of the C library webview 0.12 (MIT; in npm's `webview-bun`, of which nothing but the
 * library is used): a native window with the system's own web view in it.
 *
 * Threads. The window lives on the process's main thread, which made it. There, and only there: create,
 * configure, bind, navigate, run, destroy. Any thread may call `webview_return`, `webview_terminate`
 * and `webview_dispatch`: they hand their work to the main thread's loop and come back at once.
 * Handles are numbers here (`usize`), since pointers cannot be sent to a worker.
 *
 * Memory. Texts are copied by the library before a call returns, with one exception: what
 * `webview_dispatch` carries must live until the main thread has run it. A bound function's callback is
 * ours, and is freed after the window. The library itself stays loaded until the process ends: WebKit's
 * own threads may run on in it.
 */

/** Why there is no window on this machine, in one line, with the mend where there is one. */
export class NoWindow extends Error {
  override name = "NoWindow";
}

/** A window, as a number: webview's own handle. */
export type WindowHandle = bigint;

const text = "buffer";
const handle = "usize";

/** What the main thread calls. */
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

/** What any thread may call. */
const ofAnyThread = {
  webview_return: { parameters: [handle, text, "i32", text], result: "i32" },
  webview_terminate: { parameters: [handle], result: "i32" },
  webview_dispatch: { parameters: [handle, "pointer", text], result: "i32" },
  /** `webview_navigate` as what `webview_dispatch` runs: it takes a window and one argument, as it must. */
  navigate: { name: "webview_navigate", type: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** A call of the page: `id` is what an answer needs, `request` the arguments as a JSON array. */
export interface BoundCall {
  id: string;
  request: string;
}

/** Of the library's kinds of native handles, the browser itself. */
const browserController = 2;
const widthPx = 1280;
const heightPx = 800;

/** The window on the main thread. */
export class Webview {
  readonly #symbols: Deno.DynamicLibrary<typeof ofMainThread>["symbols"];
  readonly #bound: { name: Uint8Array<ArrayBuffer>; callback: { close(): void } }[] = [];
  readonly handle: WindowHandle;

  /**
   * Loads the library and makes a window.
   * @param library the library's path; null where the system has none
   * @throws {NoWindow} where this machine cannot show one
   */
  constructor(library: string | null, title: string) {
    this.#symbols = load(library, ofMainThread);
    this.handle = this.#symbols.webview_create(0, 0n);
    if (this.handle === 0n) {
      throw new NoWindow("no display can be opened: DISPLAY or WAYLAND_DISPLAY name it on Linux");
    }
    this.#symbols.webview_set_title(this.handle, cString(title));
    this.#symbols.webview_set_size(this.handle, widthPx, heightPx, 0);
  }

  /** The system's own window: GtkWindow*, NSWindow* or HWND. */
  get systemWindow(): bigint {
    return this.#symbols.webview_get_window(this.handle);
  }

  /** The system's own web view in it: WebKitWebView*, WKWebView* or ICoreWebView2Controller*. */
  get systemView(): bigint {
    return this.#symbols.webview_get_native_handle(this.handle, browserController);
  }

  /** Gives every page in the window a function; `onCall` must not throw, and answers later. */
  bind(name: string, onCall: (call: BoundCall) => void): void {
    const callback = new Deno.UnsafeCallback(
      { parameters: ["pointer", "pointer", "pointer"], result: "void" },
      // both texts are the library's, and gone when this returns
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

  /** Frees the window. No thread may touch it from here on: shut its gate before. */
  destroy(): void {
    for (const { name } of this.#bound) this.#symbols.webview_unbind(this.handle, name);
    this.#symbols.webview_destroy(this.handle);
    for (const { callback } of this.#bound) callback.close();
  }
}

/** What another thread may do with a window, always inside its gate. */
export class WebviewRemote {
  readonly #symbols: Deno.DynamicLibrary<typeof ofAnyThread>["symbols"];
  /** Addresses that the main thread may not have gone to yet. */
  #going: Uint8Array<ArrayBuffer>[] = [];

  constructor(library: string, private readonly handle: WindowHandle) {
    this.#symbols = load(library, ofAnyThread);
  }

  /** Settles the page's promise of a call: with a value, or refused. */
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
    throw new NoWindow(`there is no web view for ${Deno.build.os} on ${Deno.build.arch} yet`);
  }
  try {
    return Deno.dlopen(path, symbols).symbols;
  } catch (error) {
    throw new NoWindow(whyNotLoaded(path, error as Error), { cause: error });
  }
}

/** The packages that Debian and Ubuntu have for what WebKit needs; others name them alike. */
const packages = "libwebkitgtk-6.0-4 and libvulkan1";

/** Why the library at `path` did not load, in words for whoever can mend it. */
export function whyNotLoaded(path: string, error: Error): string {
  if (error instanceof Deno.errors.NotCapable) {
    return "native libraries may not be used here: --allow-ffi was refused";
  }
  const missing = /([\w+.-]+\.so[.\d]*): cannot open shared object file/.exec(error.message)?.[1];
  if (missing && !path.endsWith(missing)) {
    return `${missing} is missing: install WebKitGTK (packages ${packages} on Debian and Ubuntu)`;
  }
  const [line = ""] = error.message.split("\n");
  return `the web view's library does not load: ${
    line.replace(/^(Could not open library: )+/, "")
  }`;
}

function cString(value: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(value.replaceAll("\0", "") + "\0");
}

function copyOf(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}
