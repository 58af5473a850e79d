/** Fields that several acts have. */
import type { ActField } from "../state/model.ts";

export const reason: ActField = { name: "reason", label: "Why, for the log" };

export const limitHint = "an amount, or ‘none’ for the bank’s; leave empty to keep it";
