/**
 * Two of GTK's signals that a customer's window must not have, on Linux; elsewhere there are none.
 *
 * GTK adds a debugger to every window, and Ctrl+Shift+I or Ctrl+Shift+D opens it: with it anybody at
 * the ATM could change or crash what runs.
 *
 * WebKit's view outlives its window for a moment. What its page still says then goes to webview's
 * engine, and when that is freed already the process ends in a crash.
 */

export interface GtkSignals {
  /** The page's messages go nowhere any more: to be called before the window is destroyed. */
  silence(): void;
  /** When the window is gone. */
  free(): void;
}

const gobject = "libgobject-2.0.so.0";
/** The name under which webview hears a page. */
const messageHandler = "__webview__";

/**
 * @param window GtkWindow*
 * @param view WebKitWebView*
 */
export function tameGtkSignals(window: bigint, view: bigint): GtkSignals {
  if (Deno.build.os !== "linux") return { silence() {}, free() {} };
  const { g_signal_stop_emission_by_name } = Deno.dlopen(gobject, {
    g_signal_stop_emission_by_name: { parameters: ["usize", "buffer"], result: "void" },
  }).symbols;
  const webkit = Deno.dlopen("libwebkitgtk-6.0.so.4", {
    webkit_web_view_get_user_content_manager: { parameters: ["usize"], result: "usize" },
    webkit_user_content_manager_unregister_script_message_handler: {
      parameters: ["usize", "buffer", "buffer"],
      result: "void",
    },
  }).symbols;
  const name = "enable-debugging";
  // ours comes first, and what would open the debugger comes last: stopped in between
  const onDebugger = answerGtkSignal(window, name, ["usize", "i32", "usize"], () => {
    g_signal_stop_emission_by_name(window, new TextEncoder().encode(`${name}\0`));
    return 1;
  });
  return {
    silence() {
      webkit.webkit_user_content_manager_unregister_script_message_handler(
        webkit.webkit_web_view_get_user_content_manager(view),
        new TextEncoder().encode(`${messageHandler}\0`),
        null,
      );
    },
    free: () => onDebugger.close(),
  };
}

/**
 * Answers a signal of a window's whenever it comes, before what the system does by itself; to be
 * closed when the window is gone.
 * @param parameters what the signal's handler is given: the window first, and last nothing of use
 * @param answer 1 for yes
 */
export function answerGtkSignal(
  window: bigint,
  name: string,
  parameters: Deno.NativeType[],
  answer: () => number,
): { close(): void } {
  const { g_signal_connect_data } = Deno.dlopen(gobject, {
    g_signal_connect_data: {
      parameters: ["usize", "buffer", "function", "usize", "usize", "i32"],
      result: "u64",
    },
  }).symbols;
  const callback = new Deno.UnsafeCallback({ parameters, result: "i32" }, answer);
  const signal = new TextEncoder().encode(`${name}\0`);
  g_signal_connect_data(window, signal, callback.pointer, 0n, 0n, 0);
  return callback;
}
