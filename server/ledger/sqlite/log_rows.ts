/** Entries of the log as rows: chain and sequence are one number, `place`. */
import type { LogPlace, SealedEntry } from "../../audit/entry.ts";
import { bytesOf, numberOf, type Row } from "../rows.ts";

const sequencesPerChain = 2 ** 40;

export const placeOf = ({ chain, sequence }: LogPlace) => chain * sequencesPerChain + sequence;

export const logPlaceOf = (place: number): LogPlace => {
  const chain = Math.floor(place / sequencesPerChain);
  return { chain, sequence: place - chain * sequencesPerChain };
};

export function entryOf(row: Row): SealedEntry {
  return {
    ...logPlaceOf(numberOf(row.place)),
    epoch: numberOf(row.epoch),
    keyVersion: numberOf(row.key_version),
    who: bytesOf(row.who),
    commitment: bytesOf(row.commitment),
    sealed: bytesOf(row.sealed),
    tag: bytesOf(row.tag),
  };
}
