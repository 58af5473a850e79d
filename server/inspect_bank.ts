/**
 * Inspects a bank's file before it is opened for writing, which copies its write-ahead log into it: a
 * damaged one must stay unchanged, since it may still be repaired.
 */
import { equalInConstantTime } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import { inspectedBytesMax } from "../lib/limits.ts";
import type { Files } from "../lib/world.ts";
import { ChainKeyFile } from "./audit/chain_key.ts";
import { AuditKeyRing } from "./audit/keys.ts";
import { lastEntryOf } from "./audit/log_file.ts";
import { requireNewestKeys } from "./audit/newest_keys.ts";
import { presentEpoch } from "./audit/writer.ts";
import type { OpenLedger } from "./ledger_service.ts";
import type { FileReader } from "./ledger/store.ts";

type Inspected = Pick<OpenLedger, "keys" | "chainId" | "chainKeyPath" | "logFilePath">;

/**
 * Checks that the log in a bank's file ends where its key and the log's file do and, if the file is
 * small enough, that each of its pages can be read. Changes nothing.
 * @throws {UsageError} naming the file that is damaged, missing or older than the others
 */
export async function inspectBank(
  files: Files,
  path: string,
  reader: FileReader,
  parts: Inspected,
): Promise<void> {
  try {
    await requireWhole(files, path, reader, parts);
  } catch (error) {
    throw error instanceof UsageError ? error : damaged(path, (error as Error).message);
  }
}

async function requireWhole(
  files: Files,
  path: string,
  reader: FileReader,
  { keys, chainId, chainKeyPath, logFilePath }: Inspected,
): Promise<void> {
  if (files.facts(path)!.bytes <= inspectedBytesMax) {
    const damage = reader.unreadable();
    if (damage !== null) throw damaged(path, damage);
  }
  await requireNewestKeys(reader, new AuditKeyRing(keys));
  const chains = await reader.chains();
  const chain = chains.find(({ id }) => equalInConstantTime(id, chainId));
  const [last] = chain ? await reader.lastEntries(chain.number, 1) : [];
  ChainKeyFile.requireEpoch(files, chainKeyPath, chainId, presentEpoch(last));
  const kept = logFilePath === undefined ? null : lastEntryIn(files, logFilePath);
  if (kept === null || !equalInConstantTime(kept.chainId, chainId)) return;
  const sequence = last?.sequence ?? 0;
  if (kept.sequence <= sequence) return;
  throw damaged(path, `it ends with entry ${sequence}, and ${logFilePath} with ${kept.sequence}`);
}

/** @throws {UsageError} if the log's file cannot be read, as a link out of the bank's folder */
function lastEntryIn(files: Files, path: string): ReturnType<typeof lastEntryOf> {
  try {
    return lastEntryOf(files, path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be read: ${(error as Error).message}. Move it away: the server writes it ` +
        "again from the database",
    );
  }
}

function damaged(path: string, why: string): UsageError {
  return new UsageError(
    `${path} is damaged (${why}). Install the newest one with its bank.sqlite-wal; if it is lost, ` +
      "restore a backup with 'deno task bank restore'",
  );
}
