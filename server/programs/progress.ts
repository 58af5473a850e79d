/** How far a long run has come: a line on standard error that draws over itself, for people alone. */
import { progressMs } from "../../lib/limits.ts";

const barLength = 24;

export class Progress {
  #shownMs = performance.now();
  #open = false;

  /** @param verb "checked": what is being done to each */
  constructor(private readonly verb: string) {}

  /** Draws at most a few times a second, and nothing where nobody sees it. */
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

  /** Takes the line away. */
  end(): void {
    if (this.#open) write("\r\x1b[K");
    this.#open = false;
  }
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
