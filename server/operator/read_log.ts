/**
 * Reads the log of a bank, chain by chain: sealed, to be checked or kept elsewhere, or in words.
 * Without a running server, log and books are opened read-only: nothing changes, however damaged
 * they are.
 */
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { followMs, logChunkEntries, shownEntriesMax } from "../../lib/limits.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { pause, type Timers, type WorldWithFiles } from "../../lib/world.ts";
import { isInClear, type SealedEntry } from "../audit/entry.ts";
import { headsOf } from "../audit/heads.ts";
import type { AuditKeyRing } from "../audit/keys.ts";
import { formatLogLine } from "../audit/log_line.ts";
import { isWanted, shownEntry } from "../audit/show.ts";
import { BankFolder, databasePath } from "../folder/bank_folder.ts";
import { auditKeyRingOf } from "../folder/bank_keys.ts";
import { checkStore } from "../ledger/check.ts";
import type { StorePlace } from "../ledger/open_store.ts";
import type { ReadStore, StoreReader } from "../ledger/store.ts";
import { checkedInWords } from "./check_books.ts";
import type { Answers } from "./request.ts";
import { requireInstants } from "./words.ts";

/** The log of a bank's database. */
export type ReadableLog = Pick<
  ReadStore,
  "chains" | "lastEntries" | "entriesAfter" | "strayEntries"
>;

/** Continues with new entries until the signal aborts. */
export interface Following {
  timers: Timers;
  signal: AbortSignal;
}

/** A piece of the log, in reading order. */
interface Chunk {
  chainId: Uint8Array;
  entries: SealedEntry[];
}

export type ShowLog = Omit<Extract<OperatorCommand, { command: "show_audit" }>, "follow" | "last">;

/** Yields the whole present log, sealed, and the fault of rows that are not among its lines. */
export async function* sealedLog(log: ReadableLog): Answers {
  let of = 0;
  for (const { sequence } of await headsOf(log)) of += sequence;
  for await (const { chainId, entries } of chunksOf(log, null)) {
    yield { lines: entries.map((entry) => formatLogLine(chainId, entry)), of };
  }
  const stray = await log.strayEntries();
  if (stray !== null) yield { lines: [], of, stray };
}

/**
 * Yields the entries that match a filter, in words.
 * @param keys returns the present keys: another may be added during the read
 * @throws {UsageError} if the filter's times are invalid
 */
export async function* shownLog(
  log: ReadableLog,
  keys: () => AuditKeyRing,
  { json, ...filter }: ShowLog,
  following: Following | null,
): Answers {
  requireInstants(filter);
  for await (const { chainId, entries } of chunksOf(log, following)) {
    // An entry's index identifies its customer: no other entry is opened.
    const indexes = filter.customer === undefined
      ? null
      : new Set(keys().indexesOf(filter.customer).map(hex));
    for (const stored of entries) {
      if (isInClear(stored) || (indexes && !indexes.has(hex(stored.who)))) continue;
      const place = { chainId: hex(chainId), sequence: stored.sequence };
      const entry = keys().open(stored, chainId);
      if (entry === null) {
        yield { line: `entry ${place.sequence} does not open: run 'deno task bank audit verify'` };
      } else if (isWanted(entry, filter)) yield { line: shownEntry(place, entry, json) };
    }
  }
}

/**
 * Yields the last of these, or all of them.
 * @param count of those to keep, as a number in digits
 * @throws {UsageError} if it is not such a number
 */
export async function* lastOf<T>(
  answers: AsyncGenerator<T, void, void>,
  count: string | undefined,
): AsyncGenerator<T, void, void> {
  if (count === undefined) return yield* answers;
  const max = Number(count);
  if (!/^[1-9][0-9]*$/.test(count) || max > shownEntriesMax) {
    throw new UsageError(`-n ${count}: write a whole number from 1 to ${shownEntriesMax}`, 2);
  }
  const kept: T[] = [];
  for await (const answer of answers) {
    kept.push(answer);
    if (kept.length === 2 * max) kept.splice(0, max);
  }
  yield* kept.slice(-max);
}

/** The world of a program that reads the log of a bank without a server. */
export interface ReadingWorld extends WorldWithFiles {
  /**
   * Opens a bank's store read-only.
   * @throws {UsageError} if none exists, or it is damaged, newer, in use or cannot be reached
   */
  openReader(place: StorePlace): Promise<StoreReader>;
}

/** The commands that are answered from a read-only bank. */
export type ReadingCommand = Extract<
  OperatorCommand,
  { command: "read_audit" | "show_audit" | "check_ledger" }
>;

export function isReading(command: OperatorCommand): command is ReadingCommand {
  return ["read_audit", "show_audit", "check_ledger"].includes(command.command);
}

/**
 * Answers a command from a bank without a server.
 * @throws {UsageError} if there is no bank, or another process uses it
 */
export async function* readClosedBank(
  world: ReadingWorld,
  path: string,
  command: ReadingCommand,
  url?: string,
): Answers {
  const folder = await BankFolder.open(world, path, url);
  try {
    const place = url === undefined ? { path: databasePath(path) } : { url };
    const log = await world.openReader(place);
    try {
      yield* answersOf(log, auditKeyRingOf(folder.keys), command, world);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(
        `the log of the bank in ${path} cannot be read: ${(error as Error).message}`,
      );
    } finally {
      await log.close();
    }
  } finally {
    folder.close();
  }
}

function answersOf(
  store: StoreReader,
  keys: AuditKeyRing,
  command: ReadingCommand,
  timers: Timers,
): Answers {
  if (command.command === "read_audit") return sealedLog(store);
  if (command.command === "check_ledger") {
    return checkedInWords((onProgress) => checkStore(store, keys, onProgress));
  }
  const { follow, last, ...show } = command;
  const { signal } = new AbortController();
  return lastOf(shownLog(store, () => keys, show, follow ? { timers, signal } : null), last);
}

/**
 * Yields the log, chain by chain.
 * @param following null reads the present entries
 */
async function* chunksOf(
  log: ReadableLog,
  following: Following | null,
): AsyncGenerator<Chunk, void, void> {
  const done = new Map<number, number>();
  for (const { number, id, sequence: last } of await headsOf(log)) {
    for (let after = 0; after < last;) {
      const limit = Math.min(logChunkEntries, last - after);
      const entries = await log.entriesAfter(number, after, limit);
      if (entries.length === 0) break; // a gap, which `verify` finds
      yield { chainId: id, entries };
      after = entries.at(-1)!.sequence;
    }
    done.set(number, last);
  }
  while (following && !following.signal.aborted) {
    let quiet = true;
    for (const { number, id } of await log.chains()) {
      const entries = await log.entriesAfter(number, done.get(number) ?? 0, logChunkEntries);
      if (entries.length === 0) continue;
      quiet = false;
      yield { chainId: id, entries };
      done.set(number, entries.at(-1)!.sequence);
    }
    if (quiet) await pause(following.timers, followMs, following.signal);
  }
}
