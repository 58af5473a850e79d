/**
 * A log in parts that are checked one by one. Each is checked from where the one before it says that it
 * ends; when all are good, so is the log as a whole. Of several bad ones only the first means anything.
 */
import { parseLogLine } from "../audit/log_line.ts";
import type { LogVerifier } from "../audit/verify.ts";

export interface LogPart {
  /** How many lines come before it. */
  linesBefore: number;
  /** The last line of every chain before it, in the order in which the chains have come. */
  lastBefore: readonly string[];
  lines: readonly string[];
}

/** What a line begins with. */
const chainIdDigits = 32;

export class LogParts {
  /** By the chain's id. */
  readonly #last = new Map<string, string>();
  #linesBefore = 0;
  #held: string[] = [];

  constructor(private readonly partLines: number) {}

  /** The next lines of the log; gives the parts that are full. */
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

  /** What is behind the last full part. */
  get rest(): LogPart {
    const lastBefore = [...this.#last.values()];
    return { linesBefore: this.#linesBefore, lastBefore, lines: this.#held };
  }
}

/**
 * Checks a part with a verifier that has seen none behind it.
 * @throws {UsageError} as `LogVerifier` does; where all before it is good, in the words for the whole
 */
export function checkPart(verifier: LogVerifier, part: LogPart): void {
  // what is no line has been bad before
  const last = part.lastBefore.flatMap((line) => parseLogLine(line) ?? []);
  verifier.goOnAt({ lines: part.linesBefore, last });
  for (const line of part.lines) verifier.next(parseLogLine(line));
}
