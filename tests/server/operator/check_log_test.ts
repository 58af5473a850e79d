/**
 * A log that is checked in parts, in threads: the verdict is exactly that of one verifier
 * which follows it from its first line to its last.
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { systemFiles } from "../../../lib/system.ts";
import { endsEpoch, type SealedEntry } from "../../../server/audit/entry.ts";
import type { TrustedCheckpoint } from "../../../server/audit/checkpoint.ts";
import { leafOf } from "../../../server/audit/tree.ts";
import { RightEdge } from "../../../server/transparency/merkle.ts";
import { formatLogLine, parseLogLine } from "../../../server/audit/log_line.ts";
import { BadLog, type LogTrust, LogVerifier } from "../../../server/audit/verify.ts";
import { checkLog, linesOfFile, type SomeLines } from "../../../server/operator/check_log.ts";
import { LogParts } from "../../../server/operator/check_part.ts";
import { openCheckThreads } from "../../../server/operator/check_threads.ts";
import { filled } from "../../lib/helpers.ts";
import { chainId, ChainKeyInMemory, firstKey } from "../helpers/engine.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";
import { writtenLog } from "../helpers/written_log.ts";

const otherId = filled(0xd4, 16);
const otherKey = filled(0xd5, 32);
const log = await writtenLog(chainId, firstKey, 900);
const others = await writtenLog(otherId, otherKey, 250);
const lastEpoch = log.at(-1)!.epoch + 1;

/** Few, so that a short log has many parts. */
const partLines = 200;

const threads = (trust: LogTrust) => openCheckThreads(trust, 2, console.error);

const lineOf = (entry: SealedEntry) => formatLogLine(chainId, entry);
const lines = log.map(lineOf);
const trust: LogTrust = {
  firstKeys: [{
    chainId,
    key: firstKey,
    origin: "bank/0",
    checkpointKey: filled(0, 32),
    before: [],
  }],
  keyFile: [{
    chainId,
    epoch: lastEpoch,
    key: new Uint8Array(new ChainKeyInMemory(lastEpoch).key),
  }],
};

/** Where parts meet: the first line of each but the first. */
const seams = [...new LogParts(partLines).take(lines)].map((part) =>
  part.linesBefore + part.lines.length
);

async function* inPieces(text: readonly string[]): AsyncGenerator<SomeLines, void, void> {
  for (let at = 0; at < text.length; at += 70) {
    yield await Promise.resolve({ lines: text.slice(at, at + 70), of: text.length });
  }
}

async function verdictOf(check: () => Promise<number>): Promise<string> {
  try {
    return `${await check()} are good`;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return `${error.exitCode}: ${error.message}`;
  }
}

/** Returns the verdict on a log, which does not depend on how it is checked. */
async function verdict(text: readonly string[], trusted = trust): Promise<string> {
  const inOne = await verdictOf(() => {
    const verifier = new LogVerifier(trusted);
    for (const line of text) verifier.next(parseLogLine(line));
    verifier.end();
    return Promise.resolve(verifier.goodCount);
  });
  assertEquals(
    await verdictOf(() => checkLog(inPieces(text), trusted, threads, () => {}, partLines)),
    inOne,
  );
  return inOne;
}

Deno.test("a good log of many parts is good, and progress is counts in order", async () => {
  assertEquals(seams, [200, 400, 600, 800]);
  assertEquals(await verdict(lines), "900 are good");
  for (const count of [0, 1, ...seams.flatMap((seam) => [seam - 1, seam, seam + 1])]) {
    const text = lines.slice(0, count);
    const expected = count === 0 ? "1: the audit log is bad: chain c4c4c4c4 is missing" : (
      `1: the audit log is bad: chain c4c4c4c4: entry ${count + 1} is missing: ` +
      `the chain ends before it, in epoch ${
        log[count]!.epoch
      }, and its key is in epoch ${lastEpoch}`
    );
    assertEquals(await verdict(text), expected);
    if (count > 0) {
      assertEquals(await verdict(text, { ...trust, keyFile: null }), `${count} are good`);
    }
  }
  const counts: number[] = [];
  await checkLog(inPieces(lines), trust, threads, (done) => counts.push(done), partLines);
  assertEquals(counts, counts.toSorted((a, b) => a - b));
  assertEquals(counts.at(-1), 900);
});

Deno.test("whatever is wrong in whatever part is said in the words for the whole log", async () => {
  const spoil = (line: string) => line.replace(/.$/, (digit) => digit === "0" ? "1" : "0");
  const relabel = (index: number, change: Partial<SealedEntry>) =>
    lineOf({ ...log[index]!, ...change });
  const ends = log.flatMap((entry, index) => endsEpoch(entry) ? [index] : []);
  const bad = new Set<string>();
  for (
    const at of [
      0,
      seams[0]! - 1,
      seams[1]!,
      ends.find((end) => end > 400)!,
      lines.length - 1,
    ]
  ) {
    const spoiled: (string | string[])[] = [
      spoil(lines[at]!),
      "no line",
      "",
      [],
      [lines[at]!, lines[at]!],
      relabel(at, { epoch: log[at]!.epoch + 1 }),
      // what would keep a thread busy for years, if it trusted the length
      relabel(at, { epoch: 2 ** 32 - 1 }),
      relabel(at, { epoch: 0, sealed: new Uint8Array(0) }),
      relabel(at, { sequence: 10 ** 14 }),
      formatLogLine(otherId, log[at]!),
      lines.slice(at + 1, at + 2).concat(lines[at]!),
    ];
    for (const instead of spoiled) {
      const result = await verdict(lines.toSpliced(at, 1, ...[instead].flat()));
      if (!result.endsWith("good")) bad.add(result);
    }
  }
  assert(bad.size > 20, `${bad.size} words`);
  // whole parts that are good by themselves, in another order, twice, or not at all
  const [a, b, c] = [0, 200, 400].map((at) => lines.slice(at, at + 200));
  const rest = lines.slice(600);
  for (const parts of [[a, c, b], [a, b, b, c], [a, c], [b, c], [a, a, b, c]]) {
    const result = await verdict([...parts, rest].flat() as string[]);
    assert(result.startsWith("1: the audit log is bad"), result);
  }
  // of two that are bad the first is named, whichever thread is done first
  const twice = lines.with(599, "no line").with(202, spoil(lines[202]!));
  assert((await verdict(twice)).endsWith("entry 203 is not as it was written"));
});

