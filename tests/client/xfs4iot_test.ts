/** Cash devices behind WebSocket: withdrawals and deposits by XFS4IoT, and services that misbehave. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { plus, totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { ConnectionEnded, DeviceConnection } from "../../client/cash/xfs4iot/connection.ts";
import { parseMessage } from "../../client/cash/xfs4iot/messages.ts";
import type { BankClient } from "../../client/bank_client.ts";
import type { AtmDependencies } from "../../client/dependencies.ts";
import { DeviceReports } from "../../client/device_reports.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { countCassettes } from "../../client/filling.ts";
import { hasNotes, servedDevices } from "../../client/open_atm.ts";
import { UsageError } from "../../lib/errors.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { connectMessages, system, systemFiles } from "../../lib/system.ts";
import type { AskOf } from "../../lib/protocol/message.ts";
import type { MessageSocket } from "../../lib/world.ts";
import type { DatabaseSync } from "node:sqlite";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { makeCertificate } from "../bench/load/certificate.ts";
import { Branch, logIn, password, until } from "./branch.ts";
import { connectStandard } from "./reference_messages.ts";
import { serveDevices } from "./served_devices.ts";
import { chanceOf, openBranch, startAtm } from "./small_branch.ts";

Deno.test("a withdrawal and a deposit by WebSocket, and the service counts the notes", async () => {
  const branch = await Branch.open();
  try {
    const lobby = branch.atm("lobby", { byService: true });
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("8000")).outcome, "ok");
    assertEquals((await lobby.atm.depositOpen()).outcome, "ok");
    for (const note of ["5000", "1000"]) await lobby.atm.insertNote(note);
    await until("counted", () => lobby.atm.view().escrow?.total === "6000");
    const receipt = await lobby.atm.depositConfirm();
    assertEquals([receipt.outcome, receipt.amount], ["ok", "6000"]);
    await until("settled", () => lobby.journal.open().length === 0);
    await branch.requireAllSettled(lobby);
    assertEquals(lobby.served!.devices.inside(), lobby.devices.inside());
    assertEquals(branch.logged.filter((line) => /malformed/.test(line)), []);
    await lobby.close();
    const again = branch.atm("lobby", { byService: true });
    await logIn(again);
    assertEquals(again.served!.devices.inside(), again.devices.inside());
    assertEquals((await again.atm.withdraw("2000")).outcome, "ok");
    assert(again.atm.view().devices.jammed.length === 0);
    await again.close();
  } finally {
    await branch.close();
  }
});

/** Deposits this, and switches the devices off once they have counted it. */
async function lostDeposit(branch: Branch, counted: "0" | "5000") {
  const lobby = branch.atm("lobby", { byService: true });
  await logIn(lobby);
  assertEquals((await lobby.atm.depositOpen()).outcome, "ok");
  if (counted !== "0") await lobby.atm.insertNote(counted);
  await until("counted", () => lobby.atm.view().escrow?.total === counted);
  lobby.served!.switchOff();
  await until("they are away", () => lobby.atm.view().escrow === null);
  return lobby;
}

