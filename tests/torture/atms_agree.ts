/** Whether ATMs and bank agree once everything is settled: notes, journals and books. */
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { systemFiles } from "../../lib/system.ts";
import type { BankRow, Journaled } from "./judge.ts";

/** What a bank has when all is settled. */
export interface BooksAtEnd {
  rows: readonly BankRow[];
  /** The balance of each terminal's cash account, by the terminal's name. */
  balances: ReadonlyMap<string, bigint>;
  /** How many movements are still open. */
  open: number;
}

/**
 * Returns what the ATMs' journals say, and what does not agree, each in words.
 * @param folders of the ATMs, each named for its terminal
 */
export function atmsAgree(
  folders: Iterable<string>,
  { rows, balances, open }: BooksAtEnd,
): { journaled: Journaled[]; problems: string[] } {
  const problems: string[] = [];
  const journaled: Journaled[] = [];
  if (open > 0) problems.push(`${open} movements are still open at the bank`);
  for (const folder of folders) {
    const database = openAtmFolder(systemFiles, folder);
    const mine = database
      .prepare("SELECT movement, kind, state, amount, done, account FROM journal").all() as {
        movement: string;
        kind: string;
        state: string;
        amount: string;
        done: string;
        account: string | null;
      }[];
    const devices = new SimulatedDevices(database);
    let left = 0n;
    for (const { movement, kind, state, amount, done, account } of mine) {
      // Notes of a deposit that a kill cut short: the ATM keeps them for their owner until a count.
      const isKept = kind === "left" && state === "disputed" && account !== null;
      if (isKept) left += BigInt(amount);
      else if (state !== "settled") problems.push(`${movement}, a ${kind}, is ${state}`);
      journaled.push({ movement, state, done: BigInt(kind === "load" ? amount : done ?? 0) });
    }
    const [notes, apart] = [devices.everywhere(), devices.at("left")].map(totalOf);
    const balance = balances.get(folder.slice(folder.lastIndexOf("/") + 1))!;
    if (notes !== left - balance) {
      problems.push(`${folder} has ${notes}, the books ${-balance}, and customers left ${left}`);
    }
    if (apart !== left) problems.push(`${folder} keeps ${apart} apart, customers left ${left}`);
    database.close();
  }
  const booked = Map.groupBy(rows, ({ movement }) => movement);
  for (const { movement, done } of journaled.filter(({ done }) => done > 0n)) {
    const sum = (booked.get(movement) ?? []).reduce((total, row) => total + row.booked, 0n);
    if (sum < done) problems.push(`${movement}: moved ${done}, booked ${sum}`);
  }
  return { journaled, problems };
}
