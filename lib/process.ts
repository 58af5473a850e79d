/**
 * The running program: its start, its parent's shutdown signal, its output and its exit code. I/O,
 * as in `system`.
 */
import { UsageError } from "./errors.ts";
import { failureEvent, formatLogEvent, type LogEvent, type LogForm } from "./log_event.ts";

/**
 * Runs a program with its one argument, a line of JSON from the launcher, and exits with its exit
 * code. Bad input from outside ends it with one message.
 */
export async function runProgram<Start>(
  program: (start: Start) => Promise<number> | number,
): Promise<never> {
  Deno.exit(await exitCodeOf(() => program(JSON.parse(Deno.args[0]!) as Start)));
}

/** Runs a program and returns its exit code; prints the message of a failure. */
export async function exitCodeOf(program: () => Promise<number> | number): Promise<number> {
  try {
    return await program();
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return error.exitCode;
  }
}

/** The reader of the program's output has ended, as `head` does: nothing more is to be printed. */
class OutputClosed extends Error {
  override name = "OutputClosed";
}

/** Prints a line of the program's output. */
export function say(line: string): 0 {
  console.log(line);
  return 0;
}

/**
 * Prints a line of an output that has no end.
 * @throws {OutputClosed} if nobody reads it any more, which ends the program in order
 * @throws {UsageError} if it cannot be written, as on a full disk
 */
export function print(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let done = 0; done < bytes.length;) done += Deno.stdout.writeSync(bytes.subarray(done));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw new UsageError(
      `the output cannot be written (${(error as Error).message}): make room on its disk, or ` +
        "write it elsewhere",
    );
  }
}

/** Writes the operator's log to standard error, each line with its time. */
export interface OperatorLog {
  /** Writes a failure, for people. */
  log(line: string): void;
  /** Writes an event. */
  event(event: LogEvent): void;
}

/** Returns the operator's log in a form. */
export function operatorLog(form: LogForm): OperatorLog {
  const event = (event: LogEvent) => console.error(formatLogEvent(event, Date.now(), form));
  return { log: (line) => event(failureEvent(line)), event };
}

/** Prints a line of the operator's log, with a timestamp. */
export const { log } = operatorLog("text");

/** Resolves when the launcher closes the program's standard input, dies, or sends SIGTERM. */
export function leashEnds(): Promise<void> {
  // Ctrl-C reaches the whole process group: the launcher handles it.
  Deno.addSignalListener("SIGINT", () => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", resolve);
  (async () => {
    const chunk = new Uint8Array(256);
    while (await Deno.stdin.read(chunk) !== null);
  })().catch(() => {}).then(resolve);
  return promise;
}

/** Reads the first line of standard input, as JSON. Nothing may follow it. */
export async function readJsonLine<T>(): Promise<T> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(65_536);
  let text = "";
  while (!text.endsWith("\n")) {
    const count = await Deno.stdin.read(chunk);
    if (count === null) {
      throw new UsageError(
        "standard input ended before a line. Start this program with 'deno task'.",
      );
    }
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  return JSON.parse(text) as T;
}

/** Returns an environment variable; undefined if it is not set or the program may not read it. */
export function environmentVariable(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
