/** A device service on loopback in this process, and an ATM's client of it. */
import type { DatabaseSync } from "node:sqlite";
import type { SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import type { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Xfs4IotCardReader } from "../../client/cash/xfs4iot/xfs4iot_card_reader.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { CardSlot } from "../../client/device_service/card_slot.ts";
import { DeviceService, publisherPath } from "../../client/device_service/device_service.ts";
import { CashRecycler } from "../../client/device_service/recycler.ts";
import { EndToEnd, type EndToEndParts } from "../../client/device_service/end_to_end.ts";
import { DiskWatch } from "../../client/disk_watch.ts";
import type { DeviceKeys } from "../../lib/device_keys.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { probeDisk } from "../../client/folder/transact.ts";
import { connectMessages, messagesOf, system, systemFiles } from "../../lib/system.ts";
import { standard } from "./reference_messages.ts";

export interface ServedDevices {
  simulated: SimulatedDevices;
  /** The service's database. */
  database: DatabaseSync;
  devices: Xfs4IotDevices;
  /** The card reader itself, and an ATM's client of it; null without one. */
  simulatedReader: () => SimulatedCardReader | null;
  reader: Xfs4IotCardReader | null;
  url: string;
  /** Ends every connection and the work of the service, and serves nobody until `restart`. */
  switchOff(): void;
  /** Ends the same, and serves again: a nonce ends with its power. */
  restart(): void;
  close(): Promise<void>;
}

const euro = { code: "EUR", exponent: 2 };

/** @param atm the ATM's database */
export function serveDevices(
  folder: string,
  atm: DatabaseSync,
  equip: (database: DatabaseSync) => SimulatedDevices,
  log: (line: string) => void = () => {},
  { tls, keys, attest = (keys) => new EndToEnd(keys), equipReader }: {
    tls?: { certificate: string; key: string };
    keys?: DeviceKeys;
    /** Makes the end-to-end security of a device with keys. */
    attest?: (parts: EndToEndParts) => EndToEnd;
    equipReader?: (database: DatabaseSync) => SimulatedCardReader;
  } = {},
): ServedDevices {
  const database = openDevicesFolder(systemFiles, folder);
  const simulated = equip(database);
  const parts = { world: system, database, devices: simulated };
  const disk = new DiskWatch({
    ...{ world: system, log, words: ["the devices'", "the devices are"] },
    probe: () => probeDisk(database),
    onChange: () => cash.unsolicited("Common.StatusChangedEvent"),
  });
  const serveCash = () => {
    const security = keys ? attest({ ...parts, keys }) : null;
    const recycler = new CashRecycler(simulated, database, security, disk);
    return new DeviceService(recycler, system, log, {
      name: "CashRecycler",
      published: ["CashRecycler", ...(equipReader ? ["CardReader"] : [])],
    });
  };
  const serveCards = () => {
    const reader = equipReader?.(database);
    if (!reader) return null;
    const options = { name: "CardReader", published: null };
    const service = new DeviceService(new CardSlot(reader), system, log, options);
    reader.onChange = () =>
      service.unsolicited(
        reader.media() === "notPresent"
          ? "CardReader.MediaRemovedEvent"
          : "Common.StatusChangedEvent",
      );
    return { reader, service };
  };
  let cash = serveCash();
  let cards = serveCards();
  let isOff = false;
  simulated.onTaken = () =>
    cash.unsolicited("CashManagement.ItemsTakenEvent", { position: "outDefault" });
  const secured = tls ? { cert: tls.certificate, key: tls.key } : {};
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...secured };
  const server = Deno.serve(options, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const messages = standard(messagesOf(socket), "devices");
    const { pathname } = new URL(request.url);
    const isServed = !isOff && (cash.accept(pathname, messages, url) ||
      cards?.service.accept(pathname, messages, url));
    if (!isServed) socket.addEventListener("open", () => socket.close());
    return response;
  });
  const url = `${tls ? "wss" : "ws"}://127.0.0.1:${server.addr.port}${publisherPath}`;
  const connect = async (url: string) =>
    standard(await connectMessages(url, tls?.certificate), "ATM");
  const devices = new Xfs4IotDevices({
    url,
    connect,
    world: system,
    database: atm,
    currency: () => euro,
    log,
  });
  const reader = equipReader
    ? new Xfs4IotCardReader({ url, connect, world: system, database: atm, log })
    : null;
  reader?.start();
  return {
    simulated,
    database,
    devices,
    simulatedReader: () => cards?.reader ?? null,
    reader,
    url,
    switchOff() {
      isOff = true;
      simulated.forget();
      for (const service of [cash, cards?.service]) service?.close();
    },
    restart() {
      isOff = false;
      const old = [cash, cards?.service];
      simulated.forget();
      cash = serveCash();
      cards = serveCards();
      for (const service of old) service?.close();
    },
    async close() {
      await devices.close();
      await reader?.close();
      cash.close();
      cards?.service.close();
      await server.shutdown();
      disk.close();
      database.close();
    },
  };
}
