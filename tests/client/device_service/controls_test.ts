/** The controls of a device service, over a connection of messages. */
import { assertEquals } from "@std/assert";
import { SimulatedCardReader } from "../../../client/cards/simulated_card_reader.ts";
import { SimulatedDevices } from "../../../client/cash/simulated_devices.ts";
import { Controls } from "../../../client/device_service/controls.ts";
import { CashRecycler } from "../../../client/device_service/recycler.ts";
import { DeviceService, publisherPath } from "../../../client/device_service/device_service.ts";
import { answerPane } from "../../../client/device_service/pane.ts";
import { DeviceConnection } from "../../../client/cash/xfs4iot/connection.ts";
import { openDevicesFolder } from "../../../client/folder/devices_folder.ts";
import { ServedControls } from "../../../client/cash/served_controls.ts";
import { system, systemFiles } from "../../../lib/system.ts";
import type { MessageSocket } from "../../../lib/world.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";
import { messagePair } from "../message_pair.ts";

const secret = "5".repeat(64);

/** Controls of devices with twenties in a cassette, and two cards. */
async function withControls(
  work: (parts: {
    controls: Controls;
    devices: SimulatedDevices;
    reader: SimulatedCardReader;
    recycler: CashRecycler;
    connect: (secret: string) => [ServedControls, MessageSocket];
  }) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const database = openDevicesFolder(systemFiles, folder);
    database.exec("INSERT INTO units VALUES ('unit1', 'EUR', '2000')");
    const devices = new SimulatedDevices(database, true);
    devices.load(new Map([[2_000n, 10]]));
    const cards = { names: () => ["alice", "bob"], numberOf: () => "1".repeat(37) };
    const reader = new SimulatedCardReader(database, cards);
    const recycler = new CashRecycler(devices, database);
    const controls = new Controls({
      ...{ devices, recycler, reader, secret },
      onChange() {},
      caught: () => false,
    });
    const connect = (secret: string): [ServedControls, MessageSocket] => {
      const [here, there] = messagePair();
      void controls.serve(there);
      return [new ServedControls(here, secret), here];
    };
    try {
      await work({ controls, devices, reader, recycler, connect });
    } finally {
      database.close();
    }
  });
}

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

Deno.test("a pane with another secret is disconnected, and operates nothing", () =>
  withControls(async ({ devices, connect }) => {
    for (const wrong of ["", "0".repeat(64), secret.slice(1)]) {
      const [controls, socket] = connect(wrong);
      await controls.armFault("jam before dispense");
      await turn();
      assertEquals(await socket.receive(), null, wrong);
      assertEquals(controls.cards(), []);
    }
    assertEquals(devices.faults(), []);
  }));

Deno.test("a pane operates the devices, and sees faults come and go", () =>
  withControls(async ({ controls: served, devices, reader, connect }) => {
    const [controls] = connect(secret);
    let changes = 0;
    controls.onChange = () => changes++;
    await turn();
    assertEquals(controls.cards(), ["alice", "bob"]);
    await controls.armFault("jam between dispense");
    await turn();
    assertEquals(controls.faults(), ["jam between dispense"]);
    await devices.dispense(new Map([[2_000n, 2]])).catch(() => {});
    await turn();
    assertEquals(controls.faults(), [], "it has happened");
    assertEquals(devices.jammed(), ["dispenser"]);
    await controls.clearJams();
    await turn();
    assertEquals(devices.jammed(), []);
    await devices.present();
    await controls.takeNotes();
    await turn();
    assertEquals(devices.presented().size, 0);
    await devices.cashInStart();
    const counted = devices.cashIn();
    await controls.insertNote("2000");
    await counted;
    assertEquals([...devices.escrow()], [[2_000n, 1]]);
    assertEquals([await served.act("jamReader"), reader.media()], [true, "jammed"]);
    await controls.clearJams();
    await turn();
    const reading = reader.read();
    await controls.insertCard("bob");
    assertEquals(await reading, "1".repeat(37));
    await reader.eject();
    await controls.takeCard();
    await turn();
    assertEquals(reader.media(), "notPresent");
    assertEquals(changes > 3, true);
  }));

Deno.test("what is no action, note, card or fault does nothing", () =>
  withControls(async ({ controls, devices, reader }) => {
    const nothing = [
      ...["", " ", "take", "insertNote", "insertNote 2001", "insertNote -2000", "insertNote 0x7d0"],
      ...["insertCard mallory", "insertCard ../alice", "insertCard", "armFault jam", "armFault"],
      ...["armFault jam before", "constructor", "faults", "close", "insertNote 2000\ntakeNotes"],
    ];
    await devices.cashInStart();
    for (const text of nothing) assertEquals(await controls.act(text), false, text);
    assertEquals([devices.faults(), devices.escrow().size, reader.media()], [[], 0, "notPresent"]);
  }));

Deno.test("the page accepts notes only while a client waits for them, whenever that ends", () =>
  withControls(async ({ controls, devices, recycler }) => {
    const headers = { "x-pane-secret": secret };
    const accepting = async () => {
      const request = new Request("http://devices/state", { method: "POST", headers });
      return (await (await answerPane(request, controls))!.json()).accepting;
    };
    const service = new DeviceService(recycler, system, () => {});
    for (const ends of [true, false]) {
      const [atm, there] = messagePair();
      service.accept(`${publisherPath}/CashRecycler`, there, "");
      const connection = new DeviceConnection(atm, { world: system, log: () => {} });
      await connection.command("CashAcceptor.CashInStart", {});
      assertEquals(await accepting(), true);
      if (!ends) {
        const counting = connection.command("CashAcceptor.CashIn", {}, true);
        await connection.command("Common.Cancel", {});
        assertEquals((await counting).code, "canceled");
        assertEquals([await accepting(), devices.accepting()], [false, true]);
      }
      connection.close();
      await turn();
      assertEquals(await accepting(), false);
    }
  }));
