/** Copies of the books, made while they are in use; and the end of a restore that waits in vain. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { hex } from "../../lib/bytes.ts";
import { removeIfThere } from "../../lib/private_file.ts";
import type { Bank } from "../bank.ts";
import { newBackupPath } from "../folder/bank_folder.ts";
import { logCommand } from "../ledger/command.ts";
import type { OperatorAnswer, OperatorRequest } from "./commands.ts";
import { requireReason } from "./words.ts";

type Answers = AsyncGenerator<OperatorAnswer, void, void>;

/**
 * Copies the books into the bank's folder, whence the operator's program fetches them and takes them
 * away, and checks the copy as it lies there. Money waits while it is made, and goes on while it is
 * checked.
 */
export async function* backUp(bank: Bank, operator: string): Answers {
  const { ledger, auditKeys, folder, world } = bank;
  const { outcome } = await ledger.submit(logCommand(`operator ${operator}`, "back up the books"));
  if (outcome !== "ok") throw new UsageError(`no backup was made: ${inWords(outcome)}`);
  const path = newBackupPath(folder.path, hex(world.randomBytes(8)));
  let good = false;
  try {
    await ledger.backUp(path);
    const { problem, accounts, movements, entries } = await world.checkFile({
      path,
      keys: auditKeys.versions,
    });
    if (problem !== null) {
      throw new UsageError(`the books are bad, and so is their copy: ${problem}`);
    }
    good = true;
    yield { fetch: path };
    yield {
      line: `the books are copied, and the copy is good: ${accounts} accounts, ` +
        `${movements} rows of movements, ${entries} entries of the log`,
    };
  } finally {
    if (!good) removeIfThere(world.files, path);
  }
}

export async function* endRestore(
  bank: Bank,
  { reason, operator }: OperatorRequest & { command: "end_restore" },
): Answers {
  const restoring = await bank.ledger.read.restoring();
  const missing = restoring?.waiting ?? [];
  const { outcome } = await bank.ledger.submit({
    op: "end_restore",
    operator,
    reason: requireReason(reason),
  });
  if (outcome !== "ok") throw new UsageError(`the restore goes on: ${inWords(outcome)}`);
  const terminals = await bank.ledger.read.terminals();
  for (const { id, name } of terminals) {
    if (missing.includes(id)) yield { line: `${name} has not told what it did since the backup` };
  }
  yield { line: "customers are served again" };
}
