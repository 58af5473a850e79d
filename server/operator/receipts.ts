/** Receipts and proofs that a customer shows to a stranger. */
import { concat, equalInConstantTime, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { findByReference, type FoundEntry } from "../audit/find_entry.ts";
import { headsOfStart } from "../audit/heads.ts";
import { type Inclusion, SignedTree } from "../audit/signed_tree.ts";
import { sealedHash } from "../audit/tree.ts";
import type { Bank } from "../bank.ts";
import { treesPath } from "../folder/bank_folder.ts";
import { logCommand } from "../ledger/command.ts";
import { receiptOf } from "../receipt_of.ts";
import { formatProof } from "../transparency/proof.ts";
import { proofExtra } from "../transparency/receipt.ts";
import type { Handlers } from "./request.ts";

export const receiptCommands: Handlers<"read_receipt"> = {
  async *read_receipt(bank, { operator, reference, note }) {
    const found = await findByReference(bank.ledger.read, bank.auditKeys, reference);
    const opened = found && bank.auditKeys.openForStranger(found.stored, found.chain.id);
    const isStart = found !== null && headsOfStart(found.stored) !== null;
    if (!found || !(opened || isStart && !note)) {
      throw new UsageError(
        `the log has no entry '${reference}'. Give its place, as printed on the receipt, or the id of its movement`,
      );
    }
    const what = note ? "the receipt" : "the proof";
    const action = `give out ${what} of entry ${found.stored.sequence} of ${chainName(found)}`;
    await bank.ledger.submit(logCommand(`operator ${operator}`, action));
    if (opened && note) {
      const sign = receiptOf(bank, found);
      if (sign === "signing_stopped") {
        throw new UsageError("signing has stopped. Ask for the proof");
      }
      if (sign === "unknown_movement") {
        throw new UsageError("receipts are for movements. Ask for the entry's proof");
      }
      yield { receipt: sign() };
      return;
    }
    const { index, siblings, checkpoint } = await inclusionOf(bank, operator, found);
    const { sealed, tag } = found.stored;
    // a chain's first entry is in clear: it shows the ends of the chains before it
    const extra = opened
      ? proofExtra(sealedHash(found.stored), opened.opening)
      : concat(sealed, tag);
    yield { receipt: formatProof({ extra, index, siblings, checkpoint }) };
  },
};

const chainName = ({ chain }: FoundEntry) => `chain ${hex(chain.id).slice(0, 8)}`;

const notOwn = (found: FoundEntry) => `this server does not write ${chainName(found)}`;

function isOwn({ keys }: Bank, { chain }: FoundEntry): boolean {
  return equalInConstantTime(chain.id, keys.chainId);
}

async function inclusionOf(bank: Bank, operator: string, found: FoundEntry): Promise<Inclusion> {
  const { sequence } = found.stored;
  if (!isOwn(bank, found)) {
    const inclusion = await inclusionElsewhere(bank, found);
    if (inclusion) return inclusion;
    throw new UsageError(
      `${
        notOwn(found)
      } and has no checkpoint that covers the entry. Ask the server that writes it; ` +
        "for a chain that has ended, the customer's receipt remains the bank's word",
    );
  }
  const { checkpoints, ledger } = bank;
  if (sequence > (checkpoints.last?.size ?? 0)) {
    const entry = logCommand(`operator ${operator}`, "take a checkpoint");
    await checkpoints.sign(() => ledger.submit(entry));
  }
  await checkpoints.cosigning?.waitFor(sequence);
  return (await checkpoints.inclusion(sequence))!;
}

/** Proves it by the last checkpoint of a chain that this folder's server wrote earlier. */
async function inclusionElsewhere(
  { world: { files }, folder, ledger }: Bank,
  found: FoundEntry,
): Promise<Inclusion | null> {
  const { stored: { sequence }, chain } = found;
  const tree = new SignedTree(files, treesPath(folder.path), ledger.read, chain);
  try {
    const end = tree.last && await cutOf(ledger.read, chain, tree.last.size);
    if (end === null) return await tree.inclusion(sequence);
    const inclusion = await tree.inclusionBeforeCut(sequence);
    if (inclusion) return inclusion;
    throw new UsageError(
      `${chainName(found)} ended at entry ${end} by a restore, before its last checkpoint of ` +
        `${tree.last!.size} entries, so no proof of this entry can be made. The bank's signed ` +
        "receipt is there: give --note",
    );
  } finally {
    tree.close();
  }
}

/**
 * Returns the last entry of a chain that a restore has cut, as a later chain's first entry names it;
 * null if the chain has `size` entries, or none names its end.
 */
async function cutOf(
  read: Bank["ledger"]["read"],
  { number, id }: FoundEntry["chain"],
  size: number,
): Promise<number | null> {
  const [last] = await read.lastEntries(number, 1);
  if (!last || last.sequence >= size) return null;
  for (const later of await read.chains()) {
    const [first] = await read.entriesAfter(later.number, 0, 1);
    const named = first && headsOfStart(first)?.find((head) => equalInConstantTime(head.id, id));
    if (named?.sequence === last.sequence && equalInConstantTime(named.tag, last.tag)) {
      return last.sequence;
    }
  }
  return null;
}
