/**
 * The operator's programs that run outside the bank's server, since they hold secrets or read files
 * that it must not have.
 */
import { equalInConstantTime, fromHex, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { isThere, parsePrivateFile, writePrivateFile } from "../../lib/private_file.ts";
import { readTextFile } from "../../lib/text_file.ts";
import { isWitnessUrl, witnessOfText } from "../../lib/witness_urls.ts";
import type { Files, Socket } from "../../lib/world.ts";
import { placeOfText } from "../audit/entry.ts";
import { ChainKeyFile } from "../audit/chain_key.ts";
import { trustedCheckpoint } from "../audit/checkpoint.ts";
import { type ChainBefore, chainsBefore, withKeyEpoch } from "../audit/heads.ts";
import { parseFirstKey } from "../audit/first_key.ts";
import { SignedTree } from "../audit/signed_tree.ts";
import { originOf } from "../audit/tree.ts";
import { parseVerifierKey, signatureTypes, verifierKey } from "../transparency/note.ts";
import { formatPolicy, parsePolicy } from "../transparency/policy.ts";
import type { ShowFilter } from "../audit/show.ts";
import { BadLog, type LogReceipt, type LogTrust } from "../audit/verify.ts";
import { type Bank, type BankWorld, joinBank, openBank } from "../bank.ts";
import {
  BankFolder,
  chainKeyPath,
  closeOnFailure,
  databasePath,
  holdsBank,
  type KeepFirstKey,
  requireBank,
  treesPath,
} from "../folder/bank_folder.ts";
import { auditKeyRingOf, type BankKeys, readBankKeys } from "../folder/bank_keys.ts";
import { setMark } from "../folder/marks.ts";
import { logCommand } from "../ledger/command.ts";
import { faultInWords } from "../ledger/faults.ts";
import type { StorePlace } from "../ledger/open_store.ts";
import type { CheckThreads } from "./check_threads.ts";
import { checkLog, linesOfBank, linesOfFile, readLog } from "./check_log.ts";
import { runSignedRequest } from "./authority.ts";
import { backUpClosedBank } from "./books.ts";
import { namingFaults } from "./naming_faults.ts";
import { isReading, readClosedBank, type ReadingWorld } from "./read_log.ts";
import type { OperatorAnswer } from "./request.ts";
import { type Signer, signRequest } from "./signed_request.ts";
import { askServer } from "./socket.ts";

/** The world of an operator's program. */
export interface OperatorWorld extends BankWorld, ReadingWorld {
  /** Connects to a Unix socket. */
  connectUnix(path: string): Promise<Socket>;
  /** Copies a bank's file, which no process has open, and commits nothing to it. */
  copyStore(from: string, to: string): Promise<void>;
  /** Starts threads that check the parts of a log. */
  openCheckThreads(trust: LogTrust): CheckThreads;
}

/**
 * Returns the answer to a request: from the running server if there is one, otherwise with
 * exclusive use of the folder. Log and books of a bank without a server are read without a key, and
 * without leaving an entry; on a full disk a backup leaves none, either.
 * @param signer returns the operator's key
 * @param out the destination of an answer that is a file
 */
export async function* answersOf(
  world: OperatorWorld,
  folder: string,
  command: OperatorCommand,
  signer: () => Promise<Signer>,
  url?: string,
  out?: string,
): AsyncGenerator<OperatorAnswer, void, void> {
  const answers = await askServer(world, folder, command, signer);
  if (answers) return yield* answers;
  requireBank(world.files, folder);
  if (isReading(command)) return yield* readClosedBank(world, folder, command, url);
  const key = await signer();
  let bank: Bank;
  try {
    bank = await openBank(world, folder, url);
  } catch (error) {
    const isCopied = command.command === "back_up" && out !== undefined && url === undefined;
    if (!isCopied || faultInWords(error as Error) === null) throw error;
    return yield* backUpClosedBank(world, folder, out);
  }
  try {
    bank.backupFile = out ?? null;
    const challenge = { bankId: bank.settings.bankId, nonce: hex(world.randomBytes(32)) };
    const request = signRequest(key, challenge, command);
    yield* namingFaults(bank, runSignedRequest(bank, challenge, request));
  } finally {
    await bank.close();
  }
}

/** The inputs of a check of the log. */
export interface VerifyInputs {
  folder: string;
  firstKeyPaths: readonly string[];
  checkpointPaths?: readonly string[];
  /** `PLACE,TAG`, as printed on a receipt. */
  receipt?: string;
  /** A file of the log, instead of the bank's database. */
  file?: string;
  /** Whether the file has the chains of one server of several. */
  ofOneServer?: boolean;
}

/** A check of the log, with how a bank's is read. */
export interface VerifyRequest extends VerifyInputs {
  /** The bank's PostgreSQL database, if it is in one. */
  url?: string;
  signer: () => Promise<Signer>;
}

/** What a good log has. */
export interface GoodLog {
  entries: number;
  /** The sizes of the checkpoints that it extends. */
  extends: number[];
  /** Whether it has the entry of the receipt; absent without a receipt. */
  receipt?: true;
  /** Whether the time of the check could be stored; absent for a file. */
  isNoted?: boolean;
}

/**
 * Checks the log; returns what it has.
 * @throws {BadLog} naming the first invalid entry, with exit code 1
 * @throws {UsageError} if it could not be checked, with exit code 2
 */
export function verifyLog(
  world: OperatorWorld,
  { url, signer, ...inputs }: VerifyRequest,
  onProgress: OnVerified,
): Promise<GoodLog> {
  const answers = () => answersOf(world, inputs.folder, { command: "read_audit" }, signer, url);
  return verifyLogOf(world, inputs, answers, onProgress);
}

/** Called with the number of entries verified, and the total. */
type OnVerified = (done: number, of: number) => void;

/**
 * Checks the log of a bank as `verifyLog` does.
 * @param answers returns the bank's answers to `read_audit`
 */
export async function verifyLogOf(
  world: Pick<OperatorWorld, "files" | "nowMs" | "openCheckThreads">,
  { folder, firstKeyPaths, checkpointPaths = [], receipt, file, ofOneServer }: VerifyInputs,
  answers: () => AsyncIterable<OperatorAnswer>,
  onProgress: OnVerified,
): Promise<GoodLog> {
  const otherwise = "give the file of the first key from 'bank init' with --first-key FILE";
  try {
    if (file === undefined) requireBank(world.files, folder);
    const firstKeys = firstKeyPaths.map((path) =>
      parsePrivateFile(world.files, path, otherwise, (text) => parseFirstKey(text, path))
    );
    const checkpoints = checkpointPaths.map((path) =>
      trustedCheckpoint(readTextFile(world.files, path), path, firstKeys)
    );
    const trust: LogTrust = {
      firstKeys,
      checkpoints,
      receipt: receipt === undefined ? undefined : receiptOf(receipt),
      // read before the log, which can only have advanced since
      keyFile: file === undefined
        ? firstKeys.flatMap(({ chainId }) =>
          ChainKeyFile.read(world.files, chainKeyPath(folder), chainId)
        )
        : null,
      ofOneServer,
    };
    const lines = file === undefined ? linesOfBank(answers()) : linesOfFile(world.files, file);
    const entries = await checkLog(lines, trust, world.openCheckThreads, onProgress);
    return {
      entries,
      extends: checkpoints.map(({ size }) => size),
      ...(receipt !== undefined && { receipt: true }),
      ...(file === undefined && holdsBank(world.files, folder) &&
        { isNoted: storeCheckTime(world, folder) }),
    };
  } catch (error) {
    if (error instanceof BadLog) throw error;
    const { message } = error as Error;
    throw new UsageError(`checking the audit log failed: ${message}`, 2);
  }
}

/** Returns the result of a check in words. */
export function goodLogInWords({ entries, extends: sizes, receipt, isNoted }: GoodLog): string {
  const checkpoints = sizes.map((size) => `${size} entries`).join(" and of ");
  const since = checkpoints ? `, and extends the checkpoint of ${checkpoints}` : "";
  const shown = receipt ? "; the receipt's entry is in it" : "";
  const notice = isNoted === false ? "; the time of this check could not be written" : "";
  return `the audit log is good: ${entries} entries${since}${shown}${notice}`;
}

/** Stores the time of a good check; returns whether it could be written. */
function storeCheckTime(world: Pick<OperatorWorld, "files" | "nowMs">, folder: string): boolean {
  try {
    setMark(world.files, folder, "verification", world.nowMs());
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the policy with which strangers check receipts and checkpoints: the keys of all chains and of
 * witnesses; `missing` has the origins of chains that the first keys name and that have no key in it.
 * @throws {UsageError} naming the file or the key that is wrong
 */
export function policyOf(
  files: Pick<Files, "facts" | "read">,
  { firstKeys, witnesses, quorum = witnesses.length }: {
    firstKeys: readonly string[];
    witnesses: readonly string[];
    quorum?: number;
  },
): { text: string; missing: string[] } {
  const otherwise = "give the first key that 'bank init' has written, with --first-key FILE";
  const keys = firstKeys.map((path) =>
    parsePrivateFile(files, path, otherwise, (text) => parseFirstKey(text, path))
  );
  const logs = keys.map(({ origin, checkpointKey }) => ({
    key: verifierKey(origin, signatureTypes.note, new Uint8Array(checkpointKey)),
  }));
  const named = witnesses.map((text, index) => {
    const { key: keyText, url } = witnessOfText(text);
    const key = parseVerifierKey(keyText);
    const isReachable = url === undefined || isWitnessUrl(url);
    if (key?.type === signatureTypes.cosignature && isReachable) {
      return { name: `w${index + 1}`, key, ...(url !== undefined && { url }) };
    }
    throw new UsageError(
      `--witness ${text} is not a witness. Write NAME+ID+KEY or NAME+ID+KEY@URL`,
    );
  });
  if (quorum > named.length) {
    throw new UsageError(`--quorum ${quorum}: there are ${named.length} witnesses`);
  }
  const members = named.map(({ name }) => name);
  const groups = quorum === 0 ? [] : [{ name: "witnesses", countMin: quorum, members }];
  const name = quorum === 0 ? "none" : "witnesses";
  const text = formatPolicy({ logs, witnesses: named, groups, quorum: name });
  parsePolicy(text, "the policy"); // refuses a key that occurs twice
  const given = new Set(keys.map(({ origin }) => origin));
  const earlier = keys.flatMap(({ origin, before }) =>
    before.map(({ id }) => origin.replace(/[^/]*$/, hex(id)))
  );
  return { text, missing: [...new Set(earlier)].filter((origin) => !given.has(origin)) };
}

function receiptOf(text: string): LogReceipt {
  const [place, tagText, ...more] = text.split(",");
  const found = placeOfText(place!);
  const tag = fromHex(tagText, 32);
  if (!found || !tag || more.length > 0) {
    throw new UsageError(`--receipt ${text}: write PLACE,TAG as on the receipt`);
  }
  return { ...found, tag };
}

/** Shows a file of the log with only the bank's keys, without its database. */
export async function* showLogFile(
  { files }: BankWorld,
  { file, keysPath, filter, json }: {
    file: string;
    keysPath: string;
    filter: ShowFilter;
    json: boolean;
  },
): AsyncGenerator<string, void, void> {
  const keys = auditKeyRingOf(readBankKeys(files, keysPath));
  yield* readLog(linesOfFile(files, file), keys, filter, json);
}

/**
 * Writes the whole log to a new file; returns the number of entries, and the fault of rows that are
 * not among them.
 */
export async function exportLog(
  answers: AsyncIterable<OperatorAnswer>,
  file: { write(text: string): void },
  onProgress: (done: number, of: number) => void,
): Promise<{ count: number; stray: string | undefined }> {
  let count = 0;
  let outside: string | undefined;
  for await (const { lines, of, stray } of linesOfBank(answers)) {
    file.write(lines.map((line) => `${line}\n`).join(""));
    count += lines.length;
    outside = stray;
    onProgress(count, of);
  }
  return { count, stray: outside };
}

/**
 * Begins another chain of a bank without a running server, and signs the last checkpoint of the one
 * that ends; returns lines about it.
 * @throws {UsageError} if a server runs, or the first key cannot be written
 */
export async function anotherChain(
  world: BankWorld & ReadingWorld,
  { path, firstKeyPath, operator, signed, url }: {
    path: string;
    firstKeyPath: string;
    operator: string;
    signed?: string;
    url?: string;
  },
): Promise<string[]> {
  const folder = await BankFolder.open(world, path, url);
  const ended = folder.keys;
  const before = await closeOnFailure(folder, async () => {
    // If the database cannot be opened, nothing has changed.
    const { chains, bankName } = await chainsIn(
      world,
      url === undefined ? { path: databasePath(path) } : { url },
    );
    // Entries that the log lacks of an epoch of its key are lost.
    const before = withKeyEpoch(chains, folder.keys.chainId, earliestEpoch(world, folder));
    const next = folder.prepareChain(before, bankName);
    writePrivateFile(world.files, firstKeyPath, next.firstKey);
    folder.beginChain(next);
    return before;
  });
  const bank = await openBank(world, folder, url);
  const action = "start another chain of the audit log";
  const { logged } = await bank.ledger.submit({
    ...logCommand(`operator ${operator}`, action),
    signed,
  });
  const head = before.find(({ id }) => equalInConstantTime(id, ended.chainId));
  // what precedes an acknowledged entry is durable
  const unsigned = head && logged ? await signEnded(bank, ended, head.sequence) : [];
  await bank.close();
  const isCutOff = before.some(({ epoch, keyEpoch }) => keyEpoch > epoch + 1);
  const missing =
    "the end of the previous chain is missing, and 'deno task bank audit verify' reports this " +
    "from now on; if this is an older database, use 'deno task bank restore' instead";
  return [
    "the log continues in another chain; earlier entries are unchanged",
    ...(isCutOff ? [missing] : []),
    ...unsigned,
  ];
}

/**
 * Signs the last checkpoint of a chain that has ended, of all entries that the next chain's first
 * entry names; returns a line if the log does not permit it.
 */
async function signEnded(
  { world: { files }, folder, ledger, settings }: Bank,
  { chainId, checkpoint }: BankKeys,
  size: number,
): Promise<string[]> {
  const chain = (await ledger.read.chains()).find(({ id }) => equalInConstantTime(id, chainId));
  if (!chain) return [];
  const name = originOf(settings.bankName, chainId);
  const tree = new SignedTree(files, treesPath(folder.path), ledger.read, chain);
  try {
    await tree.sign(size, { name, type: signatureTypes.note, secretKey: checkpoint });
    return [];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [`the previous chain has no last checkpoint: ${error.message}`];
  } finally {
    tree.close();
  }
}

/**
 * Returns the earliest epoch of the keys in the folder's `chain.key`; 0 if there is no such file.
 */
function earliestEpoch({ files }: BankWorld, { path, keys }: BankFolder): number {
  if (!isThere(files, chainKeyPath(path))) return 0;
  const kept = ChainKeyFile.read(files, chainKeyPath(path), keys.chainId);
  return kept.reduce((earliest, { epoch }) => Math.min(earliest, epoch), kept[0]?.epoch ?? 0);
}

/** Returns the chains in a database that no other process has open, and the bank's name. */
export async function chainsIn(
  world: ReadingWorld,
  place: StorePlace,
): Promise<{ chains: ChainBefore[]; bankName: string }> {
  const store = await world.openReader(place);
  try {
    const { bankName } = await store.settings();
    return { chains: await chainsBefore(store), bankName };
  } finally {
    await store.close();
  }
}

/**
 * Creates the folder of another server for a bank in PostgreSQL, or updates its keys; returns lines
 * about it.
 * @param keepFirstKey receives the first key of the server's own chain
 */
export async function joinServer(
  world: BankWorld,
  { folder, url, from, operator, signed, keepFirstKey }: {
    folder: string;
    url: string;
    /** Another server's key file. */
    from: string;
    operator: string;
    signed?: string;
    keepFirstKey: KeepFirstKey;
  },
): Promise<string[]> {
  const isNew = !holdsBank(world.files, folder);
  const bank = await joinBank(world, folder, readBankKeys(world.files, from), url, keepFirstKey);
  const action = isNew ? "add a server" : "update the keys of a server";
  const entry = { ...logCommand(`operator ${operator}`, action), signed };
  const { outcome } = await bank.ledger.submit(entry);
  const name = bank.settings.bankName;
  await bank.close();
  if (outcome !== "ok") throw new UsageError("the server was created, but writing the log failed");
  return [
    isNew
      ? `${folder} is the folder of another server of ${name}, with a separate chain of the log`
      : `${folder} has the keys that all servers of ${name} share`,
  ];
}
