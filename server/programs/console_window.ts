/**
 * Shows the page of an operator's console in a native window: a browser of one page, which has no
 * key and nothing of the bank. Its standard input begins with the page's link, a line of JSON.
 */
import { readJsonLine, runProgram, say } from "../../lib/process.ts";
import type { AtmWindowReady, ConsoleWindowStart } from "../../lib/programs.ts";
import { system } from "../../lib/system.ts";
import { NoWindow } from "../../ui/window/webview.ts";
import { runWindow } from "../../ui/window/window_thread.ts";

if (import.meta.main) await runProgram<ConsoleWindowStart>(showWindow);

async function showWindow({ webview: library }: ConsoleWindowStart): Promise<number> {
  const interrupted = new AbortController();
  Deno.addSignalListener("SIGINT", () => {}); // as in `process`: the launcher handles it
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupted.abort());
  try {
    return await runWindow<null>({
      library,
      title: "Console",
      page: readJsonLine<string>(),
      kiosk: false,
      randomBytes: system.randomBytes,
      startWorker: () =>
        new Worker(import.meta.resolve("./console_window_worker.ts"), {
          type: "module",
          deno: { permissions: { ffi: [library!] } },
        }),
      begin: null,
      interrupted: interrupted.signal,
    });
  } catch (error) {
    if (!(error instanceof NoWindow)) throw error;
    return say(JSON.stringify({ noWindow: error.message } satisfies AtmWindowReady));
  }
}
