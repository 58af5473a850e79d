/** The operator's commands about terminals and their keys. */
import { hex } from "../../lib/bytes.ts";
import { inWords, type Outcome, type Refusal, UsageError } from "../../lib/errors.ts";
import { reportEntriesExaminedMax } from "../../lib/limits.ts";
import { formatMoney } from "../../lib/money.ts";
import {
  formatTerminalKey,
  type NamedTerminalKey,
  parseTerminalKey,
} from "../../lib/terminal_key.ts";
import type { Bank } from "../bank.ts";
import {
  changeSharedKeys,
  changeState,
  draftFirstKey,
  draftNextKey,
  enrolTerminal,
  replaceKey,
  rotateMasterKey,
  rotateTerminal,
  terminalNamed,
} from "../terminals/change_keys.ts";
import { cassettesInWords, protectionOf, reportPrefix } from "../device_words.ts";
import type { AuditEntry } from "../audit/entry.ts";
import { parsePendingKey } from "./pending_key.ts";
import { CommandRefused, type Handlers } from "./request.ts";
import { listed } from "./table.ts";
import { requireName, requireReason } from "./words.ts";

const see = "see 'deno task bank terminal list'";

export const terminalCommands: Handlers<
  | "enrol_terminal"
  | "list_terminals"
  | "rotate_terminal"
  | "revoke_terminal"
  | "suspend_terminal"
  | "resume_terminal"
  | "write_off_terminal"
  | "rotate_key"
> = {
  async *enrol_terminal(bank, { name, key: given, operator }) {
    requireName(name);
    const key = given === undefined ? draftFirstKey(bank, name) : keyGiven(bank, given, { name });
    yield { keyFile: formatTerminalKey(key) };
    const outcome = await enrolTerminal(bank, key, operator);
    if (outcome !== "ok") {
      const mend = outcome === "try_later" ? "run it again" : "choose another name";
      throw refusedBy(outcome, `terminal ${name} was not enrolled: ${inWords(outcome)}; ${mend}`);
    }
    yield { line: `terminal ${name} is enrolled` };
  },

  async *list_terminals(bank, { json = false }) {
    const { currency } = bank.settings;
    const rows = await Promise.all(
      (await bank.ledger.read.terminals()).map(async (terminal) => {
        const { name, id, keyVersion, state, next } = terminal;
        const protection = protectionOf(terminal);
        const nextSince = next ? new Date(next.sinceMs).toISOString() : null;
        const report = await lastReport(bank, name);
        const devices = report?.action.slice(reportPrefix.length) ?? null;
        const reported = report ? new Date(report.timeMs).toISOString() : null;
        const contact = bank.monitor.terminals.get(id);
        const cassettes = contact?.report?.cassettes ?? null;
        const seen = contact && new Date(contact.lastMs).toISOString();
        return {
          cells: [
            name,
            id,
            String(keyVersion),
            state,
            next ? `${next.version} waits since ${nextSince}` : "",
            protection,
            devices === null ? "" : `${devices}, since ${reported}`,
            contact?.report ? `${cassettesInWords(contact.report, currency)}, at ${seen}` : "",
          ],
          facts: {
            ...{ name, id, keyVersion, state, nextSince, protection, devices, reported },
            ...{ cassettes, seen: seen ?? null },
          },
        };
      }),
    );
    const keys = ["terminal", "id", "key", "state", "next key"];
    yield* listed([...keys, "protection", "devices", "cassettes"], rows, json);
  },

  async *rotate_terminal(bank, { name, now, key: given, operator }) {
    if (!now) {
      const { outcome, version } = await rotateTerminal(bank, name, operator);
      if (outcome !== "ok") throw notRotated(name, outcome);
      yield {
        line:
          `terminal ${name} gets key ${version} over its connection; the present key ends when it ` +
          "connects with the new one, or in 7 days",
      };
      return;
    }
    const found = await terminalNamed(bank, name);
    if (!found) throw notRotated(name, "unknown_name");
    const key = given === undefined ? draftNextKey(bank, found) : keyGiven(bank, given, found);
    yield { keyFile: formatTerminalKey(key) };
    const outcome = await replaceKey(bank, key, operator);
    if (outcome !== "ok") throw notRotated(name, outcome);
    yield {
      line: `terminal ${name} has key ${key.version}, and no other is accepted from now on`,
    };
  },

  async *revoke_terminal(bank, { name, operator }) {
    await requireChanged(bank, "revoke_terminal", { name, operator });
    yield { line: `terminal ${name} is revoked: its keys are invalid from now on` };
  },

  async *suspend_terminal(bank, { name, operator }) {
    await requireChanged(bank, "suspend_terminal", { name, operator });
    yield { line: `terminal ${name} is suspended: its keys are not accepted until it is resumed` };
  },

  async *resume_terminal(bank, { name, operator }) {
    await requireChanged(bank, "resume_terminal", { name, operator });
    yield { line: `terminal ${name} is resumed` };
  },

  async *write_off_terminal(bank, { name, reason, operator }) {
    const found = await terminalNamed(bank, name);
    if (!found) throw new UsageError(`nothing was written off: ${inWords("unknown_name")}; ${see}`);
    const { read } = bank.ledger;
    const open = (await read.holds()).filter(({ terminal }) => terminal === found.id).length;
    if (found.state === "revoked" && open > 0) { // no other begins
      throw new UsageError(
        `nothing was written off: ${name} has ${open} open ${
          open === 1 ? "movement" : "movements"
        }. Settle them first: 'deno task bank holds' lists them`,
      );
    }
    const { outcome, booked } = await bank.ledger.submit({
      op: "write_off_terminal",
      operator,
      terminal: found.id,
      movement: hex(bank.world.randomBytes(16)),
      reason: requireReason(reason),
    });
    if (outcome !== "ok") {
      throw new UsageError(
        `nothing was written off: ${inWords(outcome)}; ${
          outcome === "not_revoked"
            ? `count the notes of ${name} with 'deno task atm cash count' on it`
            : see
        }`,
      );
    }
    const money = formatMoney(booked!, bank.settings.currency);
    yield { line: `the notes of ${name}, ${money}, are booked to the differences account` };
  },

  async *rotate_key(bank, { operator }) {
    const outcome = await changeSharedKeys(bank, async () => {
      await requireSealedKeys(bank);
      return await rotateMasterKey(bank, operator);
    });
    if (outcome === "key_superseded") {
      throw new UsageError(
        "the master key was not changed: another server has changed it meanwhile. Copy its " +
          "bank.keys here",
      );
    }
    if (outcome !== "ok") {
      throw new UsageError(
        `the master key was not changed: ${
          inWords(outcome)
        }. bank.keys has both keys; run the command again`,
      );
    }
    yield {
      line:
        "the terminals' keys are sealed under a new master key. Copy bank.keys again, and keep " +
        "its previous copy with the backups until now: they need it",
    };
  },
};

