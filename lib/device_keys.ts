/**
 * The key file of a cash device: the two keys of XFS4IoT's end-to-end security, as JSON. With
 * `XFSAuthenticateHost` the bank makes dispense tokens, with `XFSAuthenticateDevice` the device
 * makes present-status tokens.
 */
import { concat, fromHex, hex } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { parsePrivateFile } from "./private_file.ts";
import { isKeyVersion, isName } from "./terminal_key.ts";
import type { Files } from "./world.ts";

export interface DeviceKeys {
  /** `XFSAuthenticateHost`, 32 bytes. */
  readonly host: Uint8Array;
  /** `XFSAuthenticateDevice`, 32 bytes. */
  readonly device: Uint8Array;
}

/** The keys of a device, with its bank, its terminal and its name. */
export interface NamedDeviceKeys extends DeviceKeys {
  /** The bank's id, 16 bytes. */
  readonly bank: Uint8Array;
  /** The name of its terminal. */
  readonly terminal: string;
  /** The id of its terminal, 16 bytes. */
  readonly terminalId: Uint8Array;
  readonly name: string;
  readonly version: number;
}

const formatName = "strongroom device keys 1";

/** Formats a key file. The text is a secret: it makes tokens, and statuses of the device. */
export function formatDeviceKeys(
  { bank, terminal, terminalId, name, version, host, device }: NamedDeviceKeys,
): string {
  const fields = {
    format: formatName,
    ...{ bank: hex(bank), terminal, terminalId: hex(terminalId), name, version },
    XFSAuthenticateHost: hex(host),
    XFSAuthenticateDevice: hex(device),
  };
  return JSON.stringify(fields, null, 2) + "\n";
}

/** Returns whether the text of a key file is of a device, rather than of a terminal. */
export const isOfDevice = (keyFile: string): boolean => keyFile.includes(formatName);

/** Returns the keys that were sealed as one: 64 bytes. */
export function deviceKeysFrom(both: Uint8Array): DeviceKeys {
  return { host: both.subarray(0, 32), device: both.subarray(32) };
}

/** Returns both keys as one, to be sealed. */
export const asOne = ({ host, device }: DeviceKeys): Uint8Array => concat(host, device);

/**
 * Parses the text of a key file.
 * @param path the file's path, for the message
 * @throws {UsageError} if the text is not a device's keys
 */
export function parseDeviceKeys(text: string, path: string): NamedDeviceKeys {
  const bad = new UsageError(`${path} is not a key file of a device: ${howToMakeOne}`);
  let fields: Record<string, unknown> | null;
  try {
    fields = JSON.parse(text);
  } catch {
    throw bad;
  }
  const [bank, terminalId] = [fromHex(fields?.bank, 16), fromHex(fields?.terminalId, 16)];
  const host = fromHex(fields?.XFSAuthenticateHost, 32);
  const device = fromHex(fields?.XFSAuthenticateDevice, 32);
  const { format, terminal, name, version } = fields ?? {};
  // One key for both directions would let a token of one end pass as the other's.
  const same = fields?.XFSAuthenticateHost === fields?.XFSAuthenticateDevice;
  if (
    format !== formatName || !bank || !terminalId || !host || !device || same ||
    typeof terminal !== "string" || !isName(terminal) || typeof name !== "string" ||
    !isName(name) || !isKeyVersion(version)
  ) throw bad;
  return { bank, terminal, terminalId, name, version, host, device };
}

const howToMakeOne = "make one with 'deno task bank device enroll NAME --terminal T --out FILE'";

/**
 * Reads a device's key file, which must be private.
 * @throws {UsageError} if it is missing, readable by other users, or not a key file
 */
export function readDeviceKeys(
  files: Pick<Files, "facts" | "read">,
  path: string,
): NamedDeviceKeys {
  return parsePrivateFile(files, path, howToMakeOne, (text) => parseDeviceKeys(text, path));
}
