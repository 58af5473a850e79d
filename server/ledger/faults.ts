/** Reports faults of the database in the operator's log: each once, and its end. */
import { UsageError } from "../../lib/errors.ts";
import { InDoubt } from "./store.ts";

interface Fault {
  sign: RegExp;
  cause: string;
  mend: string;
}

const resumes = "a running server resumes automatically";
const faults: Fault[] = [
  { sign: /is full|no space left/i, cause: "the disk is full", mend: `make room, and ${resumes}` },
  {
    sign: /readonly/,
    cause: "the database's folder is read-only",
    mend: `make it writable, and ${resumes}`,
  },
  {
    sign: /I\/O error/,
    cause: "the disk fails to read or write",
    mend: "check the disk and the system's log",
  },
  {
    sign: /malformed|not a database/,
    cause: "the database is damaged",
    mend: "stop the server, and run 'deno task bank ledger check'",
  },
];

const faultIn = (message: string) => faults.find(({ sign }) => sign.test(message));

/** Returns the fault that a message is about: "the disk is full"; null for another message. */
export function causeInWords(message: string): string | null {
  return faultIn(message)?.cause ?? null;
}

/** Returns why a command failed, for the log. */
export function whyInWords(error: Error): string {
  if (error instanceof UsageError) return error.message;
  return causeInWords(error.message) ?? "an internal error of the server";
}

/**
 * Describes a fault of the disk or of the file; returns null for an error of the command instead.
 */
export function faultInWords({ message }: Error): string | null {
  const fault = faultIn(message);
  return fault === undefined
    ? null
    : `${fault.cause}: ${fault.mend} (${message}); until then ATMs wait, or are answered 'try later'`;
}

/**
 * Tracks the errors of batches. A lasting fault is reported once, however many commands it fails.
 */
export class Faults {
  #lasting: string | null = null;

  /**
   * @param report writes a line of the operator's log
   * @param onLasting called with each lasting fault, and with null at its end
   */
  constructor(
    private readonly report: (line: string) => void,
    private readonly onLasting: (fault: string | null) => void,
  ) {}

  /** Reports at once that a batch is in doubt. */
  begin(doubt: InDoubt): void {
    const fault = faultInWords(doubt) ?? `${doubt.message}; ATMs wait until its outcome is known`;
    if (fault !== this.#lasting) this.report(fault);
    this.#last(fault);
  }

  /** Called after a batch, with its errors. */
  after(errors: readonly Error[]): void {
    let fault: string | null = null;
    for (const error of errors) {
      if (error instanceof InDoubt) continue; // was reported at its start, and is over
      const words = faultInWords(error);
      if (words === null) this.report(error.message);
      else fault = words;
    }
    if (fault !== null && fault !== this.#lasting) this.report(fault);
    if (fault === null && this.#lasting !== null) this.report("commits succeed again");
    this.#last(fault);
  }

  #last(fault: string | null): void {
    if (fault !== this.#lasting) this.onLasting(fault);
    this.#lasting = fault;
  }
}
