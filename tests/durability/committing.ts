/**
 * A process that commits customers one by one, and finds out the outcome of commits in doubt:
 * `committing.ts FOLDER COUNT [crash]`. Each step that it comes to makes a file in the folder; with
 * `crash` it dies at the first doubt.
 */
import { systemWithFiles } from "../../lib/system.ts";
import { SqliteStore } from "../../server/ledger/sqlite/store.ts";
import { InDoubt } from "../../server/ledger/store.ts";
import { chainId, noChanges } from "../server/helpers/engine.ts";

const [folder, count, crash] = Deno.args;
const store = SqliteStore.open(systemWithFiles, `${folder}/bank.sqlite`);
store.openChain(chainId);
const reach = (step: string) => Deno.createSync(`${folder}/${step}`).close();
for (let index = 0; index < Number(count); index++) {
  const username = `customer-${index}`;
  try {
    store.commit({
      ...noChanges,
      customers: [{
        username,
        passwordHash: "hash",
        passwordVersion: 1,
        oneTime: null,
        knownTerminals: [],
      }],
    }, []);
    reach(`committed ${username}`);
  } catch (error) {
    if (!(error instanceof InDoubt)) throw error;
    reach(`in_doubt ${username}`);
    if (crash) Deno.kill(Deno.pid, "SIGKILL");
    reach(`${await store.outcomeOf(error.batchId)} ${username}`);
  }
}
store.close();
