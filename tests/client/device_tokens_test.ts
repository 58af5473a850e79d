/** An ATM whose device has keys: each withdrawal ends by what the device attests. */
import { assert, assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { EndToEnd, type EndToEndParts } from "../../client/device_service/end_to_end.ts";
import { countCassettes } from "../../client/filling.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { Journal } from "../../client/journal.ts";
import { type DeviceKeys, parseDeviceKeys } from "../../lib/device_keys.ts";
import { contentOfToken, makeToken } from "../../lib/device_token.ts";
import type { Currency } from "../../lib/money.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, logIn, until } from "./branch.ts";
import { serveDevices } from "./served_devices.ts";

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
    assertEquals(lobby.journal.flagged().map(({ why }) => why), ["the device attests €40.00"]);
    await lobby.close();
  }));

/** A device that dispenses nothing on request. */
class Refuser extends EndToEnd {
  refuses = false;
  override authorise(...request: Parameters<EndToEnd["authorise"]>) {
    return this.refuses ? "hardwareError" as const : super.authorise(...request);
  }
}

/** A device of another maker: it does not attest which nonce has ended. */
class OtherMaker extends Refuser {
  constructor(private readonly own: EndToEndParts) {
    super(own);
  }
  override presentStatus(nonce: string, currency: Currency): string | null {
    const content = contentOfToken(super.presentStatus(nonce, currency) ?? "")?.content;
    if (!content) return null;
    const standard = [...content].filter(([key]) => key !== "STRONGROOMCLEARED");
    return makeToken(this.own.keys.device, nonce, standard);
  }
}

Deno.test("a device that proves only what it paid: the rest is in doubt, and withdrawals go on", () =>
  withDevice(async (branch, deviceKeys) => {
    let device!: OtherMaker;
    const attest = (parts: EndToEndParts) => device = new OtherMaker(parts);
    const lobby = branch.atm("lobby", { byService: true, deviceKeys, attest });
    const withdraw = async (amount: string) => (await lobby.atm.withdraw(amount)).outcome;
    await logIn(lobby);
    assertEquals(await withdraw("2000"), "ok");
    for (const _ of [1, 2, 3]) {
      device.refuses = true;
      assertEquals(await withdraw("1000"), "to_be_counted");
      device.refuses = false;
      assertEquals(lobby.journal.open(), [], "the ATM has no more to say");
    }
    assertEquals(await withdraw("2000"), "withdrawals_stopped");
    const holds = await branch.bank.ledger.read.holds();
    assertEquals((await branch.bank.ledger.read.doubts()).sort(), holds.map(({ id }) => id).sort());
    assertEquals(holds.length, 3);
    const whys = lobby.journal.flagged().map(({ why }) => why);
    assertEquals(whys, Array(3).fill("in doubt: its device gives no proof"));
    await lobby.close();
  }));

Deno.test("a count books nothing of a withdrawal in doubt, whose notes the operator books who settles it", () =>
  withDevice(async (branch, deviceKeys) => {
    const attest = (parts: EndToEndParts) => new OtherMaker(parts);
    const options = { byService: true, deviceKeys, attest };
    const lobby = branch.atm("lobby", options);
    await logIn(lobby);
    lobby.devices.arm("jam between present");
    assertEquals((await lobby.atm.withdraw("8000")).outcome, "to_be_counted");
    await lobby.close();
    // The next start compares its notes with the books, which do not have those 50 yet.
    const again = branch.atm("lobby", options);
    const reconciled = () => [...branch.bank.monitor.terminals.values()][0]?.reconciled;
    await until("compared", () => (reconciled()?.differences.length ?? 0) > 0);
    await again.close();
    assertEquals(await countNotes(branch, deviceKeys), 0n);
    const last = branch.atm("lobby", options);
    await until("online", () => last.atm.view().bank === "online");
    assertEquals(await branch.differences(), 0n);
    assertEquals((await branch.bank.ledger.read.holds()).map(({ amount }) => amount), [8_000n]);
    await last.close();
  }));

