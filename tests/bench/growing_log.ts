/** A log that grows automatically: what benches of the audit log work on. */
import process from "node:process";
import { batchCommandsMax } from "../../lib/limits.ts";
import { systemFiles, systemWithFiles } from "../../lib/system.ts";
import { ChainKeyFile } from "../../server/audit/chain_key.ts";
import { LogFile } from "../../server/audit/log_file.ts";
import { AuditKeyRing } from "../../server/audit/keys.ts";
import type { LogTrust } from "../../server/audit/verify.ts";
import { ChainWriter } from "../../server/audit/writer.ts";
import { system } from "../../lib/system.ts";
import type { AuditEntry } from "../../server/audit/entry.ts";
import { SqliteStore } from "../../server/ledger/sqlite/store.ts";
import { auditKeys, chainId, firstKey, noChanges } from "../server/helpers/engine.ts";
import { settings } from "../server/helpers/small_bank.ts";

export const batchEntries = batchCommandsMax;
/** As many as a busy second has. */
export const epochEntries = 6_400;
export const keys = new AuditKeyRing([auditKeys]);

/** What this process has computed, whatever else the machine does: microseconds. */
export const computedUs = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** Customers come in no order of their names. */
const stride = 7_919;

/** Returns entries of ten thousand customers; every tenth entry is busy's, and thirty are rare's. */
export function entryAt(index: number, count: number): AuditEntry {
  const who = index % Math.ceil(count / 30) === 7
    ? "rare"
    : index % 10 === 0
    ? "busy"
    : `customer-${(index * stride) % 10_000}`;
  return {
    who,
    action: `withdraw €${index % 500}.00`,
    timeMs: 1_700_000_000_000 + index,
    kind: "withdrawal",
    outcome: "ok",
    terminal: "lobby",
    amount: BigInt(index % 500) * 100n,
  };
}

/**
 * Returns a log with all that a bank keeps of it: database, chain key and file.
 * @param count how many entries it will have, about
 */
export async function openLog(folder: string, count: number) {
  Deno.mkdirSync(folder);
  const store = SqliteStore.open(systemWithFiles, `${folder}/bank.sqlite`, settings);
  ChainKeyFile.create(systemFiles, `${folder}/chain.key`, chainId, firstKey);
  const log = await ChainWriter.open(store, {
    chainId,
    openKey: (epoch) => ChainKeyFile.open(systemFiles, `${folder}/chain.key`, chainId, epoch),
    keys,
    randomBytes: system.randomBytes,
  });
  const path = `${folder}/audit_log_secure.txt`;
  const file = await LogFile.open(systemWithFiles, path, store, console.error);
  let done = 0;
  return {
    folder,
    path,
    store,
    get done() {
      return done;
    },
    /** Returns the next entries, in one commit; microseconds of computing for each. */
    async append(size: number, last = false): Promise<number> {
      const entries = Array.from({ length: size }, (_, index) => entryAt(done + index, count));
      const endEpoch = Math.floor((done + size) / epochEntries) > Math.floor(done / epochEntries);
      const before = computedUs();
      const sealed = log.seal(entries, endEpoch || last);
      store.commit(noChanges, sealed);
      log.committed(sealed);
      await file.append(chainId, sealed);
      done += size;
      return (computedUs() - before) / size;
    },
    /** What it is checked by. */
    trust(): LogTrust {
      return {
        firstKeys: [{
          chainId,
          key: firstKey,
          origin: "bank/0",
          checkpointKey: new Uint8Array(32),
          before: [],
        }],
        keyFile: ChainKeyFile.read(systemFiles, `${folder}/chain.key`, chainId),
      };
    },
    /** Of the database, once all is in its file. */
    async bytes() {
      const copy = `${folder}/copy.sqlite`;
      await store.backUp(copy);
      const { size } = Deno.statSync(copy);
      Deno.removeSync(copy);
      return size;
    },
    close() {
      file.close();
      log.close();
      store.close();
    },
  };
}
