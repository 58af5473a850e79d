/**
 * When a launcher should end: at Ctrl-C, at SIGTERM, and when whatever started it is gone. `npx`
 * passes no signal on, so its absence is noticed by looking.
 */

const lookEveryMs = 500;

/** Settles once, however often it is told. */
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
  }, lookEveryMs);
  Deno.unrefTimer(Number(looking));
  return promise.finally(() => clearInterval(looking));
}

/**
 * The processes that started this one and exist for nothing else: `deno task`, and `npx` with the
 * shell between them. A shell or a service manager above them may end without consequence.
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

/** A process's parent and name, where the system tells (Linux). */
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
