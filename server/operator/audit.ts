/** The operator's commands about the log that the bank executes. */
import { inWords, UsageError } from "../../lib/errors.ts";
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

  /**
   * Creates a new version of the AUDIT_KEY: stored in the key file, then used once a commit has compared
   * the version with that of other servers.
   */
  async *rotate_audit_key(bank, { operator }) {
    const rotate = async () => {
      const version = bank.auditKeys.newest.version + 1;
      const key = bank.world.randomBytes(32);
      bank.folder.changeKeys((keys) => ({ ...keys, audit: [...keys.audit, { version, key }] }));
      const rotation = { op: "rotate_audit_key", operator, version } as const;
      const { outcome } = await bank.ledger.submit(rotation);
      if (outcome !== "ok") {
        bank.folder.changeKeys((keys) => ({
          ...keys,
          audit: keys.audit.filter((each) => each.version !== version),
        }));
        throw new UsageError(
          `the AUDIT_KEY was not rotated: ${
            outcome === "key_superseded"
              ? "another server has changed it meanwhile. Copy its bank.keys here"
              : inWords(outcome)
          }`,
        );
      }
      bank.auditKeys = bank.auditKeys.with(auditKeysOf(key, version));
      await bank.auditLog.useKeys(bank.auditKeys.versions);
      // By its version other servers see the change at once.
      await bank.ledger.submit(logCommand("bank", `begin version ${version} of the AUDIT_KEY`));
      return version;
    };
    const version = await changeSharedKeys(bank, () => bank.terminals.alone(rotate));
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
