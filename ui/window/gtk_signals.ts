/**
 * Blocks two GTK features that a customer's window must not have, on Linux.
 *
 * GTK adds a debugger to every window, opened by Ctrl+Shift+I or Ctrl+Shift+D: anyone at the ATM
 * could use it to change or crash the program.
 *
 * WebKit's view briefly outlives its window. Messages of its page in that time reach webview's
 * engine, and crash the process if the engine is already freed.
 */

export interface GtkSignals {
  /** Discards the page's messages; call this before the window is destroyed. */
  silence(): void;
  /** Releases the handlers; call this after the window is destroyed. */
  free(): void;
}

const gobject = "libgobject-2.0.so.0";
/** The name of webview's handler for a page's messages. */
const messageHandler = "__webview__";

/**
 * Blocks the debugger and the late messages of a window.
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
  // our handler runs first and the debugger's last: the signal is stopped in between
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
 * Answers a signal of a window before the system's default handler; close the returned handle after
 * the window is destroyed.
 * @param parameters types of the handler's arguments: first the window, last an unused pointer
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
