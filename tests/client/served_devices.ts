/** A device service on loopback in this process, and an ATM's client of it. */
import type { DatabaseSync } from "node:sqlite";
import type { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
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
  url: string;
  /** Ends every connection and the work of the service, and serves again. */
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
  { tls, keys, attest = (keys) => new EndToEnd(keys) }: {
    tls?: { certificate: string; key: string };
    keys?: DeviceKeys;
    /** Makes the end-to-end security of a device with keys. */
    attest?: (parts: EndToEndParts) => EndToEnd;
  } = {},
): ServedDevices {
  const database = openDevicesFolder(systemFiles, folder);
  const simulated = equip(database);
  const parts = { world: system, database, devices: simulated };
  const security = keys ? attest({ ...parts, keys }) : null;
  const disk = new DiskWatch({
    ...{ world: system, log, words: ["the devices'", "the devices are"] },
    probe: () => probeDisk(database),
    onChange: () => service.unsolicited("Common.StatusChangedEvent"),
  });
  const recycler = () => new CashRecycler(simulated, database, security, disk);
  let service = new DeviceService(recycler(), system, log);
  const secured = tls ? { cert: tls.certificate, key: tls.key } : {};
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {}, ...secured };
  const server = Deno.serve(options, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    const messages = standard(messagesOf(socket), "devices");
    service.accept(new URL(request.url).pathname, messages, url);
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
  return {
    simulated,
    database,
    devices,
    url,
    restart() {
      const old = service;
      simulated.forget();
      service = new DeviceService(recycler(), system, log);
      old.close();
    },
    async close() {
      await devices.close();
      service.close();
      await server.shutdown();
      disk.close();
      database.close();
    },
  };
}
