/** Starts the service of simulated cash devices. */
import {
  type DevicesAt,
  devicesFolderOf,
  type DevicesReady,
  type DevicesStart,
} from "../../../lib/programs.ts";
import { Child } from "./child.ts";
import { addressText, type Place } from "./paths.ts";
import { denoArguments, devicesPermissions } from "./permissions.ts";

/** Returns how to start the devices of an ATM in its folder, on a free port of this host. */
export function serviceStart(atmFolder: string): DevicesStart {
  return { folder: devicesFolderOf(atmFolder), listen: { hostname: "127.0.0.1", port: 0 } };
}

export function deviceService(start: DevicesStart, place: Place): Child<DevicesReady> {
  const permissions = devicesPermissions(start, addressText(start.listen));
  return new Child(denoArguments(place, "client/programs/devices", permissions, start));
}

/**
 * Starts the devices of an ATM, as one of the children. Prints the error and returns null if they did
 * not start.
 */
export async function startOwnDevices(
  atmFolder: string,
  place: Place,
  children: Child<unknown>[],
): Promise<DevicesReady & { at: DevicesAt } | null> {
  const service = deviceService(serviceStart(atmFolder), place);
  children.push(service);
  const ready = await service.ready;
  return ready && { ...ready, at: { url: ready.url, isOwn: true } };
}

/** Returns the address of devices, as a permission. */
export function netOf({ url }: DevicesAt): string[] {
  const { hostname, port, protocol } = new URL(url);
  return [`${hostname}:${port || (protocol === "wss:" ? 443 : 80)}`];
}

/** Returns the files that a connection to devices reads. */
export function filesOf({ authorities }: DevicesAt): string[] {
  return authorities === undefined ? [] : [authorities];
}
