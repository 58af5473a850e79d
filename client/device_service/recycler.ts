/**
 * The cash recycler of the device service: the simulated devices, behind the commands of XFS4IoT.
 * Each handler returns a completion; the devices' counters are on disk before it does.
 */
import type { DatabaseSync } from "node:sqlite";
import {
  cassettesMax,
  commandNonceMsMax,
  dispensedNotesMax,
  escrowNotesMax,
} from "../../lib/limits.ts";
import { type Currency, currencyOf } from "../../lib/money.ts";
import { notesOf } from "../../lib/notes.ts";
import { DeviceError } from "../cash/devices.ts";
import { type NoteCounts, plus, totalOf } from "../cash/note_mix.ts";
import type { SimulatedDevices } from "../cash/simulated_devices.ts";
import { itemNameOf, type PayloadOf, type SentCounts } from "../cash/xfs4iot/messages.ts";
import { majorOf, minorOf } from "../cash/xfs4iot/state.ts";
import type { DiskWatch } from "../disk_watch.ts";
import { transact } from "../folder/transact.ts";
import type { EndToEnd } from "./end_to_end.ts";
import {
  type Completed,
  done,
  type Events,
  failed,
  type Handlers,
  interfacesOf,
  type ServedDevice,
} from "./served_device.ts";

const diskFailed: Completed = {
  code: "hardwareError",
  description: "the disk of the counters is full or fails",
};

const bins = { unitReject: "reject", unitRetract: "retract", unitLeft: "left" } as const;
type Bin = keyof typeof bins;

interface Units {
  currency: Currency | null;
  values: ReadonlyMap<string, bigint>;
}

export class CashRecycler implements ServedDevice {
  readonly handlers: Handlers;
  #exchange = false;
  #units: Units | null = null;

