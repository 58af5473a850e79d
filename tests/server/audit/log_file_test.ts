/** The log as a file is the log, whatever was done to the file, and whatever was missed. */
import { assertEquals, assertThrows } from "@std/assert";
import { LogFile } from "../../../server/audit/log_file.ts";
import { formatLogLine } from "../../../server/audit/log_line.ts";
import type { ChainWriter } from "../../../server/audit/writer.ts";
import type { AuditEntry } from "../../../server/ledger/command.ts";
import { SqliteStore } from "../../../server/ledger/sqlite_store.ts";
import { filled } from "../../lib/helpers.ts";
import { chainId, firstKey, noChanges, writerOn } from "../helpers/engine.ts";
import { settings } from "../helpers/small_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const entry = (action: string): AuditEntry => ({
  who: "bank",
  action,
  timeMs: 1_000,
  kind: "other",
  outcome: "ok",
  terminal: "",
});

/** A store whose chains grow by hand, and the text that its log is. */
async function growingLog(ids = [chainId]) {
  const store = SqliteStore.open(":memory:", settings);
  const writers: ChainWriter[] = [];
  for (const id of ids) writers.push(await writerOn(store, id, firstKey));
  const grow = (count: number, chain = 0) => {
    const log = writers[chain]!;
    const sealed = log.seal(Array.from({ length: count }, (_, n) => entry(`action ${n}`)), true);
    store.commit(noChanges, sealed);
    log.committed(sealed);
    return sealed;
  };
  const text = () =>
    store.chains().flatMap(({ number, id }) =>
      store.entriesAfter(number, 0, 10_000).map((each) => `${formatLogLine(id, each)}\n`)
    ).join("");
  return { store, grow, text };
}

Deno.test("the file has every entry, from the start and as they come, and is its owner's alone", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const { store, grow, text } = await growingLog();
    grow(2_500);
    const file = LogFile.open(path, store);
    assertEquals(Deno.readTextFileSync(path), text());
    if (Deno.build.os !== "windows") assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    for (let batch = 0; batch < 5; batch++) file.append(chainId, grow(3));
    assertEquals(Deno.readTextFileSync(path), text());
    file.close();
    store.close();
  }));

Deno.test("whatever became of the end of the file, the next start makes it whole", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const { store, grow, text } = await growingLog();
    grow(20);
    LogFile.open(path, store).close();
    const whole = text();
    const spoiled = [
      "",
      "\n",
      whole.slice(0, -1),
      whole.slice(0, -40),
      whole.slice(0, whole.length / 2),
      `${whole}more`,
      `${whole}more\n`,
      `${whole}${"\0".repeat(4_096)}`,
      whole.replace(/.(?=\n$)/, "-"),
      "x".repeat(200_000),
      whole.split("\n").slice(0, 1).join("\n") + "\n",
    ];
    for (const text of spoiled) {
      Deno.writeTextFileSync(path, text);
      LogFile.open(path, store).close();
      assertEquals(Deno.readTextFileSync(path), whole, JSON.stringify(text.slice(-60)));
    }
    grow(5);
    LogFile.open(path, store).close();
    assertEquals(Deno.readTextFileSync(path), text());
    store.close();
  }));

Deno.test("a write that failed is made up for by the next one", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const { store, grow, text } = await growingLog();
    const file = LogFile.open(path, store);
    const { writeSync } = Deno.FsFile.prototype;
    Deno.FsFile.prototype.writeSync = function (bytes: Uint8Array) {
      writeSync.call(this, bytes.subarray(0, 30));
      throw new Error("no space left");
    };
    try {
      assertThrows(() => file.append(chainId, grow(3)), Error, "no space left");
    } finally {
      Deno.FsFile.prototype.writeSync = writeSync;
    }
    file.append(chainId, grow(3));
    assertEquals(Deno.readTextFileSync(path), text());
    file.close();
    store.close();
  }));

Deno.test("a second chain follows the first", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const second = filled(0xc9, 16);
    const { store, grow, text } = await growingLog([chainId, second]);
    grow(5);
    LogFile.open(path, store).close();
    grow(4, 1);
    const file = LogFile.open(path, store);
    file.append(second, grow(2, 1));
    file.close();
    assertEquals(Deno.readTextFileSync(path), text());
    store.close();
  }));
