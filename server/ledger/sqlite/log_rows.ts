/** Entries of the log as rows: chain and sequence are one number, `place`. */
import type { LogPlace, SealedEntry } from "../../audit/entry.ts";
import { bytesOf, numberOf, type Row } from "../rows.ts";

const sequencesPerChain = 2 ** 40;

export const placeOf = ({ chain, sequence }: LogPlace) => chain * sequencesPerChain + sequence;

export function entryOf(row: Row): SealedEntry {
  const place = numberOf(row.place);
  return {
    chain: Math.floor(place / sequencesPerChain),
    sequence: place % sequencesPerChain,
    epoch: numberOf(row.epoch),
    keyVersion: numberOf(row.key_version),
    who: bytesOf(row.who),
    sealed: bytesOf(row.sealed),
    tag: bytesOf(row.tag),
  };
}
