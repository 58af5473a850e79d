/** The operator's commands about the log that the bank executes. */
import { auditKeysOf } from "../audit/keys.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";
import { changeSharedKeys } from "../terminals/change_keys.ts";
import { lastOf, sealedLog, shownLog } from "./read_log.ts";
import type { Handlers } from "./request.ts";
import { requireInstants } from "./words.ts";

export const auditCommands: Handlers<
  "show_audit" | "read_audit" | "rotate_audit_key" | "take_checkpoint"
> = {
  async *show_audit(bank, { operator, follow, last, ...show }, signal) {
    requireInstants(show);
    await logAction(bank, operator, "read the audit log");
    const following = follow ? { timers: bank.world, signal } : null;
    yield* lastOf(shownLog(bank.ledger.read, () => bank.auditKeys, show, following), last);
  },

  async *read_audit(bank, { operator }) {
    await logAction(bank, operator, "read the sealed audit log");
    yield* sealedLog(bank.ledger.read);
  },

  /** Creates a new version of the AUDIT_KEY: stored in the key file first, then used. */
  async *rotate_audit_key(bank, { operator }) {
    const version = await changeSharedKeys(bank, async () => {
      const version = bank.auditKeys.newest.version + 1;
      const key = bank.world.randomBytes(32);
      bank.folder.changeKeys((keys) => ({ ...keys, audit: [...keys.audit, { version, key }] }));
      bank.auditKeys = bank.auditKeys.with(auditKeysOf(key, version));
      await bank.auditLog.useKeys(bank.auditKeys.versions);
      await logAction(bank, operator, `rotate the AUDIT_KEY to version ${version}`);
      return version;
    });
    yield {
      line:
        `new entries are sealed under version ${version} of the AUDIT_KEY. Copy bank.keys again`,
    };
  },

  /** Signs the end of the server's chain. */
  async *take_checkpoint(bank, { operator }) {
    const entry = logCommand(`operator ${operator}`, "take a checkpoint");
    yield { checkpoint: await bank.checkpoints.sign(() => bank.ledger.submit(entry)) };
  },
};

async function logAction(bank: Bank, operator: string, action: string): Promise<void> {
  await bank.ledger.submit(logCommand(`operator ${operator}`, action));
}
