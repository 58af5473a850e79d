import { assert, assertEquals } from "@std/assert";
import type { HistoryFilter } from "../../../lib/atm.ts";
import { historyEntriesExaminedMax, historyPageEntriesMax } from "../../../lib/limits.ts";
import type { AuditEntry, LogPlace, SealedEntry } from "../../../server/audit/entry.ts";
import { historyPage } from "../../../server/audit/history.ts";
import { findEntry } from "../../../server/audit/places.ts";
import { countingBytes, filled } from "../../lib/helpers.ts";
import { chainId, keyRing } from "../helpers/engine.ts";

const alice = filled(1, 16), bob = filled(2, 16);

/** Returns a log of plain entries, and a store that finds them as the real one does. */
function logOf(entries: (Partial<AuditEntry> & { mine?: boolean })[], settled: string[] = []) {
  const rows = entries.map((facts, index): { row: SealedEntry; entry: AuditEntry } => {
    const { mine = true, ...others } = facts;
    const row = {
      chain: 1,
      sequence: index + 1,
      epoch: 0,
      keyVersion: 1,
      who: mine ? alice : bob,
      commitment: filled(0, 32),
      sealed: filled(0, 0),
      tag: filled(0, 32),
    };
    const entry: AuditEntry = {
      who: mine ? "alice" : "bob",
      action: `action ${index + 1}`,
      timeMs: 1_000 * (index + 1),
      kind: "other",
      outcome: "ok",
      terminal: "lobby",
      ...others,
    };
    return { row, entry };
  });
  const store = {
    chains: () => [{ number: 1, id: chainId }],
    entriesOf: (who: readonly Uint8Array[], before: LogPlace | null, limit: number) =>
      rows.map(({ row }) => row).filter((row) => who.includes(row.who))
        .filter(({ sequence }) => before === null || sequence < before.sequence)
        .reverse().slice(0, limit),
    settledAmong: (movements: readonly string[]) => movements.filter((id) => settled.includes(id)),
  };
  const keys = {
    indexesOf: (who: string) => [who === "alice" ? alice : bob],
    open: ({ sequence }: SealedEntry) => rows[sequence - 1]!.entry,
  };
  const page = (filter: HistoryFilter = {}, cursor?: string) =>
    historyPage(store, keys, { customer: "alice", filter, cursor });
  const places = async (filter: HistoryFilter = {}) => {
    const found: number[] = [];
    let cursor: string | undefined;
    do {
      const { entries, cursor: next } = await page(filter, cursor);
      assert(entries.length <= historyPageEntriesMax);
      found.push(...entries.map(({ place }) => sequenceOf(place)));
      cursor = next;
    } while (cursor !== undefined);
    return found;
  };
  return { rows, page, places };
}

const sequenceOf = (place: string) => Number(place.replace(/^1\./, ""));
const downFrom = (last: number) => Array.from({ length: last }, (_, index) => last - index);

Deno.test("pages hold one customer's entries alone, newest first, none twice and none left out", async () => {
  for (const count of [0, 1, 19, 20, 21, 63, 64, 65, 200]) {
    const { places } = logOf(Array.from({ length: count }, () => ({})));
    assertEquals(await places(), downFrom(count), `${count} entries`);
  }
  const { places } = logOf(Array.from({ length: 150 }, (_, index) => ({ mine: index % 3 > 0 })));
  assertEquals(await places(), downFrom(150).filter((place) => (place - 1) % 3 > 0));
});

Deno.test("a cursor goes on where its page ended, though entries arrive meanwhile", async () => {
  const entries = Array.from({ length: 50 }, () => ({}));
  const { cursor } = await logOf(entries).page();
  const later = logOf([...entries, {}, {}, {}]);
  const { entries: older } = await later.page({}, cursor);
  assertEquals(older.map(({ place }) => sequenceOf(place)), downFrom(30).slice(0, 20));
});

Deno.test("a cursor that no page gave finds nothing it should not, and breaks nothing", async () => {
  const { page } = logOf(Array.from({ length: 5 }, (_, index) => ({ mine: index < 3 })));
  for (
    const cursor of [
      "",
      "x",
      "-1",
      "Infinity",
      "NaN",
      "__proto__",
      "5",
      "1.",
      "1.0",
      "0.3",
      "1.2.3",
    ]
  ) {
    assertEquals((await page({}, cursor)).entries, [], cursor);
  }
  assertEquals((await page({}, "1.999")).entries.length, 3);
});

