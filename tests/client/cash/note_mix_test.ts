import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { scarceNotesMax } from "../../../lib/limits.ts";
import {
  canGive,
  nearestAmounts,
  type NoteCounts,
  noteMix,
  noteMixes,
  plus,
  sparingMix,
  totalOf,
} from "../../../client/cash/note_mix.ts";

/**
 * Returns the fewest notes that make the amount, by trying every count of every note; null for
 * none.
 */
function fewestByTrying(
  notes: readonly (readonly [bigint, number])[],
  amount: bigint,
  notesMax: number,
): number | null {
  const [first, ...rest] = notes;
  if (amount === 0n) return 0;
  if (!first) return null;
  let fewest: number | null = null;
  for (let count = 0; count <= Math.min(first[1], notesMax); count++) {
    const left = amount - first[0] * BigInt(count);
    if (left < 0n) break;
    const more = fewestByTrying(rest, left, notesMax - count);
    if (more !== null && (fewest === null || count + more < fewest)) fewest = count + more;
  }
  return fewest;
}

const countOf = (notes: NoteCounts) => notes.values().reduce((sum, count) => sum + count, 0);

const anyNotes = fc.uniqueArray(
  fc.tuple(fc.constantFrom<bigint[]>(500n, 1000n, 1500n, 2000n, 3500n, 5000n, 700n), fc.nat(6)),
  { selector: ([value]) => value, maxLength: 4 },
);

Deno.test("a mix is found exactly when there is one, and it is of the fewest notes", () => {
  fc.assert(
    fc.property(anyNotes, fc.nat(250), fc.integer({ min: 1, max: 12 }), (notes, hundreds, max) => {
      const available = new Map(notes);
      const amount = BigInt(hundreds) * 100n;
      const mix = noteMix(available, amount, max);
      const fewest = amount === 0n ? null : fewestByTrying(notes, amount, max);
      assertEquals(mix && countOf(mix), fewest);
      if (!mix) return;
      assertEquals(totalOf(mix), amount);
      for (const [value, count] of mix) {
        assert(count > 0 && count <= available.get(value)!, `${count} of ${value}`);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("scarce notes are kept wherever the others make the amount", () => {
  const counts = fc.uniqueArray(
    fc.tuple(fc.constantFrom<bigint[]>(500n, 1000n, 2000n, 5000n), fc.integer({ min: 1, max: 14 })),
    { selector: ([value]) => value, minLength: 1, maxLength: 3 },
  );
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 60 }), (notes, fives) => {
      const amount = BigInt(fives) * 500n;
      const mix = sparingMix(new Map(notes), amount, 12);
      const plenty = notes.filter(([, count]) => count > scarceNotesMax);
      const spared = fewestByTrying(plenty, amount, 12);
      const fewest = spared ?? fewestByTrying(notes, amount, 12);
      assertEquals(mix && countOf(mix), fewest);
      if (mix) assertEquals(totalOf(mix), amount);
      if (spared !== null) {
        for (const value of mix!.keys()) {
          assert(plenty.some(([each]) => each === value), `${value}`);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("a mix needs no note that greed would take first", () => {
  assertEquals(noteMix(new Map([[5000n, 1], [2000n, 3]]), 6000n, 40), new Map([[2000n, 3]]));
  const mix = noteMix(new Map([[5000n, 2], [2000n, 9], [1000n, 0]]), 11000n, 40);
  assertEquals(mix, new Map([[5000n, 1], [2000n, 3]]));
});

Deno.test("amounts that no notes can make have no mix", () => {
  const available = new Map([[2000n, 10], [5000n, 10]]);
  for (const amount of [0n, -2000n, 1000n, 3000n, 4001n, 10n ** 15n]) {
    assertEquals(noteMix(available, amount, 40), null, `${amount}`);
  }
  assertEquals(noteMix(new Map(), 2000n, 40), null);
  assertEquals(noteMix(available, 8000n, 3), null);
});

Deno.test("the nearest amounts can be paid out, and nothing between them can", () => {
  fc.assert(
    fc.property(anyNotes, fc.integer({ min: 1, max: 120 }), (notes, hundreds) => {
      const available = new Map(notes);
      const amount = BigInt(hundreds) * 100n;
      const nearest = nearestAmounts(available, amount, 12);
      assert(nearest.length <= 2);
      for (const near of nearest) assert(near !== amount && noteMix(available, near, 12));
      const below = nearest.find((near) => near < amount);
      const above = nearest.find((near) => near > amount);
      for (let other = (below ?? 0n) + 100n; other < (above ?? 20_000n); other += 100n) {
        if (other !== amount) assertEquals(noteMix(available, other, 12), null, `${other}`);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("mixes to choose among: the usual one, then ones without its largest notes", () => {
  const available = new Map([[5000n, 20], [2000n, 20], [1000n, 20]]);
  assertEquals(noteMixes(available, 18_000n, 40), [
    new Map([[5000n, 3], [2000n, 1], [1000n, 1]]),
    new Map([[2000n, 9]]),
    new Map([[1000n, 18]]),
  ]);
  assertEquals(noteMixes(available, 1_000n, 40), [new Map([[1000n, 1]])]);
  assertEquals(noteMixes(available, 18_000n, 9).length, 2, "no more notes than fit");
  assertEquals(noteMixes(available, 1_500n, 40), []);
  fc.assert(
    fc.property(anyNotes, fc.integer({ min: 1, max: 120 }), (notes, hundreds) => {
      const amount = BigInt(hundreds) * 100n;
      const mixes = noteMixes(new Map(notes), amount, 12);
      for (const mix of mixes) assert(canGive(new Map(notes), mix, amount, 12));
      const first = sparingMix(new Map(notes), amount, 12);
      assertEquals(mixes[0] ?? null, first);
      const largest = mixes.map((mix) => Number([...mix.keys()].reduce((a, b) => a > b ? a : b)));
      assertEquals(largest, largest.toSorted((a, b) => b - a));
      assertEquals(new Set(largest).size, largest.length, "each is another one");
    }),
    { numRuns: 500 },
  );
});

Deno.test("a mix that is chosen must make the amount of what is at hand", () => {
  const available = new Map([[5000n, 1], [2000n, 3]]);
  const rows: [notes: [bigint, number][], amount: bigint, may: boolean][] = [
    [[[2000n, 2]], 4_000n, true],
    [[[2000n, 2]], 6_000n, false],
    [[[2000n, 4]], 8_000n, false],
    [[[1000n, 4]], 4_000n, false],
    [[[5000n, 1], [2000n, -1]], 3_000n, false],
    [[], 0n, true],
  ];
  for (const [notes, amount, may] of rows) {
    assertEquals(canGive(available, new Map(notes), amount, 3), may, `${amount}`);
  }
  assertEquals(canGive(available, new Map([[2000n, 3]]), 6_000n, 2), false, "too many notes");
});

Deno.test("notes are added and taken away by count", () => {
  const notes = new Map([[2000n, 3], [5000n, 1]]);
  assertEquals(totalOf(notes), 11000n);
  assertEquals(plus(notes, new Map([[1000n, 2]])), new Map([[2000n, 3], [5000n, 1], [1000n, 2]]));
  assertEquals(plus(notes, new Map([[5000n, 1]]), -1), new Map([[2000n, 3]]));
});
