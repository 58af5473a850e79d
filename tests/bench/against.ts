/**
 * Compares this state of the project with an earlier revision, in turn, by computing: figures of one
 * moment can be compared on a machine that others use, those of two moments cannot.
 */
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import type { Bench } from "./harness.ts";
import type { Figures } from "./load/turn_program.ts";

const here = new URL("../..", import.meta.url).pathname;
const program = "tests/bench/load/turn_program.ts";
/** The engine alone; the ledger behind its thread; ATMs over TCP. */
const allParts = ["engine", "ledger", "1", "64", "256"];

/**
 * Measures both in turn and prints, for each figure, both medians and the median of the ratios.
 * @param rev the earlier revision, as git names it
 * @throws if git does not know it, or it lacks something that the measuring needs
 */
export async function benchAgainst(bench: Bench, rev: string, parts = allParts): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const before = `${folder}/before`;
    await Deno.mkdir(before);
    await git("archive", "--output", `${folder}/before.tar`, rev);
    await run("tar", ["-xf", `${folder}/before.tar`, "-C", before]);
    await Deno.copyFile(`${here}/${program}`, `${before}/${program}`); // both are measured alike
    for (const part of parts) {
      const rounds: [before: Figures, now: Figures][] = [];
      for (let round = 0; round < bench.size(7, 1); round++) {
        const first = round % 2 === 0;
        const one = await measure(first ? before : here, part);
        const other = await measure(first ? here : before, part);
        rounds.push(first ? [one, other] : [other, one]);
      }
      for (const name of Object.keys(rounds[0]![1])) {
        const of = (side: 0 | 1) => rounds.map((round) => round[side][name]!);
        const unit = /movements$/.test(name) ? "movements/s" : /p99$/.test(name) ? "ms" : "µs";
        bench.each({ id: `before.${name}`, unit }, of(0));
        bench.each({ id: name, unit }, of(1));
        bench.each(
          { id: `${name}.ratio`, unit: "times the figure before" },
          of(1).map((value, index) => value / of(0)[index]!),
        );
      }
    }
  });
}

async function measure(root: string, part: string): Promise<Figures> {
  const lock = ["--lock=tests/deno.lock", "--frozen"]; // each revision has its own packages
  const args = ["run", "--quiet", "--no-check", "-P=test", ...lock, program, part];
  return JSON.parse(await run(Deno.execPath(), args, root));
}

const git = (...args: string[]) => run("git", ["-C", here, ...args]);

async function run(command: string, args: string[], cwd = here): Promise<string> {
  const output = await new Deno.Command(command, { args, cwd, stderr: "piped" }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!output.success) throw new Error(`${command} failed: ${text(output.stderr).trim()}`);
  return text(output.stdout);
}
