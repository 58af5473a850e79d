/** What finds a bug that is planted in a copy of the project. */
import type { Bug } from "./bugs.ts";
import type { Hunt } from "./hunt.ts";

const lock = ["--lock=tests/deno.lock", "--frozen"];
const firstSeed = 1;
const secondsMax = 60;

/** Returns how the simulator found it, in words; null where it did not in time. */
export async function foundBySimulator(
  tree: string,
  { options = "" }: Pick<Bug, "options">,
): Promise<string | null> {
  const given = options === "" ? [] : options.split(" ");
  const script = ["tests/simulation/hunt.ts", `${firstSeed}`, `${secondsMax}`, ...given];
  const { stdout } = await run(tree, ["run", "-q", "--no-check", "-A", ...lock, ...script]);
  const { seeds, visits, seconds, finding }: Hunt = JSON.parse(stdout);
  if (finding === null) return null;
  return `${String(seeds).padStart(4)} seeds ${String(visits).padStart(5)} visits ` +
    `${seconds.toFixed(1).padStart(5)} s  ${finding.slice(0, 90)}`;
}

/** Returns the first test that failed; null where all are good. */
export async function foundByTest(tree: string, test: string): Promise<string | null> {
  const { code, stdout } = await run(tree, [
    "test",
    "-q",
    "--no-check",
    "-P",
    "--fail-fast",
    ...lock,
    test,
  ]);
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
