/**
 * The log as text, one printable line for each sealed entry: the form of `audit_log_secure.txt`,
 * and the input of `verify` and `show`, from a file or from a running server.
 *
 *     CHAIN SEQUENCE EPOCH KEY-VERSION WHO COMMITMENT SEALED TAG
 */
import { type Bytes, hex } from "../../lib/bytes.ts";
import { fromBase64, toBase64 } from "../transparency/base64.ts";
import type { SealedEntry } from "./entry.ts";

/** An entry outside its database: its chain is identified by id. */
export interface LogLine {
  chainId: Bytes;
  entry: SealedEntry;
}

const shape =
  /^([0-9a-f]{32}) ([1-9][0-9]{0,14}) (0|[1-9][0-9]{0,9}) (0|[1-9][0-9]{0,9}) ([0-9a-f]{32}) ([0-9a-f]{64}) (-|[A-Za-z0-9+/]+={0,2}) ([0-9a-f]{64})$/;

export function formatLogLine(chainId: Uint8Array, entry: SealedEntry): string {
  const { sequence, epoch, keyVersion, who, commitment, sealed, tag } = entry;
  const place = `${hex(chainId)} ${sequence} ${epoch} ${keyVersion}`;
  const text = sealed.length === 0 ? "-" : toBase64(sealed);
  return `${place} ${hex(who)} ${hex(commitment)} ${text} ${hex(tag)}`;
}

/** Parses a line; returns null for any other text. The entry's chain has no number. */
export function parseLogLine(line: string): LogLine | null {
  const [, chain, sequence, epoch, keyVersion, who, commitment, text, tag] = shape.exec(line) ?? [];
  if (!chain || !text) return null;
  const sealed = text === "-" ? new Uint8Array(0) : fromBase64(text);
  if (sealed === null || Number(epoch) >= 2 ** 32 || Number(keyVersion) >= 2 ** 32) return null;
  const entry = {
    chain: 0,
    sequence: Number(sequence),
    epoch: Number(epoch),
    keyVersion: Number(keyVersion),
    who: Uint8Array.fromHex(who!),
    commitment: Uint8Array.fromHex(commitment!),
    sealed,
    tag: Uint8Array.fromHex(tag!),
  };
  return { chainId: Uint8Array.fromHex(chain), entry };
}
