/** The real world of a bank's process, and of an operator's. */
import { log } from "../../lib/process.ts";
import { connectUnix, systemWithFiles } from "../../lib/system.ts";
import type { BankWorld } from "../bank.ts";
import { openPasswordThreads } from "../credentials/password_threads.ts";
import { openReader, openStore, rehearseBank } from "../ledger/open_store.ts";
import { openCheckThreads } from "../operator/check_threads.ts";
import type { OperatorWorld } from "../operator/log_programs.ts";
import type { ReadingWorld } from "../operator/read_log.ts";
import { checkFileInThread, openLedgerThread } from "../ledger_thread.ts";

/** One core is left to the ledger. */
const passwordThreads = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));

export const systemBank: BankWorld & ReadingWorld = {
  ...systemWithFiles,
  log,
  giveUp(line) {
    log(line);
    Deno.exit(1);
  },
  openPasswords: () => openPasswordThreads(passwordThreads, log),
  openLedger: openLedgerThread,
  rehearseBank,
  openStore: (...place) => openStore(systemWithFiles, ...place),
  openReader: (place) => openReader(systemWithFiles, place),
  checkFile: checkFileInThread,
};

export const systemOperator: OperatorWorld = {
  ...systemBank,
  connectUnix,
  openCheckThreads: (trust) => openCheckThreads(trust, navigator.hardwareConcurrency, log),
};
