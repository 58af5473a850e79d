/** The main thread of a program that shows a window: signals, the page on standard input, no window. */
import { readJsonLine, say } from "../../lib/process.ts";
import type { WindowReady } from "../../lib/programs.ts";
import { system } from "../../lib/system.ts";
import type { Page } from "./page_bundle.ts";
import { NoWindow } from "./webview.ts";
import { runWindow, type WindowOptions } from "./window_thread.ts";

/** Shows a window until it is closed, or reports why there is none; returns the exit code. */
export async function runWindowProgram<Begin>(
  options: Omit<WindowOptions<Begin>, "page" | "randomBytes" | "interrupted">,
): Promise<number> {
  const interrupted = new AbortController();
  Deno.addSignalListener("SIGINT", () => {}); // as in `process`: the launcher handles it
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => interrupted.abort());
  try {
    return await runWindow<Begin>({
      ...options,
      page: readJsonLine<Page | string>(),
      randomBytes: system.randomBytes,
      interrupted: interrupted.signal,
    });
  } catch (error) {
    if (!(error instanceof NoWindow)) throw error;
    return say(JSON.stringify({ noWindow: error.message } satisfies WindowReady));
  }
}
