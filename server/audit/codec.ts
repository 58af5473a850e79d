/**
 * Encodes and decodes entries: the salts of the commitment, `who | action | time`, a line of facts, and
 * the digests of the entry's rows, bound to its place in its chain.
 */
import { type Bytes, equalInConstantTime, putU32, putU64, textOf, utf8 } from "../../lib/bytes.ts";
import type { LoggedOutcome } from "../../lib/errors.ts";
import type { PlainParts } from "../../lib/seal.ts";
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
export function lineOf({ who, action, timeMs }: AuditEntry): string {
  return `${who} | ${action} | ${new Date(timeMs).toISOString()}`;
}

/** The two salts of an entry's commitment, one after the other. */
export const saltsBytes = 32;
const saltBytes = saltsBytes / 2;

/** An opened commitment, its text as bytes. */
interface OpeningBytes {
  w: Bytes;
  salt: Uint8Array;
  text: Uint8Array;
}

/** Returns the opening of the commitment of a text that begins with an entry's line. */
function openingOf(salts: Uint8Array, text: Uint8Array): OpeningBytes {
  const whoEnd = placeOf(bar, text, 0) - 1;
  const start = whoEnd + " | ".length;
  return {
    w: sha256(salts.subarray(0, saltBytes), text.subarray(0, whoEnd)),
    salt: salts.subarray(saltBytes),
    text: text.subarray(start, placeOf(lineFeed, text, start)),
  };
}

/** Returns where a byte is next, which is there; faster than a call of `indexOf`. */
function placeOf(byte: number, text: Uint8Array, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== byte) at++;
  return at;
}

/** An entry's place, and the key version that seals it. */
export interface SealedPlace {
  chainId: Uint8Array;
  sequence: number;
  keyVersion: number;
}

/** An entry to be sealed: its plaintext in parts, and its commitment. */
export interface PlainEntry extends PlainParts {
  commitment: Bytes;
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
): PlainEntry {
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
  const lines = `${lineOf(entry)}\n${JSON.stringify(facts)}`;
  const text = utf8(digests.length > 0 ? `${lines}\n` : lines);
  const commitment = commitmentOf(openingOf(salts, text));
  return { aad: aadOf(place), plaintext: [salts, text, ...digests], commitment };
}

/**
 * Returns the names of an entry's rows, without its movement's own, whose name is given by movement
 * and step.
 */
function namesOf({ step, rows = [] }: EntryWithRows): string[] | undefined {
  const own = step ? 1 : 0;
  return rows.length > own ? rows.slice(own).map(({ name }) => name) : undefined;
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
  if (!entry || !opening) return null;
  const { w, salt, text } = opening;
  return { entry, opening: { w, salt: salt.slice(), text: textOf(text) } };
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
  opening: OpeningBytes;
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
    ...others,
    who,
    action,
    timeMs: Date.parse(time),
    ...(amount === undefined ? {} : { amount: BigInt(amount) }),
    ...(balance === undefined ? {} : { balance: BigInt(balance) }),
  };
  const opening = openingOf(salts, plaintext);
  if (!equalInConstantTime(commitmentOf(opening), commitment)) return null;
  return { entry, opening, rows, rest: plaintext.subarray(end < 0 ? plaintext.length : end + 1) };
}

const lineFeed = 10;
const bar = 124;

/** `who | action | time`, and the facts on a separate line. Only an action may contain a bar. */
const entryShape = /^([^|\n]+) \| ([^\n]+) \| (\S+)\n(.*)$/;

const aadLabel = utf8("strongroom/1 audit entry");

export function aadOf({ chainId, sequence, keyVersion }: SealedPlace): Bytes {
  const aad = new Uint8Array(aadLabel.length + 28);
  aad.set(aadLabel);
  aad.set(chainId, aadLabel.length);
  putU64(aad, aadLabel.length + 16, sequence);
  putU32(aad, aadLabel.length + 24, keyVersion);
  return aad;
}
