/**
 * How the operator's commands reach a running server: a Unix socket that only the server's own user
 * may open. One request a connection, as a line of JSON; the answer is lines of JSON.
 */
import { UsageError } from "../../lib/errors.ts";
import { operatorFinishMsMax, operatorRequestBytesMax } from "../../lib/limits.ts";
import { acceptAll } from "../accept.ts";
import type { Bank } from "../bank.ts";
import { removeIfThere } from "../../lib/private_file.ts";
import { operatorSocketPath } from "../folder/bank_folder.ts";
import { runOperatorCommand } from "./commands.ts";
import { type OperatorAnswer, type OperatorRequest, operatorRequestOf } from "./request.ts";

type Line = OperatorAnswer | { error: string; exitCode: 1 | 2 } | { done: true };

/** Takes operators' requests until closed. The caller owns the data folder: a socket there is stale. */
export function serveOperators(
  bank: Bank,
): { close(): Promise<void> } {
  const { files, log } = bank.world;
  const path = operatorSocketPath(bank.folder.path);
  removeIfThere(files, path);
  const listener = Deno.listen({ transport: "unix", path });
  Deno.chmodSync(path, 0o600);
  const serving = new Map<Deno.UnixConn, Promise<void>>();
  const stopping = new AbortController();
  const accept = () =>
    listener.accept().catch((error) => {
      if (error instanceof Deno.errors.BadResource) return null;
      throw error;
    });
  const accepting = acceptAll({ accept }, bank.world, (connection) => {
    const served = serve(bank, connection, log, stopping.signal).catch((error) =>
      log(`an operator's command failed: ${error}`)
    );
    serving.set(connection, served);
    served.then(() => serving.delete(connection));
  }, log);
  return {
    async close() {
      listener.close();
      stopping.abort();
      await accepting;
      // Commands under way may finish; who says nothing or does not read is not waited for.
      await Promise.race([Promise.all(serving.values()), pause(operatorFinishMsMax)]);
      for (const connection of serving.keys()) closeQuietly(connection);
      await Promise.all(serving.values());
      removeIfThere(files, path);
    },
  };
}

/**
 * Asks the server that runs on this folder; null when none does.
 * @throws {UsageError} when the server refuses the command
 */
export async function askServer(
  folder: string,
  request: OperatorRequest,
): Promise<AsyncGenerator<OperatorAnswer, void, void> | null> {
  let connection: Deno.UnixConn;
  try {
    connection = await Deno.connect({ transport: "unix", path: operatorSocketPath(folder) });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
      return null; // no server, or what a killed one left behind
    }
    throw error;
  }
  return answers(connection, request);
}

async function* answers(
  connection: Deno.UnixConn,
  request: OperatorRequest,
): AsyncGenerator<OperatorAnswer, void, void> {
  try {
    await writeLine(connection, request);
    for await (const text of linesOf(connection.readable)) {
      const line = JSON.parse(text) as Line;
      if ("done" in line) return;
      if ("error" in line) throw new UsageError(line.error, line.exitCode);
      yield line;
    }
    throw new UsageError(
      "the server ended before its answer: look whether the command was carried out",
    );
  } finally {
    closeQuietly(connection);
  }
}

async function serve(
  bank: Bank,
  connection: Deno.UnixConn,
  log: (line: string) => void,
  stopping: AbortSignal,
): Promise<void> {
  const lines = linesOf(connection.readable, operatorRequestBytesMax);
  try {
    const { value: text, done } = await lines.next();
    if (done) return;
    const gone = new AbortController();
    // Nothing more is expected: what comes is the end of whoever asked.
    lines.next().catch(() => {}).then(() => gone.abort());
    const signal = AbortSignal.any([gone.signal, stopping]);
    try {
      const request = operatorRequestOf(jsonOf(text));
      for await (const answer of runOperatorCommand(bank, request, signal)) {
        await writeLine(connection, answer);
      }
      await writeLine(connection, { done: true });
    } catch (error) {
      const refused = error instanceof UsageError;
      if (!refused && !gone.signal.aborted) log(`an operator's command failed: ${error}`);
      const told = writeLine(connection, {
        error: refused ? error.message : "the server could not carry this out: see its log",
        exitCode: refused ? error.exitCode : 1,
      });
      await told.catch(() => {}); // perhaps nobody is there to be told
    }
  } finally {
    closeQuietly(connection);
  }
}

function closeQuietly(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch {
    // the stream, or the other end, was faster
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function writeLine(connection: Deno.UnixConn, line: Line | OperatorRequest): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
  bytesMax = Infinity,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      held += decoder.decode(value, { stream: true });
      if (held.length > bytesMax) throw new Error("an operator's request is too long");
      for (let end; (end = held.indexOf("\n")) >= 0; held = held.slice(end + 1)) {
        yield held.slice(0, end);
      }
    }
  } finally {
    reader.releaseLock();
  }
}
