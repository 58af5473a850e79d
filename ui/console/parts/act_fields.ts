/** Fields and sentences that several acts have. */
import type { ActField } from "../state/model.ts";

export const reason: ActField = { name: "reason", label: "Why, for the log" };

export const limitHint = "an amount, or ‘none’ for the bank’s; leave empty to keep it";

/** What an act says that needs two operators. */
export const secondOperator = "It needs a second operator.";

/** What an act says that sets limits. */
export const secondForMore = "To raise one needs a second operator.";
