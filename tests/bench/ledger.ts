/** How many commands the ledger commits in a second, by how many wait for it at once. */
import type { Command } from "../../server/ledger/command.ts";
import { Ledger } from "../../server/ledger/ledger.ts";
import { addCustomer, enrolTerminal, ledgerParts } from "../server/helpers/engine.ts";
import { commandOf, idOf, settings } from "../server/helpers/small_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { type Bench, perSecond } from "./harness.ts";

/** How many commands are under way at once. */
const widths = [1, 16, 64, 256];

export async function benchLedger(bench: Bench): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const syncs = bench.size(400, 20);
    await bench.median(
      { id: "disk.sync", unit: "syncs of 4 KiB/s" },
      () => perSecond(syncs, () => sync(`${folder}/disk`, syncs)),
    );
    const parts = { ...ledgerParts(folder), create: settings };
    const ledger = await Ledger.open(parts, console.error);
    try {
      await ledger.submit(addCustomer("alice", 10n ** 12n));
      await ledger.submit(enrolTerminal("lobby"));
      for (const width of widths) {
        const commands = bench.size(Math.min(6_000, 600 * width), 4 * width);
        await bench.median(
          {
            id: `ledger.${width}`,
            unit: "commands/s",
            to: width === widths[0] ? "disk.sync" : `ledger.${widths[0]}`,
          },
          () => perSecond(commands, () => run(ledger, commands, width)),
        );
      }
    } finally {
      await ledger.close();
    }
  });
}

function sync(path: string, count: number): void {
  const file = Deno.openSync(path, { write: true, create: true });
  const page = new Uint8Array(4_096);
  for (let done = 0; done < count; done++) {
    file.writeSync(page);
    file.syncDataSync();
  }
  file.close();
}

let movements = 0;

/** Withdrawals, authorised and completed, by as many customers at once as `width` says. */
async function run(ledger: Ledger, commands: number, width: number): Promise<void> {
  let left = commands / 2;
  const customer = async () => {
    while (left-- > 0) {
      const id = `m${movements++}`;
      await done(ledger, commandOf(`lobby alice withdraw ${id} alice 2000 EUR`));
      await done(ledger, {
        op: "complete",
        movement: idOf(id),
        terminal: idOf("lobby"),
        amount: 2_000n,
      });
    }
  };
  await Promise.all(Array.from({ length: width }, customer));
}

async function done(ledger: Ledger, command: Command): Promise<void> {
  const { outcome } = await ledger.submit(command);
  if (outcome !== "ok") throw new Error(`the ledger answered ${outcome}`);
}
