/// <reference lib="deno.worker" />
/** A storm's own thread, so that strangers' work is not the honest ATM's; it ends with the thread. */
import { storms, type Target } from "./storms.ts";

self.onmessage = ({ data }: MessageEvent<{ name: string; target: Target }>) => {
  storms.find(({ name }) => name === data.name)!.run(data.target);
  self.postMessage("begun");
};
