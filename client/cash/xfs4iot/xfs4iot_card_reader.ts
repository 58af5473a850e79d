/**
 * A card reader behind an XFS4IoT service. What it has is a copy of the service's, read again after
 * each command and event; how many cards are retained is durable, so that an ATM that starts before
 * its reader answers reports them. A publisher without such a service is an ATM without a reader.
 */
import { deviceRetryMs } from "../../../lib/limits.ts";
import { pause } from "../../../lib/world.ts";
import { type CardReader, CardReaderError, type Media } from "../../cards/card_reader.ts";
import { type Completion, ConnectionEnded, DeviceConnection, required } from "./connection.ts";
import { connectService, NoSuchService } from "./connect_service.ts";
import type { CommandName, PayloadOf } from "./messages.ts";
import { MalformedMessage } from "./schema.ts";
import type { DeviceLine } from "./xfs4iot_devices.ts";

export class Xfs4IotCardReader implements CardReader {
  onChange?: () => void;
  #connection: DeviceConnection | null = null;
  #media: Media = "notPresent";
  #retained: number;
  #retainUnit: string | undefined;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  readonly #takers = new Set<() => void>();
  #connected = Promise.withResolvers<void>();

  constructor(
    private readonly line: Pick<DeviceLine, "url" | "connect" | "world" | "database" | "log">,
  ) {
    const row = line.database.prepare("SELECT value FROM settings WHERE name = 'cards retained'")
      .get();
    this.#retained = row ? Number(row.value) : 0;
  }

  /** Connects, and again whenever the connection ends, until `close`. */
  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const connection = await this.#connect();
      if (signal.aborted) return connection?.close(); // closed while it connected
      if (connection) {
        await connection.ended;
        this.#connection = null;
        this.#connected = Promise.withResolvers();
        this.onChange?.();
      }
      await pause(this.line.world, deviceRetryMs, signal);
    }
  }

  /** Connects to the reader's service and reads its state. Returns null if that fails. */
  async #connect(): Promise<DeviceConnection | null> {
    const wanted = { what: "card reader", interfaces: ["CardReader"] };
    try {
      return await connectService(
        this.line.url,
        wanted,
        (url) => this.#open(url),
        async (service) => {
          await this.#refresh(service);
          this.#connection = service;
          service.keepAlive();
          this.#connected.resolve();
          this.onChange?.();
        },
      );
    } catch (error) {
      if (error instanceof NoSuchService) {
        this.#keepRetained(0);
        this.onChange?.();
      }
      return null; // the cash devices' client reports it
    }
  }

  /** Stores how many cards are retained, if the disk allows it. */
  #keepRetained(count: number): void {
    if (count === this.#retained) return;
    this.#retained = count;
    try {
      this.line.database.prepare("INSERT OR REPLACE INTO settings VALUES ('cards retained', ?)")
        .run(String(count));
    } catch (error) {
      this.line.log(`the count of retained cards could not be stored: ${error}`);
    }
  }

  async #open(url: string): Promise<DeviceConnection> {
    const { world, log } = this.line;
    const connection: DeviceConnection = new DeviceConnection(await this.line.connect(url), {
      world,
      log,
      onEvent: () => {
        if (connection === this.#connection) this.#refresh(connection).catch(() => {});
      },
    });
    return connection;
  }

  /**
   * Reads the state. A service that does not say it is treated as one that does not answer.
   * @throws {ConnectionEnded}
   */
  async #refresh(connection: DeviceConnection): Promise<void> {
    const [{ cardReader }, { storage = {} }] = await Promise.all([
      required(connection, "Common.Status", {}), // fails while another client uses the reader
      required(connection, "Storage.GetStorage", {}),
    ]).catch(({ message }: Error) => {
      connection.close();
      throw new ConnectionEnded(message);
    });
    this.#media = mediaOf(cardReader?.media);
    const units = Object.entries(storage);
    const [name, unit] = units.find(([, { card }]) => card?.capabilities?.type === "retain") ?? [];
    this.#retainUnit = name;
    this.#keepRetained(unit?.card?.status?.retainCount ?? 0);
    if (this.#media === "notPresent") {
      for (const taken of this.#takers) taken();
      this.#takers.clear();
    }
    this.onChange?.();
  }

  ready(): Promise<void> {
    return this.#connected.promise;
  }

  away(): boolean {
    return this.#connection === null;
  }

  media(): Media {
    return this.#media;
  }

  retained(): number {
    return this.#retained;
  }

  async read(): Promise<string | null> {
    const { code, payload } = await this.#command("CardReader.ReadRawData", { track2: true }, true);
    if (code === "commandErrorCode" && payload.errorCode === "invalidMedia") return null;
    if (code !== "success") throw failure(code, payload.errorCode);
    const { status, data } = payload.track2 ?? {};
    return status === undefined && data !== undefined ? digitsOf(data) : null;
  }

  async eject(): Promise<void> {
    await this.#move("exit");
  }

  async retain(): Promise<void> {
    if (this.#retainUnit === undefined) throw new CardReaderError("it has no unit for cards");
    await this.#move(this.#retainUnit);
  }

  async taken(): Promise<void> {
    if (this.#media === "notPresent") return;
    await new Promise<void>((resolve) => this.#takers.add(resolve));
  }

  async #move(to: string): Promise<void> {
    const { code, payload } = await this.#command("CardReader.Move", { to });
    if (code !== "success") throw failure(code, payload.errorCode);
  }

  /** Executes one command, and reads the state after it. */
  async #command<N extends CommandName>(
    name: N,
    payload: PayloadOf<N>,
    patient = false,
  ): Promise<Completion<N>> {
    const connection = this.#connection;
    if (!connection) throw new CardReaderError("it does not answer");
    try {
      const completion = await connection.command(name, payload, patient);
      await this.#refresh(connection);
      return completion;
    } catch (error) {
      if (!(error instanceof ConnectionEnded) && !(error instanceof MalformedMessage)) throw error;
      throw new CardReaderError(error.message);
    }
  }
}

function mediaOf(media: string | undefined): Media {
  return media === "notPresent" || media === "entering" || media === "jammed" ? media : "present";
}

/** Returns the digits of a track, without its sentinels. */
function digitsOf(data: string): string | null {
  try {
    return /^;?([0-9]+)\??$/.exec(atob(data))?.[1] ?? null;
  } catch {
    return null;
  }
}

const failure = (code: string, errorCode = "") =>
  new CardReaderError([code, errorCode].filter(Boolean).join(", "));
