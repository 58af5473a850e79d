/** Starts the threads that check passwords. */
import { startThread } from "../../lib/system.ts";
import { ThreadPool } from "../threads.ts";
import { type Passwords, ThreadedPasswords } from "./passwords.ts";

/**
 * Opens the pool.
 * @param max concurrent threads, each of which uses 19 MiB and one core
 * @param log receives a line when one has failed
 */
export function openPasswordThreads(max: number, log: (line: string) => void): Passwords {
  const start = () =>
    startThread(import.meta.resolve("./password_worker.ts"), {
      type: "module",
      deno: { permissions: "none" },
    });
  return new ThreadedPasswords(new ThreadPool({ start, max, log }));
}
