/**
 * Shows the progress of a long operation: a line on standard error that redraws itself, only in a
 * terminal.
 */
import { progressMs } from "../../lib/limits.ts";

const barLength = 24;

export class Progress {
  #shownMs = performance.now();
  #open = false;

  /** @param verb "checked": the operation on each item */
  constructor(private readonly verb: string) {}

  /** Draws at most a few times a second, and only in a terminal. */
  readonly show = (done: number, of: number): void => {
    const now = performance.now();
    if (now - this.#shownMs < progressMs || !Deno.stderr.isTerminal()) return;
    this.#shownMs = now;
    this.#open = true;
    const part = Math.min(1, done / Math.max(1, of));
    const full = Math.round(part * barLength);
    const bar = "#".repeat(full) + "-".repeat(barLength - full);
    write(`\r[${bar}] ${Math.floor(part * 100)} %  ${this.verb} ${done}`);
  };

  /** Clears the line. */
  end(): void {
    if (this.#open) write("\r\x1b[K");
    this.#open = false;
  }
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
