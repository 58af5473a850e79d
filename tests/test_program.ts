/** Which packages the tests' processes have: those of tests/deno.lock. */
import { argumentsOf } from "./process_tree.ts";

const lock = new URL("deno.lock", import.meta.url).pathname;

/**
 * Returns the arguments for a program of the tests. Without the lock, a run would add the tests'
 * packages to the programs' lock.
 * @param program its path or address
 */
export function testProgram(program: string, ...args: readonly string[]): string[] {
  return ["run", "--quiet", "-P=test", `--lock=${lock}`, "--frozen", program, ...args];
}

/**
 * Returns whether this process uses the tests' lock, as tasks do. A plain `deno test -P` adds the
 * tests' packages to the programs' lock, which then shows nothing about the programs.
 */
export function usesTestsLock(): boolean {
  return argumentsOf(Deno.pid).includes("--lock=tests/deno.lock");
}
