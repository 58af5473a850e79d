/**
 * What a device's present status proves of a withdrawal's dispense token. A dead token dispenses
 * nothing more: only then is its money booked or freed.
 */
import { contentOfToken } from "../../../lib/device_token.ts";
import type { DeviceStatus } from "../command.ts";
import type { Movement } from "../model.ts";
import type { Batch } from "./batch.ts";

/**
 * Keys of the bank's own in a token: the movement, the nonce of its present status, and the number
 * and uid of the account that it charges, which a restored bank may lack.
 */
export const accountKey = "STRONGROOMACCOUNT";
export const holdKey = "STRONGROOMHOLD";
export const statusKey = "STRONGROOMSTATUS";

/** Returns the nonce for which the device attests a withdrawal's token. */
export function statusNonceOf({ token }: Pick<Movement, "token">): string {
  return contentOfToken(token)?.content.get(statusKey) ?? "";
}

/**
 * Returns the amount that was presented under a withdrawal's token, if the status proves that the
 * token is dead: its whole sum was dispensed, or its nonce has ended.
 */
export function provedAmount(
  { token, amount }: Pick<Movement, "token" | "amount">,
  status: DeviceStatus | undefined,
): bigint | null {
  const own = contentOfToken(token);
  if (!own || !status || status.nonce !== statusNonceOf({ token })) return null;
  const { dispensed, presented, cleared } = status;
  const ended = cleared?.nonce === own.nonce ? cleared : null;
  if (status.id !== own.id) return ended?.presented === 0n ? 0n : null;
  if (presented > amount || presented > dispensed) return null;
  if (ended) return ended.presented === presented ? presented : null;
  return dispensed === amount ? presented : null;
}

/** Ends a device's earlier keys once it has used the present ones. */
export function confirmDeviceKeys(
  batch: Batch,
  terminalId: string,
  status: DeviceStatus | undefined,
): void {
  const terminal = batch.books.terminal(terminalId);
  const device = terminal?.device;
  if (!device?.previous || status?.keyVersion !== device.keyVersion) return;
  batch.books.setTerminal({ ...terminal!, device: { ...device, previous: null } });
  const action =
    `device ${device.name} has used keys ${device.keyVersion} - earlier ones have ended`;
  batch.log(`terminal ${terminal!.name}`, action, { outcome: "ok", terminal: terminal!.name });
}
