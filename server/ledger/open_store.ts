/** Opens a bank's store. Only this file chooses between the databases. */
import type { WorldWithFiles } from "../../lib/world.ts";
import type { Settings } from "./model.ts";
import { SqliteReader } from "./sqlite/reader.ts";
import { SqliteStore } from "./sqlite/store.ts";
import type { FileReader, Store, StoreReader } from "./store.ts";

/** A file of SQLite's, or the URL of a PostgreSQL database. */
export type StorePlace = { path: string } | { url: string };

/**
 * Opens the bank's store, or creates it with these settings.
 * @throws {UsageError} if none exists, or already one; if it is damaged, newer, in use or
 * unreachable
 */
export async function openStore(
  world: WorldWithFiles,
  place: StorePlace,
  create?: Settings,
): Promise<Store> {
  if ("path" in place) return SqliteStore.open(world, place.path, create);
  const { PostgresStore } = await import("./postgres/store.ts"); // a bank in a file needs no driver
  return await PostgresStore.open(world, place.url, create);
}

/**
 * Opens a bank's store read-only.
 * @throws {UsageError} if none exists, or it is damaged, newer, in use or unreachable
 */
export async function openReader(
  { files }: Pick<WorldWithFiles, "files">,
  place: StorePlace,
): Promise<StoreReader> {
  if ("path" in place) return SqliteReader.open(files, place.path);
  const { PostgresReader } = await import("./postgres/reader.ts");
  return await PostgresReader.open(place.url);
}

/**
 * Opens a bank's file read-only, before it is opened for writing; returns null for a file that will be
 * upgraded then.
 * @throws {UsageError} if there is no bank, or it is damaged, newer or in use
 */
export function openToInspect(
  { files }: Pick<WorldWithFiles, "files">,
  path: string,
): FileReader | null {
  return SqliteReader.inspect(files, path);
}

/**
 * Copies a bank's file, which no process has open, and commits nothing to it.
 * @throws SQLite's error if the file cannot be read or the copy cannot be written
 */
export function copyStore(world: WorldWithFiles, from: string, to: string): Promise<void> {
  return SqliteStore.copy(world, from, to);
}

/**
 * Checks that a bank with these settings could be created in a PostgreSQL database, and rolls back.
 * @throws {UsageError} if it could not
 */
export async function rehearseBank(url: string, create: Settings): Promise<void> {
  const { PostgresStore } = await import("./postgres/store.ts");
  await PostgresStore.rehearse(url, create);
}
