/**
 * Merkle trees of RFC 6962, section 2.1, over SHA-256: roots, proofs of inclusion and of consistency.
 * Verifying follows RFC 9162, sections 2.1.3.2 and 2.1.4.2.
 */
import { type Bytes, equalInConstantTime } from "../../lib/bytes.ts";
import { sha256 } from "../../lib/hmac.ts";

const leafPrefix = new Uint8Array([0]);
const nodePrefix = new Uint8Array([1]);

/** Returns the hash of a leaf whose entry is these bytes. */
export function leafHash(...entry: readonly Uint8Array[]): Bytes {
  return sha256(leafPrefix, ...entry);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
  return sha256(nodePrefix, left, right);
}

/** Returns the root of a tree without leaves. */
export function emptyRoot(): Bytes {
  return sha256();
}

/**
 * Reads the root of a full subtree.
 * @param level its height: it has 2^level leaves
 * @param index its index among the subtrees of that height
 */
export type SubtreeReader = (level: number, index: number) => Promise<Uint8Array>;

/** A full subtree by its height and index. */
interface Subtree {
  level: number;
  index: number;
}

/**
 * The growing right edge of a tree: one hash for each 1 bit of its size. Appending a leaf costs one
 * node hash on average.
 */
export class RightEdge {
  #size = 0;
  /** By height, undefined if that bit of the size is 0. */
  readonly #hashes: (Uint8Array | undefined)[] = [];

  get size(): number {
    return this.#size;
  }

  /** Reads the right edge of a tree of this size. */
  static async read(size: number, subtree: SubtreeReader): Promise<RightEdge> {
    const edge = new RightEdge();
    for (const { level, index } of subtreesOf(0, size)) {
      edge.#hashes[level] = await subtree(level, index);
    }
    edge.#size = size;
    return edge;
  }

  /**
   * Appends one leaf, or a full subtree of this height.
   * @throws {RangeError} when a subtree of this height cannot follow here
   */
  append(hash: Uint8Array, level = 0): void {
    if (this.#size % 2 ** level !== 0) throw new RangeError("a subtree does not fit here");
    let [whole, at] = [hash, level];
    for (let left; (left = this.#hashes[at]); at++) {
      whole = nodeHash(left, whole);
      this.#hashes[at] = undefined;
    }
    this.#hashes[at] = whole;
    this.#size += 2 ** level;
  }

  root(): Bytes {
    return rootOf(this.#hashes.filter((hash) => hash !== undefined).reverse());
  }
}

/** Returns the root of a tree of this size. */
export async function treeRoot(size: number, subtree: SubtreeReader): Promise<Bytes> {
  return await rangeRoot(0, size, subtree);
}

/**
 * Returns the inclusion proof of a leaf: its siblings, from the leaf upwards.
 * @throws {RangeError} if the tree has no such leaf
 */
export async function inclusionProof(
  index: number,
  size: number,
  subtree: SubtreeReader,
): Promise<Bytes[]> {
  if (!(index >= 0 && index < size)) throw new RangeError("the tree has no such leaf");
  const proof: Bytes[] = [];
  for (let [start, end] = [0, size]; end - start > 1;) {
    const middle = start + splitOf(end - start);
    const isLeft = index < middle;
    proof.push(
      await (isLeft ? rangeRoot(middle, end, subtree) : rangeRoot(start, middle, subtree)),
    );
    if (isLeft) end = middle;
    else start = middle;
  }
  return proof.reverse();
}

/**
 * Returns the proof that the tree of `size` leaves begins with the tree of `first` leaves (RFC
 * 6962, 2.1.2).
 * @throws {RangeError} if it is smaller
 */
export async function consistencyProof(
  first: number,
  size: number,
  subtree: SubtreeReader,
): Promise<Bytes[]> {
  if (!(first >= 0 && first <= size)) throw new RangeError("the tree is smaller");
  if (first === 0 || first === size) return [];
  const proof: Bytes[] = [];
  let [start, end] = [0, size];
  while (end !== first) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      proof.push(await rangeRoot(middle, end, subtree));
      end = middle;
    } else {
      proof.push(await rangeRoot(start, middle, subtree));
      start = middle;
    }
  }
  // the verifier already has the old root if it is a subtree that begins at the first leaf
  if (start > 0) proof.push(await rangeRoot(start, end, subtree));
  return proof.reverse();
}

/** Returns whether a proof shows that the tree has the leaf at this index. */
export function provesInclusion(
  proof: readonly Uint8Array[],
  { index, leaf, size, root }: { index: number; leaf: Uint8Array; size: number; root: Uint8Array },
): boolean {
  if (!isPlace(index) || !isPlace(size) || index >= size) return false;
  let [node, last] = [index, size - 1];
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalInConstantTime(hash, root);
}

/** The size and root of a tree. */
export interface TreeHead {
  size: number;
  /** 32 bytes. */
  root: Uint8Array;
}

/** Returns whether a proof shows that the tree `second` begins with the tree `first`. */
export function provesConsistency(
  proof: readonly Uint8Array[],
  first: TreeHead,
  second: TreeHead,
): boolean {
  if (!isPlace(first.size) || !isPlace(second.size) || first.size > second.size) return false;
  if (first.size === second.size) {
    return proof.length === 0 && equalInConstantTime(first.root, second.root);
  }
  if (first.size === 0) return proof.length === 0 && equalInConstantTime(first.root, emptyRoot());
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const start = path.shift();
  if (!start) return false;
  let [node, last] = [first.size - 1, second.size - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [firstHash, secondHash] = [start, start];
  for (const hash of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      firstHash = nodeHash(hash, firstHash);
      secondHash = nodeHash(hash, secondHash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      secondHash = nodeHash(secondHash, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equalInConstantTime(firstHash, first.root) &&
    equalInConstantTime(secondHash, second.root);
}

/**
 * Returns the root of the leaves from `start` to before `end`; `start` is the left end of a
 * subtree.
 */
async function rangeRoot(start: number, end: number, subtree: SubtreeReader): Promise<Bytes> {
  const hashes = [];
  for (const { level, index } of subtreesOf(start, end)) hashes.push(await subtree(level, index));
  return rootOf(hashes);
}

/** Returns the full subtrees of a range, the largest first. */
function subtreesOf(start: number, end: number): Subtree[] {
  const found = [];
  for (let at = start; at < end;) {
    const level = Math.floor(Math.log2(end - at));
    found.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return found;
}

/** Returns the root over subtrees of decreasing heights. */
function rootOf(hashes: readonly Uint8Array[]): Bytes {
  const last = hashes.at(-1);
  if (!last) return emptyRoot();
  return new Uint8Array(
    hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last),
  );
}

/** Returns the largest power of two below n, for n > 1. */
function splitOf(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1));
}

const half = (n: number) => Math.floor(n / 2);
const isPlace = (n: number) => Number.isSafeInteger(n) && n >= 0;
const isPowerOfTwo = (n: number) => Number.isInteger(Math.log2(n));