Deno.test("a deposit whose devices stopped answering is not called empty: the bank gets the counted amount", async (t) => {
  for (const then of ["the devices return", "staff count first", "the visit is over"] as const) {
    await t.step(then, async () => {
      const branch = await Branch.open();
      try {
        const lobby = await lostDeposit(branch, "5000");
        // whether or not its customer confirms
        await until("the bank has it", () => lobby.journal.open()[0]?.state === "acting");
        const { outcome, amount, movement } = await lobby.atm.depositConfirm();
        assertEquals([outcome, amount], ["to_be_counted", "5000"]);
        assertEquals(lobby.journal.open().map((entry) => entry.movement), [movement]);
        const holds = await branch.bank.ledger.read.holds();
        assertEquals(holds.map(({ id, kind, amount }) => [id, kind, amount]), [
          [movement, "deposit", 5_000n],
        ]);
        assertEquals((await lobby.atm.depositOpen()).outcome, "earlier_in_doubt");
        const count = () => {
          const { database, journal, served } = lobby;
          const counted = new Map([[5000n, 11], [2000n, 10], [1000n, 10]]);
          const people = { database, journal, devices: served!.devices, world: system };
          return countCassettes(people, counted, { code: "EUR", exponent: 2 });
        };
        if (then === "staff count first") assertEquals(count(), 0n);
        if (then === "the visit is over") await lobby.atm.logOut();
        lobby.served!.restart();
        await until("settled", () => lobby.journal.open().length === 0);
        const credited = { "the devices return": 0n, "staff count first": 5_000n }[then as string];
        assertEquals(await branch.balanceOf("alice"), 100_000n + (credited ?? 0n));
        if (then === "the visit is over") {
          await until("kept", () => lobby.journal.flagged().length > 0);
          const kept = lobby.journal.flagged().map(({ kind, amount }) => [kind, amount]);
          assertEquals(kept, [["left", 5_000n]]);
          const correct = { command: "correct_movement", operator: "t", movement } as const;
          const asked = { ...correct, amount: "50.00", reason: "counted" };
          await Array.fromAsync(runOperatorCommand(branch.bank, asked));
          assertEquals(await branch.balanceOf("alice"), 105_000n);
          assertEquals(count(), 5_000n);
          lobby.served!.restart();
          const { atm } = lobby;
          await until("counted", () => atm.view().cash.cassettes[0]?.count === 11);
          await lobby.atm.logIn("alice", password);
          await until("booked", () => lobby.journal.open().length === 0);
        }
        assertEquals(await branch.differences(), 0n);
        assertEquals(totalOf(lobby.devices.at("left", "escrow")), 0n);
        assertEquals(lobby.journal.flagged(), []);
        await branch.requireAllSettled(lobby);
        await lobby.close();
      } finally {
        await branch.close();
      }
    });
  }
});

Deno.test("a deposit that its customer cancels while the devices die ends as one that was confirmed", async () => {
  const branch = await Branch.open();
  try {
    const lobby = branch.atm("lobby", { byService: true });
    await logIn(lobby);
    assertEquals((await lobby.atm.depositOpen()).outcome, "ok");
    await lobby.atm.insertNote("5000");
    await until("counted", () => lobby.atm.view().escrow?.total === "5000");
    const cancelled = lobby.atm.depositCancel();
    lobby.served!.switchOff();
    const receipt = await cancelled;
    assertEquals([receipt?.outcome, receipt?.amount], ["to_be_counted", "5000"]);
    const holds = await branch.bank.ledger.read.holds();
    assertEquals(holds.map(({ id, amount }) => [id, amount]), [[receipt!.movement, 5_000n]]);
    lobby.served!.restart();
    await until("settled", () => lobby.journal.open().length === 0);
    assertEquals(await branch.balanceOf("alice"), 100_000n);
    assertEquals(lobby.journal.flagged(), []);
    await branch.requireAllSettled(lobby);
    await lobby.close();
  } finally {
    await branch.close();
  }
});

Deno.test("a deposit whose devices stopped answering before they counted a note has no amount in the log", async () => {
  const branch = await Branch.open();
  try {
    const lobby = await lostDeposit(branch, "0");
    assertEquals((await lobby.atm.depositConfirm()).outcome, "device_fault");
    const { entries } = await lobby.atm.history({ kind: "deposit" });
    assertEquals(entries.map(({ action }) => action), [
      "deposit of an unknown amount failed - device fault",
      "deposit €1,000.00 - opening balance",
    ]);
    assertEquals(lobby.journal.unfinished(), []);
    await lobby.close();
  } finally {
    await branch.close();
  }
});

