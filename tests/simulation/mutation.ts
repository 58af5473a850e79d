/**
 * Changes one operator of the product at a time, chosen by a seed, and prints what finds each change: the
 * tests of its folder, otherwise the simulator within a minute of CPU, otherwise the tests of the ledger,
 * the log, the ATM, visits and operators. With `--simulator` the simulator is the first.
 *
 *     deno task simulate:mutation [--seed N] [--count N] [--simulator]
 */
import { parseArgs } from "node:util";
import { type Bug, copyTree, plant, root } from "./bugs.ts";
import { foundBySimulator, foundByTest } from "./finders.ts";
import { Random } from "./random.ts";

/** Where changes are made. */
const folders = ["server/ledger/rules"];
const files = [
  "server/ledger/engine.ts",
  "server/audit/writer.ts",
  "client/journal.ts",
  "client/settle.ts",
];
const nearTests: Record<string, string> = {
  "server/ledger/rules": "tests/server/ledger/rules",
  "server/ledger": "tests/server/ledger/engine_test.ts",
  "server/audit": "tests/server/audit",
  "client": "tests/client",
};
const tests = [
  "tests/server/ledger/rules",
  "tests/server/ledger",
  "tests/server/audit",
  "tests/client",
  "tests/server/visits",
  "tests/server/operator",
];

/** Operators, each with what is put instead. */
const changes: readonly [operator: string, instead: string][] = [
  [" < ", " <= "],
  [" <= ", " < "],
  [" > ", " >= "],
  [" >= ", " > "],
  [" === ", " !== "],
  [" !== ", " === "],
  [" && ", " || "],
  [" || ", " && "],
  [" + ", " - "],
  [" - ", " + "],
  [" ?? ", " && "],
  ["(!", "("],
];

/** Returns every change of one operator in a line that is code. */
function mutantsOf(file: string): Bug[] {
  const lines = Deno.readTextFileSync(root + file).split("\n");
  return lines.flatMap((line, index) => {
    if (/^\s*(\/\/|\*|\/\*|import |export type|type )/.test(line)) return [];
    return changes.flatMap(([operator, instead]) => {
      const at = line.indexOf(operator);
      if (at < 0) return [];
      // With lines around it, so that it is the only place of its kind.
      const before = lines.slice(Math.max(0, index - 2), index).join("\n");
      const after = lines.slice(index + 1, index + 3).join("\n");
      const around = (middle: string) => `${before}\n${middle}\n${after}`;
      const changed = line.slice(0, at) + instead + line.slice(at + operator.length);
      const name = `${file}:${index + 1}:${operator}→${instead}`;
      return [{ name, file, from: around(line), to: around(changed) }];
    });
  });
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string", default: "1" },
      count: { type: "string", default: "60" },
      simulator: { type: "boolean" },
    },
  });
  const inFolders = folders.flatMap((folder) =>
    [...Deno.readDirSync(root + folder)].map(({ name }) => `${folder}/${name}`).sort()
  );
  const mutants = [...inFolders, ...files].flatMap(mutantsOf);
  const random = Random.of(Number(values.seed)).split("mutation");
  const tree = Deno.makeTempDirSync();
  const sums = { simulator: 0, tests: 0, nothing: 0 };
  try {
    copyTree(tree);
    for (let count = Number(values.count); count > 0 && mutants.length > 0; count--) {
      const [mutant] = mutants.splice(random.below(mutants.length), 1);
      const remove = plant(mutant!, tree);
      const near = nearTests[mutant!.file.slice(0, mutant!.file.lastIndexOf("/"))]!;
      let byTests = values.simulator ? null : await foundByTest(tree, near);
      const bySimulator = byTests === null ? await foundBySimulator(tree, mutant!) : null;
      for (const test of bySimulator === null ? tests : []) {
        if (byTests === null && (values.simulator || test !== near)) {
          byTests = await foundByTest(tree, test);
        }
      }
      remove();
      sums[bySimulator ? "simulator" : byTests ? "tests" : "nothing"]++;
      console.log(`${mutant!.name.padEnd(60)} ${bySimulator ?? byTests ?? "NOT FOUND"}`);
    }
  } finally {
    Deno.removeSync(tree, { recursive: true });
  }
  console.log(
    `found by the simulator ${sums.simulator}, tests ${sums.tests}, nothing ${sums.nothing}`,
  );
}
