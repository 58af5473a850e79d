/** Faults of the database in the operator's log: each once, and its end. */
import { InDoubt } from "./store.ts";

const faults: [sign: RegExp, words: string][] = [
  [/is full/, "the disk is full: make room, and money moves again by itself"],
  [
    /readonly/,
    "the database's folder is read-only: make it writable, and money moves again by itself",
  ],
  [/I\/O error/, "the disk does not read or write as it should: look at the disk and at its log"],
  [
    /malformed|not a database/,
    "the database is damaged: stop the server, and look with 'deno task bank ledger check'",
  ],
];

/** A fault of the disk or of the file in words; null for what is wrong with a command instead. */
export function faultInWords(error: Error): string | null {
  const words = faults.find(([sign]) => sign.test(error.message))?.[1];
  return words === undefined
    ? null
    : `${words} (${error.message}); until then ATMs wait, or are answered 'try later'`;
}

/** Follows a bank's batches. A fault that lasts is reported once, however many commands it fails. */
export class Faults {
  #lasting: string | null = null;

  /** @param report writes a line of the operator's log */
  constructor(private readonly report: (line: string) => void) {}

  /** Reports at once that a batch waits until it is known whether it is committed. */
  begin(doubt: InDoubt): void {
    const fault = faultInWords(doubt) ?? `${doubt.message}; ATMs wait until its outcome is known`;
    if (fault !== this.#lasting) this.report(fault);
    this.#lasting = fault;
  }

  /** After a batch, with what went wrong in it. */
  after(errors: readonly Error[]): void {
    let fault: string | null = null;
    for (const error of errors) {
      if (error instanceof InDoubt) continue; // reported when it began, and over
      const words = faultInWords(error);
      if (words === null) this.report(error.message);
      else fault = words;
    }
    if (fault !== null && fault !== this.#lasting) this.report(fault);
    if (fault === null && this.#lasting !== null) this.report("commits go through again");
    this.#lasting = fault;
  }
}