Deno.test("filters narrow by kind, outcome, words and time", async () => {
  const { places } = logOf([
    { kind: "log-in", action: "log in" },
    { kind: "log-in", action: "log in failed - wrong credentials", outcome: "wrong_credentials" },
    { kind: "withdrawal", action: "withdraw €40.00", amount: 4_000n },
    { kind: "withdrawal", action: "withdraw €90.00 failed", outcome: "insufficient_funds" },
    { kind: "deposit", action: "deposit €5.00" },
    { kind: "other", action: "anything else" },
  ]);
  const table: [HistoryFilter, number[]][] = [
    [{}, [6, 5, 4, 3, 2, 1]],
    [{ kind: "withdrawal" }, [4, 3]],
    [{ kind: "money" }, [5, 4, 3]],
    [{ kind: "money", outcome: "done" }, [5, 3]],
    [{ kind: "log-in", outcome: "done" }, [1]],
    [{ outcome: "refused" }, [4, 2]],
    [{ text: "WITHDRAW €" }, [4, 3]],
    [{ text: ".*" }, []],
    [{ from: "1970-01-01T00:00:03Z" }, [6, 5, 4, 3]],
    [{ before: "1970-01-01T00:00:03Z" }, [2, 1]],
    [{ from: "1970-01-01T00:00:03Z", before: "1970-01-01T00:00:04.000Z" }, [3]],
    [{ kind: "deposit", text: "withdraw" }, []],
  ];
  for (const [filter, expected] of table) {
    assertEquals(await places(filter), expected, JSON.stringify(filter));
  }
});

Deno.test("an authorisation is shown while it is open, and not next to its settling", async () => {
  const hold = (movement: string): Partial<AuditEntry> => ({ movement, step: "authorise" });
  const refused: Partial<AuditEntry> = { ...hold("c"), outcome: "insufficient_funds" };
  const settling: Partial<AuditEntry> = { movement: "a", step: "settle" };
  const { places } = logOf([hold("a"), hold("b"), refused, settling], ["a", "c"]);
  assertEquals(await places(), [4, 3, 2]);
});

Deno.test("a rare word is looked for a bounded number of entries at a time", async () => {
  const count = historyEntriesExaminedMax + 500;
  const { page, places } = logOf([
    { action: "the rare one" },
    ...Array.from({ length: count }, () => ({})),
  ]);
  const first = await page({ text: "rare" });
  assertEquals(first.entries, []);
  assert(first.cursor !== undefined, "it says where to go on");
  assertEquals(await places({ text: "rare" }), [1]);
});

Deno.test("an entry is shown with its place, words, time, terminal and amount", async () => {
  const { page } = logOf([{ kind: "withdrawal", action: "withdraw €40.00", amount: 4_000n }]);
  assertEquals((await page()).entries, [{
    place: "1.1",
    action: "withdraw €40.00",
    kind: "withdrawal",
    outcome: "done",
    time: "1970-01-01T00:00:01.000Z",
    terminal: "lobby",
    amount: "4000",
    tag: "00".repeat(32),
  }]);
});

Deno.test("rows that a writer of the database has put in a customer's place show nothing", async () => {
  const [mine, bobs, zeroth] = ["alice", "bob", "alice"].map((who): AuditEntry => ({
    who,
    action: `withdraw by ${who}`,
    timeMs: 1_000,
    kind: "withdrawal",
    outcome: "ok",
    terminal: "lobby",
    movement: "0a",
    step: "settle",
  }));
  const sealedAt = (entry: AuditEntry, sequence: number, chain = 1): SealedEntry => ({
    chain,
    sequence,
    epoch: 0,
    keyVersion: 1,
    who: alice, // whichever customer it concerns
    ...keyRing.sealAll([entry], { chainId, sequence }, countingBytes())[0]!,
    tag: filled(sequence, 32),
  });
  const rows = [
    sealedAt(bobs!, 3),
    sealedAt(mine!, 2, 9), // of a chain that the bank does not have
    sealedAt(mine!, 1),
    sealedAt(zeroth!, 0), // sealed with stolen keys, where no check of the log looks
  ];
  const store = {
    chains: () => [{ number: 1, id: chainId }],
    entriesOf: () => rows,
    settledAmong: () => [],
  };
  const { entries } = await historyPage(store, keyRing, { customer: "alice", filter: {} });
  assertEquals(entries.map(({ place }) => place), ["1.1"]);
  const row = { movement: "0a", step: "settle" } as const;
  assertEquals((await findEntry(store, keyRing, { customer: "alice", ...row }))!.place, "1.1");
});
