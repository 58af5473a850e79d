/**
 * An ATM of the torture, in its own process: a real ATM, whose customers withdraw and deposit
 * without end. It prints a line for each answer of the bank, at once; `finish` on
 * standard input ends that, and its end ends the program.
 */
import { BankAtm } from "../../client/atm.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { fillCassettes } from "../../client/filling.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Journal } from "../../client/journal.ts";
import { connectTcp, system, systemFiles } from "../../lib/system.ts";
import { parseTerminalKey } from "../../lib/terminal_key.ts";
import { linesOf } from "../server/helpers/lines.ts";

/** What an ATM of the torture is started with, as JSON. */
export interface TortureAtm {
  folder: string;
  /** The text of its key file. */
  key: string;
  port: number;
  customers: { username: string; password: string }[];
}

/** What it prints, as JSON: what its journal is about to write, or that all is settled. */
export type TortureLine =
  | { authorised: string }
  | { acted: string; done: string } // or loaded
  | { settled: string }
  | { finished: true };

const say = (line: TortureLine) => console.log(JSON.stringify(line));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const chance = (count: number) => Math.floor(Math.random() * count);

class TellingJournal extends Journal {
  override authorised(...args: Parameters<Journal["authorised"]>): void {
    say({ authorised: args[0] });
    super.authorised(...args);
  }

  override intend(...[entry, timeMs]: Parameters<Journal["intend"]>): void {
    const { kind, movement, amount } = entry;
    if (kind === "load") say({ acted: movement, done: amount.toString() });
    super.intend(entry, timeMs);
  }

  override acted(movement: string, done: bigint): void {
    say({ acted: movement, done: done.toString() });
    super.acted(movement, done);
  }

  override settled(movement: string): void {
    say({ settled: movement });
    super.settled(movement);
  }
}

async function visit(
  atm: BankAtm,
  { username, password }: TortureAtm["customers"][number],
): Promise<void> {
  const { outcome, retryAfterMs } = await atm.logIn(username, password);
  if (outcome !== "ok") return void await pause(retryAfterMs ?? 100);
  for (let left = 1 + chance(6); left > 0 && atm.view().visit; left--) {
    if (chance(2) === 0) await atm.withdraw(String(1_000 * (1 + chance(12))));
    else {
      await atm.depositOpen();
      for (let notes = 1 + chance(3); notes > 0; notes--) {
        await atm.insertNote(["1000", "2000", "5000"][chance(3)]!);
      }
      await atm.depositConfirm();
    }
  }
  await atm.logOut();
}

if (import.meta.main) {
  const { folder, key, port, customers } = JSON.parse(Deno.args[0]!) as TortureAtm;
  const database = openAtmFolder(systemFiles, folder);
  const journal = new TellingJournal(database);
  const devices = new SimulatedDevices(database);
  const terminalKey = parseTerminalKey(key, "the key");
  const atm = new BankAtm({
    world: system,
    connect: () => connectTcp("127.0.0.1", port),
    findKey: () => terminalKey,
    journal,
    devices,
    demo: devices,
    log: console.error,
    onConnected: (currency) => {
      if (devices.cassettes().size > 0) return;
      const notes = new Map([[5000n, 9_000], [2000n, 9_000], [1000n, 9_000]]);
      fillCassettes({ database, journal, devices, world: system }, notes, currency);
    },
  });
  atm.start();
  const input = linesOf(Deno.stdin.readable).getReader();
  let finishing = false;
  const finish = input.read().then(() => finishing = true);
  const isOnline = () => atm.view().bank === "online";
  while (!finishing) {
    if (!isOnline()) await pause(20);
    else await visit(atm, customers[chance(customers.length)]!).catch(console.error);
  }
  await finish;
  while (!isOnline() || journal.open().length > 0) await pause(20); // the next meeting settles
  say({ finished: true });
  await input.read();
  await atm.stop();
  database.close();
}