Deno.test("notes that a customer takes while the devices do not answer are taken, and the ATM goes on", async () => {
  const branch = await Branch.open();
  try {
    const lobby = branch.atm("lobby", { byService: true, patient: true });
    const { atm, devices, journal, served } = lobby;
    await logIn(lobby);
    const withdrawing = atm.withdraw("2000");
    await until("presented", () => atm.view().presented !== null);
    served!.switchOff();
    await until("they are away", () => served!.devices.away());
    devices.takeNotes();
    assertEquals((await withdrawing).outcome, "in_doubt");
    assertEquals(atm.view().presented, null);
    served!.restart();
    await until("settled", () => journal.open().length === 0);
    assertEquals(journal.flagged(), []);
    assertEquals(await branch.balanceOf("alice"), 98_000n);
    await atm.logOut();
    await logIn(lobby, "bob");
    assertEquals(atm.view().presented, null);
    const next = atm.withdraw("2000");
    await until("presented", () => atm.view().presented !== null);
    await atm.takeNotes();
    assertEquals((await next).outcome, "ok");
    await until("settled", () => journal.open().length === 0);
    await branch.requireAllSettled(lobby);
    await lobby.close();
  } finally {
    await branch.close();
  }
});

Deno.test("a device that does not see into its tray has no notes there once a retract finds none", async () => {
  const folder = Deno.makeTempDirSync();
  const branch = await openBranch(folder, chanceOf(5), "by messages");
  const { cashier, devices, payer, close } = await startAtm(branch, false, (socket) => ({
    send: (text) => socket.send(text),
    close: () => socket.close(),
    receive: async () =>
      (await socket.receive())?.replaceAll(
        '"positionStatus":"empty"',
        '"positionStatus":"unknown"',
      ) ??
        null,
  }));
  for (const taken of [2_000n, 4_000n]) {
    assertEquals((await cashier.withdraw(payer, 2_000n)).outcome, "ok");
    assertEquals(branch.journal.unfinished(), []);
    assertEquals(totalOf(cashier.toTake()), 0n);
    assertEquals(-branch.bank.balance("lobby"), totalOf(devices.inside()), `${taken}`);
  }
  await close();
  for (const database of [branch.notes, branch.database]) database.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("only the customer to whom notes were presented is asked to take them, and nobody while the devices are away", async () => {
  const folder = await Deno.makeTempDir();
  const branch = await openBranch(folder, chanceOf(3), "by messages");
  const start = await startAtm(branch, true);
  const { cashier, devices, simulated, payer } = start;
  await devices.dispense(new Map([[2_000n, 1]]));
  await devices.present();
  assertEquals(totalOf(cashier.toTake()), 0n, "they are nobody's");
  simulated.takeNotes();
  await until("taken", () => devices.presented().size === 0);
  simulated.arm("jam before retract");
  await cashier.alone(() => cashier.withdraw(payer, 2_000n));
  assertEquals(totalOf(cashier.toTake()), 2_000n);
  start.visitor = { ...payer };
  assertEquals(totalOf(cashier.toTake()), 0n);
  start.visitor = payer;
  (devices as Xfs4IotDevices).close();
  await until("they are away", () => devices.away());
  assertEquals([totalOf(devices.presented()), totalOf(cashier.toTake())], [2_000n, 0n]);
  await start.close();
  for (const database of [branch.notes, branch.database]) database.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("notes of a deposit that devices return after a cut are given to its customer, and to nobody else", async (t) => {
  for (const who of ["its customer", "somebody else", "nobody"] as const) {
    await t.step(`${who} is logged in`, async () => {
      const folder = Deno.makeTempDirSync();
      const branch = await openBranch(folder, chanceOf(7), "by messages");
      let line: MessageSocket | null = null;
      const start = await startAtm(branch, false, (socket) => line = socket);
      const { cashier, devices, simulated, payer } = start;
      assertEquals(await cashier.openAcceptor(payer), "ok");
      await simulated.insert(5_000n);
      await until("counted", () => totalOf(devices.escrow()) === 5_000n);
      line!.close();
      await until("connected again", () => !devices.accepting() && !devices.away());
      const isTheirs = who === "its customer";
      start.visitor = isTheirs ? payer : who === "nobody" ? null : { ...payer };
      await cashier.recover();
      assertEquals(totalOf(simulated.withheld()), 0n);
      assertEquals(totalOf(simulated.at("left")), isTheirs ? 0n : 5_000n);
      assertEquals(branch.journal.flagged().map(({ kind }) => kind), isTheirs ? [] : ["left"]);
      await start.close();
      branch.database.close();
      branch.notes.close();
      Deno.removeSync(folder, { recursive: true });
    });
  }
});

Deno.test("devices whose disk is full are out of service, and so is cash at the ATM, until there is room", async () => {
  const branch = await Branch.open();
  try {
    const lobby = branch.atm("lobby", { byService: true });
    await logIn(lobby);
    const { database, simulated } = lobby.served!;
    const notes = simulated.everywhere();
    const { page_count: pages } = database.prepare("PRAGMA page_count").get()!;
    database.exec(`PRAGMA max_page_count = ${pages}`);
    assertEquals((await lobby.atm.withdraw("8000")).outcome, "device_fault");
    const jammed = () => lobby.atm.view().devices.jammed.length;
    await until("the ATM has no devices", () => jammed() === 2);
    assertEquals((await lobby.atm.depositOpen()).outcome, "device_fault");
    database.exec("PRAGMA max_page_count = 1000000");
    await until("the devices are back", () => jammed() === 0);
    assertEquals(simulated.everywhere(), notes);
    assertEquals((await lobby.atm.withdraw("8000")).outcome, "ok");
    await until("settled", () => lobby.journal.open().length === 0);
    await branch.requireAllSettled(lobby);
    const logged = branch.logged.filter((line) => line.includes("the devices' disk"));
    assertEquals(logged.length, 2, logged.join("\n"));
    assertEquals(branch.logged.filter((line) => line.includes("    at ")), []);
  } finally {
    await branch.close();
  }
});

/** Returns the socket of a service that answers each command as a function says. */
function scripted(answer: (header: Record<string, unknown>, payload: unknown) => unknown[]) {
  const queue: string[] = [];
  let waiting: ((text: string | null) => void) | null = null;
  let isOver = false;
  const socket: MessageSocket = {
    receive: () =>
      queue.length > 0
        ? Promise.resolve(queue.shift()!)
        : isOver
        ? Promise.resolve(null)
        : new Promise((resolve) => waiting = resolve),
    send(text) {
      const { header, payload } = JSON.parse(text);
      for (const message of answer(header, payload)) {
        const line = typeof message === "string" ? message : JSON.stringify(message);
        if (waiting) waiting(line);
        else queue.push(line);
        waiting = null;
      }
    },
    close() {
      isOver = true;
      waiting?.(null);
    },
  };
  return socket;
}

const completionOf = (name: string, requestId: unknown, payload: unknown) => ({
  header: { type: "completion", name, requestId, version: "3.0", completionCode: "success" },
  payload,
});
const online = { common: { device: "online", exchange: null, vendorField: 7 } };

Deno.test("unknown fields, unknown events and null payloads are survived", async () => {
  const connection = new DeviceConnection(
    scripted(({ name, requestId }) => [
      { header: { type: "acknowledge", name, requestId, version: "2.0" }, payload: null },
      { header: { type: "unsolicited", name: "Lights.BlinkEvent", version: "9.0" }, payload: {} },
      { header: { type: "event", name: "Vendor.SomeEvent", requestId, other: [1] } },
      { header: { type: "completion", name, requestId: 999, completionCode: "success" } },
      completionOf("Common.Status", requestId, online),
    ]),
    { world: system, log: () => {} },
  );
  const { code, payload } = await connection.command("Common.Status", {});
  assertEquals([code, payload], ["success", { common: { device: "online" } }]);
  connection.close();
});

Deno.test("a malformed message is a named error, and ends the connection", async () => {
  const table: [message: unknown, error: string][] = [
    ["{", "the message is not JSON"],
    [{ payload: {} }, "message.header is not an object"],
    [{ header: { type: "reply", name: "Common.Status" } }, "message.header.type is not one of"],
    [{ header: { type: "completion", name: "Common.Status" } }, "completion without requestId"],
    [
      { header: { type: "completion", name: "Common.Status", requestId: 1 } },
      "completion without completionCode",
    ],
    [completionOf("Common.Cancel", 1, {}), "Common.Cancel answers Common.Status"],
    [completionOf("Common.Status", 1, {}), "Common.Status.common is not an object"],
    [
      completionOf("Common.Status", 1, { common: { device: "asleep" } }),
      "Common.Status.common.device is not one of",
    ],
    [
      { header: { type: "unsolicited", name: "Common.ErrorEvent", version: "2.0" }, payload: {} },
      "Common.ErrorEvent.eventId is not one of",
    ],
    [
      {
        header: {
          type: "acknowledge",
          name: "Common.Status",
          requestId: 1,
          status: "tooManyRequests",
        },
      },
      "was not acknowledged: tooManyRequests",
    ],
  ];
  for (const [message, error] of table) {
    const logged: string[] = [];
    const connection = new DeviceConnection(scripted(() => [message]), {
      world: system,
      log: (line) => logged.push(line),
    });
    await assertRejects(() => connection.command("Common.Status", {}), ConnectionEnded);
    assertStringIncludes(logged.join(), error);
    await connection.ended;
  }
});

Deno.test("a command that cannot be sent fails once: nothing waits for its completion", async () => {
  const socket = {
    ...scripted(() => []),
    send: () => {
      throw new Error("the line is shut");
    },
  };
  const connection = new DeviceConnection(socket, { world: system, log: () => {} });
  await assertRejects(() => connection.command("Common.Status", {}), Error, "the line is shut");
  connection.close(); // would reject, unhandled, what still waited
});

Deno.test("a service that does not say what it is, or a publisher its services, is named with its answer", async () => {
  for (const failing of ["ServicePublisher.GetServices", "Common.Capabilities"]) {
    const services = [{ serviceURI: "ws://devices/CashRecycler" }];
    const answer = ({ name, requestId }: Record<string, unknown>) => {
      const { header, payload } = completionOf(`${name}`, requestId, { services });
      if (name !== failing) return [{ header, payload }];
      return [{ header: { ...header, completionCode: "hardwareError" }, payload: {} }];
    };
    const database = {} as DatabaseSync;
    const devices = new Xfs4IotDevices({
      ...{ url: "ws://devices", connect: () => Promise.resolve(scripted(answer)), world: system },
      ...{ database, currency: () => null, log: () => {} },
    });
    assertEquals(await devices.start(), false);
    assertEquals(devices.why, `${failing} failed: hardwareError`);
    await devices.close();
  }
});

Deno.test("the service refuses wrong commands by name", async () => {
  const folder = await Deno.makeTempDir();
  const atm = openAtmFolder(systemFiles, `${folder}/atm`);
  const served = serveDevices(
    `${folder}/devices`,
    atm,
    (database) => new SimulatedDevices(database),
  );
  const socket = await connectMessages(`${served.url}/CashRecycler`);
  let requestId = 0;
  const ask = async (name: string, payload: unknown, header: object = {}) => {
    socket.send(JSON.stringify({
      header: { type: "command", name, requestId: ++requestId, version: "2.0", ...header },
      payload,
    }));
    for (;;) {
      const { header, payload: answer } = parseMessage((await socket.receive())!);
      if (header.status) return header.status;
      if (header.type !== "completion") continue;
      return header.completionCode === "commandErrorCode"
        ? (answer as { errorCode: string }).errorCode
        : header.completionCode;
    }
  };
  const dispense = (counts: object, currencies: object = {}) =>
    ask("CashDispenser.Dispense", {
      denomination: { denomination: { app: { counts, currencies } } },
    });
  const initial = { type20EUR1: { fit: 10 } };
  const unit1 = { cash: { configuration: { currency: "EUR", value: 20 }, status: { initial } } };
  assertEquals(await ask("Storage.SetStorage", { storage: { unit1 } }), "noExchangeActive");
  assertEquals(await ask("Storage.StartExchange", null), "success");
  assertEquals(await ask("Storage.StartExchange", {}), "exchangeActive");
  assertEquals(await dispense({ unit1: 1 }), "exchangeActive");
  const wrongNote = { cash: { configuration: { currency: "EUR", value: 30 } } };
  assertEquals(
    await ask("Storage.SetStorage", { storage: { unit2: wrongNote } }),
    "unsupportedData",
  );
  assertEquals(await ask("Storage.SetStorage", { storage: { unit99: unit1 } }), "invalidUnit");
  assertEquals(await ask("Storage.SetStorage", { storage: { unit1 } }), "success");
  assertEquals(await ask("Storage.EndExchange", {}), "success");
  assertEquals(await ask("Storage.EndExchange", {}), "noExchangeActive");
  assertEquals(await dispense({ unit2: 1 }), "cashUnitError");
  assertEquals(await dispense({ unit1: 0 }), "invalidDenomination");
  assertEquals(await dispense({ unit1: 2 }, { EUR: 20 }), "invalidDenomination");
  assertEquals(await dispense({ unit1: 2 }, { USD: 40 }), "invalidCurrency");
  assertEquals(await dispense({ unit1: 11 }), "notDispensable");
  assertEquals(await dispense({ unit1: -1 }), "invalidData");
  assertEquals(await ask("CashDispenser.Present", {}), "noItems");
  assertEquals(await ask("CashAcceptor.CashIn", {}), "noCashInActive");
  assertEquals(await ask("CashManagement.OpenShutter", {}), "invalidCommand");
  assertEquals(await ask("Common.Cancel", { requestIds: [3] }), "noMatchingRequestIDs");
  assertEquals(await ask("Common.Status", {}, { requestId: 1 }), "invalidRequestID");
  assertEquals(
    await ask("Common.Status", {}, { type: "completion", completionCode: "success" }),
    "invalidMessage",
  );
  assertEquals(await dispense({ unit1: 2 }, { EUR: 40 }), "success");
  assertEquals(await dispense({ unit1: 2 }, { EUR: 40 }), "itemsLeft");
  assertEquals(totalOf(served.simulated.at("stacker")), 4_000n);
  await ask("CashDispenser.Reject", {});
  assertEquals(await ask("CashAcceptor.CashInStart", {}), "success");
  assertEquals(await ask("CashAcceptor.CashIn", {}, { timeout: 50 }), "timeOut");
  assertEquals(await ask("CashAcceptor.CashInRollback", {}), "success");
  socket.close();
  await served.close();
  atm.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("notes that a customer takes while the ATM reads the state after they were presented are seen to be taken", async () => {
  const folder = await Deno.makeTempDir();
  const branch = await openBranch(folder, chanceOf(1), "by messages");
  const questions = [
    "Common.Status",
    "Storage.GetStorage",
    "CashManagement.GetBankNoteTypes",
    "CashDispenser.GetPresentStatus",
    "CashAcceptor.GetCashInStatus",
  ];
  for (const question of questions) {
    let take = () => {};
    const { devices, simulated } = await startAtm(branch, true, (socket) => ({
      ...socket,
      async receive() {
        const text = await socket.receive();
        const { type, name } = text === null ? {} as never : parseMessage(text).header;
        if (type === "completion" && name === question) take();
        return text;
      },
    }));
    await devices.dispense(new Map([[2_000n, 1]]));
    take = () => simulated.tray().size > 0 && simulated.takeNotes();
    await devices.present();
    await until(`${question}: they are gone`, () => devices.presented().size === 0);
  }
  await branch.present?.close();
  for (const database of [branch.notes, branch.database]) database.close();
  await Deno.remove(folder, { recursive: true });
});

/** Returns another client of a service. */
function clientOf(url: string, database: DatabaseSync): Xfs4IotDevices {
  const currency = () => ({ code: "EUR", exponent: 2 });
  return new Xfs4IotDevices({
    ...{ url, connect: connectStandard, world: system, database, currency, log: () => {} },
  });
}

Deno.test("a second ATM at one device service is refused until the first one's connection has ended", async () => {
  const folder = await Deno.makeTempDir();
  const [lobby, hall] = ["lobby", "hall"].map((name) =>
    openAtmFolder(systemFiles, `${folder}/${name}`)
  ) as [DatabaseSync, DatabaseSync];
  const equip = (database: DatabaseSync) => new SimulatedDevices(database);
  const { devices, simulated, url, close } = serveDevices(`${folder}/devices`, lobby, equip);
  assert(await devices.start());
  devices.load(new Map([[2_000n, 3]]));
  await devices.carryOut();
  const second = clientOf(url, hall);
  second.load(new Map([[2_000n, 7]]));
  assert(!await second.start());
  assertStringIncludes(second.why, "deviceNotReady, another client uses the device");
  assertEquals([second.away(), simulated.everywhere()], [true, new Map([[2_000n, 3]])]);
  await devices.close();
  await until("the second one's turn", () => !second.away());
  assertEquals(second.inside(), new Map([[2_000n, 7]]));
  await second.close();
  await close();
  for (const database of [lobby, hall]) database.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("an exchange that a dead client left active ends when the ATM connects", async () => {
  const folder = await Deno.makeTempDir();
  const atm = openAtmFolder(systemFiles, `${folder}/atm`);
  const equip = (database: DatabaseSync) => new SimulatedDevices(database);
  const { devices, simulated, url, close } = serveDevices(`${folder}/devices`, atm, equip);
  assert(await devices.start());
  devices.load(new Map([[2_000n, 3]]));
  await devices.carryOut();
  await devices.close();
  const dead = new DeviceConnection(await connectStandard(`${url}/CashRecycler`), {
    ...{ world: system, log: () => {} },
  });
  const isFree = async () => (await dead.command("Common.Status", {})).code === "success";
  await until("the device is free", isFree);
  assertEquals((await dead.command("Storage.StartExchange", {})).code, "success");
  dead.close();
  const again = clientOf(url, atm);
  await again.start();
  await until("connected", () => !again.away());
  await again.dispense(new Map([[2_000n, 1]]));
  assertEquals(simulated.at("stacker"), new Map([[2_000n, 1]]));
  await again.close();
  await close();
  atm.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "a wss: service is trusted by the certificate that is given, and by no other",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const tls = await makeCertificate(folder);
    const atm = openAtmFolder(systemFiles, `${folder}/atm`);
    const equip = (database: DatabaseSync) => new SimulatedDevices(database);
    const served = serveDevices(`${folder}/devices`, atm, equip, () => {}, { tls });
    assertEquals(await served.devices.start(), true);
    await assertRejects(() => connectMessages(served.url));
    await served.close();
    atm.close();
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("a count sets every cassette, also one that is found empty, which stays listed", async () => {
  const folder = await Deno.makeTempDir();
  const atm = openAtmFolder(systemFiles, `${folder}/atm`);
  const equip = (database: DatabaseSync) => new SimulatedDevices(database);
  const { devices, simulated, close } = serveDevices(`${folder}/devices`, atm, equip);
  await devices.start();
  devices.load(new Map([[2_000n, 3], [1_000n, 1]]));
  await devices.carryOut();
  devices.recount(new Map([[2_000n, 2]]));
  await devices.carryOut();
  assertEquals(simulated.everywhere(), new Map([[2_000n, 2]]));
  assertEquals(devices.loaded().get(1_000n), 0);
  assertEquals(devices.cassettes(), new Map([[2_000n, 2]]));
  await close();
  atm.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("only the cassettes that staff filled are reported as empty or low", async () => {
  const folder = await Deno.makeTempDir();
  const atm = openAtmFolder(systemFiles, `${folder}/atm`);
  const equip = (database: DatabaseSync) => new SimulatedDevices(database);
  const { devices, simulated, close } = serveDevices(`${folder}/devices`, atm, equip);
  const sent: unknown[] = [];
  const report = async () => {
    const journal = { flagged: () => [] } as unknown as AtmDependencies["journal"];
    const bank = {
      ask: (asked: AskOf<"report">) => {
        sent.push(asked.cassettes);
        return Promise.resolve({ outcome: "ok" });
      },
    } as unknown as BankClient;
    await new DeviceReports({ devices, journal, reader: null, failure: () => null }).send(bank);
    return sent.at(-1);
  };
  await devices.start();
  assertEquals(await report(), []);
  devices.load(new Map([[2_000n, 2], [1_000n, 1]]));
  await devices.carryOut();
  const loaded = [{ value: "2000", count: 2 }, { value: "1000", count: 1 }];
  assertEquals(await report(), loaded);
  await devices.cashInStart();
  const counted = devices.cashIn();
  await simulated.insert(5_000n);
  await counted;
  await devices.cashInEnd();
  const unfilled = { value: "5000", count: 1, unfilled: true };
  assertEquals(await report(), [unfilled, ...loaded]);
  // A later load of others does not make it one that staff filled.
  devices.load(new Map([[1_000n, 3]]));
  await devices.carryOut();
  assertEquals(await report(), [unfilled, loaded[0], { value: "1000", count: 4 }]);
  devices.recount(new Map([[2_000n, 2]]));
  await devices.carryOut();
  assertEquals(await report(), [loaded[0]]);
  await devices.dispense(new Map([[2_000n, 2]]));
  assertEquals(await report(), [{ value: "2000", count: 0 }]);
  await close();
  atm.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("an ATM's notes stay in the kind of service that they are in", async () => {
  const folder = await Deno.makeTempDir();
  const database = openAtmFolder(systemFiles, folder);
  const devicesAt = (isOwn: boolean) => {
    const { url } = { url: "ws://127.0.0.1:1/xfs4iot/v1.0" };
    const never = () => Promise.reject(new Error("nobody"));
    const findKey = () => {
      throw new UsageError("no key");
    };
    const parts = { world: system, database, connectDevices: never, log: () => {}, findKey };
    servedDevices({ url, isOwn }, parts);
  };
  devicesAt(true);
  devicesAt(true);
  assertThrows(() => devicesAt(false), UsageError, "its own simulated devices");
  database.exec("DELETE FROM settings");
  devicesAt(false);
  assertThrows(() => devicesAt(true), UsageError, "in devices elsewhere");
  const elsewhere = { url: "ws://127.0.0.1:1/xfs4iot/v1.0", isOwn: false };
  assertEquals(hasNotes(database, elsewhere), false);
  new SimulatedDevices(database).load(new Map([[2_000n, 1]]));
  assertEquals(hasNotes(database, { ...elsewhere, isOwn: true }), true);
  assertThrows(() => hasNotes(database, elsewhere), UsageError, "from --demo");
  database.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a service that lies about its counts is found by the ledger", async () => {
  const branch = await Branch.open();
  try {
    const lobby = branch.atm("lobby", { byService: true });
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("8000")).outcome, "ok");
    await until("settled", () => lobby.journal.open().length === 0);
    // It handed out a note of 20 that it did not count: staff find one less than it claims.
    const { database, journal, served } = lobby;
    const counted = plus(served!.devices.inside(), new Map([[2_000n, -1]]));
    const people = { database, journal, devices: served!.devices, world: system };
    assertEquals(countCassettes(people, counted, { code: "EUR", exponent: 2 }), -2_000n);
    await served!.devices.carryOut();
    served!.devices.onReturn?.();
    await until("the shortage is booked", () => lobby.journal.open().length === 0);
    await branch.requireAllSettled(lobby);
    const accounts = await branch.bank.ledger.read.accounts();
    assertEquals(accounts.find(({ kind }) => kind === "differences")?.balance, -2_000n);
    await lobby.close();
  } finally {
    await branch.close();
  }
});
