/**
 * Starts programs with exactly the permissions they need. A program ends when its standard input
 * does: the launcher closes it, or has died.
 */
import { programEndMsMax } from "../../../lib/limits.ts";
import { startProgram } from "../../../lib/system.ts";
import { NativeChatter } from "./native_chatter.ts";

/**
 * Returns the variables that every program has besides the launcher's own. The runtime would reach
 * devices, servers and witnesses of this host through a proxy of the environment too, and would send
 * by OTLP what a program prints, a one-time password among it, to any address.
 */
function programVariables(): Record<string, string> {
  const direct = Deno.env.get("NO_PROXY") || Deno.env.get("no_proxy");
  const noProxy = [direct, "localhost", "127.0.0.1", "::1"].filter(Boolean).join(",");
  return { NO_PROXY: noProxy, OTEL_DENO: "false" };
}

/**
 * Runs a program in the foreground, with the launcher's standard streams; returns its exit code. A
 * terminal in which a signal has ended the program echoes again.
 * @param end resolves when the program must end
 */
export async function runInForeground(
  args: string[],
  end: Promise<void> = terminated(),
): Promise<number> {
  const child = startProgram(
    new Deno.Command(Deno.execPath(), {
      args,
      env: programVariables(),
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }),
  );
  end.then(() => child.kill("SIGTERM")).catch(() => {}); // it may have just ended
  const { code, signal } = await child.status;
  if (signal !== null && Deno.build.os !== "windows" && Deno.stdin.isTerminal()) {
    await new Deno.Command("stty", { args: ["sane"], stdin: "inherit" }).output().catch(() => {});
  }
  return code;
}

/** Resolves at a signal to end, also from the keyboard, and at the end of the terminal. */
function terminated(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (Deno.build.os !== "windows") {
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) Deno.addSignalListener(signal, resolve);
  }
  return promise;
}

/** Signals that only a crash raises. */
const crashes: ReadonlySet<Deno.Signal> = new Set([
  "SIGABRT",
  "SIGBUS",
  "SIGILL",
  "SIGSEGV",
  "SIGTRAP",
]);

/**
 * A child program, ended by closing its standard input; one that has the terminal, by a signal. Its
 * first line of standard output is JSON and reports that it is ready.
 */
export class Child<Ready> {
  /** The exit code in a shell's convention. */
  readonly ended: Promise<number>;
  /** The program's name, without its folder. */
  readonly name: string;
  /** The signal that ended it; null when none did. */
  readonly signal: Promise<Deno.Signal | null>;
  /** The signal of a crash in native code. */
  readonly crashed: Promise<Deno.Signal | null>;
  readonly ready: Promise<Ready | null>;
  hasEnded = false;
  readonly #process: Deno.ChildProcess;
  readonly #leash: WritableStreamDefaultWriter<Uint8Array> | null;

  /** Whether it may end unasked, with code 0. */
  readonly mayEnd: boolean;
  readonly #chatter: NativeChatter | null;

  /**
   * @param args Deno's arguments
   * @param env variables added to the launcher's environment
   * @param input the first line of its standard input
   * @param hasTerminal whether it has the launcher's standard input, and ends at a signal instead
   * @param onLine called with each line of its standard output after the first
   * @param isNative whether it loads native libraries, whose warnings are kept off the terminal
   */
  constructor(
    args: string[],
    { mayEnd = false, env = {}, input, isNative = false, hasTerminal = false, onLine }: {
      mayEnd?: boolean;
      hasTerminal?: boolean;
      env?: Record<string, string>;
      input?: string;
      isNative?: boolean;
      onLine?: (line: string) => void;
    } = {},
  ) {
    this.mayEnd = mayEnd;
    this.name = args.findLast((arg) => arg.endsWith(".ts"))!.replace(/^.*\/|\.ts$/g, "");
    this.#process = startProgram(
      new Deno.Command(Deno.execPath(), {
        args,
        env: { ...programVariables(), ...env },
        stdin: hasTerminal ? "inherit" : "piped",
        stdout: "piped",
        stderr: isNative ? "piped" : "inherit",
      }),
    );
    this.#chatter = isNative ? new NativeChatter(this.#process.stderr) : null;
    this.#leash = hasTerminal ? null : this.#process.stdin.getWriter();
    this.#leash?.closed.catch(() => {}); // the child may end first
    if (input !== undefined) {
      this.#leash?.write(new TextEncoder().encode(`${input}\n`)).catch(() => {});
    }
    this.ended = this.#process.status.then(async ({ code, signal }) => {
      this.hasEnded = true;
      if (code !== 0 && signal === null) await this.reportChatter();
      return code;
    });
    this.signal = this.#process.status.then(({ signal }) => signal);
    this.crashed = this.#process.status.then(({ signal }) =>
      signal !== null && crashes.has(signal) ? signal : null
    );
    this.ready = this.#readLines(onLine);
  }

  /** Prints what native libraries wrote, if the program has ended. */
  async reportChatter(): Promise<void> {
    await this.#chatter?.report();
  }

  /** Ends the program, by force after a timeout; returns its exit code. */
  async end(): Promise<number> {
    if (this.#leash) this.#leash.close().catch(() => {});
    else if (!this.hasEnded) this.#process.kill("SIGTERM");
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), programEndMsMax);
    const code = await this.ended;
    clearTimeout(timer);
    return code;
  }

  /** Reads the whole output, so that the program never blocks on a full pipe; returns its first line. */
  async #readLines(onLine?: (line: string) => void): Promise<Ready | null> {
    const first = Promise.withResolvers<Ready | null>();
    (async () => {
      let rest = "";
      let isReady = false;
      for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          if (isReady) onLine?.(line);
          else first.resolve(JSON.parse(line) as Ready);
          isReady = true;
        }
      }
      first.resolve(null);
    })();
    return await first.promise;
  }
}
