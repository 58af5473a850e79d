/// <reference lib="deno.worker" />
/** Ends a console's window when the launcher does, whose thread only shows it. */
import { leashEnds } from "../../lib/process.ts";
import { serveWindow } from "../../ui/window/window_worker.ts";

serveWindow<null>(leashEnds(), async (_begin, window) => {
  await window.closed;
  return 0;
});
