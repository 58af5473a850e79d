/** The real world of a bank's process. */
import { log } from "../../lib/process.ts";
import { systemWithFiles } from "../../lib/system.ts";
import type { BankWorld } from "../bank.ts";
import { Passwords } from "../credentials/passwords.ts";
import { openStore, rehearseBank } from "../ledger/open_store.ts";
import { checkFileInThread, openLedgerThread } from "../ledger_thread.ts";

/** One core is left to the ledger. */
const passwordThreads = Math.max(1, Math.min(4, navigator.hardwareConcurrency - 1));

export const systemBank: BankWorld = {
  ...systemWithFiles,
  log,
  openPasswords: () => new Passwords(passwordThreads),
  openLedger: openLedgerThread,
  rehearseBank,
  openStore: (...place) => openStore(systemWithFiles, ...place),
  checkFile: checkFileInThread,
};
