/** The real world of a bank's process, and of an operator's. */
import type { LogForm } from "../../lib/log_event.ts";
import { operatorLog } from "../../lib/process.ts";
import { connectUnix, freeBytes, systemWithFiles } from "../../lib/system.ts";
import type { BankWorld } from "../bank.ts";
import { openPasswordThreads } from "../credentials/password_threads.ts";
import { copyStore, openReader, openStore, rehearseBank } from "../ledger/open_store.ts";
import { openCheckThreads } from "../operator/check_threads.ts";
import type { OperatorWorld } from "../operator/log_programs.ts";
import type { ReadingWorld } from "../operator/read_log.ts";
import { checkFileInThread, openLedgerThread } from "../ledger_thread.ts";

/** One core is left to the ledger. */
const passwordThreads = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));

/** Returns the world of a bank, with the operator's log in a form. */
export function systemBankLogging(form: LogForm): BankWorld & ReadingWorld {
  const { log, event } = operatorLog(form);
  return {
    ...systemWithFiles,
    log,
    event,
    giveUp(line) {
      event({ level: "error", event: "gave_up", line });
      Deno.exit(1);
    },
    host: { freeBytes, memoryBytes: () => Deno.memoryUsage().rss },
    openPasswords: () => openPasswordThreads(passwordThreads, log),
    openLedger: openLedgerThread,
    rehearseBank,
    openStore: (...place) => openStore(systemWithFiles, ...place),
    openReader: (place) => openReader(systemWithFiles, place),
    checkFile: checkFileInThread,
  };
}

/** The world of commands and of the demo: failures alone are printed. */
export const systemBank: BankWorld & ReadingWorld = {
  ...systemBankLogging("text"),
  event: undefined,
};

export const systemOperator: OperatorWorld = {
  ...systemBank,
  connectUnix,
  copyStore: (...paths) => copyStore(systemWithFiles, ...paths),
  openCheckThreads: (trust) =>
    openCheckThreads(trust, navigator.hardwareConcurrency, systemBank.log),
};
