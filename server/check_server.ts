/** Finds why a server could not run, without running it. */
import { UsageError } from "../lib/errors.ts";
import { removeIfThere, writePrivateFile } from "../lib/private_file.ts";
import type { BankServerStart } from "../lib/programs.ts";
import type { SocketListener } from "../lib/world.ts";
import { bindDoor, type DoorAddress } from "./door/listener.ts";
import {
  BankFolder,
  chainKeyPath,
  databasePath,
  logFilePath,
  treesPath,
} from "./folder/bank_folder.ts";
import { auditKeyRingOf } from "./folder/bank_keys.ts";
import { requireSharedKeys } from "./audit/newest_keys.ts";
import { signedOf } from "./audit/signed_tree.ts";
import { inspectBank } from "./inspect_bank.ts";
import { openToInspect } from "./ledger/open_store.ts";
import type { ReadingWorld } from "./operator/read_log.ts";

export interface CheckOptions extends
  Pick<
    BankServerStart,
    "folder" | "listen" | "metrics" | "sharePort" | "checkpoints" | "backups"
  > {
  bind: (address: DoorAddress) => SocketListener;
}

/** Returns what would keep a server from running, each with its mend; nothing if it can run. */
export async function faultsOf(
  world: ReadingWorld,
  { folder, listen, metrics, sharePort, checkpoints, backups, bind }: CheckOptions,
  url?: string,
): Promise<string[]> {
  const faults: string[] = [];
  const check = async (act: () => void | Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(error.message);
    }
  };
  await check(() => requireBank(world, folder, url));
  await check(() => bindDoor(bind, { ...listen, sharePort }).close());
  if (metrics) {
    await check(() => bindDoor(bind, { ...metrics, sharePort: false }, "--metrics").close());
  }
  await check(() => requireWritable(world, checkpoints.folder, "checkpoints"));
  if (backups) await check(() => requireWritable(world, backups, "backups"));
  return faults;
}

/** @throws {UsageError} if the bank cannot be opened */
async function requireBank(world: ReadingWorld, path: string, url?: string): Promise<void> {
  const folder = await BankFolder.open(world, path, url);
  try {
    signedOf(world.files, treesPath(path), folder.keys.chainId);
    if (url === undefined) return await requireFile(world, folder);
    const reader = await world.openReader({ url });
    try {
      await requireSharedKeys(reader, auditKeyRingOf(folder.keys));
    } finally {
      await reader.close();
    }
  } finally {
    folder.close();
  }
}

/** @throws {UsageError} if the bank's file is not as a server's start requires it */
async function requireFile(
  world: ReadingWorld,
  { path, keys: { audit, chainId } }: BankFolder,
): Promise<void> {
  const reader = openToInspect(world, databasePath(path));
  try {
    if (!reader) return;
    const paths = { chainKeyPath: chainKeyPath(path), logFilePath: logFilePath(path) };
    const parts = { keys: auditKeyRingOf({ audit }).versions, chainId, ...paths };
    await inspectBank(world.files, databasePath(path), reader, parts);
  } finally {
    reader?.close();
  }
}

/** @throws {UsageError} if a folder exists and nothing could be written into it */
function requireWritable(
  { files }: ReadingWorld,
  folder: string,
  what: "checkpoints" | "backups",
): void {
  if (files.facts(folder) === null) return; // it is created with the first file
  const path = `${folder}/check-of-server`;
  try {
    removeIfThere(files, path);
    writePrivateFile(files, path, "");
    removeIfThere(files, path);
  } catch (error) {
    const why = (error as Error).message;
    throw new UsageError(
      `${what} cannot be written to ${folder}: ${why}. Choose another folder with --${what}`,
    );
  }
}
