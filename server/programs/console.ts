/**
 * An operator's console: reads the operator's key, whose passphrase is typed in the terminal, and
 * serves the console's page on loopback. A locked console opens again from the terminal alone.
 */
import { UsageError } from "../../lib/errors.ts";
import { launcherLookMs } from "../../lib/limits.ts";
import { log, operatorLog, runProgram, say } from "../../lib/process.ts";
import { removeAtEnd, removeIfThere, writePrivateFile } from "../../lib/private_file.ts";
import type { ConsoleOpened, ConsoleReady, ConsoleStart } from "../../lib/programs.ts";
import { connectUnix, system, systemFiles } from "../../lib/system.ts";
import { readTextFile } from "../../lib/text_file.ts";
import { openFile, startBrowserHost } from "../../ui/window/browser_host.ts";
import { consoleMachine } from "../../ui/window/console_calls.ts";
import type { Page } from "../../ui/window/page_bundle.ts";
import type { LogTrust } from "../audit/verify.ts";
import { Console, type ConsoleOptions } from "../console/console.ts";
import { openCheckThreads } from "../operator/check_threads.ts";
import { goodLogInWords, verifyLogOf } from "../operator/log_programs.ts";
import type { Signer } from "../operator/signed_request.ts";
import { readKey } from "./read_key.ts";

const terminal = operatorLog("text");

if (import.meta.main) await runProgram<ConsoleStart>(runConsole);

async function runConsole(start: ConsoleStart): Promise<number> {
  const page = JSON.parse(readTextFile(systemFiles, start.page)) as Page;
  const signer = await readKey(start);
  const end = endOfProgram();
  const world = { ...system, connectUnix };
  const { folder, openFile: path } = start;
  const verify = start.firstKeys.length === 0 ? {} : { verify: verifierFor(start) };
  const console = new Console({ world, folder, say: report, ...verify }, signer);
  const writeLink = (): boolean => {
    try {
      if (path === undefined) return false;
      removeIfThere(systemFiles, path);
      writePrivateFile(systemFiles, path, openFile(host.newLink()));
      return true;
    } catch (error) {
      log(`the file that opens the page again is missing: ${(error as Error).message}`);
      return false;
    }
  };
  const stopping = new AbortController();
  const host = startBrowserHost({
    machine: consoleMachine(console),
    page,
    randomBytes: system.randomBytes,
    onOpened() {
      report("the page was opened");
      say(JSON.stringify({ opened: true } satisfies ConsoleOpened));
      writeLink();
    },
    onRefused: () =>
      report(
        "the page asked for something that no page may ask for, and was refused. If you did not " +
          "open it, end the console with Ctrl-C",
      ),
    signal: stopping.signal,
    onError: (error) => log(`a call of the page failed: ${(error as Error).stack ?? error}`),
  });
  const isWritten = writeLink();
  const ready: ConsoleReady = { link: host.newLink(), ...(isWritten && { file: path }) };
  say(JSON.stringify(ready));
  const unlocking = unlockAgain(console, start, signer);
  try {
    await Promise.race([end, unlocking]);
  } finally {
    console.close();
    stopping.abort();
    await host.finished;
    if (path !== undefined) removeAtEnd(systemFiles, path, log);
  }
  return 0;
}

/** Returns what verifies the log with the files that the operator named, read again each time. */
function verifierFor({ folder, firstKeys, checkpoints }: ConsoleStart): ConsoleOptions["verify"] {
  const world = {
    ...system,
    files: systemFiles,
    openCheckThreads: (trust: LogTrust) =>
      openCheckThreads(trust, navigator.hardwareConcurrency, log),
  };
  const inputs = { folder, firstKeyPaths: firstKeys, checkpointPaths: checkpoints };
  return async (answers, onProgress) =>
    goodLogInWords(await verifyLogOf(world, inputs, answers, onProgress));
}

/** Prints a line in the terminal, with the time. */
function report(line: string): void {
  terminal.event({ level: "info", event: "console", line });
}

/** Opens the console again from the terminal, each time that it has locked. Never settles in order. */
async function unlockAgain(
  console: Console,
  start: ConsoleStart,
  { name }: Signer,
): Promise<never> {
  for (;;) {
    const why = await console.locked;
    report(`the console is locked${why === "idle" ? ", since nobody used it" : ""}`);
    const signer = await askAgain(start, name);
    console.unlock(signer);
    report("the console is unlocked");
  }
}

/** Asks until the key opens. @throws {UsageError} if nobody can type, or cancels */
async function askAgain(start: ConsoleStart, name: string): Promise<Signer> {
  for (;;) {
    if (start.passphraseFile !== undefined || !Deno.stdin.isTerminal()) await enter(name);
    try {
      const signer = await readKey(start);
      if (signer.name === name) return signer;
      report(`the key file is another operator's now. Restart the console for ${signer.name}`);
    } catch (error) {
      if (!(error instanceof UsageError) || error.message === "cancelled") throw error;
      report(error.message);
    }
  }
}

/** Waits for Enter. @throws {UsageError} at the end of standard input */
async function enter(name: string): Promise<void> {
  report(`press Enter here to unlock the console of ${name}`);
  const chunk = new Uint8Array(256);
  for (;;) {
    const count = await Deno.stdin.read(chunk);
    if (count === null) throw new UsageError("the console is locked, and nobody can unlock it");
    if (chunk.subarray(0, count).includes(10)) return;
  }
}

/** Resolves at SIGTERM, and when the launcher has died. */
function endOfProgram(): Promise<void> {
  // Ctrl-C reaches the whole process group: the launcher handles it.
  Deno.addSignalListener("SIGINT", () => {});
  const { promise, resolve } = Promise.withResolvers<void>();
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", resolve);
  const launcher = Deno.ppid;
  setInterval(() => Deno.ppid !== launcher && resolve(), launcherLookMs);
  return promise;
}
