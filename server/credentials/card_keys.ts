/**
 * The keys of the bank's cards, derived from the first version of AUDIT_KEY: that is in every
 * bank.keys, never in the database, and does not change.
 */
import { type Bytes, hex, utf8 } from "../../lib/bytes.ts";
import { hmac } from "../../lib/hmac.ts";

export interface CardKeys {
  /** Mixed into the hash of every PIN: the database alone does not show whether a PIN is right. */
  readonly pepper: Bytes;
  /** Returns the hash under which the bank has a card. @param numberHash as of `cardNumberHash` */
  cardHash(numberHash: string): string;
}

/** @param audit every version of AUDIT_KEY */
export function cardKeysOf(audit: readonly { version: number; key: Uint8Array }[]): CardKeys {
  const { key } = audit.reduce((one, other) => other.version < one.version ? other : one);
  const numberKey = hmac(key, utf8("strongroom/1 card number"));
  return {
    pepper: hmac(key, utf8("strongroom/1 card pin")),
    cardHash: (numberHash) => hex(hmac(numberKey, utf8(numberHash))),
  };
}
