/** The key file of a terminal: its id, the key it shares with the bank and the bank's currency, as JSON. */
import { fromHex, hex } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { type Currency, currencyOf } from "./money.ts";
import { parsePrivateFile } from "./private_file.ts";
import type { Files } from "./world.ts";

/** The ids of both ends of a channel, and their shared key. */
export interface TerminalKey {
  /** 16 random bytes, sent in clear. */
  readonly terminal: Uint8Array;
  readonly version: number;
  /** `K_SHARED`, 32 random bytes. */
  readonly key: Uint8Array;
  /** The bank's id, 16 random bytes, never sent. */
  readonly bank: Uint8Array;
}

/** A terminal's key with its name. */
export interface NamedTerminalKey extends TerminalKey {
  readonly name: string;
  /** The bank's: cassettes can be filled before the first session. */
  readonly currency: Currency;
}

const formatName = "strongroom terminal key 1";

/** Formats a key file. The text is a secret: it authenticates its holder as that terminal. */
export function formatTerminalKey(
  { bank, terminal, name, currency: { code: currency }, version, key }: NamedTerminalKey,
): string {
  const ids = { bank: hex(bank), terminal: hex(terminal) };
  const fields = { ...ids, name, currency, version, key: hex(key) };
  return JSON.stringify({ format: formatName, ...fields }, null, 2) + "\n";
}

/**
 * Parses the text of a key file.
 * @param path the file's path, for the message
 * @throws {UsageError} if the text is not a terminal key
 */
export function parseTerminalKey(text: string, path: string): NamedTerminalKey {
  const bad = () =>
    new UsageError(
      `${path} is not a terminal key file. Make one with 'deno task bank terminal enroll NAME --out FILE'`,
    );
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(text);
  } catch {
    throw bad();
  }
  const [bank, terminal] = [fromHex(fields?.bank, 16), fromHex(fields?.terminal, 16)];
  const key = fromHex(fields?.key, 32);
  const currency = currencyNamed(fields?.currency);
  const { name, version, format } = fields ?? {};
  if (
    format !== formatName || !bank || !terminal || !key || !currency || typeof name !== "string" ||
    !isName(name) || !isKeyVersion(version)
  ) throw bad();
  return { bank, terminal, key, name, currency, version };
}

function currencyNamed(code: unknown): Currency | null {
  try {
    return typeof code === "string" ? currencyOf(code) : null;
  } catch {
    return null;
  }
}

/** Checks a key's version, which is a u32 on the wire. */
export function isKeyVersion(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;
}

/**
 * Checks the name of a terminal or customer: lower-case letters, digits, and - . _ inside; at most
 * 32 characters.
 */
export function isName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9._-]{0,30}[a-z0-9])?$/.test(name);
}

/**
 * Reads a terminal's key file, which must be private.
 * @throws {UsageError} if it is missing, readable by other users, or not a key file
 */
export function readTerminalKey(
  files: Pick<Files, "facts" | "read">,
  path: string,
): NamedTerminalKey {
  const otherwise =
    "make a terminal key with 'deno task bank terminal enroll NAME --out FILE' on the bank's host";
  return parsePrivateFile(files, path, otherwise, (text) => parseTerminalKey(text, path));
}
