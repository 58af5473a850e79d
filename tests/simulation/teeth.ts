/** Whether the simulator finds what it should: each planted bug, and nothing where there is none. */
import { assert, assertEquals } from "@std/assert";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { type Bug, bugs, planted } from "./bugs.ts";
import type { Hunt } from "./hunt.ts";

const root = new URL("../..", import.meta.url).pathname;
const firstSeed = 1;
const secondsMax = 60;
/** Hunts at once. */
const huntsMax = Math.max(1, Math.min(4, navigator.hardwareConcurrency));

Deno.test("each planted bug is found within a minute", async () => {
  await inTemporaryFolder(async (folder) => {
    const waiting = [...bugs];
    const missed: string[] = [];
    const work = async (tree: string) => {
      copyTree(tree);
      for (let bug; (bug = waiting.shift());) {
        const hunt = await huntWith(tree, bug);
        const { seeds, visits, seconds, finding } = hunt;
        console.log(
          `${bug.name.padEnd(60)} ${String(seeds).padStart(4)} seeds ` +
            `${String(visits).padStart(5)} visits ${seconds.toFixed(1).padStart(5)} s  ` +
            (finding ?? "NOT FOUND").slice(0, 90),
        );
        if (finding === null) missed.push(bug.name);
      }
    };
    const trees = Array.from({ length: huntsMax }, (_, index) => `${folder}/tree-${index}`);
    await Promise.all(trees.map(work));
    assertEquals(missed, []);
  });
});

/** Copies what a simulation loads. */
function copyTree(to: string): void {
  Deno.mkdirSync(`${to}/tests`, { recursive: true });
  for (
    const part of [
      "client",
      "lib",
      "server",
      "ui",
      "tests/simulation",
      "tests/deno.lock",
      "deno.json",
    ]
  ) {
    const { success } = new Deno.Command("cp", { args: ["-r", root + part, `${to}/${part}`] })
      .outputSync();
    assert(success, part);
  }
}

async function huntWith(tree: string, bug: Bug): Promise<Hunt> {
  const path = `${tree}/${bug.file}`;
  const text = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, planted(bug, text));
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "--no-check",
        "-A",
        "--lock=tests/deno.lock",
        "--frozen",
        "tests/simulation/hunt.ts",
        `${firstSeed}`,
        `${secondsMax}`,
      ],
      cwd: tree,
      stderr: "inherit",
    });
    const { stdout } = await command.output();
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    Deno.writeTextFileSync(path, text);
  }
}
