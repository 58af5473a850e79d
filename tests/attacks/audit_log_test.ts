/**
 * A log of 1,000 entries, attacked in every place: by somebody who can write the database and the
 * files, and by a thief of the whole server with every key it holds. Each attack is noticed, and the
 * first bad entry named.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MacKey } from "../../lib/hmac.ts";
import { formatLogLine, type LogLine, parseLogLine } from "../../server/audit/log_line.ts";
import { chainTag, nextEpochKey } from "../../server/audit/chain.ts";
import { endsEpoch, epochEnd, type SealedEntry } from "../../server/audit/entry.ts";
import type { TrustedCheckpoint } from "../../server/audit/checkpoint.ts";
import { leafOf } from "../../server/audit/tree.ts";
import { RightEdge } from "../../server/transparency/merkle.ts";
import type { FirstKey } from "../../server/audit/first_key.ts";
import { BadLog, type LogTrust, LogVerifier } from "../../server/audit/verify.ts";
import { eachBitFlipped, filled } from "../lib/helpers.ts";
import { auditKeys, chainId, ChainKeyInMemory, firstKey } from "../server/helpers/engine.ts";
import { sealEntry } from "../server/helpers/seal_entry.ts";
import { writtenLog } from "../server/helpers/written_log.ts";

const count = 1_000;
const otherId = filled(0xd4, 16);
const otherKey = filled(0xd5, 32);

const log = await writtenLog(chainId, firstKey, count);
const others = await writtenLog(otherId, otherKey, count);
assertEquals([log.length, others.length], [count, count]);

const lastEpoch = log.at(-1)!.epoch + 1;
/** All that a thief of the server finds of the chain's key. */
const stolen = new ChainKeyInMemory(lastEpoch);
const firstKeys: FirstKey[] = [
  { chainId, key: firstKey, origin: "bank/0", checkpointKey: filled(0, 32), before: [] },
  { chainId: otherId, key: otherKey, origin: "bank/0", checkpointKey: filled(0, 32), before: [] },
];
const keptKey = (epoch: number, key: Uint8Array) => ({ chainId, epoch, key: new Uint8Array(key) });
const trust: LogTrust = {
  firstKeys: [firstKeys[0]!],
  keyFile: [keptKey(lastEpoch, stolen.key)],
};
/** Returns a checkpoint of the log up to this entry. */
function checkpointAt({ sequence }: SealedEntry): TrustedCheckpoint {
  const edge = new RightEdge();
  for (const entry of log.slice(0, sequence)) edge.append(leafOf(entry));
  return { chainId, size: sequence, root: edge.root() };
}

/** Returns a verifier that goes on behind the first `n` entries. */
function begun(n: number, trusted = trust): LogVerifier {
  const verifier = new LogVerifier(trusted);
  const last = log.slice(0, n).slice(-1).map((entry) => ({ chainId, entry }));
  verifier.goOnAt({ lines: n, last });
  return verifier;
}

/**
 * Returns what is wrong with a log that goes on with these entries, and how many were good before.
 */
function fate(
  verifier: LogVerifier,
  entries: Iterable<SealedEntry>,
  ends = true,
): [problem: string | null, goodCount: number] {
  try {
    // Through the text of the file, as it is read everywhere.
    for (const entry of entries) verifier.next(parseLogLine(formatLogLine(chainId, entry)));
    if (ends) verifier.end();
    return [null, verifier.goodCount];
  } catch (error) {
    if (!(error instanceof BadLog)) throw error;
    return [
      error.message.replace(/^the audit log is bad: chain [0-9a-f]{8}: /, ""),
      verifier.goodCount,
    ];
  }
}

/** How many attacks of each kind were noticed. */
const noticed = new Map<string, number>();

/**
 * Returns the log with these entries after the first `goodCount`: it must be found bad there, in
 * these words.
 */
function attack(
  kind: string,
  goodCount: number,
  entries: Iterable<SealedEntry>,
  words: RegExp,
): void {
  const [problem, good] = fate(begun(goodCount), entries);
  assert(problem !== null, `${kind} after ${goodCount} goes unnoticed`);
  assert(words.test(problem ?? ""), `${kind} after ${goodCount}: ${problem}`);
  assertEquals(good, goodCount, `${kind}: ${problem}`);
  noticed.set(kind, (noticed.get(kind) ?? 0) + 1);
}

