/** The device service's folder. Its `devices.sqlite` holds the counts of notes and the units. */
import type { DatabaseSync } from "node:sqlite";
import { type FolderFiles, notesSchema, openFolderDatabase } from "./atm_folder.ts";

const schema = `
${notesSchema}
CREATE TABLE units (name TEXT PRIMARY KEY, currency TEXT NOT NULL, value TEXT NOT NULL) STRICT;
`;

/** The schema's upgrades, by version, as an ATM's. */
export const devicesVersions: readonly string[] = [schema];

/**
 * Opens a device service's folder, or creates it.
 * @throws {UsageError} as `openAtmFolder`
 */
export function openDevicesFolder(
  files: FolderFiles,
  folder: string,
): DatabaseSync {
  return openFolderDatabase(files, folder, "devices.sqlite", devicesVersions);
}
