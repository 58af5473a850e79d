/** Shows, fills and counts an ATM's cassettes while the ATM is not running. */
import { UsageError } from "../../lib/errors.ts";
import { formatMoney } from "../../lib/money.ts";
import { log, runProgram, say } from "../../lib/process.ts";
import type { AtmCashStart } from "../../lib/programs.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { openAtmFolder } from "../folder/atm_folder.ts";
import { notesForm, parseNotes } from "../cash/cash_notes.ts";
import { totalOf } from "../cash/note_mix.ts";
import { SimulatedDevices } from "../cash/simulated_devices.ts";
import { hasNotes, keyOfFolder, notConnected, openCash, servedDevices } from "../open_atm.ts";
import { connectorOf } from "./connect_devices.ts";

if (import.meta.main) await runProgram<AtmCashStart>(runCash);

async function runCash(
  { command, devices: devicesAt, key, folder, notes: words }: AtmCashStart,
): Promise<number> {
  const database = openAtmFolder(systemFiles, folder);
  const findKey = () => keyOfFolder(systemFiles, database, { key, folder });
  const { currency } = findKey();
  const connectDevices = connectorOf(devicesAt)!;
  const served = hasNotes(database, devicesAt)
    ? null
    : servedDevices(devicesAt, { world: system, database, connectDevices, log, findKey });
  if (served && !await served.start()) throw notConnected(devicesAt.url, served.why);
  const { journal, devices, fill, count } = openCash(
    database,
    system,
    served ?? new SimulatedDevices(database),
  );
  if (command !== "show") {
    const notes = parseNotes(words, currency);
    if (notes === null || (command === "load" && totalOf(notes) === 0n)) {
      throw new UsageError(`'${words.join(" ")}': ${notesForm(currency)}`, 2);
    }
    if (command === "count") {
      const over = count(notes, currency);
      await devices.carryOut();
      const size = formatMoney(over < 0n ? -over : over, currency);
      if (over !== 0n) {
        say(`${size} ${over < 0n ? "missing" : "over"}: booked to the differences account`);
      }
    } else if (!fill(notes, currency)) {
      throw new UsageError(
        "there are notes in the tray. Take all notes out, and record them with 'count'",
      );
    }
    await devices.carryOut();
  }
  const cassettes = devices.cassettes();
  for (const [value, count] of cassettes) {
    say(`${formatMoney(value, currency).padStart(12)}  x ${count}`);
  }
  say(`${formatMoney(totalOf(cassettes), currency).padStart(12)}  in total`);
  const lost = journal.whatIsLost();
  if (lost) {
    say(
      `This ATM lacks movements that the bank has, the newest ${lost.movement}. Settle its holds ` +
        "with 'deno task bank holds', then count its notes with 'deno task atm cash count'",
    );
  }
  const surplus = journal.surplus();
  if (surplus !== 0n) {
    const size = formatMoney(surplus < 0n ? -surplus : surplus, currency);
    say(
      `The bank's books had ${size} ${
        surplus < 0n ? "more" : "less"
      } when this ATM was last compared ` +
        "with them. Count its notes with 'deno task atm cash count'",
    );
  }
  for (const { movement, kind, amount, why } of journal.flagged()) {
    say(`To be checked: ${kind} ${movement}, ${formatMoney(amount, currency)}: ${why}`);
  }
  await devices.close?.();
  database.close();
  return 0;
}
