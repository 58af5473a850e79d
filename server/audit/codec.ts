/** An entry to bytes and back: `who | action | time` and a line of facts, bound to its place in its chain. */
import { type Bytes, concat, u32, u64, utf8 } from "../../lib/bytes.ts";
import type { LoggedOutcome } from "../../lib/errors.ts";
import type { Plain } from "../../lib/seal.ts";
import type { AuditEntry, EntryKind } from "./entry.ts";

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

/** The plaintext of an entry for one place of one chain. */
export function plainOf(entry: AuditEntry, place: SealedPlace): Plain {
  const { kind, outcome, terminal, movement, step, amount } = entry;
  const facts = { kind, outcome, terminal, movement, step, amount: amount?.toString() };
  const plaintext = utf8(`${lineOf(entry)}\n${JSON.stringify(facts)}`);
  return { aad: aadOf(place), plaintext };
}

/** The entry of a text that was sealed; null for a text of another shape. */
export function entryOf(text: string): AuditEntry | null {
  const [, who, action, time, rest] = entryShape.exec(text) ?? [];
  if (!who || !action || !time || !rest) return null;
  const { amount, ...facts } = JSON.parse(rest) as {
    kind: EntryKind;
    outcome: LoggedOutcome;
    terminal: string;
    amount?: string;
  };
  return {
    who,
    action,
    timeMs: Date.parse(time),
    ...facts,
    ...(amount === undefined ? {} : { amount: BigInt(amount) }),
  };
}

/** `who | action | time`, and the facts on a line of their own. Only an action may hold a bar. */
const entryShape = /^([^|\n]+) \| ([^\n]+) \| (\S+)\n(.*)$/;

const aadLabel = utf8("strongroom/1 audit entry");

export function aadOf({ chainId, sequence, keyVersion }: SealedPlace): Bytes {
  return concat(aadLabel, chainId, u64(sequence), u32(keyVersion));
}
