/** `bank.keys`: the keys of a bank that only operators change. */
import { fromHex, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { parsePrivateFile, replacePrivateFile } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";
import { AuditKeyRing, auditKeysOf } from "../audit/keys.ts";

/** 32 random bytes each. */
export interface BankKeys {
  /** Seals the terminals' keys at rest. */
  master: Uint8Array;
  /** The next master key, during a change of keys. */
  nextMaster?: Uint8Array;
  /** `AUDIT_KEY`, in all versions: the newest seals, the others open earlier entries. */
  audit: { version: number; key: Uint8Array }[];
  /** The id of this server's chain, 16 bytes. */
  chainId: Uint8Array;
  /** Signs the chain's checkpoints and receipts (Ed25519): it ends with the chain. */
  checkpoint: Uint8Array;
}

/** The keys that all servers of one bank share. */
export type SharedKeys = Pick<BankKeys, "master" | "audit">;

const formatName = "strongroom bank keys 1";

/** Generates keys, except those that a bank's servers share. */
export function makeBankKeys(
  randomBytes: (length: number) => Uint8Array,
  shared?: SharedKeys,
): BankKeys {
  return {
    master: shared?.master ?? randomBytes(32),
    audit: shared?.audit ?? [{ version: 1, key: randomBytes(32) }],
    chainId: randomBytes(16),
    checkpoint: randomBytes(32),
  };
}

/** Returns the keys of the log in all versions. */
export function auditKeyRingOf({ audit }: Pick<BankKeys, "audit">): AuditKeyRing {
  return new AuditKeyRing(audit.map(({ version, key }) => auditKeysOf(key, version)));
}

/**
 * Reads a key file.
 * @throws {UsageError} if it is missing, readable by other users, or not a key file of this version
 */
export function readBankKeys(files: Pick<Files, "facts" | "read">, path: string): BankKeys {
  const otherwise = "restore it from its copy";
  return parsePrivateFile(files, path, otherwise, (text) => {
    const keys = parseKeys(text);
    if (keys) return keys;
    throw new UsageError(`${path} is not a key file of this version: ${otherwise}`);
  });
}

/** Writes a key file atomically and durably. */
export function replaceBankKeys(files: Files, path: string, keys: BankKeys): void {
  replacePrivateFile(files, path, formatKeys(keys));
}

function formatKeys({ master, nextMaster, audit, chainId, checkpoint }: BankKeys): string {
  const fields = {
    format: formatName,
    master: hex(master),
    ...(nextMaster && { nextMaster: hex(nextMaster) }),
    audit: audit.map(({ version, key }) => ({ version, key: hex(key) })),
    chainId: hex(chainId),
    checkpoint: hex(checkpoint),
  };
  return JSON.stringify(fields, null, 2) + "\n";
}

function parseKeys(text: string): BankKeys | null {
  let fields: Record<string, unknown> | null;
  try {
    fields = JSON.parse(text);
  } catch {
    return null;
  }
  const [master, checkpoint] = [fromHex(fields?.master, 32), fromHex(fields?.checkpoint, 32)];
  const nextMaster = fields?.nextMaster === undefined ? undefined : fromHex(fields.nextMaster, 32);
  const chainId = fromHex(fields?.chainId, 16);
  const audit = auditVersionsOf(fields?.audit);
  if (fields?.format !== formatName || !master || !checkpoint || !chainId || !audit) return null;
  if (nextMaster === null) return null;
  return { master, ...(nextMaster && { nextMaster }), audit, chainId, checkpoint };
}

function auditVersionsOf(list: unknown): BankKeys["audit"] | null {
  const versions: BankKeys["audit"] = [];
  for (const each of Array.isArray(list) ? list : []) {
    const key = fromHex(each?.key, 32);
    if (!key || !Number.isSafeInteger(each.version) || each.version < 1) return null;
    versions.push({ version: each.version, key });
  }
  return versions.length > 0 ? versions : null;
}
