/** The real programs, started as a user starts them: with `deno task`. */

const project = new URL("../../", import.meta.url);

function command(args: string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: project,
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

export interface Finished {
  code: number;
  out: string;
  err: string;
}

/** Runs a command to its end; `input` is its whole standard input. */
export async function run(
  args: string[],
  input = "",
  env: Record<string, string> = {},
): Promise<Finished> {
  const process = command(args, env).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** A program that runs until the test ends it. */
export class Program {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #err: Promise<string>;
  readonly status: Promise<Deno.CommandStatus>;

  /** @param env what its environment has besides this one */
  constructor(args: string[], env: Record<string, string> = {}) {
    this.#process = command(args, env).spawn();
    this.#lines = linesOf(this.#process.stdout);
    this.#err = new Response(this.#process.stderr).text();
    this.status = this.#process.status;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Returns the next line of standard output. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the program ended: ${await this.#err}`);
    return value;
  }

  /** Returns all of standard error, once the program has ended. */
  get err(): Promise<string> {
    return this.#err;
  }

  /** Sends a signal, waits, and gives the exit code. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<number> {
    this.#process.kill(signal);
    return await this.ended();
  }

  /** Waits until it ends without a signal, and returns the exit code. */
  async ended(): Promise<number> {
    const { code } = await this.status;
    await this.#lines.return(undefined);
    await this.#err;
    await this.#process.stdin.close().catch(() => {});
    return code;
  }

  signal(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }
}

/** Returns whether something listens on `host:port`. */
export async function listens(address: string): Promise<boolean> {
  const [hostname, port] = address.split(":");
  try {
    (await Deno.connect({ hostname, port: Number(port) })).close();
    return true;
  } catch {
    return false;
  }
}

/** Returns a loopback port that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** Waits until it holds; fails by name when it does not within `ms`. */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  ms = 15_000,
): Promise<void> {
  const endMs = Date.now() + ms;
  while (!await holds()) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let held = "";
  for await (
    const chunk of stream.pipeThrough(
      new TextDecoderStream() as TransformStream<Uint8Array, string>,
    )
  ) {
    held += chunk;
    for (let end; (end = held.indexOf("\n")) >= 0; held = held.slice(end + 1)) {
      yield held.slice(0, end);
    }
  }
}

/** Sends the device service's page one action; returns whether it was done. */
export async function operate(link: string, action: string): Promise<boolean> {
  const { origin, hash } = new URL(link);
  const headers = { "x-pane-secret": hash.slice(1) };
  const response = await fetch(`${origin}/act`, { method: "POST", headers, body: action });
  await response.body?.cancel();
  return response.ok;
}
