/**
 * Whether each planted bug is found: by the simulator within a minute of CPU, or by the test that is
 * named for it. Prints the table; names after `--` choose bugs by a part of theirs.
 */
import { assertEquals } from "@std/assert";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { type Bug, bugs, copyTree, plant } from "./bugs.ts";
import type { Hunt } from "./hunt.ts";

const lock = ["--lock=tests/deno.lock", "--frozen"];
const firstSeed = 1;
const secondsMax = 60;
/** Hunts at once. */
const huntsMax = Math.max(1, Math.min(4, navigator.hardwareConcurrency));

Deno.test("each planted bug is found within a minute", async () => {
  await inTemporaryFolder(async (folder) => {
    const waiting = bugs.filter(({ name }) =>
      Deno.args.length === 0 || Deno.args.some((part) => name.includes(part))
    );
    const missed: string[] = [];
    const work = async (tree: string) => {
      copyTree(tree);
      for (let bug; (bug = waiting.shift());) {
        const remove = plant(bug, tree);
        const found = bug.test === undefined
          ? await foundBySimulator(tree, bug)
          : await foundByTest(tree, bug.test);
        remove();
        console.log(`${bug.name.padEnd(56)} ${found ?? "NOT FOUND"}`);
        if (found === null) missed.push(bug.name);
      }
    };
    const trees = Array.from({ length: huntsMax }, (_, index) => `${folder}/tree-${index}`);
    await Promise.all(trees.map(work));
    assertEquals(missed, []);
  });
});

/** Returns how the simulator found it, in words; null where it did not in time. */
async function foundBySimulator(tree: string, { options = "" }: Bug): Promise<string | null> {
  const given = options === "" ? [] : options.split(" ");
  const script = ["tests/simulation/hunt.ts", `${firstSeed}`, `${secondsMax}`, ...given];
  const { stdout } = await run(tree, ["run", "-q", "--no-check", "-A", ...lock, ...script]);
  const { seeds, visits, seconds, finding }: Hunt = JSON.parse(stdout);
  if (finding === null) return null;
  return `${String(seeds).padStart(4)} seeds ${String(visits).padStart(5)} visits ` +
    `${seconds.toFixed(1).padStart(5)} s  ${finding.slice(0, 90)}`;
}

/** Returns the tests that failed; null where all are good. */
async function foundByTest(tree: string, test: string): Promise<string | null> {
  const { code, stdout } = await run(tree, ["test", "-q", "--no-check", "-P", ...lock, test]);
  const failed = stdout.match(/^.* => .*$/gm) ?? [];
  return code === 0 || failed.length === 0 ? null : `test: ${failed[0]!.slice(0, 90)}`;
}

async function run(tree: string, args: string[]): Promise<{ code: number; stdout: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args,
    cwd: tree,
    env: { NO_COLOR: "1" },
    stderr: "inherit",
  });
  const { code, stdout } = await command.output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}