Deno.test("chains that are mixed, checkpoints and receipts are held against every part", async () => {
  const both: LogTrust = {
    ...trust,
    firstKeys: [...trust.firstKeys, {
      chainId: otherId,
      key: otherKey,
      origin: "bank/1",
      checkpointKey: otherKey,
      before: [],
    }],
  };
  const mixed: string[] = [];
  let next = 0;
  lines.forEach((line, index) => {
    mixed.push(line);
    // the other chain comes late, and not in every part
    const comes = index > 100 && (index < 200 || index > 700) && next < others.length;
    if (comes) mixed.push(formatLogLine(otherId, others[next++]!));
  });
  assertEquals(next, 250);
  assertEquals(await verdict(mixed, both), "1150 are good");
  assertEquals(
    await verdict(mixed),
    "2: chain d4d4d4d4 cannot be checked: give its first key, too, with --first-key FILE,FILE",
  );
  for (const at of [150, 500, 950]) {
    assert((await verdict(mixed.toSpliced(at, 1), both)).startsWith("1: "));
  }

  const checkpointOf = (size: number, changed = 0, id = chainId): TrustedCheckpoint => {
    const edge = new RightEdge();
    for (const entry of (id === chainId ? log : others).slice(0, size)) edge.append(leafOf(entry));
    const root = edge.root();
    return { chainId: id, size, root: root.with(0, root[0]! ^ changed) };
  };
  const several = [1, 201, 200, 733, 900].map((size) => checkpointOf(size));
  several.push(checkpointOf(77, 0, otherId), checkpointOf(250, 0, otherId));
  assertEquals(await verdict(mixed, { ...both, checkpoints: several }), "1150 are good");
  for (const [index, spoiled] of several.entries()) {
    const root = spoiled.root.with(9, spoiled.root[9]! ^ 1);
    const one = several.with(index, { ...spoiled, root });
    const result = await verdict(mixed, { ...both, checkpoints: one });
    assert(
      result.endsWith(`first ${spoiled.size} entries are not those that the checkpoint lists`),
      result,
    );
  }
  for (const index of [0, 199, 200, 899]) {
    const good = { ...trust, checkpoints: [checkpointOf(index + 1)] };
    assertEquals(await verdict(lines, good), "900 are good");
    const result = await verdict(lines, { ...trust, checkpoints: [checkpointOf(index + 1, 1)] });
    const words = `its first ${index + 1} entries are not those that the checkpoint lists`;
    assert(result.endsWith(words), result);
    for (const chain of [1, 2]) {
      const entry = chain === 1 ? log[index]! : others[index % 250]!;
      const { sequence, tag } = entry;
      const receipt = { chain, sequence, tag };
      assertEquals(await verdict(mixed, { ...both, receipt }), "1150 are good");
      const forged = { ...receipt, tag: new Uint8Array(tag).with(5, tag[5]! ^ 1) };
      const unfit = await verdict(mixed, { ...both, receipt: forged });
      assertEquals(
        unfit,
        "1: the receipt does not fit the log: the entry at its place has another tag",
      );
    }
  }
  const nowhere = { chain: 2, sequence: 251, tag: filled(0, 32) };
  assertEquals(
    await verdict(mixed, { ...both, receipt: nowhere }),
    "1: the receipt does not fit the log: there is no entry at its place",
  );
});

Deno.test("a thread that ends is not taken for one that finds the log good", async () => {
  const broken = { firstKeys: null } as unknown as LogTrust;
  const reported: string[] = [];
  const open = () => openCheckThreads(broken, 2, (line) => reported.push(line));
  await assertRejects(() => checkLog(inPieces(lines), trust, open, () => {}, partLines));
  assert(reported[0]?.startsWith("a thread failed: "), reported[0]);
});

Deno.test("a byte order mark and another line end are not left out of a file's lines", () =>
  inTemporaryFolder(async (folder) => {
    const marked: [text: string, problem: string | null][] = [
      [`${lines[0]}\n${lines[1]}\n`, null],
      [`\ufeff${lines[0]}\n`, "line 1 is not an entry of a log"],
      [`${lines[0]}\n${lines[1]}\r\n`, "line 2 is not an entry of a log"],
    ];
    for (const [index, [text, problem]] of marked.entries()) {
      const path = `${folder}/${index}.txt`;
      await Deno.writeTextFile(path, text);
      const source = linesOfFile(systemFiles, path);
      const verdict = await verdictOf(() =>
        checkLog(source, { ...trust, keyFile: null }, threads, () => {})
      );
      assertEquals(
        verdict,
        problem === null ? "2 are good" : `1: the audit log is bad: ${problem}`,
      );
    }
  }));

Deno.test("a verifier goes forward alone", () => {
  const verifier = new LogVerifier(trust);
  const at = (index: number) => ({ lines: index, last: [{ chainId, entry: log[index]! }] });
  verifier.goOnAt(at(500));
  assertThrows(() => verifier.goOnAt(at(100)), BadLog, "it is of past epoch");
});
