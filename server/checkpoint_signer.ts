/** Signs the checkpoints and receipts of a server's own chain, one after the other. */
import type { WitnessNews } from "../lib/console.ts";
import { UsageError } from "../lib/errors.ts";
import { placeOfText } from "./audit/entry.ts";
import type { Inclusion, SignedCheckpoint, SignedTree } from "./audit/signed_tree.ts";
import type { Reply } from "./ledger/command.ts";
import { type SignerKey, type VerifierKey, verifierKeyOf } from "./transparency/note.ts";
import { type Receipt, signReceipt } from "./transparency/receipt.ts";

/** The witnesses of a running server. */
export interface Cosigning {
  /** Called after a checkpoint is signed. */
  onSigned(): void;
  /** Resolves when a checkpoint with a quorum covers an entry, or after a while. */
  waitFor(sequence: number): Promise<void>;
  /** Returns the state of each witness. */
  witnesses(): WitnessNews[];
}

export class CheckpointSigner {
  #signing: Promise<unknown> = Promise.resolve();
  /** Absent where there are no witnesses. */
  cosigning: Cosigning | null = null;

  constructor(
    private readonly tree: SignedTree,
    private readonly signer: SignerKey,
  ) {}

  /** Whether the log has entries that no checkpoint covers. */
  hasNews(): Promise<boolean> {
    return this.#inTurn(() => this.tree.hasNews());
  }

  /**
   * Signs all entries up to one that says so. What precedes an acknowledged entry is durable, and only that
   * is signed.
   * @param log commits that entry
   * @throws {UsageError} when the entry is not committed, or the log does not fit the last checkpoint
   */
  sign(log: () => Promise<Reply>): Promise<string> {
    return this.#inTurn(async () => {
      const { logged } = await log();
      if (!logged) throw new UsageError("the log cannot be written just now: try again");
      const { note } = await this.tree.sign(placeOfText(logged.place)!.sequence, this.signer);
      this.cosigning?.onSigned();
      return note;
    });
  }

  /** The key that verifies what is signed here. */
  get key(): VerifierKey {
    return verifierKeyOf(this.signer);
  }

  /** The last checkpoint, with the cosignatures that came; null before the first. */
  get last(): SignedCheckpoint | null {
    return this.tree.last;
  }

  /** Whether a checkpoint that contradicts the log has stopped all signing. */
  get isStopped(): boolean {
    return this.tree.isStopped;
  }

  /** As `SignedTree.stop`. */
  stop(contradiction: string): void {
    this.tree.stop(contradiction);
  }

  /** As `SignedTree.addCosignature`. */
  addCosignature(text: string, line: string, hasQuorum: (note: string) => boolean): void {
    this.tree.addCosignature(text, line, hasQuorum);
  }

  /** As `SignedTree.isCosigned`. */
  isCosigned(sequence: number): boolean {
    return this.tree.isCosigned(sequence);
  }

  /**
   * Signs the bank's word that one of its chains has this entry.
   * @throws {Error} if signing has stopped
   */
  receipt(receipt: Receipt): string {
    if (this.isStopped) throw new Error("signing has stopped");
    return signReceipt(receipt, this.signer);
  }

  /** As `SignedTree.inclusion`. */
  inclusion(sequence: number): Promise<Inclusion | null> {
    return this.#inTurn(() => this.tree.inclusion(sequence));
  }

  /** As `SignedTree.consistency`. */
  consistency(first: number, size: number): Promise<Uint8Array[] | null> {
    return this.#inTurn(() => this.tree.consistency(first, size));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#signing.then(act, act);
    this.#signing = result.catch(() => {});
    return result;
  }
}
