/**
 * A chain's tree and its last signed checkpoint, which is on disk before it is returned: no two
 * inconsistent checkpoints of one origin are ever signed.
 */
import { equalInConstantTime, hex, textOf } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { isThere, replacePrivateFile } from "../../lib/private_file.ts";
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
    this.#last = this.#readLast();
    this.#file = files.open(`${folder}/${hex(chain.id)}.hashes`, "create");
    this.#tree = new LogTree(store, chain.number, this.#file, this.#last?.size ?? 0);
  }

  /** Null where none was signed. */
  get last(): SignedCheckpoint | null {
    return this.#last;
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
    await this.#readOn();
    if (this.#last && size <= this.#last.size) return this.#last;
    const root = new Uint8Array(await this.#tree.root(size));
    const note = signCheckpoint({ size, root }, signer);
    replacePrivateFile(this.files, this.#path, note);
    return this.#last = { size, root, note };
  }

  /**
   * The proof that the last checkpoint covers an entry; null where it does not.
   * @param sequence the entry's, from 1
   */
  async inclusion(sequence: number): Promise<Inclusion | null> {
    if (!this.#last || sequence > this.#last.size) return null;
    await this.#readOn();
    const index = sequence - 1;
    const siblings = await this.#tree.inclusionProof(index, this.#last.size);
    return { index, siblings, checkpoint: this.#last.note };
  }

  /** The proof that the last checkpoint's tree begins with its first `size` leaves; null if it has fewer. */
  async consistency(size: number): Promise<Uint8Array[] | null> {
    if (!this.#last || size > this.#last.size) return null;
    await this.#readOn();
    return await this.#tree.consistencyProof(size, this.#last.size);
  }

  close(): void {
    this.#file.close();
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

  async #fitsLast(): Promise<boolean> {
    if (!this.#last) return true;
    const { size, root } = this.#last;
    return this.#tree.size >= size && equalInConstantTime(await this.#tree.root(size), root);
  }

  get #path(): string {
    return `${this.folder}/${hex(this.chain.id)}.checkpoint`;
  }

  #readLast(): SignedCheckpoint | null {
    if (!isThere(this.files, this.#path)) return null;
    const note = textOf(this.files.read(this.#path));
    const { checkpoint } = parseCheckpoint(note) ?? {};
    if (checkpoint) return { size: checkpoint.size, root: checkpoint.root, note };
    throw new UsageError(`${this.#path} is damaged: restore it from where checkpoints are kept`);
  }
}
