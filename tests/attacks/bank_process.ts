/**
 * A bank in its own process, so that what an attacker spends is not taken for what the bank
 * spends: the test's end of it, and, started as a program, the bank's. It takes this machine for its
 * balancer, so that callers may be from anywhere, and its door can be opened wider than it is.
 */
import { linesOf } from "../server/helpers/lines.ts";
import { parseTerminalKey, type TerminalKey } from "../../lib/terminal_key.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { testProgram } from "../test_program.ts";

const terminals = ["honest", "replayed"] as const;

interface Ready {
  address: { hostname: string; port: number };
  keys: Record<typeof terminals[number], string>;
}

export class BankProcess {
  readonly keys: Record<typeof terminals[number], TerminalKey>;
  readonly address: Ready["address"];

  private constructor(
    private readonly process: Deno.ChildProcess,
    private readonly lines: ReadableStreamDefaultReader<string>,
    private readonly writer: WritableStreamDefaultWriter<Uint8Array>,
    { address, keys }: Ready,
  ) {
    this.address = address;
    this.keys = {
      honest: parseTerminalKey(keys.honest, "honest"),
      replayed: parseTerminalKey(keys.replayed, "replayed"),
    };
  }

  /** @param wide true for a door without limits before authentication */
  static async start(wide = false): Promise<BankProcess> {
    const process = new Deno.Command(Deno.execPath(), {
      args: testProgram(import.meta.url, ...(wide ? ["wide"] : [])),
      cwd: new URL("../..", import.meta.url),
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const lines = linesOf(process.stdout).getReader();
    const { value } = await lines.read();
    return new BankProcess(process, lines, process.stdin.getWriter(), JSON.parse(value!));
  }

  /** Returns the memory that the process has, in bytes. */
  async memory(): Promise<number> {
    await this.writer.write(new TextEncoder().encode("memory\n"));
    const { value } = await this.lines.read();
    return Number(value);
  }

  async stop(): Promise<void> {
    await this.writer.close();
    await this.lines.cancel();
    await this.process.status;
  }
}

if (import.meta.main) {
  const wide = { connections: 20_000, pending: 20_000, pendingPerSource: 20_000 };
  const limits = Deno.args.includes("wide") ? { ...wide, failures: Infinity } : {};
  await RunningBank.with(async (running) => {
    const files: Partial<Ready["keys"]> = {};
    for (const name of terminals) {
      for await (const answer of running.operate({ command: "enrol_terminal", name })) {
        if ("keyFile" in answer) files[name] = answer.keyFile;
      }
    }
    console.log(JSON.stringify({ address: running.address, keys: files }));
    for await (const _ of linesOf(Deno.stdin.readable)) console.log(Deno.memoryUsage().rss);
  }, { limits, proxies: ["127.0.0.1"] });
  Deno.exit(0);
}
