/** Corrects booked movements. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { formatMoney } from "../../lib/money.ts";
import type { Handlers } from "./request.ts";
import { requireAmount, requireMovement, requireReason } from "./words.ts";

export const correctionCommands: Handlers<"correct_movement"> = {
  async *correct_movement(bank, { movement, amount, reason, operator }) {
    const { currency } = bank.settings;
    const { outcome, booked } = await bank.ledger.submit({
      op: "correct_movement",
      operator,
      movement: requireMovement(movement, "bank customer statement NAME"),
      amount: requireAmount("--amount", amount, currency),
      reason: requireReason(reason),
    });
    if (outcome === "is_a_count") {
      throw new UsageError(
        `movement ${movement} was not corrected: it is a count. Count the notes again, with ` +
          "'deno task atm cash count'",
      );
    }
    if (outcome !== "ok") {
      throw new UsageError(
        `movement ${movement} was not corrected: ${inWords(outcome)}. See the movements with ` +
          "'deno task bank customer statement NAME'",
      );
    }
    yield { line: `movement ${movement} is corrected to ${formatMoney(booked!, currency)}` };
  },
};
