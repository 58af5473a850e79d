/** A running bank's checkpoints, receipts and proofs, verified by Go's own notes and trees. */
import { assertEquals } from "@std/assert";
import { systemFiles } from "../../lib/system.ts";
import { logFilePath } from "../../server/folder/bank_folder.ts";
import { anotherChain, policyOf } from "../../server/operator/log_programs.ts";
import { newId, RunningBank } from "../server/helpers/running_bank.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { verifyReceipt } from "../../ui/receipt_page/verify_receipt.ts";
import { buildVerifier, type Cases, hasGo, verdictsOf } from "./go.ts";

const movements = 1_000;
const pairs = 100;
/** Receipts that are asked for at once. */
const together = 50;

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
      const { text: policy } = policyOf(systemFiles, { firstKeys: [path], witnesses: [] });
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
      for (let start = 0; start < movements; start += together) {
        const some = await Promise.all(
          places.slice(start, start + together).map(async (place) => {
            const [receipt, proof] = await Promise.all([
              receiptOf(running, place, true),
              receiptOf(running, place, false),
            ]);
            const { outcome } = await verifyReceipt([receipt, proof], policy, crypto.subtle);
            assertEquals(outcome, "logged", place);
            return { receipt, proof };
          }),
        );
        cases.inclusions.push(...some);
      }
      const program = await buildVerifier();
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

Deno.test({
  name:
    "Go rebuilds the trees of a bank's chains from its log's text, and finds every change in it",
  ignore: !hasGo(),
  fn: () =>
    RunningBank.with(async (running) => {
      const path = `${running.folder}-first.key`;
      Deno.writeTextFileSync(path, running.firstKey, { mode: 0o600 });
      const atm = await running.visit("alice");
      for (let at = 0; at < 20; at++) await atm.authorise("withdrawal", newId(), "100");
      const checkpoints = [await checkpointOf(running)];
      await atm.authorise("withdrawal", newId(), "100"); // which the next chain's first entry covers
      await running.stop();
      const firstKeyPath = `${running.folder}-second.key`;
      await anotherChain(bankWorld(), { path: running.folder, firstKeyPath, operator: "test" });
      await running.reopen();
      checkpoints.push(await checkpointOf(running));
      const { text: policy } = policyOf(systemFiles, {
        firstKeys: [path, firstKeyPath],
        witnesses: [],
      });
      const logs = [...policy.matchAll(/^log (\S+)/gm)].map(([, key]) => key!);
      const text = Deno.readTextFileSync(logFilePath(running.folder));
      const sizes = checkpoints.map((note) => Number(note.split("\n")[1]));
      const lines = text.split("\n").slice(0, -1);
      const ended = lines.findLastIndex((line) => line.startsWith(lines[0]!.slice(0, 32))) + 1;
      const covered = lines.slice(0, ended + sizes[1]!);
      const changes = covered.flatMap((line, at) =>
        [5, 6, 7].map((field) => {
          const fields = line.split(" ");
          if (fields[field] === "-") return [...covered.slice(0, at), ...covered.slice(at + 1)];
          fields[field] = fields[field]!.replace(/^./, (one) => one === "0" ? "1" : "0");
          return covered.with(at, fields.join(" "));
        })
      );
      const files = [lines, covered, covered.slice(0, -1), covered.slice(sizes[0]), ...changes]
        .map((each) => ({ text: `${each.join("\n")}\n`, checkpoints }));
      const cases = {
        logs,
        witnesses: [],
        checkpoints: [],
        inclusions: [],
        consistency: [],
        files,
      };
      const program = await buildVerifier();
      const { files: verdicts } = await verdictsOf(program, cases);
      assertEquals(verdicts, files.map((_, at) => at < 2));
      console.log(`${changes.length} changes of ${covered.length} lines, each found`);
    }),
});
