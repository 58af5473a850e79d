/** Adds, removes and lists operators; lists and rejects proposals. */
import { fromHex } from "../../lib/bytes.ts";
import { inWords, UsageError } from "../../lib/errors.ts";
import { approvalsLost, type StaffChange, takesLastAdmin } from "../ledger/approvals.ts";
import type { Staff } from "../ledger/model.ts";
import { openProposals } from "./proposals.ts";
import { CommandRefused, type Handlers } from "./request.ts";
import { listed } from "./table.ts";
import {
  commandInWords,
  factsInWords,
  notOpenInWords,
  requireName,
  requireReason,
} from "./words.ts";

export const staffCommands: Handlers<
  "add_operator" | "remove_operator" | "list_operators" | "list_proposals" | "reject"
> = {
  async *add_operator(bank, { name, role, publicKey, operator }) {
    requireName(name);
    if (fromHex(publicKey, 32) === null) {
      throw new UsageError(
        "--public-key: give the 64 digits that 'deno task bank operator key NAME' has printed",
        2,
      );
    }
    const before = await bank.ledger.read.staff();
    const change = { command: "add_operator", name, role, publicKey } as const;
    requireAdminLeft(before, change);
    const same = before.operators.find((each) =>
      each.name !== name && each.publicKey === publicKey
    );
    if (same) {
      throw new UsageError(`--public-key: it is ${same.name}'s. Make each operator a separate key`);
    }
    const added = { op: "add_operator", operator, name, role, publicKey } as const;
    const { outcome } = await bank.ledger.submit(added);
    if (outcome !== "ok") throw new UsageError(`${name} was not added: ${inWords(outcome)}`);
    const { fourEyes } = await bank.ledger.read.staff();
    const eyes = fourEyes && !before.fourEyes
      ? "; some commands need two operators from now on"
      : "";
    yield { line: `${name} is an operator with the role ${role}${eyes}` };
    yield* warnOf(approvalsLost(before, change));
  },

  async *remove_operator(bank, { name, operator }) {
    const before = await bank.ledger.read.staff();
    const change = { command: "remove_operator", name } as const;
    requireAdminLeft(before, change);
    const { outcome } = await bank.ledger.submit({ op: "remove_operator", operator, name });
    if (outcome !== "ok") throw new UsageError(`${name} was not removed: ${inWords(outcome)}`);
    yield { line: `${name} is no operator any more` };
    yield* warnOf(approvalsLost(before, change));
  },

  async *list_operators(bank, { json = false }) {
    const { operators, fourEyes } = await bank.ledger.read.staff();
    const rows = operators.map(({ name, role, publicKey, sinceMs }) => {
      const since = new Date(sinceMs).toISOString();
      return {
        cells: [name, role, publicKey, since],
        facts: { operator: name, role, publicKey, since },
      };
    });
    yield* listed(["operator", "role", "public key", "since"], rows, json);
    if (json) return;
    yield {
      line: fourEyes
        ? "commands that could move money, raise a limit or silence the log need two operators"
        : "a bank of one: no command needs a second operator",
    };
  },

  async *list_proposals(bank, { json = false }) {
    const open = await openProposals(bank, await bank.ledger.read.staff());
    const rows = open.map(({ news: { id, operator, facts, untilMs }, command }) => {
      const words = commandInWords(command);
      const until = new Date(untilMs).toISOString();
      return {
        cells: [id, operator, until, words, factsInWords(facts)],
        facts: {
          proposal: id,
          operator,
          until,
          command: words,
          facts: Object.fromEntries(facts.map(({ name, value }) => [name, value])),
        },
      };
    });
    yield* listed(["proposal", "operator", "until", "command", "the bank has"], rows, json);
  },

  async *reject(bank, { proposal, reason, operator }) {
    const { outcome } = await bank.ledger.submit({
      op: "reject_proposal",
      operator,
      id: proposal,
      reason: requireReason(reason),
    });
    if (outcome !== "ok") {
      const why = outcome === "not_open" ? notOpenInWords : inWords(outcome);
      throw new UsageError(`proposal ${proposal} was not rejected: ${why}`);
    }
    yield { line: `the proposal ${proposal} is rejected` };
  },
};

/** @throws {CommandRefused} if the change would leave the bank without an admin */
function requireAdminLeft(staff: Staff, change: StaffChange): void {
  if (!takesLastAdmin(staff, change)) return;
  throw new CommandRefused(`${change.name} is the bank's only admin. Add another one first`);
}

function* warnOf(lost: string | null): Generator<{ line: string }, void, void> {
  if (lost === null) return;
  yield {
    line: `warning: nobody can approve ${lost} from now on. Only the bank's own account adds an ` +
      "operator, with the server stopped ('deno task bank operator recover')",
  };
}
