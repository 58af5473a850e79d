/**
 * The tree above one chain of a database, as far as it has been read. A file next to the database
 * holds one hash for 256 entries, memory those and the hashes above them; the entries give the rest.
 */
import { logChunkEntries, storedTreeLevel } from "../../lib/limits.ts";
import type { OpenFile } from "../../lib/world.ts";
import {
  consistencyProof,
  inclusionProof,
  nodeHash,
  RightEdge,
  treeRoot,
} from "../transparency/merkle.ts";
import { isInClear } from "./entry.ts";
import type { LogStore } from "./log_store.ts";
import { leafOf } from "./tree.ts";

const blockEntries = 2 ** storedTreeLevel;
const hashBytes = 32;

export class LogTree {
  /** The roots of full subtrees by height, from those of blocks on. */
  readonly #levels: Uint8Array[][] = [[]];
  /** The leaves behind the last full block. */
  #leaves: Uint8Array[] = [];
  #loggedSize = 0;

  /**
   * @param chain its number
   * @param file the hashes of full blocks
   * @param sizeKept how many entries the file is trusted for; the rest is hashed again
   */
  constructor(
    private readonly store: Pick<LogStore, "entriesAfter">,
    private readonly chain: number,
    private readonly file: Pick<OpenFile, "readAt" | "writeAt" | "bytes">,
    sizeKept: number,
  ) {
    const count = Math.floor(Math.min(sizeKept / blockEntries, file.bytes() / hashBytes));
    const stored = new Uint8Array(count * hashBytes);
    file.readAt(0, stored);
    for (let at = 0; at < stored.length; at += hashBytes) {
      this.#addBlock(stored.subarray(at, at + hashBytes));
    }
  }

  /** How many entries have been read. */
  get size(): number {
    return this.#blockCount * blockEntries + this.#leaves.length;
  }

  /** How many entries there are up to the last one that is sealed, among those read by `readOn`. */
  get loggedSize(): number {
    return this.#loggedSize;
  }

  /** Reads the entries that the chain has gained. */
  async readOn(): Promise<void> {
    for (;;) {
      const entries = await this.store.entriesAfter(this.chain, this.size, logChunkEntries);
      for (const entry of entries) {
        this.#leaves.push(leafOf(entry));
        if (!isInClear(entry)) this.#loggedSize = this.size;
        if (this.#leaves.length === blockEntries) this.#endBlock();
      }
      if (entries.length < logChunkEntries) return;
    }
  }

  /** Discards all hashes, those from the file included. */
  forget(): void {
    this.#levels.splice(0, Infinity, []);
    this.#leaves = [];
    this.#loggedSize = 0;
  }

  /** The root of the tree of the first `size` entries, which have been read. */
  async root(size: number): Promise<Uint8Array> {
    return await treeRoot(size, this.#subtree);
  }

  /** @throws {RangeError} when the tree of `size` entries has no such leaf */
  async inclusionProof(index: number, size: number): Promise<Uint8Array[]> {
    return await inclusionProof(index, size, this.#subtree);
  }

  /** @throws {RangeError} when `first` is above `size` */
  async consistencyProof(first: number, size: number): Promise<Uint8Array[]> {
    return await consistencyProof(first, size, this.#subtree);
  }

  #endBlock(): void {
    const edge = new RightEdge();
    for (const leaf of this.#leaves) edge.append(leaf);
    const hash = edge.root();
    this.file.writeAt(this.#blockCount * hashBytes, hash);
    this.#addBlock(hash);
    this.#leaves = [];
  }

  get #blockCount(): number {
    return this.#levels[0]!.length;
  }

  #addBlock(root: Uint8Array): void {
    let [hash, level] = [root, 0];
    for (;;) {
      const row = this.#levels[level] ??= [];
      row.push(hash);
      if (row.length % 2 === 1) return;
      hash = nodeHash(row.at(-2)!, hash);
      level++;
    }
  }

  readonly #subtree = async (level: number, index: number): Promise<Uint8Array> => {
    if (level >= storedTreeLevel) return this.#levels[level - storedTreeLevel]![index]!;
    const start = index * 2 ** level;
    const leaves = await this.#leavesFrom(start, 2 ** level);
    const edge = new RightEdge();
    for (const leaf of leaves) edge.append(leaf);
    return edge.root();
  };

  async #leavesFrom(start: number, count: number): Promise<Uint8Array[]> {
    const kept = this.#blockCount * blockEntries;
    if (start >= kept) return this.#leaves.slice(start - kept, start - kept + count);
    const entries = await this.store.entriesAfter(this.chain, start, count);
    return entries.map(leafOf);
  }
}
