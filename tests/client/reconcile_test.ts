/** At its start, and each day, an ATM's notes and movements are compared with the books. */
import { assertEquals } from "@std/assert";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { countCassettes, fillCassettes } from "../../client/filling.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { Journal } from "../../client/journal.ts";
import type { NoteCounts } from "../../client/cash/note_mix.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { Branch, logIn, until } from "./branch.ts";

/** Starts the ATM until it is reconciled, and returns the differences. */
async function reconciledAt(branch: Branch): Promise<string[]> {
  const { monitor, world } = branch.bank;
  const sinceMs = world.nowMs();
  const atm = branch.atm();
  const reconciled = () => [...monitor.terminals.values()][0]?.reconciled;
  await until("reconciled", () => (reconciled()?.ms ?? 0) >= sinceMs);
  await until("online", () => atm.atm.view().bank === "online");
  await atm.close();
  return [...reconciled()!.differences];
}

/** Does staff's work at the ATM that is not running. */
function atStandstill<T>(
  branch: Branch,
  work: (
    devices: SimulatedDevices,
    count: (notes: NoteCounts) => bigint,
    load: (notes: NoteCounts) => void,
  ) => T,
): T {
  const database = openAtmFolder(systemFiles, `${branch.folder}/atm-lobby`);
  const devices = new SimulatedDevices(database);
  const filling = { database, devices, journal: new Journal(database), world: system };
  const euro = { code: "EUR", exponent: 2 };
  try {
    return work(
      devices,
      (notes) => countCassettes(filling, notes, euro),
      (notes) => void fillCassettes(filling, notes, euro),
    );
  } finally {
    database.close();
  }
}

const found: [what: string, isUsed: boolean, loaded: NoteCounts][] = [
  ["notes of another terminal", true, new Map()],
  ["the same, and a load", true, new Map([[1000n, 3]])],
  ["the same, at a terminal without movements", false, new Map()],
  ["the same, and its first load", false, new Map([[1000n, 3]])],
];

for (const [what, isUsed, loaded] of found) {
  Deno.test(`a count mends the difference that a reconciliation found: ${what}`, async () => {
    const branch = await Branch.open();
    try {
      if (isUsed) {
        const lobby = branch.atm();
        await logIn(lobby);
        assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
        await lobby.close();
      }
      // The devices have notes that this terminal's books do not have.
      atStandstill(branch, (devices, _, load) => {
        devices.load(new Map([[2000n, 7]]));
        if (loaded.size > 0) load(loaded);
      });
      const differences = await reconciledAt(branch);
      assertEquals(differences.length, 1);
      assertEquals(differences[0]!.endsWith("€140.00 over"), true, differences[0]);
      // One note is missing besides.
      const counted = atStandstill(branch, (devices, count) => {
        const notes = new Map(devices.cassettes());
        notes.set(2000n, notes.get(2000n)! - 1);
        return count(notes);
      });
      assertEquals(counted, 12_000n);
      assertEquals(await reconciledAt(branch), []);
      assertEquals(atStandstill(branch, (devices, count) => count(devices.cassettes())), 0n);
      const again = branch.atm();
      await until("online", () => again.atm.view().bank === "online");
      await branch.requireAllSettled(again);
      await again.close();
    } finally {
      await branch.close();
    }
  });
}

Deno.test("a count checks what was to be checked: it is listed no longer, and its reason is kept", () =>
  inTemporaryFolder((folder) => {
    const database = openAtmFolder(systemFiles, folder);
    const [journal, devices] = [new Journal(database), new SimulatedDevices(database)];
    const movement = "0123456789abcdef0123456789abcdef";
    const facts = { currency: "EUR", notes: new Map([[5000n, 1]]), amount: 5_000n };
    journal.intend({ movement, kind: "withdrawal", ...facts }, 1);
    journal.disputed(movement, "complete: already_reversed");
    journal.left({ movement: movement.replace("0", "f"), ...facts }, "not returned", 2);
    assertEquals(journal.flagged().length, 2);
    const filling = { database, devices, journal, world: system };
    assertEquals(countCassettes(filling, new Map(), { code: "EUR", exponent: 2 }), 0n);
    assertEquals(journal.flagged(), []);
    assertEquals(journal.unfinished().map(({ state, why }) => [state, why]), [
      ["disputed", "complete: already_reversed"],
    ]);
    database.close();
  }));

Deno.test("an honest ATM has no difference from the books, after each kind of movement", async () => {
  const branch = await Branch.open();
  const first = branch.atm();
  try {
    await logIn(first);
    assertEquals((await first.atm.withdraw("2000")).outcome, "ok");
    await first.atm.depositOpen();
    await first.atm.insertNote("5000");
    assertEquals((await first.atm.depositConfirm()).outcome, "ok");
    await first.atm.armFault("jam before dispense");
    assertEquals((await first.atm.withdraw("2000")).outcome, "device_fault");
    await first.atm.clearJams();
    await first.atm.logOut();
  } finally {
    await first.close();
  }
  // The next start reports all of it.
  const { monitor, world } = branch.bank;
  const sinceMs = world.nowMs();
  const again = branch.atm();
  const reconciled = () => [...monitor.terminals.values()][0]?.reconciled;
  await until("reconciled", () => (reconciled()?.ms ?? 0) >= sinceMs);
  assertEquals(reconciled()!.differences, []);
  await again.close();
  await branch.close();
});
