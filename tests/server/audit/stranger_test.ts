/** Receipts and proofs of a running bank, checked by the verifier that shares no code with it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { hex } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { systemFiles } from "../../../lib/system.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { headsOfStart } from "../../../server/audit/heads.ts";
import { treesPath } from "../../../server/folder/bank_folder.ts";
import { anotherChain, policyOf } from "../../../server/operator/log_programs.ts";
import { verifyReceipt } from "../../../ui/receipt_page/verify_receipt.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";
import { bankWorld } from "../helpers/world.ts";

async function receipt(running: RunningBank, reference: string, note: boolean): Promise<string> {
  const answers = running.operate({ command: "read_receipt", reference, note });
  for await (const answer of answers) if ("receipt" in answer) return answer.receipt;
  throw new Error("no receipt");
}

/** Returns the policy of the bank's chains, from their first keys' texts. */
function policyFrom(running: RunningBank, ...texts: string[]): string {
  const paths = texts.map((text, index) => {
    const path = `${running.folder}-first-${index}.key`;
    Deno.writeTextFileSync(path, text, { mode: 0o600 });
    return path;
  });
  return policyOf(systemFiles, { firstKeys: paths, witnesses: [] }).text;
}

const outcome = async (texts: string[], policy: string) =>
  (await verifyReceipt(texts, policy, crypto.subtle)).outcome;

onEachBank(
  "a stranger checks a receipt and its proof, by place and by movement; another entry's fit neither",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const movement = newId();
      const { logged } = await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "complete", movement, amount: "4000" });
      const refused = await atm.authorise("withdrawal", newId(), "99900000");
      const policy = policyFrom(running, running.firstKey);
      const place = refused.logged!.place;
      const [note, proof] = [
        await receipt(running, place, true),
        await receipt(running, place, false),
      ];
      assert(note.includes("withdraw €999,000.00 failed - insufficient funds | "), note);
      assert(!note.includes("alice") && !proof.includes("alice"));
      assertEquals(await outcome([note], policy), "signed");
      assertEquals(await outcome([proof], policy), "logged");
      assertEquals(await outcome([note, proof], policy), "logged");
      const other = await receipt(running, logged!.place, false);
      assertEquals(await outcome([note, other], policy), "refused");
      const settled = await receipt(running, movement, true);
      assert(settled.includes("withdraw €40.00 | "), settled);
      assert(settled.includes(`\n${movement}\n`));

      const stranger = policyFrom(running, running.firstKey).replace("test-bank", "other-bank");
      assertEquals(await outcome([note], stranger), "refused");
      await assertRejects(() => receipt(running, "1.1", true), UsageError, "are for movements");
      assertEquals(await outcome([await receipt(running, "1.1", false)], policy), "logged");
      for (const none of ["1.9999", "9.1", "nothing", newId(), "1.0"]) {
        await assertRejects(() => receipt(running, none, false), UsageError, "has no entry");
      }
    }),
);

onEachBank(
  "a checkpoint is durable before it is given out, and no other tree of its origin is ever signed",
  (withBank) =>
    withBank(async (running) => {
      const sign = async () => {
        for await (const answer of running.operate({ command: "take_checkpoint" })) {
          if ("checkpoint" in answer) return answer.checkpoint;
        }
      };
      const first = await sign();
      const { origin } = parseFirstKey(running.firstKey, "first key");
      const path = `${treesPath(running.folder)}/${origin.split("/")[1]}.checkpoint`;
      assertEquals(Deno.readTextFileSync(path), first);
      await running.reopen();
      const second = await sign();
      assertEquals(Deno.readTextFileSync(path), second);
      assert(second !== first);
      // a database that is not the one whose checkpoint was signed
      const [size, root] = second!.split("\n").slice(1);
      Deno.writeTextFileSync(path, second!.replace(`\n${size}\n`, `\n${Number(size) + 500}\n`));
      await running.reopen();
      await assertRejects(sign, UsageError, "nothing is signed");
      Deno.writeTextFileSync(
        path,
        second!.replace(root!, root!.replace(/^./, (one) => one === "A" ? "B" : "A")),
      );
      await running.reopen();
      await assertRejects(sign, UsageError, "nothing is signed");
      Deno.writeTextFileSync(path, second!);
      await running.reopen();
      assert(await sign());
    }),
);

onEachBank(
  "an earlier chain's entries are proved by its last checkpoint and signed by the next chain, which shows where it ended",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const { logged } = await atm.authorise("withdrawal", newId(), "4000");
      await receipt(running, logged!.place, false); // signs a checkpoint
      const late = await atm.authorise("withdrawal", newId(), "5000");
      const promised = await receipt(running, late.logged!.place, true);
      await running.stop();
      const { folder, url } = running;
      const firstKeyPath = `${folder}-second.key`;
      const request = { path: folder, firstKeyPath, operator: "test", ...(url && { url }) };
      await anotherChain(bankWorld(), request);
      await running.reopen();
      const policy = policyFrom(running, running.firstKey, Deno.readTextFileSync(firstKeyPath));
      assertEquals(
        policyOf(systemFiles, { firstKeys: [firstKeyPath], witnesses: [] }).missing,
        [parseFirstKey(running.firstKey, "first key").origin],
        "a policy without the ended log",
      );
      assertEquals(await outcome([await receipt(running, logged!.place, false)], policy), "logged");
      const proof = await receipt(running, late.logged!.place, false);
      const again = await receipt(running, late.logged!.place, true);
      const shown = await (await running.visit("alice")).ask({
        op: "receipt",
        place: late.logged!.place,
      });
      assertEquals(shown.receipt, again, "at an ATM, too");
      for (const note of [promised, again]) {
        assertEquals(await outcome([note], policy), "signed");
        assertEquals(await outcome([note, proof], policy), "logged");
      }
      assert(again !== promised && again.split("\n\n")[0] === promised.split("\n\n")[0]);
      const checkpoint = proof.slice(proof.indexOf("\n\n") + 2);
      const [origin, size] = checkpoint.split("\n");
      const named = running.bank.ledger.read;
      const [start] = headsOfStart((await named.entriesAfter(2, 0, 1))[0]!)!;
      assertEquals([origin!.split("/")[1], Number(size)], [hex(start!.id), start!.sequence]);
      const later = await receipt(running, "2.1", false);
      const { findings, outcome: result } = await verifyReceipt(
        [promised, later],
        policy,
        crypto.subtle,
      );
      assertEquals(result, "signed");
      assert(findings.some(({ kind }) => kind === "proved"));
    }),
);
