/**
 * Ends a launcher at Ctrl-C, at SIGTERM, when its parent process has ended, or when its programs
 * have.
 */
import { launcherLookMs } from "../../../lib/limits.ts";
import type { Child } from "./child.ts";

const startFailed = 1;

/**
 * Keeps children running until the launcher should end, one of them fails, or those that may end
 * have ended; returns the exit code.
 * @param start returns whether all have started; it may add children, to be ended in their order
 */
export async function keep(
  children: Child<unknown>[],
  start: (children: Child<unknown>[]) => Promise<boolean>,
): Promise<number> {
  const asked = endOfLauncher().then(() => "asked" as const);
  let failure: unknown = null;
  const starting = start(children).catch((error) => {
    failure = error;
    return false;
  });
  const started = await Promise.race([starting, asked]);
  const why = started === true ? await Promise.race([asked, nothingToKeep(children)]) : started;
  const ended = children.filter((child) => child.hasEnded);
  const closed = ended.length > 0 && ended.every((child) => child.mayEnd);
  if (why !== "asked") await reportKilled(ended);
  const codes: number[] = [];
  for (const child of children) codes.push(await child.end());
  if (failure !== null) throw failure;
  const fine = why === "asked" || closed;
  return codes.find((code) => code !== 0) ?? (fine ? 0 : startFailed);
}

/** Reports the children that a signal has ended: they could not say so. */
async function reportKilled(ended: readonly Child<unknown>[]): Promise<void> {
  for (const child of ended) {
    const signal = await child.signal;
    if (signal !== null) console.error(`${child.name} failed: ended by ${signal}. Start it again.`);
  }
}

/**
 * Settles when one child has failed, or ended without permission, or all that may end have ended.
 */
async function nothingToKeep(children: Child<unknown>[]): Promise<void> {
  const closable = children.filter((child) => child.mayEnd);
  const allClosed = Promise.all(closable.map((child) => child.ended));
  await Promise.race(children.map(async (child) => {
    if (await child.ended === 0 && child.mayEnd) await allClosed;
  }));
}

/**
 * Settles once. `npx` forwards no signal: the end of the launcher's parent is detected by polling.
 */
export function endOfLauncher(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGINT", resolve);
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGTERM", resolve);
    Deno.addSignalListener("SIGHUP", resolve);
  }
  const starters = startersOf(Deno.pid);
  const looking = setInterval(() => {
    if (startersOf(Deno.pid).join() !== starters.join()) resolve();
  }, launcherLookMs);
  Deno.unrefTimer(Number(looking));
  return promise.finally(() => clearInterval(looking));
}

/**
 * Returns the parent processes that exist only for this one: `deno task`, and `npx` with the shell
 * between them. A shell or a service manager above them may end without consequence.
 */
function startersOf(pid: number): number[] {
  const starters: number[] = [];
  for (let child = pid;;) {
    const parent = processOf(child)?.parent;
    const found = parent ? processOf(parent) : undefined;
    if (!parent || !found) {
      return starters.length > 0 || Deno.build.os === "linux" ? starters : [Deno.ppid];
    }
    const above = found.name === "sh" ? processOf(found.parent)?.name : "";
    if (
      found.name !== "deno" && !/^(npm|npx)\b/.test(found.name) && !/^(npm|npx)\b/.test(above ?? "")
    ) {
      return starters;
    }
    starters.push(parent);
    child = parent;
  }
}

/** Returns a process's parent and name, if the system provides them (Linux). */
function processOf(pid: number): { parent: number; name: string } | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const end = text.lastIndexOf(")");
    return {
      name: text.slice(text.indexOf("(") + 1, end),
      parent: Number(text.slice(end + 2).split(" ")[1]),
    };
  } catch {
    return undefined;
  }
}
