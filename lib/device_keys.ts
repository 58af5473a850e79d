/**
 * The key file of a cash device: the two keys of XFS4IoT's end-to-end security, as JSON. With
 * `XFSAuthenticateHost` the bank makes dispense tokens, with `XFSAuthenticateDevice` the device
 * makes present-status tokens.
 */
import { fromHex } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { readPrivateFile } from "./private_file.ts";
import type { Files } from "./world.ts";

export interface DeviceKeys {
  /** `XFSAuthenticateHost`, 32 bytes. */
  readonly host: Uint8Array;
  /** `XFSAuthenticateDevice`, 32 bytes. */
  readonly device: Uint8Array;
}

const formatName = "strongroom device keys 1";

/**
 * Reads a device's key file, which must be private.
 * @throws {UsageError} if it is missing, readable by other users, or not a key file
 */
export function readDeviceKeys(files: Pick<Files, "facts" | "read">, path: string): DeviceKeys {
  const otherwise = "write one as docs/OPERATIONS.md shows";
  const bad = new UsageError(`${path} is not a key file of a device: ${otherwise}`);
  let fields: Record<string, unknown> | null;
  try {
    fields = JSON.parse(readPrivateFile(files, path, otherwise));
  } catch (error) {
    throw error instanceof UsageError ? error : bad;
  }
  const host = fromHex(fields?.XFSAuthenticateHost, 32);
  const device = fromHex(fields?.XFSAuthenticateDevice, 32);
  // One key for both directions would let a token of one end pass as the other's.
  const same = fields?.XFSAuthenticateHost === fields?.XFSAuthenticateDevice;
  if (fields?.format !== formatName || !host || !device || same) throw bad;
  return { host, device };
}
