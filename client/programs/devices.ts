/** The device service: simulated cash devices and a card reader behind XFS4IoT, with durable counters. */
import { hex } from "../../lib/bytes.ts";
import { readDeviceKeys } from "../../lib/device_keys.ts";
import { UsageError } from "../../lib/errors.ts";
import { leashEnds, log, runProgram, say } from "../../lib/process.ts";
import type { DevicesReady, DevicesStart } from "../../lib/programs.ts";
import { messagesOf, system, systemFiles } from "../../lib/system.ts";
import { cardsOf, SimulatedCardReader } from "../cards/simulated_card_reader.ts";
import { SimulatedDevices } from "../cash/simulated_devices.ts";
import { CardSlot } from "../device_service/card_slot.ts";
import { DeviceService, publisherPath } from "../device_service/device_service.ts";
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
    const cards = cardsOf(systemFiles, `${folder}/cards`);
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
    const onChange = () => service.unsolicited("Common.StatusChangedEvent");
    devices.onTaken = () =>
      service.unsolicited("CashManagement.ItemsTakenEvent", { position: "outDefault" });
    let address = "";
    const answer = async (request: Request) => {
      const asked = new URL(request.url);
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        // A page of a browser sends its origin: none may command the devices.
        if (request.headers.has("origin")) return new Response(null, { status: 403 });
        const { socket, response } = Deno.upgradeWebSocket(request);
        const messages = messagesOf(socket);
        const base = `ws://${asked.host}${publisherPath}`;
        const served = service.accept(asked.pathname, messages, base) ||
          readerService.accept(asked.pathname, messages, base);
        if (!served) {
          socket.addEventListener("open", () => socket.close());
        }
        return response;
      }
      const ours = request.headers.get("host") === address;
      if (!ours) return new Response(null, { status: 400 });
      try {
        const page = await answerPane(request, {
          devices,
          recycler,
          reader,
          cards,
          secret,
          onChange,
        });
        return page ?? new Response(null, { status: 400 });
      } catch (error) {
        if (!disk.caught(error)) throw error;
        return new Response(null, { status: 503 });
      }
    };
    const server = serve(listen, answer);
    const host = server.addr.hostname.includes(":")
      ? `[${server.addr.hostname}]`
      : server.addr.hostname;
    address = `${host}:${server.addr.port}`;
    const ready: DevicesReady = {
      url: `ws://${address}${publisherPath}`,
      page: `http://${address}/#${secret}`,
    };
    say(JSON.stringify(ready));
    await end;
    service.close();
    readerService.close();
    await server.shutdown();
    disk.close();
    database.close();
    return 0;
  });
}

function serve(
  { hostname, port }: DevicesStart["listen"],
  answer: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, answer);
  } catch (error) {
    throw new UsageError(
      `the devices cannot listen on ${hostname}:${port}: ${(error as Error).message}. ` +
        "Choose another address with --listen",
    );
  }
}
