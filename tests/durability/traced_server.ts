/** The real server under `strace`, which looks at what it asks of its kernel, or answers in its place. */
import { assertEquals } from "@std/assert";
import { BankClient } from "../../client/bank_client.ts";
import { parseTerminalKey } from "../../lib/terminal_key.ts";
import { connectTcp, system } from "../../lib/system.ts";
import { serverArguments } from "../bank_programs.ts";
import { linesOf } from "../server/helpers/lines.ts";

/** This project's own folder. */
export const project = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

/**
 * Returns whether `strace` is here and may trace.
 * @throws {Error} where it is not and `CI=true`: there, nothing is left out
 */
export function mayTrace(): boolean {
  try {
    const { success } = new Deno.Command("strace", { args: ["-f", "-o", "/dev/null", "true"] })
      .outputSync();
    if (success) return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const missing = "strace is not here, or may not trace: install Debian's package strace";
  if (Deno.env.get("CI") === "true") throw new Error(missing);
  console.error(`cannot run here: ${missing}`);
  return false;
}

export interface TracedServer {
  port: number;
  /** Lines of the operator's log. */
  log: string[];
  /** Ends it in order. */
  end(): Promise<void>;
}

/**
 * Starts the server of a bank's folder.
 * @param source the project's folder, or a copy of it
 */
export async function traceServer(
  bank: string,
  source: string,
  straceArgs: readonly string[],
): Promise<TracedServer> {
  const program = serverArguments({ folder: bank, project: source }, 0);
  const process = new Deno.Command("strace", {
    args: [...straceArgs, Deno.execPath(), ...program],
    cwd: source,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const log: string[] = [];
  const logged = (async () => {
    for await (const line of linesOf(process.stderr)) log.push(line);
  })();
  const said = linesOf(process.stdout).getReader();
  const { value } = await said.read();
  return {
    port: Number(JSON.parse(value!).address.split(":")[1]),
    log,
    async end() {
      await process.stdin.close();
      assertEquals((await process.status).code, 0);
      await logged;
      await said.cancel();
    },
  };
}

/** Returns a terminal's line to the server, as patient as a traced disk needs it. */
export function connectTerminal(port: number, keyFile: string): Promise<BankClient> {
  return BankClient.connect({
    connect: () => connectTcp("127.0.0.1", port),
    terminalKey: parseTerminalKey(keyFile, "the key"),
    world: system,
    answerMsMax: 60_000,
  });
}
