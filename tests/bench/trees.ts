/** The trees above the log: their part of appending and of checking, and proofs of logs of many entries. */
import { encode } from "uqr";
import { codeText } from "../../ui/page/parts/qr_code.ts";
import { utf8 } from "../../lib/bytes.ts";
import { logChunkEntries } from "../../lib/limits.ts";
import type { SealedEntry } from "../../server/audit/entry.ts";
import { LogTree } from "../../server/audit/log_tree.ts";
import { parseLogLine } from "../../server/audit/log_line.ts";
import { leafOf } from "../../server/audit/tree.ts";
import { type LogTrust, LogVerifier } from "../../server/audit/verify.ts";
import { signCheckpoint } from "../../server/transparency/checkpoint.ts";
import { cosign } from "../../server/transparency/cosignature.ts";
import { parseNote, signatureTypes } from "../../server/transparency/note.ts";
import { formatProof } from "../../server/transparency/proof.ts";
import { commitmentOf, proofExtra, signReceipt } from "../../server/transparency/receipt.ts";
import { PieceHasher } from "../../server/transparency/tree_pieces.ts";
import { filled } from "../lib/helpers.ts";
import { sha256 } from "../../lib/hmac.ts";
import { computedUs } from "./growing_log.ts";
import { type Bench, median } from "./harness.ts";

const origin = "first-bank/101112131415161718191a1b1c1d1e1f";
const signer = { name: origin, type: signatureTypes.note, secretKey: filled(1, 32) };
const opening = {
  w: sha256(filled(2, 8)),
  salt: filled(3, 16),
  text: "withdraw €40.00 | 2026-11-28T18:03:05.250Z",
};

/**
 * Measures the computing of the commitments and of the leaves in turn with appending and checking.
 * @param append appends so many entries; returns the microseconds of computing for each
 * @param lines of a log that `trust` verifies
 */
export async function benchTreeParts(
  bench: Bench,
  append: (count: number) => Promise<number>,
  count: number,
  lines: readonly string[],
  trust: LogTrust,
): Promise<void> {
  const rounds = bench.size(9, 1);
  const [appended, checked]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const whole = await append(count) * count;
    const part = computing(() => {
      for (let index = 0; index < count; index++) {
        sha256(opening.salt, utf8("customer-1"));
        commitmentOf(opening);
      }
    });
    appended.push(100 * part / (whole - part));
    const verifier = new LogVerifier(trust);
    const all = computing(() => lines.forEach((line) => verifier.next(parseLogLine(line))));
    const parsed = lines.map((line) => parseLogLine(line)!.entry);
    const hasher = new PieceHasher(0, new Set());
    const tree = computing(() => parsed.forEach((entry) => hasher.append(leafOf(entry))));
    checked.push(100 * tree / all);
  }
  bench.each({ id: "audit.tree.append", unit: "% more computing to append" }, appended);
  bench.each({
    id: "audit.tree.verify",
    unit: "% more computing to check, against a checkpoint of all of it",
  }, checked);
}

function computing(work: () => void): number {
  const before = computedUs();
  work();
  return computedUs() - before;
}

/** Measures proofs of logs of these sizes, whose entries are made as they are read. */
export async function benchProofs(bench: Bench): Promise<void> {
  const sizes = [10_000, bench.size(1_000_000, 20_000), bench.size(1_000_000, 20_000, 10_000_000)];
  for (const size of new Set(sizes)) await benchProof(bench, size);
  const receipt = signReceipt({
    ...{
      ...opening,
      terminal: "main-station-lobby",
      reference: "0123456789abcdef".repeat(2),
      origin,
    },
    index: 9_999_999,
  }, signer);
  const link = codeText(receipt, "https://first-bank.example/receipt");
  for (const [name, text] of [["receipt", receipt], ["link", link]] as const) {
    const { version } = encode(text, { ecc: "L" });
    bench.each({ id: `audit.${name}.bytes`, unit: "bytes" }, [utf8(text).length]);
    bench.each({ id: `audit.${name}.version`, unit: "version of the QR code" }, [version]);
  }
}

async function benchProof(bench: Bench, size: number): Promise<void> {
  const { tree, hashed, growth } = await treeOf(size);
  bench.each({ id: `audit.tree.${size}.read`, unit: "µs an entry, read into the tree" }, [hashed]);
  bench.each({ id: `audit.tree.${size}.memory`, unit: "MB more" }, [growth]);
  const root = new Uint8Array(await tree.root(size));
  const times: number[] = [];
  let siblings: Uint8Array[] = [];
  for (let done = 0; done < bench.size(50, 3); done++) {
    const index = Math.floor(size * (done + 0.5) / 60);
    const startMs = performance.now();
    siblings = await tree.inclusionProof(index, size);
    times.push(performance.now() - startMs);
  }
  bench.each({ id: `audit.tree.${size}.proof`, unit: "ms a proof" }, times);
  const note = signCheckpoint({ size, root }, signer);
  const { text } = parseNote(note)!;
  for (const witnesses of [0, 1, 3]) {
    const lines = Array.from({ length: witnesses }, (_, index) =>
      cosign(text, 1_795_889_045, {
        name: `witness.example/${index + 1}`,
        type: signatureTypes.cosignature,
        secretKey: filled(index, 32),
      }));
    const proof = formatProof({
      extra: proofExtra(filled(4, 32), opening),
      index: size - 1,
      siblings,
      checkpoint: note + lines.join(""),
    });
    bench.each(
      { id: `audit.tree.${size}.bytes.${witnesses}`, unit: `bytes, ${witnesses} cosignatures` },
      [utf8(proof).length],
    );
    const { version } = encode(proof, { ecc: "L" });
    bench.each({ id: `audit.tree.${size}.version.${witnesses}`, unit: "version of its QR code" }, [
      version,
    ]);
  }
}

/** Returns the tree of made entries, what reading took, and how much memory it holds. */
async function treeOf(size: number) {
  const sealed = filled(5, 200);
  const entryOf = (sequence: number): SealedEntry => ({
    ...{ chain: 1, sequence, epoch: 0, keyVersion: 1, who: filled(0, 16) },
    ...{ commitment: opening.w, sealed, tag: sha256(utf8(`${sequence}`)) },
  });
  const store = {
    entriesAfter: (_: number, after: number, limit: number) =>
      Promise.resolve(
        Array.from(
          { length: Math.max(0, Math.min(limit, size - after)) },
          (_, index) => entryOf(after + index + 1),
        ),
      ),
  };
  const chunks = Array.from({ length: Math.min(20, size / logChunkEntries) }, (_, index) => index);
  const making = [];
  for (const chunk of chunks) {
    const before = computedUs();
    await store.entriesAfter(1, chunk * logChunkEntries, logChunkEntries);
    making.push((computedUs() - before) / logChunkEntries);
  }
  const file = { readAt: () => 0, writeAt: () => {}, bytes: () => 0 };
  const tree = new LogTree(store, 1, file, 0);
  const before = Deno.memoryUsage().heapUsed + Deno.memoryUsage().external;
  const startUs = computedUs();
  await tree.readOn();
  const hashed = (computedUs() - startUs) / size - median(making);
  const after = Deno.memoryUsage().heapUsed + Deno.memoryUsage().external;
  return { tree, hashed: Math.max(0, hashed), growth: Math.max(0, after - before) / 2 ** 20 };
}
