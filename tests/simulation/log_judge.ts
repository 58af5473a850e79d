/**
 * The judge of the log, written from FORMAT.md alone: every chain is followed from its first key, every
 * entry opened, and what the entries say is held against the rows of movements and the log as a file.
 */
import { Buffer } from "node:buffer";
import { createDecipheriv, createHash, createHmac } from "node:crypto";
import type { Finding } from "./money_judges.ts";
import type { EntryRecord, Records } from "./records.ts";

/** What only those have who look after the bank. */
export interface LogKeys {
  /** The texts of the first keys' files. */
  readonly firstKeys: readonly string[];
  /** The texts of the servers' `bank.keys`. */
  readonly bankKeys: readonly string[];
  /** The texts of the servers' `audit_log_secure.txt`. */
  readonly files: readonly string[];
}

const ascii = (text: string) => new TextEncoder().encode(text);
const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array => {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return new Uint8Array(mac.digest());
};
const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
const expand = (key: Uint8Array, label: string, length: number) =>
  hmac(key, ascii(label), Uint8Array.of(1)).subarray(0, length);
const u32 = (value: number) => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
};
const u64 = (value: number) => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
};
const isSame = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, at) => byte === b[at]);

/** What an entry says. */
export interface Said {
  who: string;
  /** ISO 8601, in UTC. */
  time: string;
  action: string;
  outcome: string;
  movement?: string;
  step?: string;
  /** An operator's signed request, as JSON. */
  signed?: string;
}

/** Returns what the entries say that open, in order. */
export function saidIn({ chains, entries }: Records, { bankKeys }: LogKeys): Said[] {
  const audit = auditKeysIn(bankKeys);
  const ids = new Map(chains.map(({ number, id }) => [number, id]));
  return entries.flatMap((entry) =>
    entry.keyVersion === 0
      ? []
      : open(entry, ids.get(entry.chain)!, audit.get(entry.keyVersion)) ?? []
  );
}

/** Of a version of the AUDIT_KEY. */
interface EntryKeys {
  readonly mac: Uint8Array;
  readonly enc: Uint8Array;
}

/** Returns the versions of the AUDIT_KEY. */
function auditKeysIn(bankKeys: readonly string[]): ReadonlyMap<number, EntryKeys> {
  const kept = bankKeys
    .flatMap((text) => JSON.parse(text).audit as { version: number; key: string }[])
    .map(({ version, key }) => [version, Uint8Array.fromHex(key)] as const);
  return new Map([...new Map(kept)].map(([version, key]) => [version, {
    mac: expand(key, "strongroom/1 audit mac", 32),
    enc: expand(key, "strongroom/1 audit enc", 16),
  }]));
}

export function judgeLog(records: Records, keys: LogKeys): Finding[] {
  const findings: Finding[] = [];
  const find = (what: string) => findings.push({ judge: "log", what });
  const audit = auditKeysIn(keys.bankKeys);
  const firstKeys = new Map(
    keys.firstKeys.map((text) => {
      const { chain, key } = JSON.parse(text);
      return [chain as string, Uint8Array.fromHex(key)];
    }),
  );
  const said = new Map<EntryRecord, Said>();
  for (const { number, id } of records.chains) {
    const entries = records.entries.filter(({ chain }) => chain === number);
    const firstKey = firstKeys.get(id.toHex());
    if (!firstKey) find(`chain ${id.toHex()} has no first key`);
    else followChain(id, firstKey, entries, find);
    for (const entry of entries) {
      if (entry.keyVersion === 0) continue;
      const opened = open(entry, id, audit.get(entry.keyVersion));
      if (opened === null) find(`entry ${entry.sequence} of chain ${number} does not open`);
      else said.set(entry, opened);
    }
  }
  const inOrder = records.entries.flatMap((entry) => said.get(entry) ?? []);
  compareWithRows(inOrder, records, find);
  judgeTimes(inOrder, find);
  for (const file of keys.files) compareWithFile(file, records, find);
  return findings;
}

function followChain(
  id: Uint8Array,
  firstKey: Uint8Array,
  entries: readonly EntryRecord[],
  find: (what: string) => void,
): void {
  let [key, epoch, tag] = [firstKey, 0, hmac(id, ascii("strongroom/1 chain start"))];
  for (const [index, entry] of entries.entries()) {
    const { sequence, keyVersion, who, commitment, sealed } = entry;
    const words = `entry ${sequence} of chain ${id.toHex().slice(0, 8)}`;
    if (sequence !== index + 1) return find(`${words} is at place ${index + 1}`);
    if (entry.epoch !== epoch) return find(`${words} is of epoch ${entry.epoch}, not ${epoch}`);
    const place = [u64(sequence), u32(epoch), u32(keyVersion)];
    tag = hmac(key, tag, ...place, u32(16), who, commitment, sealed);
    if (!isSame(tag, entry.tag)) return find(`${words} has another tag`);
    if (sealed.length > 0) continue;
    epoch++;
    key = expand(key, "strongroom/1 audit next epoch", 32);
  }
}

