/** A program that is killed and started again, as often as it takes. */
import { linesOf } from "../server/helpers/lines.ts";

const project = new URL("../../", import.meta.url);
const endMsMax = 30_000;
/** What is kept of what it says on standard error. */
const complaintsMax = 20;

export class Victim {
  /** The last lines of standard error, over all of its lives. */
  readonly complaints: string[] = [];
  /** How many lines it has printed, over all of its lives. */
  printed = 0;
  #process!: Deno.ChildProcess;
  #input!: WritableStreamDefaultWriter<Uint8Array>;
  #drained: Promise<unknown> = Promise.resolve();

  /**
   * @param args of Deno's own command line
   * @param onLine gets every line of standard output
   * @param within a command that runs another one, such as `nsenter`
   */
  constructor(
    private readonly args: readonly string[],
    private readonly onLine: (line: string) => void,
    private readonly within: readonly string[] = [],
  ) {}

  /** Whether it does not run. */
  isDead = true;
  /** Resolves when it has ended. */
  ended: Promise<void> = Promise.resolve();

  start(): void {
    const [program, ...args] = [...this.within, Deno.execPath(), ...this.args];
    this.#process = new Deno.Command(program!, {
      args,
      cwd: project,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.isDead = false;
    this.ended = this.#process.status.then(() => void (this.isDead = true));
    this.#input = this.#process.stdin.getWriter();
    this.#input.closed.catch(() => {});
    this.#drained = Promise.all([
      each(this.#process.stdout, (line) => {
        this.printed++;
        this.onLine(line);
      }),
      each(this.#process.stderr, (line) => {
        this.printed++;
        this.complaints.push(line);
        this.complaints.splice(0, this.complaints.length - complaintsMax);
      }),
    ]);
  }

  /** Ends it as a power cut would, and gives what it had said before. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#drained;
  }

  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Lets it end in order; its exit code. */
  async end(): Promise<number> {
    await this.#input.close().catch(() => {});
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), endMsMax);
    const { code } = await this.#process.status;
    clearTimeout(timer);
    await this.#drained;
    return code;
  }
}

async function each(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void) {
  for await (const line of linesOf(stream)) onLine(line);
}
