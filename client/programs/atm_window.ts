/**
 * Runs an ATM in a window. This thread, the window's, shows the page; `atm_worker` runs the ATM.
 */
import { runProgram } from "../../lib/process.ts";
import type { AtmWindowStart } from "../../lib/programs.ts";
import { runWindowProgram } from "../../ui/window/window_program.ts";

if (import.meta.main) await runProgram<AtmWindowStart>(showWindow);

function showWindow(start: AtmWindowStart): Promise<number> {
  const { webview: library, terminal, kiosk } = start;
  return runWindowProgram<AtmWindowStart>({
    library,
    title: `ATM ${terminal}`.trim(),
    kiosk,
    startWorker: () => startWorker(library!),
    begin: start,
  });
}

/** Starts the worker, with this process's permissions, but of native code only the web view. */
function startWorker(library: string): Worker {
  const inherited = { read: "inherit", write: "inherit", net: "inherit" } as const;
  return new Worker(import.meta.resolve("./atm_worker.ts"), {
    type: "module",
    deno: { permissions: { ...inherited, ffi: [library] } },
  });
}
