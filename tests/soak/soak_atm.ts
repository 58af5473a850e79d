/**
 * An ATM of the soak, in its own process: one customer after the other withdraws notes and pays them in
 * again, until standard input ends. It prints how long each movement took, in milliseconds.
 */
import { BankAtm } from "../../client/atm.ts";
import { LocalControls } from "../../client/cash/device_controls.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { fillCassettes } from "../../client/filling.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { Journal } from "../../client/journal.ts";
import { connectTcp, system, systemFiles } from "../../lib/system.ts";
import { parseTerminalKey } from "../../lib/terminal_key.ts";

/** What an ATM of the soak is started with, as JSON. */
export interface SoakAtm {
  folder: string;
  /** The text of its key file. */
  key: string;
  address: { hostname: string; port: number };
  customer: { username: string; password: string };
}

const note = 1_000n;
const roundsOfVisit = 10;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function visit(atm: BankAtm, { username, password }: SoakAtm["customer"]): Promise<void> {
  const { outcome, retryAfterMs } = await atm.logIn(username, password);
  if (outcome !== "ok") return void await pause(retryAfterMs ?? 100);
  for (let round = 0; round < roundsOfVisit && atm.view().visit; round++) {
    await timed(() => atm.withdraw(`${note}`));
    await timed(async () => {
      await atm.depositOpen();
      await atm.insertNote(`${note}`);
      return await atm.depositConfirm();
    });
    await pause(20);
  }
  await atm.logOut();
}

async function timed(act: () => Promise<{ outcome: string }>): Promise<void> {
  const sinceMs = performance.now();
  const { outcome } = await act();
  if (outcome === "ok") console.log((performance.now() - sinceMs).toFixed(1));
  else console.error(`a movement ended with ${outcome}`);
}

if (import.meta.main) {
  const { folder, key, address, customer } = JSON.parse(Deno.args[0]!) as SoakAtm;
  const database = openAtmFolder(systemFiles, folder);
  const journal = new Journal(database);
  const devices = new SimulatedDevices(database);
  const atm = new BankAtm({
    world: system,
    connect: () => connectTcp(address.hostname, address.port),
    findKey: () => parseTerminalKey(key, "the key"),
    keepKey: () => {},
    journal,
    devices,
    demo: new LocalControls(devices),
    log: console.error,
    onConnected: (currency) =>
      fillCassettes(
        { database, journal, devices, world: system },
        new Map([[note, 1_000]]),
        currency,
      ),
  });
  atm.start();
  let isOver = false;
  const ended = Deno.stdin.readable.pipeTo(new WritableStream()).then(() => isOver = true);
  while (!isOver) {
    if (atm.view().bank === "online") await visit(atm, customer).catch(console.error);
    else await pause(20);
  }
  await ended;
  await atm.stop();
  database.close();
}
