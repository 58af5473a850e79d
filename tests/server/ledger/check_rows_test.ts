/**
 * The first row that differs is found among very many: in whatever part of the sums it lies, and however
 * many rows differ with it.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { comparedRowsMax, digestPartsMax } from "../../../lib/limits.ts";
import type { SealedEntry } from "../../../server/audit/entry.ts";
import { canonicalMovement, canonicalSettings } from "../../../server/ledger/canonical.ts";
import { checkRows } from "../../../server/ledger/check_rows.ts";
import { type CheckKeys, Wrong } from "../../../server/ledger/checking.ts";
import { type Movement, noLimits, noStaff } from "../../../server/ledger/model.ts";
import type { ReadStore } from "../../../server/ledger/store.ts";
import { keyRing } from "../helpers/engine.ts";
import { settings } from "../helpers/small_bank.ts";
import { opening } from "../helpers/small_store.ts";
import { filled } from "../../lib/helpers.ts";

/** More than fit into one part each, and than are compared at once. */
const count = 3 * Math.max(digestPartsMax, comparedRowsMax);
const idAt = (index: number) => (index + 1).toString(16).padStart(32, "0");
const movementAt = (index: number): Movement => ({ ...opening, id: idAt(index) });

/** The log has each entry's row in clear. */
const keys: CheckKeys = {
  digestOf: (text) => keyRing.digestOf(text),
  openWithDigests({ sequence }) {
    const entry = {
      who: "bank",
      action: "x",
      timeMs: 1,
      kind: "other",
      outcome: "ok",
      terminal: "",
    };
    const row = loggedAt(sequence - 1);
    const { name, text } = row;
    return { entry: entry as never, digests: [{ name, digest: keys.digestOf(text) }] };
  },
};

/** The log has its entries in another order than the rows. */
const step = 7_919;
function loggedAt(index: number) {
  if (index === count) return canonicalSettings(settings);
  if (index > count) return { name: "limits", text: limitsText };
  return canonicalMovement(movementAt((index * step) % count));
}
const limitsText = `["limits",null,null,null,null]`;

/**
 * Returns a store of these movements, each where it should be, less what was done to it by hand.
 */
function storeOf(change: (row: Movement, index: number) => Movement[]): ReadStore {
  return {
    settings: () => settings,
    limits: () => noLimits,
    restoring: () => null,
    times: () => ({ lastMs: 0, clockMs: null, confirmed: null }),
    staff: () => noStaff,
    terminals: () => [],
    accountsAfter: () => [],
    customersAfter: () => [],
    movementsAfter(id: string, step: number, limit: number) {
      const rows: Movement[] = [];
      for (let index = parseInt(id, 16) - 1; index < count && rows.length < limit; index++) {
        if (index >= 0) rows.push(...change(movementAt(index), index));
      }
      return rows.filter((row) => row.id > id || (row.id === id && row.step > step));
    },
    chains: () => [{ number: 1, id: filled(1, 16) }],
    entriesAfter: (_: number, sequence: number, limit: number) =>
      Array.from(
        { length: Math.min(limit, count + 2 - sequence) },
        (_, index) => ({ chain: 1, sequence: sequence + index + 1, keyVersion: 1 }) as SealedEntry,
      ),
  } as unknown as ReadStore;
}

async function check(change: (row: Movement, index: number) => Movement[]): Promise<string> {
  const counts = { accounts: 0, movements: 0, entries: 0 };
  const error = await assertRejects(
    () => checkRows(storeOf(change), keys, counts, () => {}),
    Wrong,
  );
  return error.message.replace(/entry 1\.\d+/, "entry 1.N");
}

const changed = (at: ReadonlySet<number>) => (row: Movement, index: number) => [
  at.has(index) ? { ...row, amount: row.amount + 1n } : row,
];
const differs = (index: number) =>
  `row 1 of movement ${idAt(index)} differs from entry 1.N of the log`;

Deno.test("the first of many rows that differ is named, in whatever part it lies", async () => {
  const counts = { accounts: 0, movements: 0, entries: 0 };
  await checkRows(storeOf((row) => [row]), keys, counts, () => {});
  assertEquals(counts, { accounts: 0, movements: count, entries: count + 2 });
  for (const first of [0, digestPartsMax, 12_345, count - 1]) {
    const others = [Math.max(first, count - 2), count - 1];
    assertEquals(await check(changed(new Set([first, ...others]))), differs(first));
  }
  const all = new Set(Array.from({ length: count }, (_, index) => index));
  assertEquals(await check(changed(all)), differs(0));
});

Deno.test("of rows that are gone or made up, the first is named", async () => {
  const gone = (from: number) => (row: Movement, index: number) => index < from ? [row] : [];
  for (const from of [0, 5, count - 1]) {
    assertEquals(
      await check(gone(from)),
      `the log has row 1 of movement ${idAt(from)}, which is not in the books`,
    );
  }
  const made = (at: number) => (row: Movement, index: number): Movement[] =>
    index === at ? [row, { ...row, step: 2 }] : [row];
  for (const at of [0, 9_999, count - 1]) {
    assertEquals(await check(made(at)), `row 2 of movement ${idAt(at)} is not in the log`);
  }
});
