/** An ATM whose device has keys: each withdrawal ends by what the device attests. */
import { assert, assertEquals } from "@std/assert";
import { parseDeviceKeys } from "../../lib/device_keys.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, logIn, until } from "./branch.ts";

async function withDevice(
  test: (branch: Branch, keys: ReturnType<typeof parseDeviceKeys>) => Promise<void>,
) {
  const branch = await Branch.open();
  try {
    const enrol: OperatorCommand = { command: "enrol_device", name: "cash", terminal: "lobby" };
    const answers = await Array.fromAsync(
      runOperatorCommand(branch.bank, { ...enrol, operator: "t" }),
    );
    const file = answers.find((answer) => "keyFile" in answer)!;
    await test(branch, parseDeviceKeys(file.keyFile, "file"));
  } finally {
    await branch.close();
  }
}

Deno.test("withdrawals on the bank's tokens, also after lost answers and a jam", () =>
  withDevice(async (branch, deviceKeys) => {
    const lobby = branch.atm("lobby", { byService: true, deviceKeys });
    await logIn(lobby);
    const settled = () => until("settled", () => lobby.journal.open().length === 0);
    for (const amount of ["4000", "2000"]) {
      const receipt = await lobby.atm.withdraw(amount);
      assertEquals([receipt.outcome, receipt.amount], ["ok", amount]);
    }
    await settled();
    const [first] = lobby.journal.since(0);
    assert(first!.token && first!.status && first!.statusNonce);
    lobby.socket().losesNext = true;
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "bank_unreachable");
    await settled();
    await branch.requireAllSettled(lobby);
    assertEquals(await branch.balanceOf("alice"), 94_000n);
    await logIn(lobby);
    lobby.devices.arm("jam before dispense");
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "device_fault");
    await settled();
    await branch.requireAllSettled(lobby);
    assertEquals(await branch.balanceOf("alice"), 94_000n);
    await lobby.close();
  }));

Deno.test("notes that were presented and drawn back stay booked, and staff are shown it", () =>
  withDevice(async (branch, deviceKeys) => {
    const lobby = branch.atm("lobby", { byService: true, deviceKeys, patient: true });
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("4000")).outcome, "to_be_counted");
    assertEquals(await branch.balanceOf("alice"), 96_000n);
    assertEquals(lobby.journal.flagged().map(({ why }) => why), ["the device attests 4000"]);
    await lobby.close();
  }));

Deno.test("an ATM that dies before it dispenses settles by the device's proof", () =>
  withDevice(async (branch, deviceKeys) => {
    const killed = Promise.withResolvers<void>();
    const lobby = branch.atm("lobby", {
      byService: true,
      deviceKeys,
      wrap: (journal) => {
        const acting = journal.acting.bind(journal);
        journal.acting = (...args) => {
          acting(...args);
          killed.resolve(lobby.kill());
        };
        return journal;
      },
    });
    await logIn(lobby);
    lobby.atm.withdraw("4000").catch(() => {});
    await killed.promise;
    const again = branch.atm("lobby", { byService: true, deviceKeys });
    await until(
      "settled",
      async () =>
        again.atm.view().bank === "online" && again.journal.open().length === 0 &&
        (await branch.bank.ledger.read.holds()).length === 0,
    );
    await branch.requireAllSettled(again);
    await again.close();
  }));
