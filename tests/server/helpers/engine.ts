/** An engine on its own store, with a clock that tests turn and chance that repeats. */
import { system, systemFiles } from "../../../lib/system.ts";
import { nextEpochKey } from "../../../server/audit/chain.ts";
import type { AuditEntry, SealedEntry } from "../../../server/audit/entry.ts";
import { type ChainKey, ChainKeyFile } from "../../../server/audit/chain_key.ts";
import { AuditKeyRing, type AuditKeys, auditKeysOf } from "../../../server/audit/keys.ts";
import { ChainWriter } from "../../../server/audit/writer.ts";
import type { Changes, StoreTimes } from "../../../server/ledger/model.ts";
import type { Command, NewIdentity, Reply } from "../../../server/ledger/command.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import { Ledger } from "../../../server/ledger/ledger.ts";
import type { OpenLedger } from "../../../server/ledger_service.ts";
import { openLedgerThread } from "../../../server/ledger_thread.ts";
import type { Store } from "../../../server/ledger/store.ts";
import { countingBytes, filled } from "../../lib/helpers.ts";
import { identityOf, idOf } from "./small_bank.ts";

export const auditKeys: AuditKeys = auditKeysOf(filled(0xa0, 32), 1);
export const chainId = filled(0xc4, 16);
export const firstKey = filled(0xc5, 32);
export const keyRing = new AuditKeyRing([auditKeys]);

/** A chain's key without a file: that of `epoch`, which it works out from the first one. */
export class ChainKeyInMemory implements ChainKey {
  epoch = 0;
  key: Uint8Array;

  constructor(epoch: number, first: Uint8Array = firstKey) {
    this.key = first;
    while (this.epoch < epoch) this.step();
  }

  prepare(): void {}

  step(): void {
    this.key = nextEpochKey(this.key);
    this.epoch++;
  }

  close(): void {}
}

/** Returns the writing end of a chain on this store. */
export function writerOn(store: Store, id = chainId, first = firstKey): Promise<ChainWriter> {
  return ChainWriter.open(store, {
    chainId: id,
    openKey: (epoch) => new ChainKeyInMemory(epoch, first),
    keys: keyRing,
    randomBytes: countingBytes(),
  });
}

export interface TestEngine {
  /**
   * `runningMs` is the clock that nobody can set: while undefined, what passes by the one passes by both.
   * `storeMs` is a database's clock: while undefined, it is this one.
   */
  clock: { nowMs: number; runningMs?: number; storeMs?: number };
  /** What the store refused. */
  errors: string[];
  /** Why no money moves, in words. */
  clockDoubt(): Promise<string | null>;
  /** Runs one batch. */
  run(...commands: Command[]): Promise<Reply[]>;
  /** Ends the log's epoch, as time does. */
  endEpoch(): Promise<void>;
}

export async function engineOn(
  store: Store,
  nowMs = 1_000_000,
  runningMs?: number,
  id = chainId,
): Promise<TestEngine> {
  const clock: TestEngine["clock"] = { nowMs, runningMs };
  const errors: string[] = [];
  const engine = await Engine.open({
    store: byClock(store, () => clock.storeMs ?? clock.nowMs),
    log: await writerOn(store, id),
    clock: { nowMs: () => clock.nowMs, monotonicMs: () => clock.runningMs ?? clock.nowMs },
  });
  const onError = (error: Error) => errors.push(error.message);
  return {
    clock,
    errors,
    clockDoubt: async () => (await engine.clockState()).doubt,
    run: async (...commands) => (await engine.run(commands, onError)).replies,
    endEpoch: async () => void await engine.run([], onError, true),
  };
}

/** Returns a database's store with another clock; a store without a clock as it is. */
export function byClock(
  store: Store,
  nowMs: () => number,
): Pick<Store, "load" | "commit" | "outcomeOf" | "times"> {
  const timed = <T extends StoreTimes>(of: T): T => ({
    ...of,
    clockMs: of.clockMs === null ? null : nowMs(),
  });
  return {
    load: async (touch) => timed(await store.load(touch)),
    times: async () => timed(await store.times()),
    commit: (...batch) => store.commit(...batch),
    outcomeOf: (id) => store.outcomeOf(id),
  };
}

/** Returns what a ledger's thread is opened with, its chain's key in this folder. */
export function ledgerParts(folder: string) {
  const chainKeyPath = `${folder}/chain.key`;
  ChainKeyFile.create(systemFiles, chainKeyPath, chainId, firstKey);
  return {
    place: { path: `${folder}/bank.sqlite` },
    keys: keyRing.versions,
    chainId,
    chainKeyPath,
  };
}

/** Returns a ledger in its thread. */
export async function openLedger(
  parts: OpenLedger,
  onTrouble: (trouble: string) => void = () => {},
): Promise<Ledger> {
  const { ledger } = await Ledger.open(
    (events) => openLedgerThread(parts, events),
    { world: system, onTrouble, onMoved() {}, shared: "url" in parts.place },
  );
  return ledger;
}

/** Returns every entry of the log's only chain. */
export async function sealedLogOf(store: Store): Promise<SealedEntry[]> {
  return await store.entriesAfter(1, 0, 1_000_000);
}

/** Returns every entry of the log, opened. */
export async function logOf(store: Store): Promise<AuditEntry[]> {
  return (await sealedLogOf(store)).filter(({ keyVersion }) => keyVersion > 0)
    .map((entry) => keyRing.open(entry, chainId)!);
}

/**
 * Returns what the account is called that is opened for a customer of the small bank, or for
 * another.
 */
export function identityFor(username: string): NewIdentity {
  const { number, uid } = identityOf(username);
  return { numbers: [number], uid };
}

/** A customer to be added, whose password hash is no one's. */
export const addCustomer = (username: string, opening: bigint): Command => ({
  op: "add_customer",
  operator: "root",
  username,
  passwordHash: `hash of ${username}`,
  opening,
  movement: idOf(`o ${username}`),
  ...identityFor(username),
});

/** A terminal to be enrolled under the id that represents its name. */
export const enrolTerminal = (name: string, id = name): Command => ({
  op: "enrol_terminal",
  operator: "root",
  terminal: idOf(id),
  name,
  keyVersion: 1,
  sealedKey: filled(0, 80),
});

/** A batch that changes nothing. */
export const noChanges: Changes = {
  accounts: [],
  movements: [],
  customers: [],
  terminals: [],
  failures: [],
  lines: [],
  lineVisits: [],
  limits: null,
  restoring: null,
  staff: null,
  clock: null,
  timeMs: 0,
};
