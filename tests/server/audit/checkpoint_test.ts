/** Checkpoints: signed, and refused when anything of them was changed. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import {
  type Checkpoint,
  checkpointKeyOf,
  formatCheckpoint,
  parseCheckpoint,
} from "../../../server/audit/checkpoint.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { LogVerifier } from "../../../server/audit/verify.ts";
import { parseLogLine } from "../../../server/audit/log_line.ts";
import { Checkpoints } from "../../../server/operator/checkpoints.ts";
import { filled } from "../../lib/helpers.ts";
import { onEachBank } from "../helpers/running_bank.ts";

const secretKey = filled(7, 32);
const publicKey = checkpointKeyOf(secretKey);
const checkpoint: Checkpoint = {
  bankId: filled(1, 16),
  timeMs: Date.parse("2026-11-25T09:00:00.000Z"),
  heads: [1, 2].map((number) => ({
    id: filled(number, 16),
    sequence: 10 * number,
    epoch: number,
    tag: filled(0x50 + number, 32),
  })),
};
const text = formatCheckpoint(checkpoint, secretKey);

Deno.test("a checkpoint is read back under the key that signed it, among others", () => {
  assertEquals(parseCheckpoint(text, "c", [filled(9, 32), publicKey]), checkpoint);
});

Deno.test("a checkpoint of another bank's, or with anything changed, proves nothing", () => {
  const unsigned = (changed: string, keys = [publicKey]) =>
    assertThrows(() => parseCheckpoint(changed, "c", keys), UsageError, "not signed", changed);
  unsigned(text, [checkpointKeyOf(filled(8, 32))]);
  unsigned(text, []);
  const fields = JSON.parse(text);
  const change = (path: (fields: Record<string, unknown>) => void) => {
    const copy = structuredClone(fields);
    path(copy);
    return JSON.stringify(copy);
  };
  // deno-lint-ignore no-explicit-any
  const changes: ((copy: any) => void)[] = [
    (copy) => copy.bank = "02".repeat(16),
    (copy) => copy.time = "2026-11-25T09:00:00.001Z",
    (copy) => copy.chains.pop(),
    (copy) => copy.chains.reverse(),
    (copy) => copy.chains.push(copy.chains[0]),
    (copy) => copy.chains[0].chain = "03".repeat(16),
    (copy) => copy.chains[0].sequence--,
    (copy) => copy.chains[0].epoch++,
    (copy) => copy.chains[0].tag = "00".repeat(32),
    (copy) => copy.signature = "00".repeat(64),
  ];
  for (const each of changes) unsigned(change(each));
});

Deno.test("what is no checkpoint is said to be none", () => {
  const { signature } = JSON.parse(text);
  const others = [
    "",
    "null",
    "{}",
    "[]",
    text.replace("checkpoint 1", "checkpoint 2"),
    text.replace(signature, signature.slice(2)),
    text.replace('"sequence": 10', '"sequence": -1'),
    text.replace('"sequence": 10', '"sequence": 1.5'),
    text.replace('"epoch": 1', '"epoch": 4294967296'),
    text.replace("2026-11-25", "yesterday"),
  ];
  for (const other of others) {
    assertThrows(() => parseCheckpoint(other, "c", [publicKey]), UsageError, "is not a checkpoint");
  }
});

onEachBank(
  "a bank takes them when something has happened and at its stop, and today's log extends each",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const folder = `${running.folder}/elsewhere`;
      const files = () => {
        try {
          return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
        } catch {
          return []; // the first one makes the folder
        }
      };
      const checkpoints = new Checkpoints(
        bank,
        { folder, everyMs: 20 },
      );
      const until = async (count: number) => {
        while (files().length < count) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      await until(1);
      await bank.ledger.submit({
        op: "log",
        who: "bank",
        action: "something",
        kind: "other",
        outcome: "ok",
      });
      await until(2);
      await checkpoints.close();
      await running.stop();
      await running.reopen();
      const firstKey = parseFirstKey(running.firstKey, "first");
      const lines = (await Array.fromAsync(running.operate({ command: "read_audit" })))
        .flatMap((answer) => "lines" in answer ? answer.lines : []);
      for (const name of files()) {
        const taken = parseCheckpoint(
          Deno.readTextFileSync(`${folder}/${name}`),
          name,
          [firstKey.checkpointKey],
        );
        const verifier = new LogVerifier({
          firstKeys: [firstKey],
          checkpoint: taken,
          keyFile: null,
        });
        for (const line of lines) verifier.next(parseLogLine(line));
        verifier.end();
      }
      assert(files().length >= 2);
    }),
);

onEachBank(
  "a place that cannot be written is told, and the bank goes on",
  (withBank) =>
    withBank(async (running) => {
      const folder = `${running.folder}/bank.keys/none`;
      const checkpoints = new Checkpoints(
        running.bank,
        { folder, everyMs: 1_000_000 },
      );
      await checkpoints.close();
      assert(running.log.some((line) => line.startsWith(`no checkpoint in ${folder}`)));
      assert((await running.entries()).some((line) => line.includes("take a checkpoint failed")));
    }),
);
