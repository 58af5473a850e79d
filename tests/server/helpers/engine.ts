/** An engine on a store of its own, with a clock that tests turn and chance that repeats. */
import { type AuditKeys, auditKeysOf, openEntry } from "../../../server/audit/seal.ts";
import type { AuditEntry, Command, Reply } from "../../../server/ledger/command.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import type { Store } from "../../../server/ledger/store.ts";
import { countingBytes, filled } from "../../lib/helpers.ts";
import { idOf } from "./small_bank.ts";

export const auditKeys: AuditKeys = auditKeysOf(filled(0xa0, 32), 1);
export const chainId = filled(0xc4, 16);
export const chainKey = filled(0xc5, 32);

export interface TestEngine {
  /** `runningMs` is the clock that nobody can set: while undefined, what passes by the one passes by both. */
  clock: { nowMs: number; runningMs?: number };
  /** What the store refused. */
  errors: string[];
  /** Runs one batch. */
  run(...commands: Command[]): Promise<Reply[]>;
}

export async function engineOn(
  store: Store,
  nowMs = 1_000_000,
  runningMs?: number,
): Promise<TestEngine> {
  const clock: TestEngine["clock"] = { nowMs, runningMs };
  const errors: string[] = [];
  const engine = await Engine.open({
    store,
    keys: auditKeys,
    chainId,
    chainKey,
    nowMs: () => clock.nowMs,
    monotonicMs: () => clock.runningMs ?? clock.nowMs,
    randomBytes: countingBytes(),
  });
  return {
    clock,
    errors,
    run: async (...commands) =>
      (await engine.run(commands, (error) => errors.push(error.message))).replies,
  };
}

/** Every entry of the log, opened. */
export async function logOf(store: Store): Promise<AuditEntry[]> {
  const sealed = await store.entriesAfter(0, 1_000_000);
  return sealed.map((entry) =>
    openEntry(auditKeys, { chainId, sequence: entry.sequence }, entry.sealed)!
  );
}

/** A customer to be added, whose password hash is no one's. */
export const addCustomer = (username: string, opening: bigint): Command => ({
  op: "add_customer",
  operator: "root",
  username,
  passwordHash: `hash of ${username}`,
  opening,
  movement: idOf(`o ${username}`),
});

/** A terminal to be enrolled under the id that stands for its name. */
export const enrolTerminal = (name: string, id = name): Command => ({
  op: "enrol_terminal",
  operator: "root",
  terminal: idOf(id),
  name,
  keyVersion: 1,
  sealedKey: filled(0, 80),
});
