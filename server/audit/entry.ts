/** An entry of the log: its forms as written and as stored, and the names of its place. */
import type { LoggedAt } from "../../lib/atm.ts";
import { type Bytes, hex, noBytes } from "../../lib/bytes.ts";
import type { LoggedOutcome } from "../../lib/errors.ts";

/** The subject of an entry, for filters. */
export type EntryKind = "withdrawal" | "deposit" | "transfer" | "log-in" | "other";

/** An audit entry before it is sealed: `who | action | time`, and its facts. */
export interface AuditEntry {
  /** The customer's username; otherwise `operator NAME`, `terminal NAME`, `bank`, or a keyed hash. */
  who: string;
  action: string;
  timeMs: number;
  kind: EntryKind;
  outcome: LoggedOutcome;
  /** The terminal's name; empty if there was none. */
  terminal: string;
  /** The id of the entry's movement, 32 hex digits. */
  movement?: string;
  /** The step of the movement's row that this entry describes; each row has one entry. */
  step?: "authorise" | "settle" | "report" | "book";
  amount?: bigint;
  /** The number of the customer's account. */
  account?: string;
  /** The balance of that account after this entry, if it booked money. */
  balance?: bigint;
  /** The message of a transfer. */
  message?: string;
  /** The operator's signed request, as JSON: `nonce`, `command` and `signature`. */
  signed?: string;
}

/** A change of a row of the books: its name, and its canonical texts, null for a missing row. */
export interface RowChange {
  name: string;
  before: string | null;
  after: string | null;
}

/** An entry's change to the sum of the digests of the row of this name, modulo 2^256. */
export interface RowDigest {
  name: string;
  digest: bigint;
}

/**
 * An entry before it is sealed, and the rows that it covers: if it has a step, the first is its
 * movement's row.
 */
export interface EntryWithRows extends AuditEntry {
  rows?: readonly RowChange[];
}

/** The numbers of a movement's rows. */
export const stepNumbers = { authorise: 1, book: 1, settle: 2, report: 3 } as const;

/** Returns the log's name for the row of a movement in this step. */
export function movementRowName(id: string, step: number): string {
  return `movement ${id} ${step}`;
}

/** Returns whether a name is reserved for entries about no customer. */
export function isReservedName(name: string): boolean {
  return name === "bank" || /^(operator|terminal|unknown) /.test(name);
}

/** A row of a customer's movement that has an entry in the log. */
export interface LoggedRow {
  customer: string;
  /** The movement's id, 32 hex digits. */
  movement: string;
  step: AuditEntry["step"];
}

/** An entry as it is stored. */
export interface SealedEntry {
  /** The number of its chain in this database, from 1; the tag covers the chain's id instead. */
  chain: number;
  /** Its place in the chain, from 1 without a gap. */
  sequence: number;
  epoch: number;
  /** The version of the AUDIT_KEY that seals it; 0 for an entry in clear. */
  keyVersion: number;
  /** The keyed index of the customer it is about, 16 bytes; zeros for an entry in clear. */
  who: Uint8Array;
  /**
   * What the entry commits to, 32 bytes: its owner can show the entry to a stranger without the keys that
   * open it. Zeros for an entry in clear.
   */
  commitment: Uint8Array;
  /** Empty for an epoch's end. */
  sealed: Uint8Array;
  /** 32 bytes. */
  tag: Uint8Array;
}

/** The names of a chain: 16 random bytes, and its number in a database. */
export interface ChainName {
  number: number;
  id: Bytes;
}

/** Identifies an entry in a database. */
export type LogPlace = Pick<SealedEntry, "chain" | "sequence">;

/** Returns a place as text: "1.4711". */
export function placeText({ chain, sequence }: LogPlace): string {
  return `${chain}.${sequence}`;
}

/** Parses a place; returns null for any other text. */
export function placeOfText(text: string): LogPlace | null {
  const [, chain, sequence] = /^([1-9][0-9]{0,3})\.([1-9][0-9]{0,12})$/.exec(text) ?? [];
  return chain ? { chain: Number(chain), sequence: Number(sequence) } : null;
}

/** Returns an entry's place and tag, for a receipt. */
export function loggedAt(entry: SealedEntry): LoggedAt {
  return { place: placeText(entry), tag: hex(entry.tag) };
}

const nobody = new Uint8Array(16);
const noCommitment = new Uint8Array(32);

/** Returns an unencrypted entry of the chain itself, about nobody. */
export function inClear(
  chain: number,
  sequence: number,
  epoch: number,
  bytes: Uint8Array,
): Omit<SealedEntry, "tag"> {
  return {
    chain,
    sequence,
    epoch,
    keyVersion: 0,
    who: nobody,
    commitment: noCommitment,
    sealed: bytes,
  };
}

/** Returns whether an entry is the chain's own: an epoch's end, or the start of a chain. */
export function isInClear({ keyVersion }: Pick<SealedEntry, "keyVersion">): boolean {
  return keyVersion === 0;
}

/** Returns the entry that ends an epoch; the next entry belongs to the next epoch. */
export function epochEnd(chain: number, sequence: number, epoch: number): Omit<SealedEntry, "tag"> {
  return inClear(chain, sequence, epoch, noBytes);
}

export function endsEpoch({ sealed }: Pick<SealedEntry, "sealed">): boolean {
  return sealed.length === 0;
}
