/** The operator's commands about terminals and their keys. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { reportEntriesExaminedMax } from "../../lib/limits.ts";
import type { Bank } from "../bank.ts";
import {
  enrolTerminal,
  revokeTerminal,
  rotateMasterKey,
  rotateTerminal,
} from "../terminals/change_keys.ts";
import { reportPrefix } from "../device_words.ts";
import type { AuditEntry } from "../audit/entry.ts";
import type { Handlers } from "./request.ts";
import { requireName } from "./words.ts";

export const terminalCommands: Handlers<
  "enrol_terminal" | "list_terminals" | "rotate_terminal" | "revoke_terminal" | "rotate_key"
> = {
  async *enrol_terminal(bank, { name, operator }) {
    requireName(name);
    const { outcome, keyFile } = await enrolTerminal(bank, name, operator);
    if (outcome !== "ok") {
      throw new UsageError(
        `terminal ${name} was not enrolled: ${inWords(outcome)}; choose another name`,
      );
    }
    yield { keyFile: keyFile! };
    yield { line: `terminal ${name} is enrolled` };
  },

  async *list_terminals(bank) {
    for (const { name, id, keyVersion, state, next } of await bank.ledger.read.terminals()) {
      const waiting = next
        ? `, key ${next.version} waits for it since ${new Date(next.sinceMs).toISOString()}`
        : "";
      yield { line: `${name}  ${id}  key ${keyVersion}  ${state}${waiting}` };
      const report = await lastReport(bank, name);
      if (report) {
        const state = report.action.slice(reportPrefix.length);
        yield { line: `  its devices: ${state}, since ${new Date(report.timeMs).toISOString()}` };
      }
    }
  },

  async *rotate_terminal(bank, { name, now, operator }) {
    const { outcome, version, keyFile } = await rotateTerminal(bank, name, operator, now);
    const mend = outcome === "rotation_under_way"
      ? "; if it will not come for it, give it a key by hand with --now"
      : outcome === "terminal_revoked"
      ? "; enrol another"
      : "; see 'deno task bank terminal list'";
    if (outcome !== "ok") {
      throw new UsageError(`the key of ${name} was not rotated: ${inWords(outcome)}${mend}`);
    }
    if (keyFile) yield { keyFile };
    yield {
      line: now
        ? `terminal ${name} has key ${version}, and no other is accepted from now on`
        : `terminal ${name} gets key ${version} over its own line; the key before ends when it comes ` +
          "with the new one, or in 7 days",
    };
  },

  async *revoke_terminal(bank, { name, operator }) {
    const outcome = await revokeTerminal(bank, name, operator);
    if (outcome !== "ok") {
      const see = "see 'deno task bank terminal list'";
      throw new UsageError(`terminal ${name} was not revoked: ${inWords(outcome)}; ${see}`);
    }
    yield { line: `terminal ${name} is revoked: its keys are worth nothing from now on` };
  },

  async *rotate_key(bank, { operator }) {
    const outcome = await rotateMasterKey(bank, operator);
    if (outcome !== "ok") {
      throw new UsageError(
        `the master key was not changed: ${inWords(outcome)}; bank.keys has both, run it again`,
      );
    }
    yield { line: "the terminals' keys are sealed under a new master key: copy bank.keys anew" };
  },
};

/** The last report of a terminal's devices, among the newest of its entries in the log. */
async function lastReport(
  { auditKeys, ledger }: Bank,
  name: string,
): Promise<AuditEntry | undefined> {
  const chainIds = new Map((await ledger.read.chains()).map(({ number, id }) => [number, id]));
  const indexes = auditKeys.indexesOf(`terminal ${name}`);
  for (const stored of await ledger.read.entriesOf(indexes, null, reportEntriesExaminedMax)) {
    const entry = auditKeys.open(stored, chainIds.get(stored.chain)!);
    if (entry?.action.startsWith(reportPrefix)) return entry;
  }
}
