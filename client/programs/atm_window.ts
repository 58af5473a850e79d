/**
 * Runs an ATM in a window. This thread, the window's, shows the page; `atm_worker` runs the ATM.
 */
import { readJsonLine, runProgram, say } from "../../lib/process.ts";
import type { AtmWindowReady, AtmWindowStart } from "../../lib/programs.ts";
import { system } from "../../lib/system.ts";
import type { Page } from "../../ui/window/page_bundle.ts";
import { NoWindow } from "../../ui/window/webview.ts";
import { runWindow } from "../../ui/window/window_thread.ts";

if (import.meta.main) await runProgram<AtmWindowStart>(showWindow);

async function showWindow(start: AtmWindowStart): Promise<number> {
  const interrupted = new AbortController();
  Deno.addSignalListener("SIGINT", () => {}); // as in `process`: the launcher handles it
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupted.abort());
  const { webview: library, terminal, kiosk } = start;
  try {
    return await runWindow<AtmWindowStart>({
      library,
      title: `ATM ${terminal}`.trim(),
      page: readJsonLine<Page>(),
      kiosk,
      randomBytes: system.randomBytes,
      startWorker: () => startWorker(library!),
      begin: start,
      interrupted: interrupted.signal,
    });
  } catch (error) {
    if (!(error instanceof NoWindow)) throw error;
    return say(JSON.stringify({ noWindow: error.message } satisfies AtmWindowReady));
  }
}

/** Starts the worker, with this process's permissions, but of native code only the web view. */
function startWorker(library: string): Worker {
  const inherited = { read: "inherit", write: "inherit", net: "inherit" } as const;
  return new Worker(import.meta.resolve("./atm_worker.ts"), {
    type: "module",
    deno: { permissions: { ...inherited, ffi: [library] } },
  });
}
