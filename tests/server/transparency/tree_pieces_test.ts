/** A tree that is hashed in parts has the roots of the whole. */
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes.ts";
import { leafHash, RightEdge } from "../../../server/transparency/merkle.ts";
import { PieceHasher, PieceJoiner } from "../../../server/transparency/tree_pieces.ts";

const leaves = Array.from({ length: 200 }, (_, index) => leafHash(utf8(`${index}`)));

Deno.test("parts of any length give the roots of the whole tree, at each size asked for", () => {
  for (let round = 0; round < 300; round++) {
    const cuts = Array.from({ length: 1 + round % 5 }, (_, k) => (round * 37 + k * 53) % 201);
    const sizes = new Set([0, 200, (round * 13) % 201, (round * 29) % 201]);
    const bounds = [...new Set([0, ...cuts, 200])].sort((a, b) => a - b);
    const joiner = new PieceJoiner(sizes);
    let most = 0;
    for (let part = 0; part + 1 < bounds.length; part++) {
      const hasher = new PieceHasher(bounds[part]!, sizes);
      for (const leaf of leaves.slice(bounds[part], bounds[part + 1])) hasher.append(leaf);
      for (const piece of hasher.finish()) {
        most = Math.max(most, piece.subtrees.length);
        joiner.take(piece);
      }
    }
    for (const size of sizes) {
      const edge = new RightEdge();
      for (const leaf of leaves.slice(0, size)) edge.append(leaf);
      assertEquals(joiner.rootAt(size), edge.root(), `${size} of parts at ${bounds}`);
    }
    assertEquals(most <= 16, true);
  }
});

Deno.test("a missing part is an error, not another root", () => {
  const hasher = new PieceHasher(4, new Set());
  for (const leaf of leaves.slice(4, 8)) hasher.append(leaf);
  const [piece] = hasher.finish();
  assertThrows(() => new PieceJoiner(new Set()).take(piece!), RangeError);
  const odd = new PieceHasher(3, new Set());
  odd.append(leaves[3]!);
  assertThrows(() => new PieceJoiner(new Set()).take(odd.finish()[0]!), RangeError);
  assertThrows(() => {
    const edge = new RightEdge();
    edge.append(leaves[0]!);
    edge.append(leaves[1]!, 1);
  }, RangeError);
});
