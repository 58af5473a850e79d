/**
 * Every fault of the devices, at every step of a withdrawal and a deposit: the notes and the books
 * agree afterwards, or what nobody can know is flagged until people have counted.
 */
import { assert, assertEquals } from "@std/assert";
import { openAtmFolder } from "../../client/atm_folder.ts";
import { countCassettes } from "../../client/cash/filling.ts";
import { plus, totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Journal, type JournalEntry } from "../../client/journal.ts";
import type { DeviceFault, DeviceStep } from "../../lib/atm.ts";
import { randomBytes } from "../../server/bank.ts";
import { Branch, logIn, type Machine, until } from "./branch.ts";

const whats = ["jam", "lost count", "power cut"] as const;
const whens = ["before", "between", "after"] as const;

interface Case {
  fault: DeviceFault;
  kind: "withdrawal" | "deposit";
  /** The customer does not take what is presented, so that it has to be drawn back. */
  walksAway: boolean;
  /** The notes are handed back before they are booked. */
  cancels: boolean;
}

const cases: Case[] = whats.flatMap((what) =>
  whens.flatMap((when) =>
    ([
      ["dispense", "withdrawal"],
      ["present", "withdrawal"],
      ["retract", "withdrawal"],
      ["cashIn", "deposit"],
      ["cashInEnd", "deposit"],
      ["cashInRollback", "deposit"],
    ] satisfies [DeviceStep, Case["kind"]][]).map(([step, kind]) => ({
      fault: `${what} ${when} ${step}` as DeviceFault,
      kind,
      walksAway: step === "retract",
      cancels: step === "cashInRollback",
    }))
  )
);

Deno.test("every fault of a device leaves notes and books in agreement, or is flagged", async (t) => {
  const rows: string[] = [];
  const branch = await Branch.open();
  try {
    for (const each of cases) {
      await t.step(each.fault, async () => {
        rows.push(await fail(branch, each));
      });
    }
  } finally {
    await branch.close();
  }
  console.log(rows.join("\n"));
});

/** One visit with one fault in it, a new start after it, and people where they are needed; a row of the table. */
async function fail(branch: Branch, { fault, kind, walksAway, cancels }: Case): Promise<string> {
  const balance = await branch.balanceOf("alice");
  const atm = branch.machine("lobby", { patient: walksAway });
  await logIn(atm);
  const before = totalOf(atm.devices.everywhere());
  await atm.machine.armFault(fault);
  const outcome = await act(atm, kind, cancels);
  assertEquals(atm.devices.faults(), [], "the fault has happened");
  if (
    fault.startsWith("power cut") && !["cashIn", "cashInRollback"].includes(fault.split(" ")[3]!)
  ) {
    assertEquals(outcome, "in_doubt", "nothing is written or said after the power has gone");
  }
  await atm.close();
  const again = branch.machine();
  await until("settled", () => isOver(again));
  const flagged = again.journal.flagged();
  const doubtful = flagged.some(({ state }) => state === "doubtful");
  const left = sumOf(flagged.filter(({ kind }) => kind === "left"));
  // What the bank has not booked yet is just what is flagged.
  if (!doubtful) await branch.requireAllSettled(again);
  const broken = again.devices.jammed().length > 0;
  await again.close();
  if (broken || flagged.length > 0) count(branch);
  const last = branch.machine();
  await until("settled", () => isOver(last));
  assertEquals([last.journal.flagged(), last.devices.jammed()], [[], []]);
  await branch.requireAllSettled(last);
  const booked = await branch.balanceOf("alice") - balance;
  assertEquals(booked, totalOf(last.devices.everywhere()) - before, "notes that moved were booked");
  await last.close();
  const flags = flagged.map(({ kind, state, amount }) => `${kind} ${state} ${amount}`).join(", ");
  assert(left === 0n || kind === "deposit");
  return [fault.padEnd(31), outcome.padEnd(15), `booked ${String(booked).padStart(5)}`, flags]
    .join(" | ");
}

function sumOf(entries: readonly JournalEntry[]): bigint {
  return entries.reduce((sum, { amount }) => sum + amount, 0n);
}

async function act({ machine }: Machine, kind: Case["kind"], cancels: boolean): Promise<string> {
  if (kind === "withdrawal") return (await machine.withdraw("8000")).outcome;
  assertEquals(await machine.depositOpen(), { outcome: "ok" });
  for (const note of ["5000", "1000", "2000"]) await machine.insertNote(note);
  if (!cancels) return (await machine.depositConfirm()).outcome;
  await machine.depositCancel();
  return "handed back";
}

function isOver({ machine, journal }: Machine): boolean {
  return machine.view().bank === "online" && journal.open().length === 0;
}

/** People open the machine, set apart what customers left, and count the rest: as it truly is. */
function count(branch: Branch): void {
  const database = openAtmFolder(`${branch.folder}/atm-lobby`);
  const journal = new Journal(database);
  const devices = new SimulatedDevices(database);
  let counted = devices.everywhere();
  for (const { kind, notes } of journal.flagged()) {
    if (kind === "left") counted = plus(counted, notes, -1);
  }
  const people = { database, journal, devices, randomBytes, nowMs: Date.now };
  assertEquals(countCassettes(people, counted), 0n, "nothing is missing or over");
  database.close();
}
