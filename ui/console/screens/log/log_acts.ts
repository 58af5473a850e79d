/** The acts about the log. */
import type { Act } from "../../state/model.ts";

const reference = {
  name: "reference",
  label: "Entry or movement",
  hint: "a place, such as 1.4711, as a receipt has it, or a movement’s id",
};

export const acts: readonly Act[] = [
  {
    title: "Take a checkpoint",
    effect: "Signs the end of the log. Keep its text where the bank cannot change it.",
    command: { command: "take_checkpoint" },
    fields: [],
    verb: "Take a checkpoint",
    isGrave: false,
  },
  {
    title: "Proof of an entry",
    effect: "Shows a stranger that the log has it, under a checkpoint.",
    command: { command: "read_receipt", reference: "", note: false },
    fields: [reference],
    verb: "Proof of an entry",
    isGrave: false,
  },
  {
    title: "Signed receipt",
    effect: "The bank’s word that a movement is in the log.",
    command: { command: "read_receipt", reference: "", note: true },
    fields: [reference],
    verb: "Signed receipt",
    isGrave: false,
  },
  {
    title: "Another key for the log",
    effect: "New entries are sealed under it. Copy bank.keys again after it.",
    command: { command: "rotate_audit_key" },
    fields: [],
    verb: "Another key",
    isGrave: true,
  },
];
