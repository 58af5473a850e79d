/** Issues, lists and revokes customers' cards. The bank never has the number, only a keyed hash. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { pinTriesMax } from "../../lib/limits.ts";
import type { Bank } from "../bank.ts";
import { cardKeysOf } from "../credentials/card_keys.ts";
import { cardSource } from "../ledger/model.ts";
import { CommandRefused, type Handlers } from "./request.ts";
import { listed } from "./table.ts";

export const cardCommands: Handlers<"issue_card" | "list_cards" | "revoke_card"> = {
  async *issue_card(bank, { customer: username, numberHash, operator }) {
    const cardHash = cardKeysOf(bank.keys.audit).cardHash(numberHash);
    const { outcome } = await bank.ledger.submit({
      op: "issue_card",
      operator,
      username,
      cardHash,
    });
    if (outcome === "try_later") throw new UsageError(`no card was issued: ${inWords(outcome)}`);
    if (outcome !== "ok") {
      const mend = outcome === "has_card"
        ? `See 'deno task bank card list', or revoke it`
        : "See 'deno task bank customer list'";
      throw new CommandRefused(`no card was issued to ${username}: ${inWords(outcome)}. ${mend}`);
    }
    yield { line: `${username} has a card; it works once its PIN is set at an ATM` };
  },

  async *list_cards(bank, { json = false }) {
    const blocked = await blockedSources(bank);
    const rows = (await bank.ledger.read.customers()).flatMap(({ username, card }) => {
      if (!card) return [];
      const since = new Date(card.sinceMs).toISOString();
      const pin = card.pinHash === null ? "not set" : "set";
      const state = blocked.has(cardSource(username)) ? "blocked" : "active";
      return [{
        cells: [username, since, pin, state],
        facts: { customer: username, since, pin: card.pinHash !== null, state },
      }];
    });
    yield* listed(["customer", "issued", "PIN", "state"], rows, json);
  },

  async *revoke_card(bank, { customer: username, operator }) {
    const { outcome } = await bank.ledger.submit({ op: "revoke_card", operator, username });
    if (outcome !== "ok") {
      throw new UsageError(
        `no card of ${username} was revoked: ${inWords(outcome)}. See 'deno task bank card list'`,
      );
    }
    yield { line: `the card of ${username} is revoked, and visits of ${username} have ended` };
  },
};

/** Returns the sources of failures of the cards that wait for a log-in with the password. */
export async function blockedSources({ ledger }: Pick<Bank, "ledger">): Promise<Set<string>> {
  const blocked = (await ledger.read.failures()).filter(({ count }) => count >= pinTriesMax);
  return new Set(blocked.map(({ source }) => source));
}
