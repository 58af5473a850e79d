/**
 * Runs the whole runbook from the document itself, and prints the time of each task. From the first day
 * on an ATM deposits without a pause: while backups are made, and before and after the restore, the move to
 * PostgreSQL and the fail-over. At the end each deposit that was acknowledged since the restore is in
 * the books.
 */
import { parseTerminalKey } from "../../lib/terminal_key.ts";
import { newDatabase } from "../server/helpers/stores.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { readTasks, Runner } from "./runbook.ts";
import { RunbookLoad } from "./runbook_load.ts";

const tasks = await readTasks();
const beganMs = performance.now();
await inTemporaryFolder(async (folder) => {
  const { url } = await newDatabase();
  await Deno.writeTextFile(`${folder}/database.url`, url, { mode: 0o600 });
  const runner = new Runner(folder);
  let load: RunbookLoad | null = null;
  /** How many deposits the restore may have lost: the load keeps no journal from which to retell them. */
  let lostBefore = 0;
  try {
    for (const { title, commands } of tasks) {
      const sinceMs = performance.now();
      const before = load?.acknowledged.length ?? 0;
      for (const command of commands) {
        if (command.includes("bank restore --from")) lostBefore = load!.acknowledged.length;
        const count = load?.acknowledged.length;
        await runner.run(command);
        if (command.includes("bank backup") && load!.acknowledged.length === count) {
          throw new Error(`no movement during ${command}`);
        }
      }
      if (title === "First day") load = await startLoad(folder, runner);
      if (load) await load.moves();
      const moved = (load?.acknowledged.length ?? 0) - before;
      const seconds = ((performance.now() - sinceMs) / 1_000).toFixed(1);
      console.log(
        `${seconds.padStart(6)} s  ${title}, ${commands.length} commands, ${moved} movements`,
      );
    }
    await load!.end();
    const where = "--database-url-file database.url";
    await runner.run(`deno task bank ledger check ${where}`);
    const statement = await runner.run(`deno task bank customer statement load ${where}`);
    const kept = load!.acknowledged.slice(lostBefore);
    const lost = kept.filter((id) => !statement.includes(id)).length;
    const doubled = kept.filter((id) => statement.split(id).length > 2).length;
    console.log(`since the restore: acknowledged ${kept.length} lost ${lost} doubled ${doubled}`);
    if (lost + doubled > 0) throw new Error("a movement was lost or doubled");
  } finally {
    await load?.end();
    await runner.stop();
  }
});
console.log(`the whole runbook ran in ${((performance.now() - beganMs) / 1_000).toFixed(0)} s`);
Deno.exit(0); // the test database stays for other tests of its process

/** Enrols an ATM and adds its customer, and lets it deposit. */
async function startLoad(folder: string, runner: Runner): Promise<RunbookLoad> {
  await runner.run("deno task bank terminal enroll load --out load.key");
  await runner.run("deno task bank customer add load");
  const key = parseTerminalKey(await Deno.readTextFile(`${folder}/load.key`), "load.key");
  return new RunbookLoad(() => runner.serverAddress, key, "load", "a long password");
}
