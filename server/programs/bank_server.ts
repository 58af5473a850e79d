/**
 * Runs the bank's server for ATMs and operators, and its checkpoints, until the launcher closes
 * standard input.
 */
import { databaseUrlVariable, findDatabaseUrl } from "../../lib/database_url.ts";
import { environmentVariable, leashEnds, runProgram, say } from "../../lib/process.ts";
import type { BankServerStart } from "../../lib/programs.ts";
import {
  exchangeHttp,
  keepSpareHandles,
  listenTcp,
  listenUnix,
  systemFiles,
} from "../../lib/system.ts";
import { openBank } from "../bank.ts";
import { faultsOf } from "../check_server.ts";
import { serveBank } from "../serve_bank.ts";
import { readPolicy } from "./read_policy.ts";
import { systemBank, systemBankLogging } from "./system_bank.ts";

if (import.meta.main) {
  await runProgram<BankServerStart>(async (start) => {
    const inEnvironment = environmentVariable(databaseUrlVariable);
    const url = findDatabaseUrl(systemFiles, start.databaseUrlFile, inEnvironment);
    const witnesses = start.policy === undefined
      ? undefined
      : { policy: readPolicy(start.policy), exchange: exchangeHttp };
    if (start.check) {
      const faults = await faultsOf(systemBank, { ...start, bind: listenTcp }, url);
      faults.forEach((fault) => console.error(fault));
      return faults.length > 0 ? 1 : say("the server can run");
    }
    const end = leashEnds();
    const bank = await openBank(systemBankLogging(start.log), start.folder, url);
    keepSpareHandles();
    await serveBank(
      bank,
      { ...start, witnesses, bind: listenTcp, listenUnix },
      end,
      (ready) => say(JSON.stringify(ready)),
    );
    return 0;
  });
}
