/**
 * Encodes and decodes entries: the salts of the commitment, `who | action | time`, a line of facts, and
 * the digests of the entry's rows, bound to its place in its chain.
 */
import {
  type Bytes,
  concat,
  equalInConstantTime,
  textOf,
  u32,
  u64,
  utf8,
} from "../../lib/bytes.ts";
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
import { commitmentOf, type Opening } from "../transparency/receipt.ts";
import { sha256 } from "../../lib/hmac.ts";
import { digestBytes, digestOfBytes } from "./row_digests.ts";

/** Returns an entry's line: `alice | withdraw $40.00 | 2026-11-23T15:16:02.249Z`. */
export function lineOf(entry: AuditEntry): string {
  return `${entry.who} | ${actionLineOf(entry)}`;
}

/** Returns the part of an entry that its owner can show to a stranger: the line without the customer. */
function actionLineOf({ action, timeMs }: AuditEntry): string {
  return `${action} | ${new Date(timeMs).toISOString()}`;
}

/** The two salts of an entry's commitment, one after the other. */
export const saltsBytes = 32;
const saltBytes = saltsBytes / 2;

/**
 * Returns the opening of an entry's commitment with these salts.
 * @param text as `actionLineOf` returns it
 */
function openingOf(
  { who }: AuditEntry,
  salts: Uint8Array,
  text: string,
): Opening {
  const w = sha256(salts.subarray(0, saltBytes), utf8(who));
  return { w, salt: salts.slice(saltBytes), text };
}

/** An entry's place, and the key version that seals it. */
export interface SealedPlace {
  chainId: Uint8Array;
  sequence: number;
  keyVersion: number;
}

/**
 * Returns the plaintext of an entry for one place of one chain, and its commitment.
 * @param digests the changes of its rows to the sum of digests, 32 bytes each
 * @param salts `saltsBytes` random bytes
 */
export function plainOf(
  entry: EntryWithRows,
  digests: readonly Uint8Array[],
  salts: Uint8Array,
  place: SealedPlace,
): Plain & { commitment: Bytes } {
  const { kind, outcome, terminal, movement, step, account, message, signed } = entry;
  const [amount, balance] = [entry.amount?.toString(), entry.balance?.toString()];
  const rows = namesOf(entry);
  const facts = {
    kind,
    outcome,
    terminal,
    movement,
    step,
    amount,
    account,
    balance,
    message,
    signed,
    rows,
  };
  const line = actionLineOf(entry);
  const text = `${entry.who} | ${line}\n${JSON.stringify(facts)}`;
  const body = digests.length > 0 ? [utf8(`${text}\n`), ...digests] : [utf8(text)];
  const commitment = commitmentOf(openingOf(entry, salts, line));
  return { aad: aadOf(place), plaintext: concat(salts, ...body), commitment };
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

/** Decodes a plaintext; returns null for any other form, or if the commitment does not match. */
export function entryOf(plaintext: Uint8Array, commitment: Uint8Array): AuditEntry | null {
  return parsed(plaintext, commitment)?.entry ?? null;
}

/** Decodes a plaintext with the opening of its commitment. */
export function openingOfPlaintext(
  plaintext: Uint8Array,
  commitment: Uint8Array,
): { entry: AuditEntry; opening: Opening } | null {
  const { entry, opening } = parsed(plaintext, commitment) ?? {};
  return entry && opening ? { entry, opening } : null;
}

/** Decodes a plaintext with its rows; also returns null if the numbers of names and digests differ. */
export function entryWithDigestsOf(
  plaintext: Uint8Array,
  commitment: Uint8Array,
): EntryWithDigests | null {
  const { entry, rows, rest } = parsed(plaintext, commitment) ?? {};
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

interface Parsed {
  entry: AuditEntry;
  opening: Opening;
  rows: string[];
  rest: Uint8Array;
}

function parsed(withSalts: Uint8Array, commitment: Uint8Array): Parsed | null {
  const [salts, plaintext] = [
    withSalts.subarray(0, saltsBytes),
    withSalts.subarray(saltsBytes),
  ];
  const end = plaintext.indexOf(lineFeed, plaintext.indexOf(lineFeed) + 1);
  const text = textOf(end < 0 ? plaintext : plaintext.subarray(0, end));
  const [, who, action, time, facts] = entryShape.exec(text) ?? [];
  if (!who || !action || !time || !facts) return null;
  const { amount, balance, rows = [], ...others } = JSON.parse(facts) as {
    kind: EntryKind;
    outcome: LoggedOutcome;
    terminal: string;
    amount?: string;
    balance?: string;
    rows?: string[];
  };
  const entry = {
    who,
    action,
    timeMs: Date.parse(time),
    ...others,
    ...(amount === undefined ? {} : { amount: BigInt(amount) }),
    ...(balance === undefined ? {} : { balance: BigInt(balance) }),
  };
  const opening = openingOf(entry, salts, actionLineOf(entry));
  if (!equalInConstantTime(commitmentOf(opening), commitment)) return null;
  return { entry, opening, rows, rest: plaintext.subarray(end < 0 ? plaintext.length : end + 1) };
}

const lineFeed = 10;

/** `who | action | time`, and the facts on a separate line. Only an action may contain a bar. */
const entryShape = /^([^|\n]+) \| ([^\n]+) \| (\S+)\n(.*)$/;

const aadLabel = utf8("strongroom/1 audit entry");

export function aadOf({ chainId, sequence, keyVersion }: SealedPlace): Bytes {
  return concat(aadLabel, chainId, u64(sequence), u32(keyVersion));
}
