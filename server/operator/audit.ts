/** The operator's commands about the log that the bank itself answers. */
import { hex } from "../../lib/bytes.ts";
import { followMs, logChunkEntries } from "../../lib/limits.ts";
import { pause } from "../../lib/world.ts";
import { isInClear, type SealedEntry } from "../audit/entry.ts";
import { headsOf } from "../audit/heads.ts";
import { formatLogLine } from "../audit/log_line.ts";
import { auditKeysOf } from "../audit/keys.ts";
import { isWanted, shownEntry } from "../audit/show.ts";
import type { Bank } from "../bank.ts";
import { signedCheckpoint } from "./checkpoints.ts";
import { logCommand } from "../ledger/command.ts";
import type { Handlers } from "./request.ts";
import { requireInstants } from "./words.ts";

/** A piece of the log, in the order in which it is read. */
interface Chunk {
  chainId: Uint8Array;
  entries: SealedEntry[];
}

export const auditCommands: Handlers<
  "show_audit" | "read_audit" | "rotate_audit_key" | "take_checkpoint"
> = {
  async *show_audit(bank, { operator, json, follow, ...filter }, signal) {
    requireInstants(filter);
    await logAction(bank, operator, "read the audit log");
    for await (const { chainId, entries } of chunksOf(bank, follow ? signal : null)) {
      // An entry's index names its customer: no other entry is opened.
      const indexes = filter.customer === undefined
        ? null
        : new Set(bank.auditKeys.indexesOf(filter.customer).map(hex));
      for (const stored of entries) {
        if (isInClear(stored) || (indexes && !indexes.has(hex(stored.who)))) continue;
        const place = { chainId: hex(chainId), sequence: stored.sequence };
        const entry = bank.auditKeys.open(stored, chainId);
        if (entry === null) {
          yield {
            line: `entry ${place.sequence} does not open: run 'deno task bank audit verify'`,
          };
        } else if (isWanted(entry, filter)) yield { line: shownEntry(place, entry, json) };
      }
    }
  },

  /** The whole log as it is now, sealed, to be checked or kept elsewhere. */
  async *read_audit(bank, { operator }) {
    await logAction(bank, operator, "read the sealed audit log");
    let of = 0;
    for (const { sequence } of await headsOf(bank.ledger.read)) of += sequence;
    for await (const { chainId, entries } of chunksOf(bank, null)) {
      yield { lines: entries.map((entry) => formatLogLine(chainId, entry)), of };
    }
    const stray = await bank.ledger.read.strayEntries();
    if (stray !== null) yield { lines: [], of, stray };
  },

  /** A new version of the AUDIT_KEY: first safe in the key file, then in use. */
  async *rotate_audit_key(bank, { operator }) {
    const version = bank.auditKeys.newest.version + 1;
    const key = bank.world.randomBytes(32);
    bank.folder.changeKeys((keys) => ({ ...keys, audit: [...keys.audit, { version, key }] }));
    bank.auditKeys = bank.auditKeys.with(auditKeysOf(key, version));
    await bank.auditLog.useKeys(bank.auditKeys.versions);
    await logAction(bank, operator, `rotate the AUDIT_KEY to version ${version}`);
    yield {
      line: `new entries are sealed under version ${version} of the AUDIT_KEY: copy bank.keys anew`,
    };
  },

  /** The end of every chain, signed. */
  async *take_checkpoint(bank, { operator }) {
    await logAction(bank, operator, "take a checkpoint");
    yield {
      checkpoint: signedCheckpoint(bank, await headsOf(bank.ledger.read), bank.world.nowMs()),
    };
  },
};

/**
 * The log, chain by chain.
 * @param following follows the log until it is aborted; null reads what there is now
 */
async function* chunksOf(
  bank: Bank,
  following: AbortSignal | null,
): AsyncGenerator<Chunk, void, void> {
  const { read } = bank.ledger;
  const done = new Map<number, number>();
  const heads = await headsOf(bank.ledger.read);
  for (const { number, id, sequence: last } of heads) {
    for (let after = 0; after < last;) {
      const limit = Math.min(logChunkEntries, last - after);
      const entries = await read.entriesAfter(number, after, limit);
      if (entries.length === 0) break; // a gap, which `verify` finds
      yield { chainId: id, entries };
      after = entries.at(-1)!.sequence;
    }
    done.set(number, last);
  }
  while (following && !following.aborted) {
    let quiet = true;
    for (const { number, id } of await read.chains()) {
      const entries = await read.entriesAfter(number, done.get(number) ?? 0, logChunkEntries);
      if (entries.length === 0) continue;
      quiet = false;
      yield { chainId: id, entries };
      done.set(number, entries.at(-1)!.sequence);
    }
    if (quiet) await pause(bank.world, followMs, following);
  }
}

async function logAction(bank: Bank, operator: string, action: string): Promise<void> {
  await bank.ledger.submit(logCommand(`operator ${operator}`, action));
}
