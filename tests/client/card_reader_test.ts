/** The card reader behind XFS4IoT: the service of the simulated one, the client, and the desk. */
import { assertEquals } from "@std/assert";
import { CardDesk } from "../../client/cards/card_desk.ts";
import { type Cards, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { completionCodes } from "../../client/cash/xfs4iot/messages.ts";
import { DeviceConnection } from "../../client/cash/xfs4iot/connection.ts";
import { Xfs4IotCardReader } from "../../client/cash/xfs4iot/xfs4iot_card_reader.ts";
import { CardSlot } from "../../client/device_service/card_slot.ts";
import { DeviceService, publisherPath } from "../../client/device_service/device_service.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import {
  cardReaderRetryMs,
  deviceAnswerMsMax,
  deviceKeepAliveMs,
  deviceRetryMs,
} from "../../lib/limits.ts";
import { messagesOf, system, systemFiles } from "../../lib/system.ts";
import type { World } from "../../lib/world.ts";
import { until } from "./branch.ts";
import { connectStandard } from "./reference_messages.ts";

const number = "1234567890".repeat(4).slice(0, 37);
const cards: Cards = { names: () => ["alice"], numberOf: () => number };

/** A service with a reader, which can be killed and started again, and an ATM's desk in front of it. */
class Service {
  readonly folder = Deno.makeTempDirSync();
  #database = openDevicesFolder(systemFiles, this.folder);
  readonly #atm = openAtmFolder(systemFiles, `${this.folder}/atm`);
  simulated = new SimulatedCardReader(this.#database, cards);
  #service = this.#make();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    this.#service.accept(new URL(request.url).pathname, messagesOf(socket), this.url);
    return response;
  });
  readonly url = `ws://127.0.0.1:${this.#server.addr.port}${publisherPath}`;
  retained = 0;
  readonly logged: string[] = [];

  #make(published?: readonly string[]): DeviceService {
    const service = new DeviceService(new CardSlot(this.simulated), system, () => {}, {
      name: "CardReader",
      ...(published && { published }),
    });
    this.simulated.onChange = () =>
      service.unsolicited(
        this.simulated.media() === "notPresent"
          ? "CardReader.MediaRemovedEvent"
          : "Common.StatusChangedEvent",
      );
    return service;
  }

  /** Ends every connection; the slot goes on as it was on disk. */
  restart(published?: readonly string[]): void {
    const old = this.#service;
    this.simulated = new SimulatedCardReader(this.#database, cards);
    this.#service = this.#make(published);
    old.close();
  }

  atm(
    takeCardMsMax = 60_000,
    connect = connectStandard,
    onChange: (reader: Xfs4IotCardReader) => void = () => {},
    world: World = system,
  ): { reader: Xfs4IotCardReader; desk: CardDesk } {
    const log = (line: string) => void this.logged.push(line);
    const reader = new Xfs4IotCardReader({
      ...{ url: this.url, connect, world, database: this.#atm, log },
    });
    const desk = new CardDesk({
      ...{ reader, world, log, serves: () => true, isByPassword: () => false, takeCardMsMax },
      onChange: () => onChange(reader),
      onAttention: () => this.retained++,
    });
    reader.start();
    void desk.start();
    return { reader, desk };
  }

  async insert(): Promise<void> {
    await until("a card is waited for", () => this.simulated.accepting());
    this.simulated.insert("alice");
  }

  async close(): Promise<void> {
    this.#service.close();
    await this.#server.shutdown();
    this.#database.close();
    this.#atm.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

async function withService(run: (service: Service) => Promise<void>): Promise<void> {
  const service = new Service();
  try {
    await run(service);
  } finally {
    await service.close();
  }
}

Deno.test("a reader that is closed while it connects ends", () =>
  withService(async (service) => {
    for (const afterMs of [0, 1, 5]) {
      const { reader, desk } = service.atm();
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      desk.stopWaiting();
      await reader.close();
    }
  }));

Deno.test("a card is read by WebSocket, returned and taken", () =>
  withService(async (service) => {
    const { reader, desk } = service.atm();
    await service.insert();
    await until("the card is read", () => desk.state === "inserted");
    assertEquals([desk.number, reader.media()], [number, "present"]);
    const taken = desk.giveBack();
    await until("it is at the exit", () => desk.state === "returned");
    service.simulated.take();
    assertEquals(await taken, true);
    await until("the next card is waited for", () => service.simulated.accepting());
    await desk.close();
    await until("no card is waited for", () => !service.simulated.accepting());
  }));

Deno.test("a card that is not taken is moved into the retain unit, which staff empty", () =>
  withService(async (service) => {
    const { reader, desk } = service.atm(100);
    await service.insert();
    await until("the card is read", () => desk.state === "inserted");
    assertEquals(await desk.giveBack(), false);
    assertEquals([service.retained, reader.retained(), reader.media()], [1, 1, "notPresent"]);
    service.simulated.empty();
    await until("the unit is empty", () => reader.retained() === 0);
    await desk.close();
  }));

Deno.test("the count of retained cards is known after a restart of the ATM, until no reader is listed", () =>
  withService(async (service) => {
    const first = service.atm(0);
    await service.insert();
    await until("the card is read", () => first.desk.state === "inserted");
    await first.desk.giveBack();
    assertEquals(first.reader.retained(), 1);
    await first.desk.close();
    const { reader, desk } = service.atm();
    assertEquals([reader.away(), reader.retained()], [true, 1]);
    await until("it answers", () => !reader.away());
    service.restart([]);
    await until("it is away", () => reader.away());
    assertEquals(reader.retained(), 1);
    await until("no reader is listed", () => reader.retained() === 0);
    await desk.close();
    const last = service.atm();
    assertEquals(last.reader.retained(), 0);
    await last.desk.close();
  }));

Deno.test("a card that leaves without the ATM's command is no longer known, and the next one is read", () =>
  withService(async (service) => {
    const { desk } = service.atm();
    await service.insert();
    await until("read", () => desk.state === "inserted");
    await service.simulated.eject(); // as staff do at the machine
    service.simulated.take();
    await until("out", () => desk.state === "none");
    assertEquals(desk.number, null);
    await service.insert();
    await until("read", () => desk.state === "inserted");
    await desk.close();
  }));

Deno.test("a service that is killed with a card inside is asked for it again when it answers", () =>
  withService(async (service) => {
    const { desk } = service.atm();
    await service.insert();
    await until("the card is read", () => desk.state === "inserted");
    service.restart();
    await until("it is away", () => desk.state === null);
    assertEquals(await desk.giveBack(), false, "nobody can return it now");
    await until("it is at the exit", () => desk.state === "returned");
    service.simulated.take();
    await service.insert();
    await until("the next card is read", () => desk.state === "inserted");
    await desk.close();
  }));

Deno.test("an ATM that is killed finds its card at its next start, inside or at the exit", () =>
  withService(async (service) => {
    for (const where of ["inside", "at the exit"]) {
      const killed = service.atm();
      await service.insert();
      await until("the card is read", () => killed.desk.state === "inserted");
      if (where === "at the exit") {
        void killed.desk.giveBack();
        await until("it is at the exit", () => killed.desk.state === "returned");
      }
      await killed.reader.close();
      const { desk } = service.atm();
      await until("it is at the exit", () => desk.state === "returned");
      service.simulated.take();
      await until("it is gone", () => desk.state === "none");
      await until("the next card is waited for", () => service.simulated.accepting());
      await desk.close();
      await until("no card is waited for", () => !service.simulated.accepting());
    }
  }));

Deno.test("ReadRawData is cancelled, and commands without a card are refused by name", () =>
  withService(async (service) => {
    const socket = await connectStandard(`${service.url}/CardReader`);
    const connection = new DeviceConnection(socket, { world: system, log: () => {} });
    const codes: unknown[] = [];
    for (const to of ["exit", "unitRetain", "unitOther"]) {
      const { code, payload } = await connection.command("CardReader.Move", { to });
      codes.push([code, payload.errorCode]);
    }
    assertEquals(codes, [
      ["commandErrorCode", "noMedia"],
      ["commandErrorCode", "noMedia"],
      ["invalidData", undefined],
    ]);
    assertEquals((await connection.command("CardReader.Reset", { to: "exit" })).code, "success");
    assertEquals((await connection.command("CashDispenser.Reject", {})).code, "unsupportedCommand");
    const reading = connection.command("CardReader.ReadRawData", { track2: true }, true);
    await until("a card is waited for", () => service.simulated.accepting());
    const { code } = await connection.command("Common.Cancel", {});
    assertEquals([code, (await reading).code], ["success", "canceled"]);
    const storage = await connection.command("Storage.GetStorage", {});
    assertEquals(storage.payload.storage?.unitRetain?.card?.capabilities?.type, "retain");
    connection.close();
  }));

Deno.test("a reader that does not say its state has no card in it: the ATM connects again", () =>
  withService(async (service) => {
    let lies = 0;
    const lying = async (url: string) => {
      const socket = await connectStandard(url);
      const receive = async () => {
        const text = await socket.receive();
        const { header } = JSON.parse(text ?? '{"header":{}}');
        const isLie = lies > 0 && header.type === "completion" && header.name === "Common.Status";
        if (!isLie) return text;
        lies--;
        return JSON.stringify({
          header: { ...header, completionCode: "hardwareError" },
          payload: {},
        });
      };
      return { ...socket, receive };
    };
    const seen = new Set<string>();
    const { reader, desk } = service.atm(60_000, lying, (reader) => void seen.add(reader.media()));
    await until("a card is waited for", () => service.simulated.accepting());
    lies = 1;
    service.simulated.empty(); // an event, after which the state is read
    await until("it was asked", () => lies === 0);
    await until("it is away", () => reader.away() || seen.has("present"));
    assertEquals([...seen], ["notPresent"]);
    await until("it is back", () => !reader.away());
    await service.insert();
    await until("the card is read", () => desk.state === "inserted");
    await desk.close();
  }));

Deno.test("a line that ends without a word while a card is waited for is replaced", () =>
  withService(async (service) => {
    let isSilent = false;
    const connect = async (url: string) => {
      const socket = await connectStandard(url);
      isSilent = false;
      return { ...socket, send: (text: string) => void (isSilent || socket.send(text)) };
    };
    const short = new Set([deviceKeepAliveMs, deviceAnswerMsMax]);
    const world: World = {
      ...system,
      after: (ms, act) => system.after(short.has(ms) ? 100 : ms, act),
    };
    const { desk, reader } = service.atm(60_000, connect, () => {}, world);
    await until("a card is waited for", () => service.simulated.accepting());
    isSilent = true;
    await until("it is away", () => reader.away());
    await until("it is back", () => !reader.away());
    await service.insert();
    await until("the card is read", () => desk.state === "inserted");
    await desk.close();
  }));

Deno.test("any completion code at any command of the reader, executed or not: the card comes back, or is retained", () =>
  withService(async (service) => {
    // Pauses before another try are short; a card that does not move is retained soon.
    const retries: readonly number[] = [deviceRetryMs, cardReaderRetryMs];
    const world = {
      ...system,
      after: (ms: number, act: () => void) => system.after(retries.includes(ms) ? 5 : ms, act),
    };
    let takings = 0;
    for (const name of ["CardReader.ReadRawData", "CardReader.Move"]) {
      for (const completionCode of completionCodes) {
        for (const isExecuted of [true, false]) {
          let lied: number | null = null;
          const lying = async (url: string) => {
            const socket = await connectStandard(url);
            const send = (text: string) => {
              const { header } = JSON.parse(text);
              if (header.name !== name || lied !== null) return socket.send(text);
              lied = header.requestId;
              if (isExecuted) return socket.send(text);
              const question = { ...header, name: "Common.Status" };
              socket.send(JSON.stringify({ header: question, payload: {} }));
            };
            const receive = async () => {
              const text = await socket.receive();
              const { header } = JSON.parse(text ?? '{"header":{}}');
              if (lied === null || header.requestId !== lied) return text;
              if (header.type !== "completion") {
                return JSON.stringify({ header: { ...header, name }, payload: {} });
              }
              lied = -1;
              const { version: _, ...rest } = header;
              return JSON.stringify({ header: { ...rest, name, completionCode }, payload: {} });
            };
            return { ...socket, send, receive };
          };
          const words = `${name}: ${completionCode}, ${isExecuted ? "" : "not "}executed`;
          const before = takings + service.simulated.retained();
          const { desk } = service.atm(200, lying, () => {}, world);
          let isInserted = false;
          await until(words, () => {
            if (!isInserted && service.simulated.accepting()) {
              service.simulated.insert("alice");
              isInserted = true;
            }
            if (desk.state === "inserted") void desk.giveBack();
            if (service.simulated.media() === "entering") {
              takings++;
              service.simulated.take();
            }
            return takings + service.simulated.retained() > before;
          });
          assertEquals(takings + service.simulated.retained(), before + 1, words);
          await desk.close();
          await until("nothing is asked for", () => !service.simulated.accepting());
        }
      }
    }
    console.log(`cards taken ${takings}, retained ${service.simulated.retained()}`);
  }));
