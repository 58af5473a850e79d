/** Determines which versions of a terminal's key are valid, and until when. Pure. */
import { keyOverlapMsMax } from "../../../lib/limits.ts";
import type { Terminal } from "../model.ts";

/**
 * Returns whether a channel under this version of the terminal's key is valid. While the next key
 * is pending both are valid; the older one at most for the overlap.
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
