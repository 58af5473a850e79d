/** A bank of the first release: its log goes on, and its one key becomes the first one. */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { MacKey } from "../../../lib/hmac.ts";
import { chainStart, chainTag } from "../../../server/audit/chain.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { parseLogLine } from "../../../server/audit/log_line.ts";
import { auditKeysOf, indexOf } from "../../../server/audit/keys.ts";
import { LogVerifier } from "../../../server/audit/verify.ts";
import { openBank } from "../../../server/bank.ts";
import {
  databasePath,
  firstKeyPath,
  keysPath,
  writePrivateFile,
} from "../../../server/folder/bank_folder.ts";
import { sqlite001 } from "../../../server/ledger/sqlite/schema_001.ts";
import { runOperatorCommand } from "../../../server/operator/commands.ts";
import { filled } from "../../lib/helpers.ts";
import { sealEntry } from "../helpers/seal_entry.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const [master, audit, chain, chainId] = [
  filled(1, 32),
  filled(2, 32),
  filled(3, 32),
  filled(4, 16),
];

/** What the first release leaves: its key file, and a log of one epoch. */
function makeFirstRelease(folder: string, entries: number): void {
  writePrivateFile(
    keysPath(folder),
    JSON.stringify({
      format: "strongroom bank keys 1",
      master: master.toHex(),
      audit: audit.toHex(),
      auditVersion: 1,
      chain: chain.toHex(),
      chainId: chainId.toHex(),
    }),
  );
  const database = new DatabaseSync(databasePath(folder));
  database.exec(sqlite001);
  database.exec(`INSERT INTO settings VALUES ('bank_id', '${"ba".repeat(16)}'),
    ('bank_name', 'Old Bank'), ('currency', 'EUR'), ('exponent', '2'), ('time_zone', 'UTC')`);
  database.exec("PRAGMA user_version = 1");
  const insert = database.prepare("INSERT INTO audit VALUES (?, 0, 1, ?, ?, ?)");
  const keys = auditKeysOf(audit, 1);
  let tag = chainStart(chainId);
  for (let sequence = 1; sequence <= entries; sequence++) {
    const who = indexOf(keys, "alice");
    const sealed = sealEntry(keys, { chainId, sequence }, {
      who: "alice",
      action: `action ${sequence}`,
      timeMs: sequence,
      kind: "other",
      outcome: "ok",
      terminal: "",
    }, filled(sequence, 16));
    tag = chainTag(new MacKey(chain), tag, {
      chain: 1,
      sequence,
      epoch: 0,
      keyVersion: 1,
      who,
      sealed,
    });
    insert.run(sequence, who, sealed, tag);
  }
  database.close();
}

Deno.test("a log of the first release goes on, and is checked from its first entry", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/bank`;
    Deno.mkdirSync(folder);
    makeFirstRelease(folder, 5);
    const log: string[] = [];
    for (let start = 0; start < 2; start++) {
      const bank = await openBank(folder, (line) => log.push(line));
      await bank.ledger.submit({
        op: "log",
        who: "bank",
        action: "x",
        kind: "other",
        outcome: "ok",
      });
      await bank.close();
    }
    assert(log[0]?.includes("first.key is the first key of the log: take it away"), log[0]);
    assert(!Deno.readTextFileSync(keysPath(folder)).includes(chain.toHex()));
    const firstKey = parseFirstKey(Deno.readTextFileSync(firstKeyPath(folder)), "first.key");
    assertEquals(firstKey.key, chain);

    const bank = await openBank(folder, () => {});
    const read = runOperatorCommand(bank, { command: "read_audit", operator: "test" });
    const lines = (await Array.fromAsync(read)).flatMap((each) =>
      "lines" in each ? each.lines : []
    );
    const page = await bank.ledger.history({ customer: "alice", filter: {} });
    await bank.close();
    const verifier = new LogVerifier({ firstKeys: [firstKey], keyFile: null });
    for (const line of lines) verifier.next(parseLogLine(line));
    verifier.end();
    assert(verifier.goodCount >= 5 + 2 * 2);
    assertEquals(page.entries.length, 5);
  }));
