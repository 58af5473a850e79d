/**
 * An entry to bytes and back: `who | action | time`, a line of facts, and the digests of the rows that it
 * speaks of, bound to its place in its chain.
 */
import { type Bytes, concat, textOf, u32, u64, utf8 } from "../../lib/bytes.ts";
import type { LoggedOutcome } from "../../lib/errors.ts";
import type { Plain } from "../../lib/seal.ts";
import {
  type AuditEntry,
  type EntryKind,
  type EntryWithRows,
  movementRowName,
  type RowDigest,
  stepNumbers,
} from "./entry.ts";
import { digestBytes, digestOfBytes } from "./row_digests.ts";

/** The line that an entry is: `alice | withdraw $40.00 | 2026-11-23T15:16:02.249Z`. */
export function lineOf(entry: AuditEntry): string {
  return `${entry.who} | ${entry.action} | ${new Date(entry.timeMs).toISOString()}`;
}

/** An entry's place, and what it is sealed under. */
export interface SealedPlace {
  chainId: Uint8Array;
  sequence: number;
  keyVersion: number;
}

/**
 * The plaintext of an entry for one place of one chain.
 * @param digests what its rows add to the sum of digests, 32 bytes each
 */
export function plainOf(
  entry: EntryWithRows,
  digests: readonly Uint8Array[],
  place: SealedPlace,
): Plain {
  const { kind, outcome, terminal, movement, step, amount } = entry;
  const rows = namesOf(entry);
  const facts = { kind, outcome, terminal, movement, step, amount: amount?.toString(), rows };
  const text = `${lineOf(entry)}\n${JSON.stringify(facts)}`;
  const plaintext = digests.length > 0 ? concat(utf8(`${text}\n`), ...digests) : utf8(text);
  return { aad: aadOf(place), plaintext };
}

/** The names of an entry's rows, its movement's own left out, which has the name of movement and step. */
function namesOf({ step, rows = [] }: EntryWithRows): string[] | undefined {
  const named = rows.slice(step ? 1 : 0);
  return named.length > 0 ? named.map(({ name }) => name) : undefined;
}

/** An entry as it was sealed, and what its rows add to the sum of digests. */
export interface EntryWithDigests {
  entry: AuditEntry;
  digests: RowDigest[];
}

/** The entry of a plaintext; null for one of another shape. */
export function entryOf(plaintext: Uint8Array): AuditEntry | null {
  return parsed(plaintext)?.entry ?? null;
}

/** The same with its rows; null also where names and digests are not as many. */
export function entryWithDigestsOf(plaintext: Uint8Array): EntryWithDigests | null {
  const { entry, rows, rest } = parsed(plaintext) ?? {};
  if (!entry || !rows || !rest) return null;
  const { movement, step } = entry;
  const own = movement && step ? [movementRowName(movement, stepNumbers[step])] : [];
  const names = [...own, ...rows];
  if (rest.length !== names.length * digestBytes) return null;
  const digests = names.map((name, index) => {
    const at = index * digestBytes;
    return { name, digest: digestOfBytes(rest.subarray(at, at + digestBytes)) };
  });
  return { entry, digests };
}

function parsed(
  plaintext: Uint8Array,
): { entry: AuditEntry; rows: string[]; rest: Uint8Array } | null {
  const end = plaintext.indexOf(lineFeed, plaintext.indexOf(lineFeed) + 1);
  const text = textOf(end < 0 ? plaintext : plaintext.subarray(0, end));
  const [, who, action, time, facts] = entryShape.exec(text) ?? [];
  if (!who || !action || !time || !facts) return null;
  const { amount, rows = [], ...others } = JSON.parse(facts) as {
    kind: EntryKind;
    outcome: LoggedOutcome;
    terminal: string;
    amount?: string;
    rows?: string[];
  };
  const entry = {
    who,
    action,
    timeMs: Date.parse(time),
    ...others,
    ...(amount === undefined ? {} : { amount: BigInt(amount) }),
  };
  return { entry, rows, rest: plaintext.subarray(end < 0 ? plaintext.length : end + 1) };
}

const lineFeed = 10;

/** `who | action | time`, and the facts on a line of their own. Only an action may hold a bar. */
const entryShape = /^([^|\n]+) \| ([^\n]+) \| (\S+)\n(.*)$/;

const aadLabel = utf8("strongroom/1 audit entry");

export function aadOf({ chainId, sequence, keyVersion }: SealedPlace): Bytes {
  return concat(aadLabel, chainId, u64(sequence), u32(keyVersion));
}
