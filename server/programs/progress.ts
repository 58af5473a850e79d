/**
 * Shows the progress of a long operation, its rate and the time left: a line on standard error that
 * redraws itself, only in a terminal.
 */
import { progressMs } from "../../lib/limits.ts";
import { barOf, timeInWords } from "../operator/table.ts";

const barLength = 24;

export class Progress {
  readonly #beganMs = performance.now();
  #shownMs = performance.now();
  #open = false;

  /** @param verb "checked", or "copied, in MB,": the operation on each item */
  constructor(private readonly verb: string) {}

  /** Draws at most a few times a second, and only in a terminal. */
  readonly show = (done: number, of: number): void => {
    const now = performance.now();
    if (now - this.#shownMs < progressMs || !Deno.stderr.isTerminal()) return;
    this.#shownMs = now;
    this.#open = true;
    write(`\r\x1b[K${progressLine(this.verb, done, of, now - this.#beganMs)}`);
  };

  /** Clears the line. */
  end(): void {
    if (this.#open) write("\r\x1b[K");
    this.#open = false;
  }
}

/** The bars of an operation of several steps: one after the other, each with the rate of its step. */
export class Bars {
  readonly #bars = new Map<string, Progress>();
  #present: Progress | null = null;

  /** @param verb as of `Progress`: another one is another step */
  readonly show = (verb: string, done: number, of: number): void => {
    const bar = this.#bars.get(verb) ?? new Progress(verb);
    this.#bars.set(verb, bar);
    if (bar !== this.#present) this.end();
    this.#present = bar;
    bar.show(done, of);
  };

  end(): void {
    this.#present?.end();
    this.#present = null;
  }
}

/** Returns "[######------] 50 %  checked 1000  500 a second  2 s left". */
export function progressLine(verb: string, done: number, of: number, ranMs: number): string {
  const part = Math.min(1, done / Math.max(1, of));
  const perSecond = Math.round(done * 1_000 / Math.max(1, ranMs));
  const left = timeInWords(ranMs * (1 - part) / Math.max(part, 0.001));
  const percent = `${Math.floor(part * 100)} %`;
  return `[${
    barOf(part, barLength)
  }] ${percent}  ${verb} ${done}  ${perSecond} a second  ${left} left`;
}

function write(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}