/** Counts the notes rightly, as staff do. Returns what is over or missing. */
async function countNotes(branch: Branch, keys: DeviceKeys): Promise<bigint> {
  const folder = `${branch.folder}/atm-lobby`;
  const database = openAtmFolder(systemFiles, folder);
  const equip = (database: DatabaseSync) => new SimulatedDevices(database);
  const log = () => {};
  const { devices, simulated, close } = serveDevices(`${folder}-devices`, database, equip, log, {
    keys,
  });
  await devices.start();
  const people = { database, journal: new Journal(database), devices, world: system };
  const counted = simulated.everywhere();
  const over = countCassettes(people, counted, { code: "EUR", exponent: 2 });
  await devices.carryOut();
  await close();
  database.close();
  return over;
}

Deno.test("notes that were drawn back are compared with the books at once: one count books them", () =>
  withDevice(async (branch, deviceKeys) => {
    const options = { byService: true, deviceKeys, patient: true };
    const lobby = branch.atm("lobby", options);
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("4000")).outcome, "to_be_counted");
    await until("compared", () => lobby.journal.surplus() === 4_000n);
    await lobby.close();
    assertEquals(await countNotes(branch, deviceKeys), 4_000n);
    const again = branch.atm("lobby", options);
    await until(
      "booked",
      async () => again.atm.view().bank === "online" && await branch.differences() === 4_000n,
    );
    await branch.requireAllSettled(again);
    await again.close();
  }));

Deno.test("a withdrawal that is still open is proved before the device gets another nonce", () =>
  withDevice(async (branch, deviceKeys) => {
    let device!: Refuser;
    const attest = (parts: EndToEndParts) => device = new Refuser(parts);
    const lobby = branch.atm("lobby", { byService: true, deviceKeys, attest });
    await logIn(lobby);
    const present = lobby.served!.devices.presentStatus.bind(lobby.served!.devices);
    lobby.served!.devices.presentStatus = () => Promise.resolve(null);
    device.refuses = true;
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "to_be_counted");
    device.refuses = false;
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "device_fault");
    lobby.served!.devices.presentStatus = present;
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
    await branch.requireAllSettled(lobby);
    assertEquals(await branch.balanceOf("alice"), 98_000n);
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

/** What operators do to the device of an open withdrawal that was paid · whether its service gets the new keys · the result. */
const fates: [string, ("rotate_device" | "revoke_device" | "enrol_device")[], boolean, string][] = [
  ["rotated, and has the earlier keys", ["rotate_device"], false, "booked"],
  ["rotated", ["rotate_device"], true, "booked"],
  ["rotated twice, and has the first keys", ["rotate_device", "rotate_device"], false, "booked"],
  ["rotated twice", ["rotate_device", "rotate_device"], true, "booked"],
  ["revoked", ["revoke_device"], false, "in doubt"],
  ["revoked, and enrolled again", ["revoke_device", "enrol_device"], true, "booked"],
];

for (const [what, commands, hasNew, result] of fates) {
  Deno.test(`an open withdrawal of a device that is ${what}: ${result}`, () =>
    withDevice(async (branch, deviceKeys) => {
      const killed = Promise.withResolvers<void>();
      const lobby = branch.atm("lobby", {
        ...{ byService: true, deviceKeys },
        wrap: (journal) => {
          const acted = journal.acted.bind(journal);
          journal.acted = (...args) => {
            acted(...args);
            killed.resolve(lobby.kill());
          };
          return journal;
        },
      });
      await logIn(lobby);
      lobby.atm.withdraw("4000").catch(() => {});
      await killed.promise;
      let keys = deviceKeys;
      for (const command of commands) {
        const name = command === "enrol_device" ? "next" : "cash";
        const asked = { command, name, terminal: "lobby", operator: "t" } as const;
        for await (const answer of runOperatorCommand(branch.bank, asked)) {
          if ("keyFile" in answer && hasNew) keys = parseDeviceKeys(answer.keyFile, "file");
        }
      }
      const again = branch.atm("lobby", { byService: true, deviceKeys: keys });
      await until(
        "it is over for the ATM",
        () => again.atm.view().bank === "online" && again.journal.open().length === 0,
      );
      const { read } = branch.bank.ledger;
      if (result === "booked") await branch.requireAllSettled(again);
      else assertEquals(await read.doubts(), (await read.holds()).map(({ id }) => id));
      const balance = await branch.balanceOf("alice");
      assertEquals(balance, result === "booked" ? 96_000n : 100_000n);
      if (hasNew) {
        await logIn(again);
        assertEquals((await again.atm.withdraw("2000")).outcome, "ok");
      }
      await again.close();
    }));
}
