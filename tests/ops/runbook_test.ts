/** The runbook of docs/OPERATIONS.md: every command of it parses, and its first task runs. */
import { assert, assertEquals } from "@std/assert";
import * as families from "../../ui/command_line/commands/index.ts";
import { parseCommandLine } from "../../ui/command_line/parse.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { readTasks, Runner } from "./runbook.ts";

const tasks = await readTasks();

Deno.test("the runbook has every task of an operator", () => {
  assertEquals(tasks.map(({ title }) => title), [
    "Install",
    "First day",
    "First day with a device",
    "Daily look",
    "Rotation of every key",
    "A lost terminal",
    "A lost card",
    "A forgotten password",
    "A suspected break-in",
    "A full disk",
    "Restore",
    "Moving to PostgreSQL",
    "Fail-over",
  ]);
});

Deno.test("every command of the runbook parses", () => {
  const definitions = Object.values(families).flat();
  const place = { project: "/strongroom", startedIn: "/home" };
  for (const { title, commands } of tasks) {
    assert(commands.length > 0, title);
    for (const command of commands) {
      const [, line] = /^deno task (.*)$/.exec(command) ?? [];
      if (line === undefined) continue;
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) =>
        quoted ?? bare!
      );
      assert("launch" in parseCommandLine(definitions, args, place), command);
    }
  }
});

Deno.test("the runbook's first day runs, with a device", () =>
  inTemporaryFolder(async (folder) => {
    const runner = new Runner(folder);
    try {
      for (const command of tasks.slice(0, 3).flatMap(({ commands }) => commands)) {
        await runner.run(command);
      }
    } finally {
      await runner.stop();
    }
  }));
