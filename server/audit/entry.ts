/** An entry of the log: as it is written, as it is stored, and the names of its place. */
import type { LoggedAt } from "../../lib/atm.ts";
import { type Bytes, hex } from "../../lib/bytes.ts";
import type { LoggedOutcome } from "../../lib/errors.ts";

/** What an entry is about, for filters. */
export type EntryKind = "withdrawal" | "deposit" | "transfer" | "log-in" | "other";

/** An audit entry before it is sealed: `who | action | time`, and its facts. */
export interface AuditEntry {
  /** The customer's username; otherwise `operator NAME`, `terminal NAME`, `bank`, or a keyed hash. */
  who: string;
  action: string;
  timeMs: number;
  kind: EntryKind;
  outcome: LoggedOutcome;
  /** The terminal's name; empty for what happened at none. */
  terminal: string;
  /** The id of the movement that it is about, 32 hex digits. */
  movement?: string;
  /** Which of a movement's rows this entry is about; each has one. */
  step?: "authorise" | "settle" | "report" | "book";
  amount?: bigint;
}

/** A change of a row of the books: its name, and its canonical texts, null where there is no row. */
export interface RowChange {
  name: string;
  before: string | null;
  after: string | null;
}

/** What an entry adds to the sum of the digests of the row of this name, modulo 2^256. */
export interface RowDigest {
  name: string;
  digest: bigint;
}

/**
 * An entry that is to be sealed, and the rows that it speaks of: where it has a step, the first is its
 * movement's row.
 */
export interface EntryWithRows extends AuditEntry {
  rows?: readonly RowChange[];
}

/** The numbers of a movement's rows. */
export const stepNumbers = { authorise: 1, book: 1, settle: 2, report: 3 } as const;

/** What the log calls the row of a movement in this step. */
export function movementRowName(id: string, step: number): string {
  return `movement ${id} ${step}`;
}

/** Whether entries about no customer have this name: no customer may. */
export function isReservedName(name: string): boolean {
  return name === "bank" || /^(operator|terminal|unknown) /.test(name);
}

/** One row of a customer's movement, of which the log has an entry. */
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

/** Names an entry among all of a database's. */
export type LogPlace = Pick<SealedEntry, "chain" | "sequence">;

/** A place as text: "1.4711". */
export function placeText({ chain, sequence }: LogPlace): string {
  return `${chain}.${sequence}`;
}

/** The place that a text names; null for any other text. */
export function placeOfText(text: string): LogPlace | null {
  const [, chain, sequence] = /^([1-9][0-9]{0,3})\.([1-9][0-9]{0,12})$/.exec(text) ?? [];
  return chain ? { chain: Number(chain), sequence: Number(sequence) } : null;
}

/** An entry's place and tag, as a receipt has them. */
export function loggedAt(entry: SealedEntry): LoggedAt {
  return { place: placeText(entry), tag: hex(entry.tag) };
}

const nobody = new Uint8Array(16);
const nothing = new Uint8Array(0);

/** An entry of the chain itself, about nobody: its bytes are under no AUDIT_KEY. */
export function inClear(
  chain: number,
  sequence: number,
  epoch: number,
  bytes: Uint8Array,
): Omit<SealedEntry, "tag"> {
  return { chain, sequence, epoch, keyVersion: 0, who: nobody, sealed: bytes };
}

/** Whether an entry is the chain's own, about nobody: an epoch's end, or the start of a chain. */
export function isInClear({ keyVersion }: Pick<SealedEntry, "keyVersion">): boolean {
  return keyVersion === 0;
}

/** The last entry of an epoch, and nothing else: what follows it is of the next epoch. */
export function epochEnd(chain: number, sequence: number, epoch: number): Omit<SealedEntry, "tag"> {
  return inClear(chain, sequence, epoch, nothing);
}

export function endsEpoch({ sealed }: Pick<SealedEntry, "sealed">): boolean {
  return sealed.length === 0;
}