  constructor(
    private readonly devices: SimulatedDevices,
    private readonly database: DatabaseSync,
    private readonly security: EndToEnd | null = null,
    private readonly disk: Pick<DiskWatch, "failed" | "check" | "caught"> | null = null,
  ) {
    this.handlers = {
      "Common.Status": () => done(this.#status()),
      "Common.Capabilities": () => done(this.#capabilities()),
      ...(security && {
        "Common.GetCommandNonce": () => done({ commandNonce: security.nonce() }),
        "Common.ClearCommandNonce": () => {
          security.clear("a client cleared it");
          return done();
        },
      }),
      "Storage.GetStorage": () => done({ storage: this.#storage() }),
      "Storage.StartExchange": () => this.#startExchange(),
      "Storage.SetStorage": ({ storage }) => this.#setStorage(storage),
      "Storage.EndExchange": () => this.#endExchange(),
      "CashDispenser.GetMixTypes": () => done({ mixes: {} }),
      "CashDispenser.Denominate": ({ request }) => this.#denominate(request),
      "CashDispenser.Dispense": (payload, events) => this.#dispense(payload, events),
      "CashDispenser.Present": (_, events) => this.#present(events),
      "CashDispenser.Reject": () => this.#act(() => devices.reject()),
      "CashDispenser.GetPresentStatus": ({ nonce }) => this.#presentStatus(nonce),
      "CashManagement.GetBankNoteTypes": () => done({ items: this.#items() }),
      "CashManagement.Retract": ({ location }) => this.#retract(location),
      "CashManagement.Reset": (_, events) => this.#reset(events),
      "CashAcceptor.CashInStart": () => this.#cashInStart(),
      "CashAcceptor.CashIn": (_, events) => this.#cashIn(events),
      "CashAcceptor.CashInEnd": () => this.#act(() => devices.cashInEnd(), devices.escrow()),
      "CashAcceptor.CashInRollback": () =>
        this.#act(() => devices.cashInRollback(), devices.escrow()),
      "CashAcceptor.GetCashInStatus": () => done(this.#cashInStatus()),
    };
  }

  completionOf(error: unknown, events: Events): Completed | null {
    if (this.disk?.caught(error)) return diskFailed;
    if (!(error instanceof DeviceError)) return null;
    if (error.code !== "hardwareError") return failed(error.code);
    const vendorDescription = error.message;
    events.unsolicited("Common.ErrorEvent", {
      eventId: "hardware",
      action: "maintenance",
      vendorDescription,
    });
    return { code: "hardwareError", description: vendorDescription };
  }

  /** Called when the power has failed. */
  powerCut(): void {
    this.security?.powerCut();
  }

  /** Cancels a CashIn that waits for notes. */
  cancelWaiting(): void {
    this.devices.closeShutter();
  }

  /** The currency and the cassettes that staff have configured: values by unit. */
  get units(): Units {
    return this.#units ??= this.#readUnits();
  }

  #readUnits(): Units {
    const rows = this.database.prepare("SELECT name, currency, value FROM units").all() as {
      name: string;
      currency: string;
      value: string;
    }[];
    const currency = rows.length > 0 ? currencyOf(rows[0]!.currency) : null;
    return { currency, values: new Map(rows.map(({ name, value }) => [name, BigInt(value)])) };
  }

  #status(): Record<string, unknown> {
    const { devices } = this;
    const jammed = devices.jammed();
    const positionOf = (position: string, device: "dispenser" | "acceptor", notes: NoteCounts) => ({
      position,
      shutter: notes.size > 0 ? "open" : "closed",
      positionStatus: notes.size > 0 ? "notEmpty" : "empty",
      transport: jammed.includes(device) ? "inoperative" : "ok",
      transportStatus: "empty",
    });
    return {
      common: {
        device: this.disk?.failed ? "hardwareError" : "online",
        exchange: this.#exchange ? "active" : "inactive",
        endToEndSecurity: this.security ? "enforced" : "notConfigured",
      },
      cashDispenser: {
        intermediateStacker: devices.at("stacker").size > 0 ? "notEmpty" : "empty",
        positions: [positionOf("outDefault", "dispenser", devices.tray())],
      },
      cashAcceptor: {
        intermediateStacker: devices.escrow().size > 0 ? "notEmpty" : "empty",
        stackerItems: devices.escrow().size > 0 ? "noCustomerAccess" : "noItems",
        banknoteReader: "ok",
        positions: [positionOf("inDefault", "acceptor", devices.at("mouth"))],
      },
    };
  }

  #capabilities(): Record<string, unknown> {
    return {
      interfaces: interfacesOf(this.handlers),
      common: {
        serviceVersion: "1.0",
        deviceInformation: [{ modelName: "Strongroom simulated cash recycler" }],
        endToEndSecurity: {
          required: "ifConfigured",
          hardwareSecurityElement: false,
          responseSecurityEnabled: "ifConfigured",
          commands: ["CashDispenser.Dispense"],
          commandNonceTimeout: commandNonceMsMax / 1_000,
        },
      },
      cashDispenser: {
        type: "selfServiceBill",
        maxDispenseItems: dispensedNotesMax,
        shutterControl: true,
        itemsTakenSensor: true,
      },
      cashAcceptor: {
        maxCashInItems: escrowNotesMax,
        shutterControl: true,
        itemsTakenSensor: true,
      },
    };
  }

  // Storage

  #storage(): Record<string, unknown> {
    const { devices } = this;
    const { currency, values } = this.units;
    const accuracy = devices.counted() ? "accurate" : "unknown";
    const places = devices.snapshot();
    const at = (place: Parameters<SimulatedDevices["at"]>[0], value: bigint) =>
      places.get(place)?.get(value) ?? 0;
    const cassettes = [...values].map(([name, value]) => {
      const one = (count: number) => this.#sent(new Map([[value, count]]));
      const count = at("cassettes", value);
      const [low, empty] = [count < 10, count === 0];
      return [name, {
        id: name.slice(4).padStart(3, "C"),
        positionName: name,
        capacity: 10_000,
        status: "ok",
        cash: {
          configuration: {
            types: { cashIn: true, cashOut: true },
            currency: currency!.code,
            value: majorOf(value, currency!),
            cashItems: [this.#item(value)],
          },
          status: {
            initial: one(at("initial", value)),
            in: { deposited: one(at("deposited", value)) },
            out: {
              presented: one(at("presented", value)),
              rejected: one(at("rejected", value)),
              stacked: one(at("stacker", value)),
            },
            accuracy,
            replenishmentStatus: empty ? "empty" : low ? "low" : "ok",
          },
        },
      }];
    });
    const free = Array.from({ length: cassettesMax }, (_, index) => `unit${index + 1}`)
      .filter((name) => !values.has(name))
      .map((name) => [name, { status: "notConfigured", cash: {} }]);
    const types = {
      unitReject: { reject: true },
      unitRetract: { cashOutRetract: true },
      unitLeft: { cashInRetract: true },
    };
    const others = (Object.keys(bins) as Bin[]).map((name) => [name, {
      id: name.slice(4, 9).toUpperCase(),
      status: "ok",
      cash: {
        configuration: { types: types[name] },
        status: {
          initial: {},
          in: {
            [name === "unitReject" ? "rejected" : "retracted"]: this.#sent(
              places.get(bins[name]) ?? new Map(),
            ),
          },
          accuracy,
        },
      },
    }]);
    return Object.fromEntries([...cassettes, ...free, ...others]);
  }

  #item(value: bigint): string {
    const currency = this.units.currency!;
    return itemNameOf(currency.code, String(majorOf(value, currency)));
  }

  #items(): Record<string, unknown> {
    const { currency } = this.units;
    if (!currency) return {};
    return Object.fromEntries(
      notesOf(currency).map((value, index) => [this.#item(value), {
        cashItem: {
          noteID: index + 1,
          currency: currency.code,
          value: majorOf(value, currency),
          release: 1,
        },
        enabled: true,
      }]),
    );
  }

