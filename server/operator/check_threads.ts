/** Checks the parts of a log in threads, one for each core. */
import { checkThreadsMax } from "../../lib/limits.ts";
import { startThread } from "../../lib/system.ts";
import type { ChainPieces, LogTrust } from "../audit/verify.ts";
import { ThreadPool, type Threads } from "../threads.ts";
import type { LogPart } from "./check_part.ts";

/** Threads that check parts of a log, null for a bad one; each gets parts in the log's order. */
export type CheckThreads = Threads<LogPart, ChainPieces[] | null>;

/**
 * Opens the threads.
 * @param cores of this host
 * @param log receives a line when a thread has failed
 */
export function openCheckThreads(
  trust: LogTrust,
  cores: number,
  log: (line: string) => void,
): CheckThreads {
  const start = () => {
    const thread = startThread(import.meta.resolve("./check_worker.ts"), {
      type: "module",
      deno: { permissions: "none" },
    });
    thread.postMessage(trust);
    return thread;
  };
  return new ThreadPool({ start, max: Math.min(checkThreadsMax, cores), log });
}
