/**
 * Checks or reads the sealed log from any source, in the operator's own program. The first key
 * never reaches the bank's server, where it would allow the log to be rewritten undetected.
 */
import { hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { checkedLines, logLineLengthMax, logReadBytes } from "../../lib/limits.ts";
import type { Files } from "../../lib/world.ts";
import { isInClear } from "../audit/entry.ts";
import { parseLogLine } from "../audit/log_line.ts";
import type { AuditKeyRing } from "../audit/keys.ts";
import { isWanted, type ShowFilter, shownEntry } from "../audit/show.ts";
import { BadLog, type ChainPieces, type LogTrust, LogVerifier } from "../audit/verify.ts";
import { checkPart, type LogPart, LogParts } from "./check_part.ts";
import type { CheckThreads } from "./check_threads.ts";
import type { OperatorAnswer } from "./request.ts";

/** Some lines of the log, and the estimated total. */
export interface SomeLines {
  lines: string[];
  of: number;
  /** The fault of rows of the log that are not among its lines. */
  stray?: string;
}

export type LogLines = AsyncIterable<SomeLines> | Iterable<SomeLines>;

/** Returns the log of a bank that answers `read_audit`. */
export async function* linesOfBank(
  answers: AsyncIterable<OperatorAnswer>,
): AsyncGenerator<SomeLines, void, void> {
  for await (const answer of answers) if ("lines" in answer) yield answer;
}

/**
 * Yields the log of a file, in constant memory.
 * @throws {UsageError} with exit code 2 if it cannot be read
 */
export function* linesOfFile(
  files: Pick<Files, "open">,
  path: string,
): Generator<SomeLines, void, void> {
  let file: ReturnType<Files["open"]>;
  try {
    file = files.open(path, "read");
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be read (${(error as Error).message}). Choose a file of 'audit export'`,
      2,
    );
  }
  try {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a mark is no part of a line
    const chunk = new Uint8Array(logReadBytes);
    let held = "";
    let linesRead = 0;
    for (let offset = 0, count; (count = file.readAt(offset, chunk)) > 0;) {
      offset += count;
      const lines = (held + decoder.decode(chunk.subarray(0, count), { stream: true })).split("\n");
      held = lines.pop()!;
      if (held.length > logLineLengthMax) {
        throw new UsageError(`${path} is not a log: its lines are too long`);
      }
      linesRead += lines.length;
      const of = Math.round(linesRead * file.bytes() / (offset - held.length));
      if (lines.length > 0) yield { lines, of };
    }
    if (held !== "") yield { lines: [held], of: 1 };
  } finally {
    file.close();
  }
}

/**
 * Checks a log, part by part; returns the number of valid entries.
 * @param onProgress called with the number of entries checked, and the total
 * @throws {BadLog} naming the first invalid entry
 */
export async function checkLog(
  source: LogLines,
  trust: LogTrust,
  openThreads: (trust: LogTrust) => CheckThreads,
  onProgress: (done: number, of: number) => void,
  partLines = checkedLines,
): Promise<number> {
  const threads = openThreads(trust);
  const checks = new PartChecks(trust, threads);
  const parts = new LogParts(partLines);
  let outside: string | undefined;
  try {
    for await (const { lines, of, stray } of source) {
      for (const part of parts.take(lines)) onProgress(await checks.take(part), of);
      outside = stray;
    }
    await checks.done();
  } finally {
    threads.close();
  }
  const verifier = new LogVerifier(trust);
  checkPart(verifier, parts.rest);
  verifier.end(checks.pieces);
  if (outside !== undefined) throw new BadLog(outside);
  onProgress(verifier.goodCount, verifier.goodCount);
  return verifier.goodCount;
}

/** Parts per thread, so that a thread that has answered has its next part queued. */
const partsAThread = 2;

/** The parts under check; the threads' results are used in the log's order. */
class PartChecks {
  readonly #pending: { part: LogPart; checked: Promise<ChainPieces[] | null> }[] = [];
  /** Of the parts that have been found good, in the log's order. */
  readonly pieces: ChainPieces[] = [];
  #goodCount = 0;

  constructor(private readonly trust: LogTrust, private readonly threads: CheckThreads) {}

  /**
   * Adds the next part of the log; returns the number of lines checked so far.
   * @throws {UsageError} naming the first invalid line
   */
  async take(part: LogPart): Promise<number> {
    const checked = this.threads.run(part);
    checked.catch(() => {}); // unused if an earlier part is invalid
    this.#pending.push({ part, checked });
    if (this.#pending.length > partsAThread * this.threads.max) await this.#settleFirst();
    return this.#goodCount;
  }

  /** Waits for all parts. */
  async done(): Promise<void> {
    while (this.#pending.length > 0) await this.#settleFirst();
  }

  async #settleFirst(): Promise<void> {
    const { part, checked } = this.#pending.shift()!;
    const pieces = await checked;
    if (!pieces) {
      checkPart(new LogVerifier(this.trust), part); // throws, naming the line
      throw new Error("a thread rejected a valid part");
    }
    for (const piece of pieces) this.pieces.push(piece);
    this.#goodCount += part.lines.length;
  }
}

/** Yields a log of a file in words, as far as these keys open it. */
export async function* readLog(
  source: LogLines,
  keys: AuditKeyRing,
  filter: ShowFilter,
  json: boolean,
): AsyncGenerator<string, void, void> {
  let count = 0;
  for await (const { lines } of source) {
    for (const text of lines) {
      count++;
      const line = parseLogLine(text);
      if (line && isInClear(line.entry)) continue;
      const entry = line && keys.open(line.entry, line.chainId);
      if (!entry) yield `line ${count} does not open: run 'deno task bank audit verify' on it`;
      else if (isWanted(entry, filter)) {
        const place = { chainId: hex(line.chainId), sequence: line.entry.sequence };
        yield shownEntry(place, entry, json);
      }
    }
  }
}
