/** A program of a bench's, in its own process: ready and reporting in lines of JSON. */
import { linesOf } from "../../server/helpers/lines.ts";
import { testProgram } from "../../test_program.ts";

/** What a process's threads have computed so far, in microseconds: the first thread, and all others. */
export interface ProcessorUse {
  mainUs: number;
  othersUs: number;
  /** By the threads' names. */
  threadsUs: Record<string, number>;
}

/** What Linux counts processor time in: a hundredth of a second. */
const tickUs = 10_000;

export class Program<Ready, Asked, Answered> {
  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly lines: ReadableStreamDefaultReader<string>,
    private readonly writer: WritableStreamDefaultWriter<Uint8Array>,
    /** What it reported when it was ready. */
    readonly ready: Ready,
  ) {}

  /** @param script the program's address, as `import.meta.url` has it */
  static async start<Ready, Asked = void, Answered = void>(
    script: string,
    args: readonly (string | number)[],
  ): Promise<Program<Ready, Asked, Answered>> {
    const process = new Deno.Command(Deno.execPath(), {
      args: testProgram(script, ...args.map(String)),
      cwd: new URL("../../..", import.meta.url),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = linesOf(process.stdout).getReader();
    const ready = await next<Ready>(lines);
    return new Program(process, lines, process.stdin.getWriter(), ready);
  }

  async ask(asked: Asked): Promise<Answered> {
    await this.writer.write(new TextEncoder().encode(`${JSON.stringify(asked)}\n`));
    return await next<Answered>(this.lines);
  }

  get processorUse(): ProcessorUse {
    return processorUseOf(this.process.pid);
  }

  /** Memory that it alone holds, in bytes. */
  get memoryBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.process.pid}/smaps_rollup`);
    return Number(/^Pss:\s+(\d+)/m.exec(status)![1]) * 1_024;
  }

  async stop(): Promise<void> {
    await this.writer.close();
    await this.lines.cancel();
    await this.process.status;
  }
}

/** Returns what a process of this machine has computed so far. */
export function processorUseOf(pid: number): ProcessorUse {
  const use: ProcessorUse = { mainUs: 0, othersUs: 0, threadsUs: {} };
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    let text: string;
    try {
      text = Deno.readTextFileSync(`/proc/${pid}/task/${name}/stat`);
    } catch {
      continue; // it has just ended
    }
    // the name is in brackets, and may hold anything
    const [, thread, rest] = /\((.*)\) (.*)/s.exec(text)!;
    const [user, system] = rest!.split(" ").slice(11, 13).map(Number);
    const us = (user! + system!) * tickUs;
    use[Number(name) === pid ? "mainUs" : "othersUs"] += us;
    use.threadsUs[thread!] = (use.threadsUs[thread!] ?? 0) + us;
  }
  return use;
}

async function next<T>(lines: ReadableStreamDefaultReader<string>): Promise<T> {
  const { value, done } = await lines.read();
  if (done) throw new Error("a program of the bench has ended");
  return JSON.parse(value) as T;
}

/**
 * Runs in the program: reports that it is ready, then answers line by line, until there
 * are no more.
 */
export async function serveLines<Asked>(
  ready: unknown,
  answer: (asked: Asked) => unknown,
): Promise<void> {
  console.log(JSON.stringify(ready));
  for await (const line of linesOf(Deno.stdin.readable)) {
    console.log(JSON.stringify(await answer(JSON.parse(line)) ?? null));
  }
}
