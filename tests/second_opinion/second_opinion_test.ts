/** Go's own packages verify 1,000 receipts and 100 pairs of trees of the bank's code, and refuse lies. */
import { assertEquals } from "@std/assert";
import { formatVerifierKey, verifierKeyOf } from "../../server/transparency/note.ts";
import { filled } from "../lib/helpers.ts";
import { SmallLog, witnessSigners } from "../server/transparency/small_log.ts";
import { buildVerifier, type Cases, hasGo, verdictsOf } from "./go.ts";

const size = 3_000;
const log = new SmallLog(size);
const other = new SmallLog(40, filled(0x22, 16));
const keys = {
  logs: [log.key, other.key],
  witnesses: witnessSigners.map((signer) => formatVerifierKey(verifierKeyOf(signer))),
};

const by = [1, 2, 3];

/** A text with one bit of the character at `at` flipped, so that it stays printable. */
const flippedAt = (text: string, at: number) =>
  text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1);

Deno.test({
  name: "Go verifies every checkpoint, 1,000 receipts with their proofs and 100 pairs of trees",
  ignore: !hasGo(),
  async fn() {
    const cases: Cases = { ...keys, checkpoints: [], inclusions: [], consistency: [] };
    for (let at = 0; at <= 100; at++) {
      cases.checkpoints.push(await log.checkpoint(Math.min(at * at, size), by));
    }
    for (let at = 0; at < 1_000; at++) {
      const index = at * 2 + (at % 2);
      const proof = await log.proof(index, index + 1 + (at * 7) % (size - index));
      cases.inclusions.push({ receipt: log.receipt(index), proof });
    }
    for (let at = 0; at < 100; at++) {
      const [first, second] = [1 + at * 13, 1 + at * 13 + (at * 17) % (size - at * 13)];
      cases.consistency.push({
        first: await log.checkpoint(first, by),
        second: await log.checkpoint(second, by),
        proof: (await log.consistency(first, second)).map((hash) => hash.toBase64()),
      });
    }
    const verdicts = await verdictsOf(await buildVerifier(), cases);
    assertEquals(verdicts, {
      checkpoints: Array(101).fill(true),
      inclusions: Array(1_000).fill(true),
      consistency: Array(100).fill(true),
    });
  },
});

Deno.test({
  name: "Go refuses what was tampered with, another entry's proof, and trees that do not fit",
  ignore: !hasGo(),
  async fn() {
    const program = await buildVerifier();
    const good = { receipt: log.receipt(5), proof: await log.proof(5) };
    const checkpoint = await log.checkpoint(900, by);
    const consistency = {
      first: await log.checkpoint(700, by),
      second: checkpoint,
      proof: (await log.consistency(700, 900)).map((hash) => hash.toBase64()),
    };
    const signed = checkpoint.indexOf("\n\n");
    const first = good.proof.split("\n");
    const siblings = first.findIndex((line) => line.startsWith("index ")) + 1;
    const cases: Cases = {
      ...keys,
      checkpoints: [
        await log.checkpoint(900, [1, 3]),
        ...[0, 20, signed - 3].map((at) => flippedAt(checkpoint, at)),
        // two characters before padding, whose unused bits Go does not read
        ...checkpoint.split("\n").flatMap((line, at, lines) =>
          line.startsWith("\u2014")
            ? [lines.with(at, flippedAt(line, line.length - 8)).join("\n")]
            : []
        ),
      ],
      inclusions: [
        { ...good, receipt: flippedAt(good.receipt, 30) },
        { ...good, receipt: log.receipt(6) },
        { ...good, receipt: log.receipt(5, { as: 6 }) },
        { ...good, receipt: other.receipt(5) },
        { ...good, proof: await log.proof(6) },
        { ...good, proof: await other.proof(5) },
        { ...good, proof: first.toSpliced(siblings, 1).join("\n") },
        { ...good, proof: first.toSpliced(siblings, 0, first[siblings]!).join("\n") },
        { ...good, proof: first.with(siblings, flippedAt(first[siblings]!, 4)).join("\n") },
        { ...good, proof: first.with(1, flippedAt(first[1]!, 10)).join("\n") },
      ],
      consistency: [
        { ...consistency, first: await log.checkpoint(701, by) },
        { ...consistency, first: await other.checkpoint(30, by) },
        { ...consistency, second: await log.checkpoint(901, by) },
        { ...consistency, first: consistency.second, second: consistency.first },
        { ...consistency, proof: consistency.proof.slice(1) },
        { ...consistency, proof: consistency.proof.with(0, flippedAt(consistency.proof[0]!, 4)) },
      ],
    };
    const honest = {
      ...keys,
      checkpoints: [checkpoint],
      inclusions: [good],
      consistency: [consistency],
    };
    assertEquals(await verdictsOf(program, honest), {
      checkpoints: [true],
      inclusions: [true],
      consistency: [true],
    });
    assertEquals(await verdictsOf(program, cases), {
      checkpoints: cases.checkpoints.map(() => false),
      inclusions: cases.inclusions.map(() => false),
      consistency: cases.consistency.map(() => false),
    });
  },
});
