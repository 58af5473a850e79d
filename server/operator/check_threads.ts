/** Checks the parts of a log in threads, one for each core. */
import { checkThreadsMax } from "../../lib/limits.ts";
import type { LogTrust } from "../audit/verify.ts";
import { ThreadPool, type Threads } from "../threads.ts";
import type { LogPart } from "./check_part.ts";

/** Threads that say whether a part of a log is good; each gets parts in the log's order. */
export type CheckThreads = Threads<LogPart, boolean>;

/**
 * @param cores of this host
 * @param log receives a line when a thread has died
 */
export function openCheckThreads(
  trust: LogTrust,
  cores: number,
  log: (line: string) => void,
): CheckThreads {
  const start = () => {
    const thread = new Worker(import.meta.resolve("./check_worker.ts"), {
      type: "module",
      deno: { permissions: "none" },
    });
    thread.postMessage(trust);
    return thread;
  };
  return new ThreadPool({ start, max: Math.min(checkThreadsMax, cores), log });
}
