/** The device service: simulated cash devices and a card reader behind XFS4IoT, with durable counters. */
import { hex, utf8 } from "../../lib/bytes.ts";
import { readDeviceKeys } from "../../lib/device_keys.ts";
import { UsageError } from "../../lib/errors.ts";
import { socketPathBytesMax } from "../../lib/limits.ts";
import { leashEnds, log, runProgram, say } from "../../lib/process.ts";
import { removeAtEnd, removeIfThere, replacePrivateFile } from "../../lib/private_file.ts";
import {
  cardsFolderOf,
  controlsPath,
  controlsSecretPath,
  type DevicesReady,
  devicesSocketPath,
  type DevicesStart,
} from "../../lib/programs.ts";
import { connectUnix, listenTcp, messagesOf, system, systemFiles } from "../../lib/system.ts";
import type { SocketListener } from "../../lib/world.ts";
import { cardsOf, SimulatedCardReader } from "../cards/simulated_card_reader.ts";
import { SimulatedDevices } from "../cash/simulated_devices.ts";
import { CardSlot } from "../device_service/card_slot.ts";
import { Controls } from "../device_service/controls.ts";
import { DeviceService, publisherPath } from "../device_service/device_service.ts";
import { openDoor } from "../device_service/door.ts";
import { answerPane } from "../device_service/pane.ts";
import { CashRecycler } from "../device_service/recycler.ts";
import { EndToEnd } from "../device_service/end_to_end.ts";
import { DiskWatch } from "../disk_watch.ts";
import { openDevicesFolder } from "../folder/devices_folder.ts";
import { probeDisk } from "../folder/transact.ts";

if (import.meta.main) {
  await runProgram<DevicesStart>(async ({ folder, listen, keys: keyFile }) => {
    const end = leashEnds();
    const database = openDevicesFolder(systemFiles, folder);
    const devices = new SimulatedDevices(database, true);
    const keys = keyFile === undefined ? null : readDeviceKeys(systemFiles, keyFile);
    const security = keys && new EndToEnd({ world: system, database, devices, keys });
    const disk = new DiskWatch({
      ...{ world: system, log, words: ["the devices'", "the devices are"] },
      probe: () => probeDisk(database),
      onChange: () => service.unsolicited("Common.StatusChangedEvent"),
    });
    const recycler = new CashRecycler(devices, database, security, disk);
    const service = new DeviceService(recycler, system, log, {
      name: "CashRecycler",
      published: ["CashRecycler", "CardReader"],
    });
    const cards = cardsOf(systemFiles, cardsFolderOf(folder));
    const reader = new SimulatedCardReader(database, cards);
    const readerOptions = { name: "CardReader", published: null };
    const readerService = new DeviceService(new CardSlot(reader), system, log, readerOptions);
    reader.onChange = () =>
      readerService.unsolicited(
        reader.media() === "notPresent"
          ? "CardReader.MediaRemovedEvent"
          : "Common.StatusChangedEvent",
      );
    if (security) {
      security.onCleared = (reasonDescription) =>
        service.unsolicited("Common.NonceClearedEvent", { reasonDescription });
    }
    const secret = hex(system.randomBytes(32));
    const controls = new Controls({
      ...{ devices, recycler, reader, secret },
      onChange: () => service.unsolicited("Common.StatusChangedEvent"),
      caught: (error) => disk.caught(error),
    });
    devices.onTaken = () =>
      service.unsolicited("CashManagement.ItemsTakenEvent", { position: "outDefault" });
    let address = "";
    const answer = async (request: Request) => {
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        // A page of a browser sends its origin: none may command the devices.
        if (request.headers.has("origin")) return new Response(null, { status: 403 });
        const { socket, response } = Deno.upgradeWebSocket(request);
        const messages = messagesOf(socket);
        const base = `ws://${request.headers.get("host")}${publisherPath}`;
        const { pathname } = new URL(request.url);
        if (pathname === controlsPath) void controls.serve(messages);
        const served = pathname === controlsPath || service.accept(pathname, messages, base) ||
          readerService.accept(pathname, messages, base);
        if (!served) {
          socket.addEventListener("open", () => socket.close());
        }
        return response;
      }
      const ours = request.headers.get("host") === address;
      if (!ours) return new Response(null, { status: 400 });
      try {
        const page = await answerPane(request, controls);
        return page ?? new Response(null, { status: 400 });
      } catch (error) {
        if (!disk.caught(error)) throw error;
        return new Response(null, { status: 503 });
      }
    };
    const listener = listenAt(listen);
    address = listener.address;
    const path = devicesSocketPath(folder);
    if (utf8(path).length > socketPathBytesMax) {
      throw new UsageError(
        `${folder} is too long a path for devices. Choose a shorter one with --data`,
      );
    }
    removeIfThere(systemFiles, path);
    replacePrivateFile(systemFiles, controlsSecretPath(folder), secret);
    const server = Deno.serve({ path, onListen: () => {} }, answer);
    const connect = () => connectUnix(path);
    const closeDoor = openDoor({ listener, world: system, connect, log });
    const ready: DevicesReady = {
      url: `ws://${address}${publisherPath}`,
      page: `http://${address}/#${secret}`,
    };
    say(JSON.stringify(ready));
    await end;
    service.close();
    readerService.close();
    await closeDoor();
    await server.shutdown();
    for (const each of [path, controlsSecretPath(folder)]) removeAtEnd(systemFiles, each, log);
    disk.close();
    database.close();
    return 0;
  });
}

/** @throws {UsageError} if the address cannot be used */
function listenAt({ hostname, port }: DevicesStart["listen"]): SocketListener {
  try {
    return listenTcp({ hostname, port });
  } catch (error) {
    throw new UsageError(
      `the devices cannot listen on ${hostname}:${port}: ${(error as Error).message}. ` +
        "Choose another address with --listen",
    );
  }
}
