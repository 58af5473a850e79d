/**
 * A copy of the terminals and their sealed keys, in a file outside all backups: after a restore the
 * bank must not accept keys that were revoked or replaced since.
 */
import { fromHex, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { isThere, readPrivateFile, replacePrivateFile } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";
import { keptTerminalsPath } from "../folder/bank_folder.ts";
import type { Device, Terminal } from "../ledger/model.ts";

const formatName = "strongroom terminals 1";

/** Writes the terminals durably and atomically. */
export function keepTerminals(
  files: Files,
  folder: string,
  terminals: readonly Terminal[],
): void {
  const rows = terminals.map(({ sealedKey, next, device, ...terminal }) => ({
    ...terminal,
    sealedKey: hex(sealedKey),
    next: next && { ...next, sealedKey: hex(next.sealedKey) },
    ...(device && {
      device: {
        ...device,
        sealedKeys: hex(device.sealedKeys),
        previous: device.previous &&
          { ...device.previous, sealedKeys: hex(device.previous.sealedKeys) },
      },
    }),
  }));
  const text = JSON.stringify({ format: formatName, terminals: rows }, null, 2);
  replacePrivateFile(files, keptTerminalsPath(folder), `${text}\n`);
}

/**
 * Returns the terminals as last written; null for a bank that never wrote them.
 * @throws {UsageError} if the file is damaged
 */
export function keptTerminals(files: Files, folder: string): Terminal[] | null {
  const path = keptTerminalsPath(folder);
  if (!isThere(files, path)) return null;
  const otherwise = "it lists the revoked terminals. To continue without it, move it away and " +
    "revoke them again";
  const text = readPrivateFile(files, path, otherwise);
  try {
    const { format, terminals } = JSON.parse(text);
    if (format !== formatName) throw new Error("its format is unknown");
    return (terminals as Record<string, unknown>[]).map(terminalOf);
  } catch (error) {
    throw new UsageError(`${path} cannot be read (${(error as Error).message}): ${otherwise}`);
  }
}

function terminalOf(row: Record<string, unknown>): Terminal {
  const next = row.next as Record<string, unknown> | null;
  return {
    id: row.id as string,
    name: row.name as string,
    keyVersion: row.keyVersion as number,
    sealedKey: sealedOf(row),
    state: row.state as Terminal["state"],
    next: next && {
      version: next.version as number,
      sealedKey: sealedOf(next),
      sinceMs: next.sinceMs as number,
    },
    ...(row.device !== undefined && { device: deviceOf(row.device as Record<string, unknown>) }),
  };
}

function deviceOf(row: Record<string, unknown>): Device {
  const previous = row.previous as Record<string, unknown> | null;
  const keysOf = ({ keyVersion, sealedKeys }: Record<string, unknown>) => ({
    keyVersion: keyVersion as number,
    sealedKeys: sealedOf({ sealedKey: sealedKeys }),
  });
  return {
    name: row.name as string,
    state: row.state as Device["state"],
    sinceMs: row.sinceMs as number,
    ...keysOf(row),
    previous: previous && keysOf(previous),
  };
}

function sealedOf({ sealedKey }: Record<string, unknown>): Uint8Array {
  const text = sealedKey as string;
  const bytes = fromHex(text, text.length / 2);
  if (!bytes) throw new Error("a key is invalid");
  return bytes;
}
