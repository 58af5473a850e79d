/** Runs the whole runbook from the document itself, and prints the time of each task. */
import { newDatabase } from "../server/helpers/stores.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { readTasks, Runner } from "./runbook.ts";

const tasks = await readTasks();
const beganMs = performance.now();
await inTemporaryFolder(async (folder) => {
  const { url } = await newDatabase();
  await Deno.writeTextFile(`${folder}/database.url`, url, { mode: 0o600 });
  const runner = new Runner(folder);
  try {
    for (const { title, commands } of tasks) {
      const sinceMs = performance.now();
      for (const command of commands) await runner.run(command);
      const seconds = ((performance.now() - sinceMs) / 1_000).toFixed(1);
      console.log(`${seconds.padStart(6)} s  ${title}, ${commands.length} commands`);
    }
  } finally {
    await runner.stop();
  }
});
console.log(`the whole runbook ran in ${((performance.now() - beganMs) / 1_000).toFixed(0)} s`);
Deno.exit(0); // the test database stays for other tests of its process
