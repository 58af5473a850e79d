/**
 * Open movements: authorised, and not settled by their terminal. They never expire; those in doubt are
 * settled by an operator alone.
 */
import { inWords, UsageError } from "../../lib/errors.ts";
import { commandNonceMsMax } from "../../lib/limits.ts";
import { decimalText, formatMoney } from "../../lib/money.ts";
import type { Bank } from "../bank.ts";
import type { Movement } from "../ledger/model.ts";
import { openMovements, openRowsOf } from "../metrics/bank_state.ts";
import type { Handlers } from "./request.ts";
import { listed, timeInWords } from "./table.ts";
import { requireAmount, requireMovement, requireReason } from "./words.ts";

export const holdCommands: Handlers<"list_holds" | "settle_hold"> = {
  async *list_holds(bank, { json }) {
    const nowMs = bank.world.nowMs();
    const open = await openRowsOf(bank.ledger);
    const recipients = await recipientsOf(bank, open.holds);
    const rows = openMovements(open).map(
      ({ hold: { id, kind, amount, customer, timeMs }, terminal, inDoubt }) => {
        const to = recipients.get(id);
        const ageMs = Math.max(0, nowMs - timeMs);
        const money = formatMoney(amount, bank.settings.currency);
        const time = new Date(timeMs).toISOString();
        const state = kind === "transfer"
          ? "in doubt: see the log"
          : inDoubt
          ? "in doubt: count the notes"
          : "open";
        return {
          cells: [
            ...[
              id,
              to ? `${kind} to ${to}` : kind,
              money,
              customer,
              terminal,
              timeInWords(ageMs),
              state,
            ],
          ],
          facts: {
            movement: id,
            kind,
            amount: amount.toString(),
            customer,
            ...(to && { to }),
            terminal,
            time,
            ageMs,
            inDoubt,
          },
        };
      },
    );
    yield* listed(
      ["movement", "kind", "amount", "customer", "terminal", "age", "state"],
      rows,
      json,
    );
  },

  async *settle_hold(bank, { movement, complete, reverse, reason, operator }) {
    requireMovement(movement, "bank holds");
    if ((complete === undefined) === !reverse) {
      throw new UsageError("outcome missing. Give --complete AMOUNT, or --reverse", 2);
    }
    const { currency } = bank.settings;
    const amount = reverse ? 0n : requireAmount("--complete", complete!, currency);
    if (!reverse && amount === 0n) {
      const example = decimalText(40n * 10n ** BigInt(currency.exponent), currency.exponent);
      throw new UsageError(`--complete ${complete}: write an amount, such as ${example}`, 2);
    }
    const holds = await bank.ledger.read.holds();
    const { outcome } = await bank.ledger.submit({
      op: "settle_hold",
      operator,
      movement,
      amount,
      reason: requireReason(reason),
    });
    const first = holds.find(({ id }) => id === movement);
    if (outcome !== "ok") {
      const mayBePaid = outcome === "try_later" && first !== undefined && first.token !== "";
      const [why, mend] = mayBePaid
        ? [`its device may still hand out the notes`, `Settle it after ${nonceEndOf(first)}`]
        : [inWords(outcome), "See 'deno task bank holds'"];
      throw new UsageError(`movement ${movement} was not settled: ${why}. ${mend}`);
    }
    const how = reverse ? "reversed" : `completed with ${formatMoney(amount, currency)}`;
    const later = first?.kind === "transfer"
      ? ""
      : "; a later report of its terminal is booked to the differences account";
    yield { line: `movement ${movement} is ${how}${later}` };
  },
};

/** Returns when the device's nonce of a withdrawal has ended, whatever happened. */
function nonceEndOf({ timeMs }: Movement): string {
  return new Date(timeMs + commandNonceMsMax).toISOString();
}

/** Returns the recipients' account numbers of transfers, by movement. */
async function recipientsOf(
  { ledger: { read } }: Bank,
  holds: readonly Movement[],
): Promise<ReadonlyMap<string, string>> {
  const transfers = holds.filter(({ kind }) => kind === "transfer");
  return new Map(
    await Promise.all(
      transfers.map(async ({ id, credit }) => [id, (await read.account(credit!))!.number] as const),
    ),
  );
}
