/**
 * The key file of an earlier command, which a command continues with: whose key it has, and whether
 * the bank has that key.
 */
import { hex } from "../../lib/bytes.ts";
import { asOne, isOfDevice, parseDeviceKeys } from "../../lib/device_keys.ts";
import { UsageError } from "../../lib/errors.ts";
import { parseTerminalKey } from "../../lib/terminal_key.ts";
import type { Bank } from "../bank.ts";
import type { SealedKey } from "../ledger/command.ts";
import { sealedAlready } from "../terminals/change_keys.ts";
import { type Answers, CommandRefused } from "./request.ts";

const file = "the pending key file";

/**
 * Parses a pending key file.
 * @param isFor whether its key is the one that the command makes
 * @throws {CommandRefused} if it is for another command
 */
export function parsePendingKey<Key>(
  text: string,
  parse: (text: string, path: string) => Key,
  isFor: (key: Key) => boolean,
): Key {
  const key = parsed(() => parse(text, file));
  if (key !== null && isFor(key)) return key;
  throw new CommandRefused(
    `${file} is for another command. Run that command, or choose another --out`,
  );
}

function parsed<Key>(parse: () => Key): Key | null {
  try {
    return parse();
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** A key with its words, as the bank finds it. */
interface Parsed {
  bank: string;
  facts: Omit<SealedKey, "sealedKey">;
  key: Uint8Array;
  words: string;
}

interface PendingKey {
  /** The key, with its terminal or device; null if the file has none. */
  words: string | null;
  state: "had" | "missing" | "revoked";
}

/** Returns the key of a pending file, and whether the bank has it. */
export async function findPendingKey(bank: Bank, text: string): Promise<PendingKey> {
  const found = parsed(() => isOfDevice(text) ? deviceKeys(text) : terminalKey(text));
  if (!found) return { words: null, state: "missing" };
  const { words, facts, key } = found;
  if (found.bank !== bank.settings.bankId || await sealedAlready(bank, facts, key) === null) {
    return { words, state: "missing" };
  }
  const terminal = (await bank.ledger.read.terminals()).find(({ id }) => id === facts.terminal)!;
  const { state } = facts.device === undefined ? terminal : terminal.device!;
  return { words, state: state === "revoked" ? "revoked" : "had" };
}

function terminalKey(text: string): Parsed {
  const { bank, terminal, name, version: keyVersion, key } = parseTerminalKey(text, file);
  const facts = { terminal: hex(terminal), keyVersion };
  return { bank: hex(bank), facts, key, words: `key ${keyVersion} of terminal ${name}` };
}

function deviceKeys(text: string): Parsed {
  const keys = parseDeviceKeys(text, file);
  const { bank, terminalId, name: device, version: keyVersion } = keys;
  const facts = { terminal: hex(terminalId), device, keyVersion };
  const words = `keys ${keyVersion} of device ${device}`;
  return { bank: hex(bank), facts, key: asOne(keys), words };
}

/**
 * Passes the answers of a command on that continues with a pending file.
 * @throws {CommandRefused} if it is refused, with what the bank has of the file's key
 */
export async function* namingPendingKey(bank: Bank, text: string, answers: Answers): Answers {
  try {
    yield* answers;
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
    const { words, state } = await findPendingKey(bank, text);
    const has = {
      had: "The bank has",
      revoked: "The bank has revoked",
      missing: "The bank does not have",
    }[state];
    throw new CommandRefused(
      words === null
        ? `${error.message}\nThe pending file has no key`
        : `${error.message}\n${has} ${words}, which the pending file has`,
    );
  }
}