/**
 * Checks that servers can see a change of the master key: by keys that they cannot open.
 * @throws {UsageError} if several servers share a bank in which it seals nothing
 */
async function requireSealedKeys({ ledger }: Bank): Promise<void> {
  if (!ledger.isShared || (await ledger.read.terminals()).length > 0) return;
  throw new UsageError(
    "the master key was not changed: it seals nothing yet, so other servers of this bank could not " +
      "see the change. Enrol a terminal first",
  );
}

/** @throws {UsageError} if the terminal's state was not changed */
async function requireChanged(
  bank: Bank,
  op: "revoke_terminal" | "suspend_terminal" | "resume_terminal",
  { name, operator }: { name: string; operator: string },
): Promise<void> {
  const outcome = await changeState(bank, op, name, operator);
  if (outcome === "ok") return;
  const [verb] = op.split("_");
  const done = { revoke: "revoked", suspend: "suspended", resume: "resumed" }[verb!];
  throw new UsageError(`terminal ${name} was not ${done}: ${inWords(outcome)}; ${see}`);
}

/** Returns the error for a command that the ledger has not executed. */
export function refusedBy(outcome: Outcome, message: string): UsageError {
  // While a commit is in doubt "try later" is true of this command, but not of an earlier identical
  // one.
  return outcome === "try_later" ? new UsageError(message) : new CommandRefused(message);
}

function notRotated(name: string, outcome: Refusal): UsageError {
  const mends: Partial<Record<Refusal, string>> = {
    rotation_under_way: "if it does not connect, replace its key manually with --now",
    key_superseded: "run it again for a newer key",
    terminal_revoked: "enrol another",
    try_later: "run it again",
  };
  const mend = mends[outcome] ?? "see 'deno task bank terminal list'";
  return refusedBy(outcome, `the key of ${name} was not rotated: ${inWords(outcome)}; ${mend}`);
}

/**
 * Parses the key file that the operator has kept.
 * @throws {CommandRefused} if it is another terminal's, or another bank's
 */
function keyGiven(
  bank: Bank,
  text: string,
  { id, name }: { id?: string; name: string },
): NamedTerminalKey {
  return parsePendingKey(
    text,
    parseTerminalKey,
    (key) =>
      key.name === name &&
      (id === undefined ? key.version === 1 : key.version > 1 && hex(key.terminal) === id) &&
      hex(key.bank) === bank.settings.bankId,
  );
}

/** Returns the last report of a terminal's devices among the newest of its entries in the log. */
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