function open(entry: EntryRecord, chain: Uint8Array, keys: EntryKeys | undefined): Said | null {
  if (!keys) return null;
  const { sequence, keyVersion, sealed } = entry;
  const body = sealed.subarray(0, -32);
  const aad = [ascii("strongroom/1 audit entry"), chain, u64(sequence), u32(keyVersion)];
  const bits = 8 * aad.reduce((sum, part) => sum + part.length, 0);
  const tag = hmac(keys.mac, ...aad, body, u64(bits));
  if (!isSame(tag, sealed.subarray(-32))) return null;
  const cipher = createDecipheriv("aes-128-cbc", keys.enc, body.subarray(0, 16));
  const plain = Buffer.concat([cipher.update(body.subarray(16)), cipher.final()]);
  const [line = "", facts = "{}"] = new TextDecoder().decode(plain.subarray(32)).split("\n");
  const [who = "", ...action] = line.split(" | ");
  const shown = sha256(plain.subarray(16, 32), ascii(action.join(" | ")));
  const commitment = sha256(sha256(plain.subarray(0, 16), ascii(who)), shown);
  if (!isSame(commitment, entry.commitment)) return null;
  const { outcome, movement, step, signed } = JSON.parse(facts);
  const time = action.pop() ?? "";
  return { who, time, action: action.join(" | "), outcome, movement, step, signed };
}

/**
 * Checks that a customer's movements are dated in the order in which they were committed, unless time
 * was set back. Refused ones change no account, so two servers may commit one next to a movement.
 */
function judgeTimes(said: readonly Said[], find: (what: string) => void): void {
  const newest = new Map<string, string>();
  for (const { who, time, action, movement, outcome } of said) {
    if (action.startsWith("set the bank's time back from ")) newest.clear();
    if (!movement || outcome !== "ok") continue;
    const before = newest.get(who) ?? "";
    if (time < before) find(`'${action}' of ${who} is of ${time}, after one of ${before}`);
    newest.set(who, time);
  }
}

/** What entries say of rows that have no step in them: a correction, and a withdrawal in doubt. */
const saysOf = { correct: /^correct the .* to /, doubt: / is in doubt: / };

/** Checks that each row of a movement has one entry, which says what the row says. */
function compareWithRows(
  said: readonly Said[],
  { movements }: Records,
  find: (what: string) => void,
): void {
  const steps: Record<string, number> = { authorise: 1, book: 1, settle: 2, report: 3 };
  const entries = new Map<string, Said>();
  for (const entry of said) {
    if (!entry.movement || !entry.step) continue;
    const key = `${entry.movement}/${steps[entry.step]}`;
    if (entries.has(key)) find(`row ${key} has two entries: ${entry.action}`);
    entries.set(key, entry);
  }
  for (const { id, step, outcome, kind, action } of movements) {
    const key = `${id}/${step}`;
    if (action === "correct" || action === "doubt") {
      const rows = movements.filter((row) => row.id === id && row.action === action).length;
      const spoken = said.filter((entry) =>
        entry.movement === id && entry.outcome === "ok" && saysOf[action].test(entry.action)
      ).length;
      if (spoken !== rows) {
        find(`${rows} rows of ${id} (${action}) have ${spoken} entries`);
      }
      continue;
    }
    const entry = entries.get(key);
    entries.delete(key);
    if (!entry) find(`row ${key} (${kind} ${action} ${outcome}) has no entry`);
    else if (entry.outcome !== outcome) {
      find(`row ${key} came to ${outcome}, and its entry says ${entry.outcome}`);
    }
  }
  for (const [key, { action }] of entries) find(`an entry speaks of row ${key}: ${action}`);
}

/**
 * Checks that the file has lines of the log alone, in order and without a gap, up to the newest
 * entry.
 */
function compareWithFile(file: string, records: Records, find: (what: string) => void): void {
  const ids = new Map(records.chains.map(({ number, id }) => [number, id.toHex()]));
  const lines = file.split("\n").slice(0, -1);
  const inFile = new Set(lines.map((line) => line.split(" ")[0]));
  const expected = records.entries.filter(({ chain }) => inFile.has(ids.get(chain)!))
    .map(({ chain, sequence, epoch, keyVersion, who, commitment, sealed, tag }) =>
      [
        ids.get(chain),
        sequence,
        epoch,
        keyVersion,
        who.toHex(),
        commitment.toHex(),
        sealed.toBase64() || "-",
        tag.toHex(),
      ].join(" ")
    );
  const wrong = lines.findIndex((line, index) => line !== expected[index]);
  if (wrong >= 0) find(`line ${wrong + 1} of the log's file is not the log's: ${lines[wrong]}`);
  else if (lines.length < expected.length) {
    find(`the log's file lacks the last ${expected.length - lines.length} entries`);
  }
}
