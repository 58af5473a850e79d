/** Dispense tokens for a terminal's device, and present statuses from it. Pure. */
import { amountOfToken, makeToken, readToken, tokenAmount } from "../../lib/device_token.ts";
import type { Currency } from "../../lib/money.ts";
import type { Authorise, DeviceStatus } from "../ledger/command.ts";
import type { AccountIdentity } from "../ledger/model.ts";
import { accountKey, holdKey, statusKey } from "../ledger/rules/proof.ts";
import type { KnownDevice } from "./terminal_keys.ts";

/** What a dispense token is for. */
export interface DispenseFor {
  movement: string;
  /** The customer's. */
  account: AccountIdentity;
  /** The device's. */
  nonce: string;
  /** The bank's, for the present status: 16 random bytes as upper-case hex digits. */
  statusNonce: string;
  amount: bigint;
  currency: Currency;
}

/** Makes the token of a withdrawal under the device's present keys. */
export function dispenseToken(
  { device, keys }: KnownDevice,
  { movement, account, nonce, statusNonce, amount, currency }: DispenseFor,
): NonNullable<Authorise["dispense"]> {
  const { keyVersion } = device;
  const token = makeToken(keys.get(keyVersion)!.host, nonce, [
    ["DISPENSE1", tokenAmount(amount, currency)],
    [holdKey, movement.toUpperCase()],
    [statusKey, statusNonce],
    [accountKey, `${account.number}:${account.uid}`],
  ]);
  return { keyVersion, token };
}

/**
 * Returns a token, and the account that it is for, if the bank made it for this movement, under keys
 * that are still valid. Number and uid are empty if it names none.
 */
export function tokenOf(
  { keys }: KnownDevice,
  movement: string,
  token: string,
): { token: string; account: string; uid: string } | undefined {
  for (const { host } of keys.values()) {
    const read = readToken(host, token);
    if (typeof read === "string" || read.content.get(holdKey) !== movement.toUpperCase()) continue;
    const [account = "", uid = ""] = read.content.get(accountKey)?.split(":") ?? [];
    return { token, account, uid };
  }
}

/** Reads a present status; undefined unless the device made it, under keys that are still valid. */
export function statusOf(
  { device, keys }: KnownDevice,
  text: string,
  currency: Currency,
): DeviceStatus | undefined {
  if (device.state === "revoked") return undefined;
  for (const [keyVersion, { device: key }] of keys) {
    const read = readToken(key, text);
    if (typeof read === "string") continue;
    const { nonce, content } = read;
    const dispensed = amountOfToken(content.get("DISPENSED1"), currency);
    const presented = amountOfToken(content.get("PRESENTEDAMOUNT1"), currency);
    if (dispensed === null || presented === null) return undefined;
    const [ended = "", under] = content.get("STRONGROOMCLEARED")?.split(":") ?? [];
    const amount = amountOfToken(under, currency);
    return {
      ...{ text, keyVersion, nonce, dispensed, presented },
      id: content.get("DISPENSEID") ?? null,
      cleared: amount === null ? null : { nonce: ended, presented: amount },
    };
  }
}
