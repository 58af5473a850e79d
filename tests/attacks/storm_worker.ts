/// <reference lib="deno.worker" />
/** A storm's own thread, so that strangers' work is not the honest ATM's; it ends with the thread. */
import type { Target } from "./storms.ts";

self.onmessage = async ({ data }: MessageEvent<{ name: string; target: Target }>) => {
  // Its modules make a key first: a message that comes meanwhile would find no handler.
  const { storms } = await import("./storms.ts");
  storms.find(({ name }) => name === data.name)!.run(data.target);
  self.postMessage("begun");
};
