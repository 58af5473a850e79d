/** Signs the checkpoints and receipts of a server's own chain, one after the other. */
import { UsageError } from "../lib/errors.ts";
import { placeOfText } from "./audit/entry.ts";
import type { Inclusion, SignedTree } from "./audit/signed_tree.ts";
import type { Reply } from "./ledger/command.ts";
import type { SignerKey } from "./transparency/note.ts";
import { type Receipt, signReceipt } from "./transparency/receipt.ts";

export class CheckpointSigner {
  #signing: Promise<unknown> = Promise.resolve();

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
      return (await this.tree.sign(placeOfText(logged.place)!.sequence, this.signer)).note;
    });
  }

  /** Signs the bank's word that the chain has this entry. */
  receipt(receipt: Receipt): string {
    return signReceipt(receipt, this.signer);
  }

  /** The proof that the last checkpoint covers an entry of the chain; null where it does not. */
  inclusion(sequence: number): Promise<Inclusion | null> {
    return this.#inTurn(() => this.tree.inclusion(sequence));
  }

  /** The last checkpoint, and the proof that its tree begins with that of `size`; null if it has fewer. */
  consistency(size: number): Promise<{ checkpoint: string; proof: Uint8Array[] } | null> {
    return this.#inTurn(async () => {
      const proof = await this.tree.consistency(size);
      return proof && { checkpoint: this.tree.last!.note, proof };
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#signing.then(act, act);
    this.#signing = result.catch(() => {});
    return result;
  }
}
