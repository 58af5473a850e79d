/** What the drills share: who their customers are, what each comes to, and how it is printed. */

export interface Outcome {
  acknowledged: number;
  lost: string[];
  doubled: string[];
  /** Whatever else is not as it should be. */
  problems: string[];
  /** How often each thing was done. */
  counts: ReadonlyMap<string, number>;
}

/** Who visits every ATM. */
export const customers = ["alice", "bob", "carol"].map((username) => ({
  username,
  password: `${username}'s password`,
}));

/** The customer who visits this terminal alone. */
export const ownerOf = (terminal: string) => ({
  username: `owner of ${terminal}`.replaceAll(" ", "-"),
  password: `the password of ${terminal}'s owner`,
});

/** Without progress for so long, something hangs. */
export const patienceMs = 120_000;
/** Programs that print lines for so long, without what is waited for, go round in circles. */
const waitMsMax = 1_200_000;
const lookMs = 50;

/**
 * Waits until it holds, as long as the programs print lines: on a busy host all that they do takes longer.
 */
export async function whilePrinting(
  what: string,
  holds: () => boolean,
  programs: readonly { readonly printed: number; readonly complaints: readonly string[] }[],
): Promise<void> {
  const printed = () => programs.reduce((sum, each) => sum + each.printed, 0);
  const startMs = performance.now();
  let [lines, changedMs] = [printed(), startMs];
  while (!holds()) {
    const nowMs = performance.now();
    if (printed() !== lines) [lines, changedMs] = [printed(), nowMs];
    if (nowMs - changedMs > patienceMs || nowMs - startMs > waitMsMax) {
      const [waitedS, quietS] = [startMs, changedMs].map((ms) => Math.round((nowMs - ms) / 1_000));
      throw new Error([
        `in vain: ${what}, after ${waitedS} s, ${quietS} s of them in silence`,
        ...programs.map(({ complaints }) => complaints.join("\n")),
      ].join("\n---\n"));
    }
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/** Prints everything that is not as it should be, and how often each thing was done; whether all is well. */
export function printOutcome({ lost, doubled, problems, counts }: Outcome): boolean {
  for (const words of [...lost, ...doubled, ...problems]) console.log(words);
  for (const [what, times] of [...counts].sort()) {
    console.log(`${String(times).padStart(8)} ${what}`);
  }
  return lost.length + doubled.length + problems.length === 0;
}

/** Returns the number that a flag gives. */
export function flag(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(Deno.args[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name}: write a number, such as ${otherwise}`);
  Deno.exit(2);
}
