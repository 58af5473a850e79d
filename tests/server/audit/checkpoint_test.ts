/** Checkpoints: signed notes of a chain's tree, and refused when anything of them was changed. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { trustedCheckpoint } from "../../../server/audit/checkpoint.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { LogVerifier } from "../../../server/audit/verify.ts";
import { parseLogLine } from "../../../server/audit/log_line.ts";
import { originOf } from "../../../server/audit/tree.ts";
import { Checkpoints } from "../../../server/operator/checkpoints.ts";
import { signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import { publicKeyOf } from "../../../server/transparency/ed25519.ts";
import { signatureTypes } from "../../../server/transparency/note.ts";
import { filled } from "../../lib/helpers.ts";
import { chainId, firstKey as key } from "../helpers/engine.ts";
import { onEachBank } from "../helpers/running_bank.ts";

const secretKey = filled(7, 32);
const origin = originOf("First Bank", chainId);
const firstKey = { chainId, key, origin, checkpointKey: publicKeyOf(secretKey), before: [] };
const signer = { name: origin, type: signatureTypes.note, secretKey };
const root = filled(9, 32);
const text = signCheckpoint({ size: 12, root }, signer);

Deno.test("the origin of a chain's tree is a name that a key may have", () => {
  const id = chainId.toHex();
  for (
    const [name, slug] of [
      ["First Bank", "first-bank"],
      ["  Banque Générale + Cie. ", "banque-ge-ne-rale-cie"],
      ["銀行", "bank"],
      ["", "bank"],
    ] as const
  ) {
    assertEquals(originOf(name, chainId), `${slug}/${id}`);
  }
});

Deno.test("a checkpoint is read back under the key in its chain's first key, among others", () => {
  const other = { ...firstKey, origin: `${origin}x` };
  assertEquals(trustedCheckpoint(text, "c", [other, firstKey]), { chainId, size: 12, root });
});

Deno.test("a checkpoint that another key signed, or of which anything was changed, proves nothing", () => {
  const refused = (changed: string, message: string) =>
    assertThrows(() => trustedCheckpoint(changed, "c", [firstKey]), UsageError, message, changed);
  refused(signCheckpoint({ size: 12, root }, { ...signer, secretKey: root }), "not signed by this");
  refused(text.replace("12", "13"), "not signed by this");
  refused(text.replace(root.toBase64(), filled(8, 32).toBase64()), "not signed by this");
  refused(text.replaceAll("first-bank", "other-bank"), "give the first key of that chain");
  for (const none of ["", "{}", text.slice(0, -1), text.replace("12", "012"), `${text}x`]) {
    refused(none, "c is not a checkpoint");
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
        const taken = trustedCheckpoint(
          Deno.readTextFileSync(`${folder}/${name}`),
          name,
          [firstKey],
        );
        const verifier = new LogVerifier({
          firstKeys: [firstKey],
          checkpoints: [taken],
          keyFile: null,
        });
        for (const line of lines) verifier.next(parseLogLine(line));
        verifier.end();
      }
      assert(files().length >= 2);
    }),
);

onEachBank(
  "a place that cannot be written is reported, and the bank goes on",
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
