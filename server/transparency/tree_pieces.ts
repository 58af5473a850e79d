/**
 * Parts of a tree that are hashed apart, by threads that each see some of its leaves, and put together
 * afterwards. A part is kept as full subtrees, about twice the logarithm of its length.
 */
import { emptyRoot, nodeHash, RightEdge } from "./merkle.ts";

/** Leaves one after the other, as full subtrees in order: plain values, which cross threads. */
export interface TreePiece {
  /** How many leaves the tree has with this piece. */
  end: number;
  subtrees: { level: number; hash: Uint8Array }[];
}

/** Hashes the leaves from some place on, into pieces that end at given sizes and at the last leaf. */
export class PieceHasher {
  readonly #pieces: TreePiece[] = [];
  #subtrees: TreePiece["subtrees"] = [];
  #end: number;

  /**
   * @param start how many leaves come before
   * @param sizes where a piece ends, so that the root there can be had
   */
  constructor(start: number, private readonly sizes: ReadonlySet<number>) {
    this.#end = start;
  }

  append(leaf: Uint8Array): void {
    let added = { level: 0, hash: leaf };
    for (let left; (left = this.#subtrees.at(-1));) {
      const isSibling = left.level === added.level && isRightChild(this.#end, added.level);
      if (!isSibling) break;
      this.#subtrees.pop();
      added = { level: added.level + 1, hash: nodeHash(left.hash, added.hash) };
    }
    this.#subtrees.push(added);
    this.#end++;
    if (this.sizes.has(this.#end)) this.#endPiece();
  }

  /** All pieces; it is not used after this. */
  finish(): TreePiece[] {
    if (this.#subtrees.length > 0) this.#endPiece();
    return this.#pieces;
  }

  #endPiece(): void {
    this.#pieces.push({ end: this.#end, subtrees: this.#subtrees });
    this.#subtrees = [];
  }
}

/** Returns whether the subtree of this height that ends with the leaf at `index` is its parent's right child. */
function isRightChild(index: number, level: number): boolean {
  return Math.floor(index / 2 ** level) % 2 === 1;
}

/** Puts pieces together in order, and gives the roots at the sizes where they end. */
export class PieceJoiner {
  readonly #edge = new RightEdge();
  readonly #roots = new Map<number, Uint8Array>();

  constructor(private readonly sizes: ReadonlySet<number>) {}

  take({ end, subtrees }: TreePiece): void {
    for (const { level, hash } of subtrees) this.#edge.append(hash, level);
    if (this.#edge.size !== end) throw new RangeError("a piece of the tree is missing");
    if (this.sizes.has(end)) this.#roots.set(end, this.#edge.root());
  }

  /** Undefined where no piece ends there. */
  rootAt(size: number): Uint8Array | undefined {
    return size === 0 ? emptyRoot() : this.#roots.get(size);
  }
}
