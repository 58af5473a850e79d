/**
 * Encodes and decodes entries: `who | action | time`, a line of facts, and the digests of the
 * entry's rows, bound to its place in its chain.
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

/** Returns an entry's line: `alice | withdraw $40.00 | 2026-11-23T15:16:02.249Z`. */
export function lineOf(entry: AuditEntry): string {
  return `${entry.who} | ${entry.action} | ${new Date(entry.timeMs).toISOString()}`;
}

/** An entry's place, and the key version that seals it. */
export interface SealedPlace {
  chainId: Uint8Array;
  sequence: number;
  keyVersion: number;
}

/**
 * Returns the plaintext of an entry for one place of one chain.
 * @param digests the changes of its rows to the sum of digests, 32 bytes each
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

/**
 * Returns the names of an entry's rows, without its movement's own, whose name is given by movement
 * and step.
 */
function namesOf({ step, rows = [] }: EntryWithRows): string[] | undefined {
  const named = rows.slice(step ? 1 : 0);
  return named.length > 0 ? named.map(({ name }) => name) : undefined;
}

/** A decoded entry, and its rows' changes to the sum of digests. */
export interface EntryWithDigests {
  entry: AuditEntry;
  digests: RowDigest[];
}

/** Decodes a plaintext; returns null for any other form. */
export function entryOf(plaintext: Uint8Array): AuditEntry | null {
  return parsed(plaintext)?.entry ?? null;
}

/**
 * Decodes a plaintext with its rows; also returns null if the numbers of names and digests differ.
 */
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

/** `who | action | time`, and the facts on a separate line. Only an action may contain a bar. */
const entryShape = /^([^|\n]+) \| ([^\n]+) \| (\S+)\n(.*)$/;

const aadLabel = utf8("strongroom/1 audit entry");

export function aadOf({ chainId, sequence, keyVersion }: SealedPlace): Bytes {
  return concat(aadLabel, chainId, u64(sequence), u32(keyVersion));
}
