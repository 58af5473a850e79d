/** Shows, fills and counts an ATM's cassettes while the ATM is not running. */
import { UsageError } from "../../lib/errors.ts";
import { type Currency, formatMoney } from "../../lib/money.ts";
import { log, runProgram, say } from "../../lib/process.ts";
import type { AtmCashStart } from "../../lib/programs.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { openAtmFolder } from "../folder/atm_folder.ts";
import { notesForm, parseNotes } from "../cash/cash_notes.ts";
import { type NoteCounts, totalOf } from "../cash/note_mix.ts";
import { decidedByCount } from "../filling.ts";
import type { Journal, JournalEntry } from "../journal.ts";
import { keepLeft } from "../left_notes.ts";
import { SimulatedDevices } from "../cash/simulated_devices.ts";
import { hasNotes, keyOfFolder, notConnected, openCash, servedDevices } from "../open_atm.ts";
import { connectorOf } from "./connect_devices.ts";

if (import.meta.main) await runProgram<AtmCashStart>(runCash);

async function runCash(
  { command, devices: devicesAt, key, folder, notes: words, json }: AtmCashStart,
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
  const left = decidedByCount(journal) ? null : keepLeft({
    ...{ journal, devices, world: system, currency: currency.code },
  });
  if (left !== null) {
    await devices.carryOut();
    if (command === "count") {
      throw new UsageError(
        `nothing was counted: ${left.why}. Separate these ${formatMoney(left.amount, currency)}, ` +
          "and enter the count of the others again",
      );
    }
  }
  if (command !== "show") {
    const notes = parseNotes(words, currency);
    if (notes === null || (command === "load" && totalOf(notes) === 0n)) {
      throw new UsageError(`'${words.join(" ")}': ${notesForm(currency)}`, 2);
    }
    if (command === "count") {
      const flagged = journal.flagged();
      const over = count(notes, currency);
      await devices.carryOut();
      const size = formatMoney(over < 0n ? -over : over, currency);
      if (over !== 0n) {
        say(`${size} ${over < 0n ? "missing" : "over"}: booked to the differences account`);
      }
      for (const entry of flagged) say(`Checked by this count: ${flaggedInWords(entry, currency)}`);
    } else if (!fill(notes, currency)) {
      throw new UsageError(
        "there are notes in the tray. Take all notes out, and record them with 'count'",
      );
    }
    await devices.carryOut();
  }
  const show = json ? jsonOf : wordsOf;
  show(devices.cassettes(), journal, currency).forEach(say);
  await devices.close?.();
  database.close();
  return 0;
}

/** Returns the notes in the cassettes, and what staff must look at, as one line of JSON. */
function jsonOf(cassettes: NoteCounts, journal: Journal): string[] {
  const facts = {
    cassettes: [...cassettes].map(([value, count]) => ({ value: value.toString(), count })),
    total: totalOf(cassettes).toString(),
    lost: journal.whatIsLost()?.movement ?? null,
    surplus: journal.surplus().toString(),
    flagged: journal.flagged().map(({ movement, kind, amount, why }) => (
      { movement, kind, amount: amount.toString(), why }
    )),
  };
  return [JSON.stringify(facts)];
}

/** Returns the same in words. */
function wordsOf(cassettes: NoteCounts, journal: Journal, currency: Currency): string[] {
  const money = (minor: bigint) => formatMoney(minor < 0n ? -minor : minor, currency);
  const lines = [...cassettes].map(([value, count]) => `${money(value).padStart(12)}  x ${count}`);
  lines.push(`${money(totalOf(cassettes)).padStart(12)}  in total`);
  const lost = journal.whatIsLost();
  if (lost) {
    lines.push(
      `This ATM lacks movements that the bank has, the newest ${lost.movement}. Settle its holds ` +
        "with 'deno task bank holds', then count its notes with 'deno task atm cash count'",
    );
  }
  const surplus = journal.surplus();
  if (surplus !== 0n) {
    const side = surplus < 0n ? "more" : "less";
    lines.push(
      `The bank's books had ${money(surplus)} ${side} when this ATM was last compared ` +
        "with them. Count its notes with 'deno task atm cash count'",
    );
  }
  for (const entry of journal.flagged()) {
    lines.push(`To be checked: ${flaggedInWords(entry, currency)}`);
  }
  return lines;
}

function flaggedInWords({ movement, kind, amount, why }: JournalEntry, currency: Currency): string {
  return `${kind} ${movement}, ${formatMoney(amount, currency)}: ${why}`;
}