const altered = (place: number) => new RegExp(`^entry ${place} is not as it was written$`);
const inPlaceOf = (place: number) => new RegExp(`entry ${place}\\b`);

function spoiled(bytes: Uint8Array, at: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at]! ^= 0x01;
  return copy;
}

Deno.test("the log itself is good", () => {
  assertEquals(fate(new LogVerifier(trust), log), [null, count]);
  for (let n = 0; n <= count; n++) {
    assertEquals(fate(begun(n), log.slice(n, n + 60), false), [null, Math.min(n + 60, count)]);
  }
});

Deno.test("every entry altered in any of its parts is noticed and named", () => {
  log.forEach((entry, index) => {
    const { sealed, who, commitment, tag, epoch, keyVersion } = entry;
    const alterations: Partial<SealedEntry>[] = [
      { tag: spoiled(tag, 0) },
      { tag: spoiled(tag, 31) },
      { who: spoiled(who, 15) },
      { commitment: spoiled(commitment, 0) },
      { commitment: spoiled(commitment, 31) },
      { epoch: epoch + 1 },
      { epoch: (epoch + 2 ** 32 - 1) % 2 ** 32 },
      { keyVersion: keyVersion + 1 },
    ];
    if (endsEpoch(entry)) alterations.push({ sealed: filled(0, 80) });
    else {
      for (const at of [0, 16, sealed.length - 1]) {
        alterations.push({ sealed: spoiled(sealed, at) });
      }
      alterations.push({ sealed: sealed.slice(0, -16) }, { sealed: new Uint8Array(0) });
    }
    for (const change of alterations) {
      attack("altered", index, [{ ...entry, ...change }], altered(index + 1));
    }
  });
  const { sealed } = log[123]!;
  for (const turned of eachBitFlipped(sealed)) {
    attack("one bit turned", 123, [{ ...log[123]!, sealed: turned }], altered(124));
  }
});

Deno.test("every entry dropped, doubled, inserted or swapped is noticed and named", () => {
  const renumbered = (entry: SealedEntry, sequence: number) => ({ ...entry, sequence });
  for (let index = 0; index < count; index++) {
    const place = index + 1;
    const entry = log[index]!;
    if (place < count) {
      const next = log[place]!;
      attack("dropped", index, [next], inPlaceOf(place));
      attack("dropped, the rest renumbered", index, [renumbered(next, place)], altered(place));
      attack("swapped with the next", index, [next, entry], inPlaceOf(place));
      attack("swapped, renumbered", index, [renumbered(next, place)], altered(place));
      const far = (index + 500) % count;
      attack("swapped far", index, [renumbered(log[far]!, place)], altered(place));
      attack("inserted", index, [{ ...entry, sealed: filled(0xff, 96) }], altered(place));
    }
    attack("doubled", place, [entry, ...log.slice(place)], inPlaceOf(place));
    attack("doubled, renumbered", place, [renumbered(entry, place + 1)], altered(place + 1));
  }
});

Deno.test("every truncation is noticed by the key that is there now, and by a checkpoint", () => {
  const byCheckpoint = { ...trust, keyFile: null, checkpoints: [checkpointAt(log.at(-1)!)] };
  assertEquals(fate(new LogVerifier(byCheckpoint), log), [null, count]);
  for (let length = 0; length < count; length++) {
    const words = length === 0 ? /is missing$/ : inPlaceOf(length + 1);
    attack("cut off, against the key file", length, [], words);
    const [problem] = fate(begun(length, byCheckpoint), []);
    assert(problem !== null && words.test(problem), `cut at ${length}: ${problem}`);
    noticed.set("cut off, against a checkpoint", length + 1);
  }
});

Deno.test("a key file made to fit a log that was cut off is noticed", () => {
  // Wherever within an epoch the log is cut, the key that would fit is that epoch's.
  for (let epoch = 0; epoch < lastEpoch; epoch++) {
    const cut = log.filter((entry) => entry.epoch < epoch);
    const forged = [keptKey(epoch, stolen.key)];
    const [problem] = fateOfAll(() => new LogVerifier({ ...trust, keyFile: forged }), cut);
    assertEquals(problem, `the key of epoch ${epoch} is not derived from the first key`);
    noticed.set("cut off, with a key file made to fit", epoch + 1);
  }
  const [problem] = fateOfAll(() => new LogVerifier({ ...trust, keyFile: [] }), log);
  assert(problem?.includes("has no key"), "a key file taken away");
});