  #sent(notes: NoteCounts): SentCounts {
    if (!this.units.currency) return {};
    return Object.fromEntries([...notes].map(([value, fit]) => [this.#item(value), { fit }]));
  }

  #startExchange(): Completed {
    if (this.#exchange) return failed("exchangeActive");
    this.#exchange = true;
    return done();
  }

  #endExchange(): Completed {
    if (!this.#exchange) return failed("noExchangeActive");
    this.#exchange = false;
    return done();
  }

  #setStorage(storage: PayloadOf<"Storage.SetStorage">["storage"]): Completed {
    if (!this.#exchange) return failed("noExchangeActive");
    const present = this.units;
    const cassettes: { name: string; currency: string; value: bigint; count: number }[] = [];
    const emptied: Bin[] = [];
    for (const [name, { cash }] of Object.entries(storage)) {
      const initial = cash?.status?.initial;
      const count = Object.values(initial?.items ?? {}).reduce((sum, each) => sum + each, 0);
      if (Object.hasOwn(bins, name)) {
        if (count > 0) return { code: "unsupportedData", description: "a bin begins empty" };
        if (initial) emptied.push(name as Bin);
        continue;
      }
      if (!/^unit([1-9]|1[0-6])$/.test(name)) return failed("invalidUnit");
      const { currency = present.currency?.code, value } = cash?.configuration ?? {};
      const minor = value === undefined ? present.values.get(name) : minorOf(value, currency ?? "");
      if (!currency || !minor || !isNote(currency, minor)) {
        return { code: "unsupportedData", description: `${name} has no such note` };
      }
      cassettes.push({ name, currency, value: minor, count });
    }
    if (cassettes.some(({ currency }) => currency !== cassettes[0]!.currency)) {
      return { code: "unsupportedData", description: "one currency only" };
    }
    transact(this.database, () => {
      for (const { name, currency, value, count } of cassettes) {
        this.database.prepare("INSERT OR REPLACE INTO units VALUES (?, ?, ?)")
          .run(name, currency, value.toString());
        this.devices.setCassette(value, count);
      }
      for (const name of emptied) this.devices.empty(bins[name]);
    });
    this.#units = null;
    return done();
  }

  /**
   * Tries the disk before any note moves: a failure of this command leads to others that need it.
   */
  #diskFails(): boolean {
    return this.disk?.check() === false;
  }

  // The dispenser

  #denominate(
    { denomination: { app } }: PayloadOf<"CashDispenser.Denominate">["request"],
  ): Completed {
    const mix = this.#mixOf(app);
    if ("code" in mix) return mix;
    return done({ result: this.#denomination(mix) });
  }

  /** Returns the notes that an application names; they must be in the cassettes, and make its sum. */
  #mixOf(
    app: PayloadOf<"CashDispenser.Denominate">["request"]["denomination"]["app"],
  ): NoteCounts | Completed {
    const { currency, values } = this.units;
    if (!app?.counts) return { code: "unsupportedData", description: "name the notes (app)" };
    const named = Object.entries(app.counts);
    if (!currency || named.some(([unit]) => !values.has(unit))) return failed("cashUnitError");
    const mix = named.reduce<NoteCounts>(
      (sum, [unit, count]) => plus(sum, new Map([[values.get(unit)!, count]])),
      new Map(),
    );
    const sums = Object.entries(app.currencies ?? {});
    if (sums.some(([code]) => code !== currency.code)) return failed("invalidCurrency");
    const right = sums.every(([code, major]) => minorOf(major, code) === totalOf(mix));
    if (!right || totalOf(mix) === 0n) return failed("invalidDenomination");
    return new Map([...mix].filter(([, count]) => count > 0));
  }

  #denomination(mix: NoteCounts): Record<string, unknown> {
    const { currency, values } = this.units;
    if (!currency) return {};
    const counts = [...values].map(([unit, value]) => [unit, mix.get(value) ?? 0] as const)
      .filter(([, count]) => count > 0);
    return {
      currencies: { [currency.code]: majorOf(totalOf(mix), currency) },
      values: Object.fromEntries(counts),
    };
  }

