/**
 * Standard error of a program with native libraries. GTK, WebKit and D-Bus write warnings to it that
 * mean nothing to a user: the lines of the program's log go to the terminal, the others are kept for
 * the report of a failure.
 */
import { chatterEndMsMax, chatterLinesMax } from "../../../lib/limits.ts";

/** A line of `log` in `lib/process`, or of the stack below one. */
const logLine = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z /;
const stackLine = /^\s+\S/;

export class NativeChatter {
  readonly #kept: string[] = [];
  readonly #ended: Promise<void>;

  /** @param print prints a line to the terminal */
  constructor(
    stream: ReadableStream<Uint8Array>,
    private readonly print: (line: string) => void = console.error,
  ) {
    this.#ended = this.#read(stream).catch(() => {});
  }

  /** Prints the last lines that were kept, once the program has ended. */
  async report(): Promise<void> {
    // A process that the program left behind may hold the stream open.
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, chatterEndMsMax);
    await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    for (const line of this.#kept.splice(0)) this.print(line);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let text = "";
    let ofLog = false;
    const take = (line: string) => {
      ofLog = logLine.test(line) || ofLog && stackLine.test(line);
      if (ofLog) return this.print(line);
      if (line !== "") this.#kept.push(line);
      if (this.#kept.length > chatterLinesMax) this.#kept.shift();
    };
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const lines = (text + decoder.decode(chunk, { stream: true })).split("\n");
      text = lines.pop()!;
      lines.forEach(take);
    }
    if (text !== "") take(text);
  }
}
