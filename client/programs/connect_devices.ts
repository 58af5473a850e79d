/** Connects an ATM's programs to its devices. */
import type { DevicesAt } from "../../lib/programs.ts";
import { connectMessages } from "../../lib/system.ts";
import type { MessageSocket } from "../../lib/world.ts";

/** Returns what connects to a service; undefined without devices. */
export function connectorOf(
  devices: DevicesAt | undefined,
): ((url: string) => Promise<MessageSocket>) | undefined {
  if (!devices) return undefined;
  const { authorities } = devices;
  const certificates = authorities === undefined ? undefined : Deno.readTextFileSync(authorities);
  return (url) => connectMessages(url, certificates);
}
