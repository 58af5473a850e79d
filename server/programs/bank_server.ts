/**
 * Runs the bank's server for ATMs and operators, and its checkpoints, until the launcher closes
 * standard input.
 */
import { databaseUrlVariable, findDatabaseUrl } from "../../lib/database_url.ts";
import { environmentVariable, leashEnds, runProgram, say } from "../../lib/process.ts";
import type { BankServerStart } from "../../lib/programs.ts";
import { listenTcp, listenUnix, systemFiles } from "../../lib/system.ts";
import { openBank } from "../bank.ts";
import { serveBank } from "../serve_bank.ts";
import { systemBankLogging } from "./system_bank.ts";

if (import.meta.main) {
  await runProgram<BankServerStart>(async (start) => {
    const end = leashEnds();
    const inEnvironment = environmentVariable(databaseUrlVariable);
    const url = findDatabaseUrl(systemFiles, start.databaseUrlFile, inEnvironment);
    const bank = await openBank(systemBankLogging(start.log), start.folder, url);
    await serveBank(
      bank,
      { ...start, bind: listenTcp, listenUnix },
      end,
      (ready) => say(JSON.stringify(ready)),
    );
    return 0;
  });
}
