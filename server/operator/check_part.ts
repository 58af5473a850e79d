/**
 * Splits a log into parts that are checked independently. Each check assumes that the part before
 * it is valid; if all are valid, so is the log. Of several invalid parts only the first is
 * meaningful.
 */
import { parseLogLine } from "../audit/log_line.ts";
import type { LogVerifier } from "../audit/verify.ts";

export interface LogPart {
  /** The number of lines before it. */
  linesBefore: number;
  /** The last line of every chain before it, in order of appearance. */
  lastBefore: readonly string[];
  lines: readonly string[];
}

/** The length of a line's chain id. */
const chainIdDigits = 32;

export class LogParts {
  /** By the chain's id. */
  readonly #last = new Map<string, string>();
  #linesBefore = 0;
  #held: string[] = [];

  constructor(private readonly partLines: number) {}

  /** Adds the next lines of the log; yields full parts. */
  *take(lines: readonly string[]): Generator<LogPart, void, void> {
    for (const line of lines) {
      this.#held.push(line);
      if (this.#held.length < this.partLines) continue;
      yield this.rest;
      this.#beginNext();
    }
  }

  #beginNext(): void {
    for (const line of this.#held) this.#last.set(line.slice(0, chainIdDigits), line);
    this.#linesBefore += this.#held.length;
    this.#held = [];
  }

  /** The lines after the last full part. */
  get rest(): LogPart {
    const lastBefore = [...this.#last.values()];
    return { linesBefore: this.#linesBefore, lastBefore, lines: this.#held };
  }
}

/**
 * Checks a part with a new verifier.
 * @throws {UsageError} as `LogVerifier` does; if everything before it is valid, with the message
 * for the whole log
 */
export function checkPart(verifier: LogVerifier, part: LogPart): void {
  // an invalid line was reported before
  const last = part.lastBefore.flatMap((line) => parseLogLine(line) ?? []);
  verifier.goOnAt({ lines: part.linesBefore, last });
  for (const line of part.lines) verifier.next(parseLogLine(line));
}
