/** The card reader of the device service: the simulated slot, behind the commands of XFS4IoT. */
import { CardReaderError } from "../cards/card_reader.ts";
import type { SimulatedCardReader } from "../cards/simulated_card_reader.ts";
import {
  type Completed,
  done,
  type Events,
  failed,
  type Handlers,
  interfacesOf,
  type ServedDevice,
} from "./served_device.ts";

const retainUnit = "unitRetain";

export class CardSlot implements ServedDevice {
  readonly handlers: Handlers;

  constructor(private readonly reader: SimulatedCardReader) {
    this.handlers = {
      "Common.Status": () =>
        done({ common: { device: "online" }, cardReader: { media: reader.media() } }),
      "Common.Capabilities": () => done(this.#capabilities()),
      "Storage.GetStorage": () => done({ storage: this.#storage() }),
      "CardReader.ReadRawData": (_, events) => this.#read(events),
      "CardReader.Move": ({ to }) => this.#move(to),
      "CardReader.Reset": ({ to }) => this.#reset(to),
    };
  }

  completionOf(error: unknown): Completed | null {
    return error instanceof CardReaderError ? failed(error.message) : null;
  }

  /** Cancels a ReadRawData that waits for a card. */
  cancelWaiting(): void {
    this.reader.cancelRead();
  }

  powerCut(): void {}

  async #read(events: Events): Promise<Completed> {
    events.event("CardReader.InsertCardEvent");
    const reading = await this.reader.read();
    if (reading === null) return { code: "canceled" };
    events.event("CardReader.MediaInsertedEvent");
    return done({ track2: { data: btoa(reading) } });
  }

  async #move(to: string | undefined): Promise<Completed> {
    if (to === "exit") await this.reader.eject();
    else if (to === retainUnit) await this.reader.retain();
    else return { code: "invalidData" };
    return done();
  }

  async #reset(to: "exit" | "retain" | "currentPosition" | "auto" = "auto"): Promise<Completed> {
    if (this.reader.media() === "notPresent" || to === "currentPosition") return done();
    return await this.#move(to === "retain" ? retainUnit : "exit");
  }

  #storage() {
    const status = { retainCount: this.reader.retained() };
    return {
      [retainUnit]: {
        id: "RET",
        status: "ok",
        card: { capabilities: { type: "retain" }, status },
      },
    };
  }

  #capabilities() {
    return {
      interfaces: interfacesOf(this.handlers),
      common: {
        serviceVersion: "1.0",
        deviceInformation: [{ modelName: "Strongroom simulated card reader" }],
      },
    };
  }
}
