/**
 * The operator's programs about the log that do their work themselves, beside the bank: they hold
 * what the bank must not have, or read files that it does not know.
 */
import { fromHex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { requirePrivate } from "../../lib/private_file.ts";
import { systemFiles, systemWithFiles } from "../../lib/system.ts";
import { placeOfText } from "../audit/entry.ts";
import { ChainKeyFile } from "../audit/chain_key.ts";
import { parseCheckpoint } from "../audit/checkpoint.ts";
import { parseFirstKey } from "../audit/first_key.ts";
import { AuditKeyRing, auditKeysOf } from "../audit/keys.ts";
import type { ShowFilter } from "../audit/show.ts";
import { BadLog, type LogReceipt, type LogTrust } from "../audit/verify.ts";
import { joinBank, openBank, randomBytes } from "../bank.ts";
import {
  chainKeyPath,
  databasePath,
  holdsBank,
  ownFolder,
  readBankKeys,
  startAnotherChain,
  writePrivateFile,
} from "../folder/bank_folder.ts";
import { logCommand } from "../ledger/command.ts";
import { SqliteStore } from "../ledger/sqlite/store.ts";
import { checkLog, linesOfBank, linesOfFile, readLog } from "./check_log.ts";
import { type OperatorAnswer, type OperatorRequest, runOperatorCommand } from "./commands.ts";
import { askServer } from "./socket.ts";

type Log = (line: string) => void;

/** The answer to a request: by the running server where there is one, otherwise as the folder's only owner. */
export async function* answersOf(
  folder: string,
  request: OperatorRequest,
  log: Log,
  url?: string,
): AsyncGenerator<OperatorAnswer, void, void> {
  const answers = await askServer(folder, request);
  if (answers) return yield* answers;
  const bank = await openBank(folder, log, url);
  try {
    yield* runOperatorCommand(bank, request);
  } finally {
    await bank.close();
  }
}

/** What a check of the log goes by. */
export interface VerifyRequest {
  folder: string;
  /** The PostgreSQL database that the bank is in, if it is in one. */
  url?: string;
  operator: string;
  firstKeyPaths: readonly string[];
  checkpointPath?: string;
  /** `PLACE,TAG`, as a receipt has them. */
  receipt?: string;
  /** A file of the log, in the place of the bank's own. */
  file?: string;
}

/**
 * Checks the log; gives what is to be said of it.
 * @throws {BadLog} naming the first bad entry, with exit code 1
 * @throws {UsageError} when it could not be checked, with exit code 2
 */
export async function verifyLog(
  { folder, url, operator, firstKeyPaths, checkpointPath, receipt, file }: VerifyRequest,
  log: Log,
  onProgress: (done: number, of: number) => void,
): Promise<string> {
  try {
    const firstKeys = firstKeyPaths.map((path) => parseFirstKey(readPrivateFile(path), path));
    const checkpoint = checkpointPath === undefined ? undefined : parseCheckpoint(
      readFile(checkpointPath),
      checkpointPath,
      firstKeys.map(({ checkpointKey }) => checkpointKey),
    );
    const trust: LogTrust = {
      firstKeys,
      checkpoint,
      receipt: receipt === undefined ? undefined : receiptOf(receipt),
      // as it is now: the log is read afterwards, and can only have come further
      keyFile: file === undefined
        ? firstKeys.flatMap(({ chainId }) =>
          ChainKeyFile.read(systemFiles, chainKeyPath(folder), chainId)
        )
        : null,
    };
    const lines = file === undefined
      ? linesOfBank(answersOf(folder, { command: "read_audit", operator }, log, url))
      : linesOfFile(file);
    const count = await checkLog(lines, trust, onProgress);
    const since = checkpoint
      ? `, and extends the checkpoint of ${new Date(checkpoint.timeMs).toISOString()}`
      : "";
    const shown = receipt === undefined ? "" : "; the receipt's entry is in it";
    return `the audit log is good: ${count} entries${since}${shown}`;
  } catch (error) {
    if (error instanceof BadLog) throw error;
    const { message } = error as Error;
    throw new UsageError(`the audit log could not be checked: ${message}`, 2);
  }
}

function receiptOf(text: string): LogReceipt {
  const [place, tagText, ...more] = text.split(",");
  const found = placeOfText(place!);
  const tag = fromHex(tagText, 32);
  if (!found || !tag || more.length > 0) {
    throw new UsageError(`--receipt ${text}: write PLACE,TAG as the receipt has them`);
  }
  return { ...found, tag };
}

/** A file of the log, readable: with the bank's keys, and without its database. */
export async function* showLogFile(
  { file, keysPath, filter, json }: {
    file: string;
    keysPath: string;
    filter: ShowFilter;
    json: boolean;
  },
): AsyncGenerator<string, void, void> {
  const keys = readBankKeys(keysPath);
  const ring = new AuditKeyRing(keys.audit.map(({ key, version }) => auditKeysOf(key, version)));
  yield* readLog(linesOfFile(file), ring, filter, json);
}

/** Writes the whole log into a file that must not be there yet. */
export async function exportLog(
  answers: AsyncIterable<OperatorAnswer>,
  file: { write(text: string): void },
  onProgress: (done: number, of: number) => void,
): Promise<number> {
  let count = 0;
  for await (const { lines, of } of linesOfBank(answers)) {
    file.write(lines.map((line) => `${line}\n`).join(""));
    count += lines.length;
    onProgress(count, of);
  }
  return count;
}

/**
 * Begins another chain of a bank that no server runs on.
 * @throws {UsageError} when one does, or the first key cannot be written
 */
export async function anotherChain(
  folder: string,
  firstKeyPath: string,
  operator: string,
  log: Log,
  url?: string,
): Promise<void> {
  // Refused where a server runs.
  if (url === undefined) SqliteStore.open(systemWithFiles, databasePath(folder)).close();
  else ownFolder(folder).close();
  startAnotherChain(folder, randomBytes, (text) => writePrivateFile(firstKeyPath, text));
  const bank = await openBank(folder, log, url);
  const action = "start another chain of the audit log";
  await bank.ledger.submit(logCommand(`operator ${operator}`, action));
  await bank.close();
}

function readPrivateFile(path: string): string {
  try {
    requirePrivate(path, Deno.statSync(path).mode);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be read: give the first key that 'bank init' has written, with --first-key FILE`,
    );
  }
  return Deno.readTextFileSync(path);
}

function readFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${(error as Error).message})`);
  }
}

/**
 * Makes the folder of another server of a bank in a PostgreSQL database, or brings its keys up to date;
 * gives lines about it.
 * @param from another server's key file
 * @param keepFirstKey is given the text of the first key's file of the server's own chain
 */
export async function joinServer(
  { folder, url, from, operator }: { folder: string; url: string; from: string; operator: string },
  log: Log,
  keepFirstKey: (text: string) => void,
): Promise<string[]> {
  const isNew = !holdsBank(folder);
  const bank = await joinBank(folder, readBankKeys(from), url, log, keepFirstKey);
  const action = isNew ? "add a server" : "bring the keys of a server up to date";
  const { outcome } = await bank.ledger.submit(logCommand(`operator ${operator}`, action));
  const name = bank.settings.bankName;
  await bank.close();
  if (outcome !== "ok") throw new UsageError("the server is there, but the log cannot be written");
  return [
    isNew
      ? `${folder} is the folder of another server of ${name}, with a chain of the log's own`
      : `${folder} has the keys that all servers of ${name} share`,
  ];
}
