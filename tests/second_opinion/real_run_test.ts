/** A running bank's checkpoints, receipts and proofs, verified by Go's own notes and trees. */
import { assertEquals } from "@std/assert";
import { systemFiles } from "../../lib/system.ts";
import { policyOf } from "../../server/operator/log_programs.ts";
import { newId, RunningBank } from "../server/helpers/running_bank.ts";
import { verifyReceipt } from "../../ui/receipt_page/verify_receipt.ts";
import { buildVerifier, type Cases, hasGo, verdictsOf } from "./go.ts";

const movements = 1_000;
const pairs = 100;

async function checkpointOf(running: RunningBank): Promise<string> {
  for await (const answer of running.operate({ command: "take_checkpoint" })) {
    if ("checkpoint" in answer) return answer.checkpoint;
  }
  throw new Error("no checkpoint");
}

async function receiptOf(running: RunningBank, reference: string, note: boolean): Promise<string> {
  for await (const answer of running.operate({ command: "read_receipt", reference, note })) {
    if ("receipt" in answer) return answer.receipt;
  }
  throw new Error("no receipt");
}

Deno.test({
  name: "Go verifies 1,000 receipts and proofs, and 100 pairs of trees, of a bank that ran",
  ignore: !hasGo(),
  fn: () =>
    RunningBank.with(async (running) => {
      const atm = await running.visit("alice");
      const places: string[] = [];
      const checkpoints: string[] = [];
      for (let at = 0; at < movements; at++) {
        const { logged } = await atm.authorise("withdrawal", newId(), "100");
        places.push(logged!.place);
        if (at % (movements / pairs) === 0) checkpoints.push(await checkpointOf(running));
      }
      const path = `${running.folder}-first.key`;
      Deno.writeTextFileSync(path, running.firstKey, { mode: 0o600 });
      const policy = policyOf(systemFiles, { firstKeys: [path], witnesses: [] });
      const logs = [...policy.matchAll(/^log (\S+)/gm)].map(([, key]) => key!);
      const last = await checkpointOf(running);
      const cases: Cases = {
        logs,
        witnesses: [],
        checkpoints: [...checkpoints, last],
        inclusions: [],
        consistency: [],
      };
      for (const first of checkpoints) {
        const size = Number(first.split("\n")[1]);
        const signer = running.bank.checkpoints;
        const proof = (await signer.consistency(size, signer.last!.size))!;
        assertEquals(signer.last!.note, last);
        cases.consistency.push({
          first,
          second: last,
          proof: proof.map((hash) => hash.toBase64()),
        });
      }
      for (const place of places) {
        const [receipt, proof] = [
          await receiptOf(running, place, true),
          await receiptOf(running, place, false),
        ];
        cases.inclusions.push({ receipt, proof });
        const { outcome } = await verifyReceipt([receipt, proof], policy, crypto.subtle);
        assertEquals(outcome, "logged", place);
      }
      const program = await buildVerifier(running.folder);
      assertEquals(await verdictsOf(program, cases), {
        checkpoints: cases.checkpoints.map(() => true),
        inclusions: Array(movements).fill(true),
        consistency: Array(pairs).fill(true),
      });
      const shifted = cases.inclusions.map(({ receipt }, at) => ({
        receipt,
        proof: cases.inclusions[(at + 1) % movements]!.proof,
      }));
      const turned = cases.consistency.map(({ first, second, proof }) => ({
        first: second,
        second: first,
        proof,
      }));
      const lies = { ...cases, inclusions: shifted, consistency: turned };
      assertEquals(await verdictsOf(program, lies), {
        checkpoints: cases.checkpoints.map(() => true),
        inclusions: Array(movements).fill(false),
        consistency: Array(pairs).fill(false),
      });
    }),
});