/**
 * Works as `fate`, but from the verifier's making on, of the epoch's own end alone where that
 * suffices.
 */
function fateOfAll(make: () => LogVerifier, entries: SealedEntry[]): [string | null, number] {
  let verifier: LogVerifier | undefined;
  try {
    verifier = make();
  } catch (error) {
    if (!(error instanceof BadLog)) throw error;
    return [error.message.replace(/^the audit log is bad: (chain [0-9a-f]{8}: )?/, ""), 0];
  }
  return fate(verifier, entries);
}

Deno.test("splices of another server's log are noticed, and so is a server's log that is gone", () => {
  for (let index = 0; index < count; index++) {
    attack("spliced", index, [others[index]!], altered(index + 1));
  }
  const both = { firstKeys, keyFile: null };
  const mixed = new LogVerifier(both);
  log.forEach((entry, index) => {
    mixed.next({ chainId: otherId, entry: others[index]! });
    mixed.next({ chainId, entry });
  });
  mixed.end();
  assertEquals(mixed.goodCount, 2 * count, "two servers' logs are checked together");
  const [problem] = fate(new LogVerifier(both), log);
  assertMatch(problem!, /^the audit log is bad: chain d4d4d4d4 is missing/);
});

/**
 * Returns the tail from `index` on, written again with all that a thief has: entries that say
 * something else.
 */
function* rewritten(index: number, epochOf: (was: number) => number): Generator<SealedEntry> {
  const previous = log[index - 1];
  let tag: Uint8Array = previous?.tag ?? filled(0, 32);
  for (const entry of log.slice(index)) {
    const place = { chainId, sequence: entry.sequence };
    const epoch = epochOf(entry.epoch);
    const lie = {
      who: "alice",
      action: "nothing of the sort",
      timeMs: 1_000_000,
      kind: "other" as const,
      outcome: "ok" as const,
      terminal: "lobby",
    };
    const untagged = endsEpoch(entry) ? epochEnd(1, entry.sequence, epoch) : {
      ...entry,
      epoch,
      ...sealEntry(auditKeys, place, lie, filled(7, 16)),
    };
    tag = chainTag(new MacKey(stolen.key), tag, untagged);
    yield { ...untagged, tag };
  }
}

Deno.test("a tail rewritten with every key the server holds is noticed where it begins", () => {
  for (let index = 0; index < count; index++) {
    attack("tail rewritten", index, rewritten(index, (was) => was), altered(index + 1));
    attack(
      "tail rewritten as of now",
      index,
      rewritten(index, () => lastEpoch),
      altered(index + 1),
    );
  }
});

Deno.test("what is not claimed: within the present epoch a thief can rewrite, up to the last checkpoint", () => {
  // The thief comes while an epoch is open: it holds the key that its entries are chained with.
  const end = log.findIndex((entry) => entry.epoch === lastEpoch - 1);
  const key = log.reduce(
    (key, entry) => endsEpoch(entry) && entry.epoch < lastEpoch - 1 ? nextEpochKey(key) : key,
    firstKey as Uint8Array,
  );
  const open = { ...trust, keyFile: [keptKey(lastEpoch - 1, key)] };
  const entry: LogLine["entry"] = { ...log[end]!, sealed: filled(0, 80) };
  const forged = { ...entry, tag: chainTag(new MacKey(key), log[end - 1]!.tag, entry) };
  assertEquals(fate(begun(end, open), [forged]), [null, end + 1]);
  const checked = { ...open, checkpoints: [checkpointAt(log[end]!)] };
  assertEquals(
    fate(new LogVerifier(checked), [...log.slice(0, end), forged])[0],
    `its first ${end + 1} entries are not those that the checkpoint lists`,
  );
});

Deno.test("how many were tried", () => {
  const table = [...noticed].map(([kind, attacks]) => `${String(attacks).padStart(8)}  ${kind}`);
  const sum = noticed.values().reduce((total, attacks) => total + attacks, 0);
  console.log(
    [
      `A log of ${count} entries, each attack noticed:`,
      ...table,
      `${String(sum).padStart(8)}  in all`,
    ].join("\n"),
  );
  assert(sum > 25_000);
});
