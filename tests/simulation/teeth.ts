/**
 * Whether each planted bug is found: by the simulator within a minute of CPU, or by the test that is
 * named for it. Prints the table; names after `--` choose bugs by a part of theirs.
 */
import { assertEquals } from "@std/assert";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { bugs, copyTree, plant } from "./bugs.ts";
import { foundBySimulator, foundByTest } from "./finders.ts";

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
