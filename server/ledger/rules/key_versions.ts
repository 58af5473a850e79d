/** Which version of a terminal's key is good, and until when (pure). */
import { keyOverlapMsMax } from "../../../lib/limits.ts";
import type { Terminal } from "../model.ts";

/**
 * Whether a channel under this version of the terminal's key may do anything. While the next key
 * waits for its terminal both are good; the older one for no longer than the overlap.
 */
export function keyStands(
  { state, keyVersion, next }: Pick<Terminal, "state" | "keyVersion" | "next">,
  version: number,
  timeMs: number,
): boolean {
  if (state !== "active") return false;
  if (version === next?.version) return true;
  return version === keyVersion && (next === null || timeMs < next.sinceMs + keyOverlapMsMax);
}
