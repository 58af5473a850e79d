/** Merkle trees against the recursive definitions of RFC 6962, and proofs with anything changed. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, hex, utf8 } from "../../../lib/bytes.ts";
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  provesConsistency,
  provesInclusion,
  RightEdge,
  type SubtreeReader,
  treeRoot,
} from "../../../server/transparency/merkle.ts";

const leaves = Array.from({ length: 70 }, (_, index) => leafHash(utf8(`entry ${index}`)));

/** Computes MTH of RFC 6962, 2.1, as specified. */
function rootByDefinition(list: readonly Bytes[]): Bytes {
  if (list.length === 0) return emptyRoot();
  if (list.length === 1) return list[0]!;
  let split = 1;
  while (split * 2 < list.length) split *= 2;
  return nodeHash(rootByDefinition(list.slice(0, split)), rootByDefinition(list.slice(split)));
}

const subtree: SubtreeReader = (level, index) =>
  Promise.resolve(rootByDefinition(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));

Deno.test("roots are those of RFC 6962, however the tree is read", async () => {
  assertEquals(
    hex(emptyRoot()),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  assertEquals(
    hex(leafHash()),
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "the leaf of an empty entry",
  );
  const edge = new RightEdge();
  for (let size = 0; size <= leaves.length; size++) {
    const root = rootByDefinition(leaves.slice(0, size));
    assertEquals(await treeRoot(size, subtree), root);
    assertEquals(edge.root(), root);
    assertEquals(edge.size, size);
    const read = await RightEdge.read(size, subtree);
    assertEquals(read.root(), root);
    if (size === leaves.length) break;
    edge.append(leaves[size]!);
    read.append(leaves[size]!);
    assertEquals(read.root(), edge.root());
  }
});

Deno.test("each leaf of each tree has a proof, and no other leaf, index, size or root has it", async () => {
  let changed = 0;
  for (let size = 1; size <= 40; size++) {
    const root = await treeRoot(size, subtree);
    for (let index = 0; index < size; index++) {
      const leaf = leaves[index]!;
      const proof = await inclusionProof(index, size, subtree);
      assert(proof.length <= Math.ceil(Math.log2(size)));
      assert(provesInclusion(proof, { index, leaf, size, root }));
      const wrong = [
        { index: index + 1, leaf, size, root },
        { index: index - 1, leaf, size, root },
        { index: index + size, leaf, size, root },
        { index, leaf: leaves[index + 1]!, size, root },
        { index, leaf, size, root: flipped(root, index) },
        { index, leaf, size: index, root },
        { index: NaN, leaf, size, root },
        { index: index + 0.5, leaf, size, root },
      ];
      for (const each of wrong) assert(!provesInclusion(proof, each), JSON.stringify(each));
      const badProofs = [
        [...proof, leaf],
        [leaf, ...proof],
        ...proof.map((_, at) => proof.toSpliced(at, 1)),
        ...proof.map((hash, at) => proof.with(at, flipped(hash, at * 7))),
      ];
      for (const bad of badProofs) assert(!provesInclusion(bad, { index, leaf, size, root }));
      changed += wrong.length + badProofs.length;
    }
  }
  console.log(`${changed} changed proofs of inclusion, none of which proves anything`);
  await assertRejects(() => inclusionProof(3, 3, subtree), RangeError);
  await assertRejects(() => inclusionProof(-1, 3, subtree), RangeError);
});

Deno.test("each tree is proved to begin with each smaller one, and with no other", async () => {
  let changed = 0;
  for (let size = 0; size <= 40; size++) {
    const second = { size, root: await treeRoot(size, subtree) };
    for (let first = 0; first <= size; first++) {
      const before = { size: first, root: await treeRoot(first, subtree) };
      const proof = await consistencyProof(first, size, subtree);
      assert(proof.length <= Math.ceil(Math.log2(Math.max(size, 1))) + 1);
      assert(provesConsistency(proof, before, second), `${first} in ${size}`);
      const wrong = [
        [proof, { ...before, root: flipped(before.root, first) }, second],
        [proof, before, { ...second, root: flipped(second.root, first) }],
        [[...proof, leaves[0]!], before, second],
        ...proof.map((_, at) => [proof.toSpliced(at, 1), before, second] as const),
        ...proof.map((hash, at) => [proof.with(at, flipped(hash, at)), before, second] as const),
        ...(first < size ? [[proof, second, before] as const] : []),
      ] as const;
      for (const [bad, one, other] of wrong) {
        // the empty tree begins every tree: nothing is compared with the second root
        if (first === 0 && size > 0 && bad === proof && other !== second) continue;
        if (first === 0 && size > 0 && bad === proof && one === before) continue;
        assert(!provesConsistency(bad, one, other), `${first} in ${size}`);
      }
      changed += wrong.length;
    }
  }
  console.log(`${changed} changed proofs of consistency, none of which proves anything`);
  await assertRejects(() => consistencyProof(4, 3, subtree), RangeError);
});

function flipped(bytes: Uint8Array, bit: number): Bytes {
  const copy = new Uint8Array(bytes);
  copy[(bit >> 3) % copy.length]! ^= 1 << (bit & 7);
  return copy;
}
