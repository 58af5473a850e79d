/**
 * A chain's tree and its last signed checkpoint, which is on disk before it is returned: no two
 * inconsistent checkpoints of one origin are ever signed.
 */
import { equalInConstantTime, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { isThere, replacePrivateFile } from "../../lib/private_file.ts";
import { readTextFile } from "../../lib/text_file.ts";
import type { Files, OpenFile } from "../../lib/world.ts";
import { parseCheckpoint, signCheckpoint } from "../transparency/checkpoint.ts";
import type { TreeHead } from "../transparency/merkle.ts";
import type { SignerKey } from "../transparency/note.ts";
import type { ChainName } from "./entry.ts";
import type { LogStore } from "./log_store.ts";
import { LogTree } from "./log_tree.ts";

/** A checkpoint as it was signed. */
export interface SignedCheckpoint extends TreeHead {
  note: string;
}

/** Where an entry is in its tree, and the checkpoint that covers it. */
export interface Inclusion {
  /** From 0. */
  index: number;
  siblings: Uint8Array[];
  checkpoint: string;
}

export class SignedTree {
  #last: SignedCheckpoint | null;
  /** The newest one with the cosignatures of a quorum. */
  #cosigned: SignedCheckpoint | null;
  /** Whether the entries that were read begin with those of the last one. */
  #fits = false;
  #isStopped: boolean;
  readonly #file: OpenFile;
  readonly #tree: LogTree;

  /**
   * @param folder where trees and checkpoints of a bank's chains are
   * @throws {UsageError} when the last checkpoint's file is damaged
   */
  constructor(
    private readonly files: Files,
    private readonly folder: string,
    store: Pick<LogStore, "entriesAfter">,
    private readonly chain: ChainName,
  ) {
    files.makeFolder(folder);
    const { last, cosigned } = signedOf(files, folder, chain.id);
    this.#last = last;
    this.#cosigned = cosigned;
    this.#isStopped = isThere(files, this.#contradictionPath);
    this.#file = files.open(`${folder}/${hex(chain.id)}.hashes`, "create");
    this.#tree = new LogTree(store, chain.number, this.#file, this.#last?.size ?? 0);
  }

  /** Null where none was signed. */
  get last(): SignedCheckpoint | null {
    return this.#last;
  }

  /** Whether nothing may be signed any more: a witness has a checkpoint that contradicts the log. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Stops signing for good, and keeps the checkpoint of this chain that contradicts the log. */
  stop(contradiction: string): void {
    replacePrivateFile(this.files, this.#contradictionPath, contradiction);
    this.#isStopped = true;
  }

  /** Returns whether a checkpoint with a quorum covers an entry. @param sequence from 1 */
  isCosigned(sequence: number): boolean {
    return this.#cosigned !== null && sequence <= this.#cosigned.size;
  }

  /**
   * Adds a witness's line to the last checkpoint, unless a newer one was signed meanwhile.
   * @param text what was cosigned
   * @param hasQuorum whether a checkpoint has enough cosignatures
   */
  addCosignature(text: string, line: string, hasQuorum: (note: string) => boolean): void {
    if (!this.#last || !this.#last.note.startsWith(`${text}\n`)) return;
    if (this.#last.note.includes(`\n${line}`)) return;
    const name = line.slice(0, line.lastIndexOf(" ") + 1);
    const [head = "", own = "", ...others] = this.#last.note.split(/^(?=\u2014 )/m);
    const note = head + own + others.filter((other) => !other.startsWith(name)).join("") + line;
    this.#last = { ...this.#last, note };
    replacePrivateFile(this.files, this.#path, note);
    if (!hasQuorum(note)) return;
    replacePrivateFile(this.files, this.#cosignedPath, note);
    this.#cosigned = this.#last;
  }

  /**
   * Whether the log has sealed entries that no checkpoint covers.
   * @throws {UsageError} when the database has other entries than the last checkpoint says
   */
  async hasNews(): Promise<boolean> {
    await this.#readOn();
    return this.#tree.loggedSize > (this.#last?.size ?? 0);
  }

  /**
   * Signs the first `size` entries; returns the last checkpoint where that covers more.
   * @param size how many entries are durable
   * @throws {UsageError} when the database has other entries than the last checkpoint says
   */
  async sign(size: number, signer: SignerKey): Promise<SignedCheckpoint> {
    if (this.isStopped) throw new UsageError(stopped(this.#contradictionPath));
    await this.#readOn();
    if (this.#last && size <= this.#last.size) return this.#last;
    const root = new Uint8Array(await this.#tree.root(size));
    const note = signCheckpoint({ size, root }, signer);
    replacePrivateFile(this.files, this.#path, note);
    return this.#last = { size, root, note };
  }

  /**
   * The proof that a checkpoint covers an entry, by the last one with a quorum if it does; null where
   * none does.
   * @param sequence the entry's, from 1
   */
  async inclusion(sequence: number): Promise<Inclusion | null> {
    const checkpoint = this.isCosigned(sequence) ? this.#cosigned : this.#last;
    if (!checkpoint || sequence > checkpoint.size) return null;
    await this.#readOn();
    return await this.#proofBy(checkpoint, sequence);
  }

  /**
   * The proof by the last checkpoint with a quorum, of a chain that a restore has cut before its last
   * one; null if that does not cover the entry, or is not before the cut.
   */
  async inclusionBeforeCut(sequence: number): Promise<Inclusion | null> {
    const checkpoint = this.#cosigned;
    if (!checkpoint || sequence > checkpoint.size) return null;
    this.#tree.forget(); // the file of hashes is from before the cut
    await this.#tree.readOn();
    if (!await this.#fitsCheckpoint(checkpoint)) return null;
    return await this.#proofBy(checkpoint, sequence);
  }

  /**
   * The proof that the tree of a signed checkpoint begins with that of `first` entries; null if it has
   * fewer.
   * @param size the checkpoint's, at most the last one's
   */
  async consistency(first: number, size: number): Promise<Uint8Array[] | null> {
    if (!this.#last || first > size || size > this.#last.size) return null;
    await this.#readOn();
    return await this.#tree.consistencyProof(first, size);
  }

  close(): void {
    this.#file.close();
  }

  async #proofBy({ size, note }: SignedCheckpoint, sequence: number): Promise<Inclusion> {
    const index = sequence - 1;
    return { index, siblings: await this.#tree.inclusionProof(index, size), checkpoint: note };
  }

  /** Reads what the chain has by now, and compares it with the last checkpoint. */
  async #readOn(): Promise<void> {
    await this.#tree.readOn();
    if (await this.#fitsLast()) return;
    this.#tree.forget(); // the file of hashes may be damaged, the entries decide
    await this.#tree.readOn();
    if (await this.#fitsLast()) return;
    throw new UsageError(
      `the log does not fit the checkpoint in ${this.#path}: nothing is signed. ` +
        "Check it with 'deno task bank audit verify', or put a backup back with 'deno task bank restore'",
    );
  }

  /** The entries that were read and fit do not change in memory. */
  async #fitsLast(): Promise<boolean> {
    if (!this.#fits) this.#fits = this.#last === null || await this.#fitsCheckpoint(this.#last);
    return this.#fits;
  }

  async #fitsCheckpoint({ size, root }: SignedCheckpoint): Promise<boolean> {
    return this.#tree.size >= size && equalInConstantTime(await this.#tree.root(size), root);
  }

  get #path(): string {
    return checkpointPath(this.folder, this.chain.id);
  }

  get #cosignedPath(): string {
    return cosignedPath(this.folder, this.chain.id);
  }

  get #contradictionPath(): string {
    return `${this.folder}/${hex(this.chain.id)}.contradiction`;
  }
}

const checkpointPath = (folder: string, id: Uint8Array) => `${folder}/${hex(id)}.checkpoint`;
const cosignedPath = (folder: string, id: Uint8Array) => `${folder}/${hex(id)}.cosigned`;

/**
 * Reads the last checkpoint of a chain, and the last one with a quorum; null for those that were never
 * signed. Changes nothing.
 * @param id the chain's
 * @throws {UsageError} if a file is damaged
 */
export function signedOf(files: Pick<Files, "facts" | "read">, folder: string, id: Uint8Array) {
  const read = (path: string): SignedCheckpoint | null => {
    if (!isThere(files, path)) return null;
    const note = readTextFile(files, path);
    const { checkpoint } = parseCheckpoint(note) ?? {};
    if (checkpoint) return { size: checkpoint.size, root: checkpoint.root, note };
    throw new UsageError(`${path} is damaged: restore it from where checkpoints are kept`);
  };
  return { last: read(checkpointPath(folder, id)), cosigned: read(cosignedPath(folder, id)) };
}

const stopped = (path: string) =>
  `signing failed: a witness has the checkpoint in ${path}, which this log's key signed and which ` +
  "contradicts the log. Find out why, then begin another chain with 'deno task bank audit chain'";
