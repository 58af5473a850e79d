/** The logs of chains that this folder's server wrote earlier. */
import { equalInConstantTime } from "../lib/bytes.ts";
import { UsageError } from "../lib/errors.ts";
import { SignedTree } from "./audit/signed_tree.ts";
import { originOf } from "./audit/tree.ts";
import type { Bank } from "./bank.ts";
import { treesPath } from "./folder/bank_folder.ts";
import type { VerifierKey } from "./transparency/note.ts";
import type { Policy } from "./transparency/policy.ts";

/** A log that has ended, with its last checkpoint. Nothing more is signed in it. */
export interface EndedLog {
  key: VerifierKey;
  tree: SignedTree;
}

/**
 * Opens the ended logs of a policy whose last checkpoint is in this folder and fits the database.
 * After a restore behind it, it does not.
 * @returns logs that the caller closes
 */
export async function openEndedLogs(
  { world: { files }, folder, keys, ledger, settings }: Bank,
  { logs }: Policy,
): Promise<EndedLog[]> {
  const ended: EndedLog[] = [];
  for (const chain of await ledger.read.chains()) {
    const origin = originOf(settings.bankName, chain.id);
    const key = logs.find(({ key }) => key.name === origin)?.key;
    if (!key || equalInConstantTime(chain.id, keys.chainId)) continue;
    const tree = new SignedTree(files, treesPath(folder.path), ledger.read, chain);
    if (await fitsLast(tree)) ended.push({ key, tree });
    else tree.close();
  }
  return ended;
}

async function fitsLast(tree: SignedTree): Promise<boolean> {
  if (!tree.last) return false;
  try {
    return await tree.consistency(tree.last.size, tree.last.size) !== null;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}
