/** The log as a file is the log, whatever was done to the file, and whatever was missed. */
import { assertEquals, assertRejects } from "@std/assert";
import { systemFiles } from "../../../lib/system.ts";
import { LogFile, type LogSource } from "../../../server/audit/log_file.ts";
import { formatLogLine } from "../../../server/audit/log_line.ts";
import type { ChainWriter } from "../../../server/audit/writer.ts";
import type { AuditEntry } from "../../../server/audit/entry.ts";
import { filled } from "../../lib/helpers.ts";
import { chainId, firstKey, noChanges, writerOn } from "../helpers/engine.ts";
import { isThere } from "../../../lib/private_file.ts";
import { settings } from "../helpers/small_bank.ts";
import { type MakeStore, onEachStore } from "../helpers/stores.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const entry = (action: string): AuditEntry => ({
  who: "bank",
  action,
  timeMs: 1_000,
  kind: "other",
  outcome: "ok",
  terminal: "",
});

/** Opens the file; `troubles` receives what it reports. */
const openFile = (path: string, log: LogSource, troubles: string[] = []) =>
  LogFile.open({ files: systemFiles, nowMs: () => Date.UTC(2026, 10, 23) }, path, log, (line) => {
    troubles.push(line);
  });

const aside = (path: string) => `${path}.differs-2026-11-23T00-00-00-000Z`;

/** Returns a store whose chains grow by hand, and the text that its log is. */
async function growingLog(make: MakeStore, ids = [chainId]) {
  const store = await make(settings);
  const writers: ChainWriter[] = [];
  for (const id of ids) writers.push(await writerOn(store, id, firstKey));
  const grow = async (count: number, chain = 0) => {
    const log = writers[chain]!;
    const sealed = log.seal(Array.from({ length: count }, (_, n) => entry(`action ${n}`)), true);
    await store.commit(noChanges, sealed);
    log.committed(sealed);
    return sealed;
  };
  const text = async () => {
    const lines: string[] = [];
    for (const { number, id } of await store.chains()) {
      for (const each of await store.entriesAfter(number, 0, 10_000)) {
        lines.push(`${formatLogLine(id, each)}\n`);
      }
    }
    return lines.join("");
  };
  return { store, grow, text };
}

onEachStore(
  "the file has every entry, from the start and as they come, and is its owner's alone",
  (make) =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.txt`;
      const { store, grow, text } = await growingLog(make);
      await grow(2_500);
      const file = await openFile(path, store);
      assertEquals(Deno.readTextFileSync(path), await text());
      if (Deno.build.os !== "windows") assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
      for (let batch = 0; batch < 5; batch++) await file.append(chainId, await grow(3));
      assertEquals(Deno.readTextFileSync(path), await text());
      file.close();
    }),
);

onEachStore(
  "whatever happened to the end of the file, the next start repairs it",
  (make) =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.txt`;
      const { store, grow, text } = await growingLog(make);
      await grow(20);
      (await openFile(path, store)).close();
      const whole = await text();
      const cutShort = [
        "",
        whole.slice(0, -1),
        whole.slice(0, -40),
        whole.slice(0, whole.length / 2),
        `${whole}more`,
        `${whole}${"\0".repeat(4_096)}`,
        whole.split("\n").slice(0, 1).join("\n") + "\n",
      ];
      for (const text of cutShort) {
        Deno.writeTextFileSync(path, text);
        (await openFile(path, store)).close();
        assertEquals(Deno.readTextFileSync(path), whole, JSON.stringify(text.slice(-60)));
      }
      assertEquals(isThere(systemFiles, aside(path)), false);
      await grow(5);
      (await openFile(path, store)).close();
      assertEquals(Deno.readTextFileSync(path), await text());
    }),
);

onEachStore(
  "a file that is not what the database has is set aside whole, and reported",
  (make) =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.txt`;
      const { store, grow, text } = await growingLog(make);
      await grow(20);
      (await openFile(path, store)).close();
      const whole = await text();
      const [last] = await store.lastEntries(1, 1);
      const foreign = formatLogLine(filled(0xee, 16), last!);
      const further = formatLogLine(chainId, { ...last!, sequence: last!.sequence + 1 });
      const differing = [
        "\n",
        `${whole}more\n`,
        `${whole}${further}\n`, // the database has lost its end
        `${whole}${further}\n${further.slice(0, 40)}`,
        `${whole}${foreign}\n`,
        whole.replace(/.(?=\n$)/, "-"),
        whole.replace(/.(?=\n$)/, (digit) => digit === "0" ? "1" : "0"),
        "x".repeat(200_000),
      ];
      for (const text of differing) {
        const troubles: string[] = [];
        Deno.writeTextFileSync(path, text);
        (await openFile(path, store, troubles)).close();
        assertEquals(Deno.readTextFileSync(path), whole, JSON.stringify(text.slice(-60)));
        assertEquals(Deno.readTextFileSync(aside(path)), text, JSON.stringify(text.slice(-60)));
        assertEquals(troubles, [
          `${path} differs from the database's log and is kept as ${aside(path)}. ` +
          `Run 'deno task bank audit verify --file ${aside(path)}'`,
        ]);
        Deno.removeSync(aside(path));
      }
    }),
);

onEachStore(
  "entries that were committed unseen are made up for by the next ones",
  (make) =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.txt`;
      const { store, grow, text } = await growingLog(make);
      const file = await openFile(path, store);
      await grow(3); // a commit in doubt that was found committed: nobody gives its entries
      await file.append(chainId, await grow(2));
      assertEquals(Deno.readTextFileSync(path), await text());
      await file.append(chainId, await grow(4));
      assertEquals(Deno.readTextFileSync(path), await text());
      file.close();
    }),
);

onEachStore(
  "a write that failed is made up for by the next one",
  (make) =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/log.txt`;
      const { store, grow, text } = await growingLog(make);
      const file = await openFile(path, store);
      const three = await grow(3);
      const { writeSync } = Deno.FsFile.prototype;
      Deno.FsFile.prototype.writeSync = function (bytes: Uint8Array) {
        writeSync.call(this, bytes.subarray(0, 30));
        throw new Error("no space left");
      };
      try {
        await assertRejects(() => file.append(chainId, three), Error, "no space left");
      } finally {
        Deno.FsFile.prototype.writeSync = writeSync;
      }
      await file.append(chainId, await grow(3));
      assertEquals(Deno.readTextFileSync(path), await text());
      file.close();
    }),
);

onEachStore("a second chain follows the first", (make) =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/log.txt`;
    const second = filled(0xc9, 16);
    const { store, grow, text } = await growingLog(make, [chainId, second]);
    await grow(5);
    (await openFile(path, store)).close();
    await grow(4, 1);
    const file = await openFile(path, store);
    await file.append(second, await grow(2, 1));
    file.close();
    assertEquals(Deno.readTextFileSync(path), await text());
  }));
