/** A log without a bank: what the writer of a chain leaves. */
import type { Bytes } from "../../../lib/bytes.ts";
import { systemWithFiles } from "../../../lib/system.ts";
import type { SealedEntry } from "../../../server/audit/entry.ts";
import { SqliteStore } from "../../../server/ledger/sqlite/store.ts";
import { writerOn } from "./engine.ts";
import { settings } from "./small_bank.ts";

/** Returns `count` entries, an epoch's end after each forty-nine, and one at the end. */
export async function writtenLog(id: Bytes, first: Bytes, count: number): Promise<SealedEntry[]> {
  const store = SqliteStore.open(systemWithFiles, ":memory:", settings);
  const log = await writerOn(store, id, first);
  const entries: SealedEntry[] = [];
  for (let batch = 0; entries.length < count - 1; batch++) {
    const sealed = log.seal(
      Array.from({ length: 7 }, (_, index) => ({
        who: ["alice", "bob", "bank"][index % 3]!,
        action: `action ${batch}.${index}`,
        timeMs: 1_000_000 + batch,
        kind: "other" as const,
        outcome: "ok" as const,
        terminal: "lobby",
      })),
      batch % 7 === 6,
    ).slice(0, count - 1 - entries.length);
    log.committed(sealed);
    entries.push(...sealed);
  }
  // A server that stops ends its epoch: nothing that it has written can be written again.
  entries.push(...log.seal([], true));
  store.close();
  return entries;
}
