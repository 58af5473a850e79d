/**
 * GTK brings a debugger of its own to every window, and Ctrl+Shift+I or Ctrl+Shift+D opens it: with it
 * whoever stands at the ATM could change or crash what runs. A window for customers has none.
 */

/** Keeps GTK's debugger shut; call `free` when the window is gone. On other systems there is none. */
export function forbidGtkInspector(window: bigint): { free(): void } {
  if (Deno.build.os !== "linux") return { free() {} };
  const gobject = Deno.dlopen("libgobject-2.0.so.0", {
    g_signal_connect_data: {
      parameters: ["usize", "buffer", "function", "usize", "usize", "i32"],
      result: "u64",
    },
    g_signal_stop_emission_by_name: { parameters: ["usize", "buffer"], result: "void" },
  }).symbols;
  const signal = new TextEncoder().encode("enable-debugging\0");
  // ours comes first, and what would open the debugger comes last: stopped in between
  const onAsked = new Deno.UnsafeCallback(
    { parameters: ["usize", "i32", "usize"], result: "i32" },
    () => {
      gobject.g_signal_stop_emission_by_name(window, signal);
      return 1;
    },
  );
  gobject.g_signal_connect_data(window, signal, onAsked.pointer, 0n, 0n, 0);
  return { free: () => onAsked.close() };
}