  async #dispense(
    { denomination: { denomination: { app } }, position, token }: PayloadOf<
      "CashDispenser.Dispense"
    >,
    events: Events,
  ): Promise<Completed> {
    if (this.#diskFails()) return diskFailed;
    if (this.#exchange) return failed("exchangeActive");
    if (position && position !== "outDefault") return failed("unsupportedPosition");
    const mix = this.#mixOf(app);
    if ("code" in mix) return mix;
    const refused = this.security?.authorise(token, totalOf(mix), this.units.currency!);
    if (refused) return { code: refused };
    events.event("CashDispenser.StartDispenseEvent");
    await this.devices.dispense(mix, undefined, this.security !== null);
    return done({ denomination: this.#denomination(mix), bunches: "1" });
  }

  async #present(events: Events): Promise<Completed> {
    if (this.#exchange) return failed("exchangeActive");
    await this.devices.present();
    this.security?.presented();
    const position = { position: "outDefault", additionalBunches: "0" };
    events.unsolicited("CashManagement.ItemsPresentedEvent", position);
    return done({ position });
  }

  #presentStatus(nonce: string | undefined): Completed {
    const dispensed = this.devices.at("sequence dispensed");
    const presented = this.devices.at("sequence presented");
    const { currency } = this.units;
    const token = nonce !== undefined && this.security && currency
      ? this.security.presentStatus(nonce, currency)
      : undefined;
    if (token === null) return { code: "sequenceError" };
    return done({
      denomination: this.#denomination(dispensed),
      presentState: presented.size > 0 ? "presented" : "notPresented",
      ...(token !== undefined && { token }),
    });
  }

  async #retract(
    { outputPosition = "outDefault" }: PayloadOf<"CashManagement.Retract">["location"],
  ): Promise<Completed> {
    if (this.#exchange) return failed("exchangeActive");
    if (outputPosition !== "inDefault") {
      return await this.#act(() => this.devices.retractTray());
    }
    if (this.devices.withheld().size === 0) return failed("noItems");
    transact(this.database, () => this.devices.retractWithheld());
    return done();
  }

  #reset(events: Events): Completed {
    this.devices.reset();
    this.#exchange = false;
    events.unsolicited("CashManagement.MediaDetectedEvent", { target: "reject" });
    return done();
  }

  // The acceptor

  async #cashInStart(): Promise<Completed> {
    if (this.#diskFails()) return diskFailed;
    if (this.#exchange) return failed("exchangeActive");
    if (this.devices.withheld().size > 0) return failed("cashInActive");
    await this.devices.cashInStart();
    return done();
  }

  async #cashIn(events: Events): Promise<Completed> {
    if (this.#exchange) return failed("exchangeActive");
    if (!this.devices.accepting()) return failed("noCashInActive");
    await this.devices.cashInStart(); // opens the shutter again after an earlier bunch
    events.event("CashAcceptor.InsertItemsEvent");
    const { devices } = this;
    const before = devices.escrow();
    try {
      await devices.cashIn();
    } catch (error) {
      devices.closeShutter();
      if (error instanceof DeviceError && error.code === "noCashInActive") {
        return { code: "canceled" };
      }
      throw error;
    }
    const added = plus(devices.escrow(), before, -1);
    if ([...added.values()].every((count) => count === 0)) {
      events.event("CashAcceptor.InputRefuseEvent", { reason: "stackerFull" });
    }
    events.unsolicited("CashManagement.ItemsInsertedEvent", { position: "inDefault" });
    return done({ items: this.#sent(added) });
  }

  #cashInStatus(): Record<string, unknown> {
    const { devices } = this;
    const isActive = devices.accepting() || devices.escrow().size > 0;
    const status = devices.at("mouth").size > 0 ? "rollback" : isActive ? "active" : "ok";
    return {
      status,
      numOfRefused: 0,
      noteNumberList: this.#sent(devices.withheld()),
    };
  }

  async #act(work: () => Promise<void>, needed?: NoteCounts): Promise<Completed> {
    if (this.#exchange) return failed("exchangeActive");
    if (needed?.size === 0 && !this.devices.accepting()) return failed("noCashInActive");
    await work();
    return done();
  }
}

function isNote(code: string, value: bigint): boolean {
  try {
    return notesOf(currencyOf(code)).includes(value);
  } catch {
    return false;
  }
}
