/** Notes of a customer that stay in an ATM: they are kept under their owner, for staff to hand out. */
import type { CashDevices } from "./cash/devices.ts";
import { totalOf } from "./cash/note_mix.ts";
import type { Journal } from "./journal.ts";
import { newMovementId } from "./movement_id.ts";
import type { World } from "../lib/world.ts";

export interface LeftNotes {
  journal: Journal;
  devices: CashDevices;
  world: Pick<World, "nowMs" | "randomBytes">;
  /** The currency's code. */
  currency: string;
}

/**
 * Flags the notes that a customer put in, and that were neither accepted nor returned, and has the
 * devices keep them apart, with the next `carryOut`.
 * @returns why, with their owner, and their value in minor units; null if there are none
 */
export function keepLeft(
  { journal, devices, world, currency }: LeftNotes,
): { why: string; amount: bigint } | null {
  const notes = devices.withheld();
  if (notes.size === 0) return null;
  const { account = null, uid = null, deposit = null } = journal.depositor() ?? {};
  const whose = `${deposit === null ? "no deposit was confirmed" : `deposit ${deposit}`}, ${
    account === null ? "of an unknown account" : `account ${account}`
  }`;
  const why = `notes of a customer were not returned: ${whose}`;
  const amount = totalOf(notes);
  journal.whole(() => {
    const left = { movement: newMovementId(world), amount, currency, notes, account, uid };
    journal.left(left, why, world.nowMs());
    devices.retractWithheld();
  });
  return { why, amount };
}
