/** A dispenser with keys, and a client of its socket. */
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { parseMessage } from "../../client/cash/xfs4iot/messages.ts";
import { DeviceService } from "../../client/device_service/device_service.ts";
import { EndToEnd } from "../../client/device_service/end_to_end.ts";
import { CashRecycler } from "../../client/device_service/recycler.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import type { DeviceKeys } from "../../lib/device_keys.ts";
import { readToken } from "../../lib/device_token.ts";
import { system, systemFiles } from "../../lib/system.ts";
import type { DeviceFault } from "../../lib/atm.ts";
import { messagePair } from "../client/message_pair.ts";
import { standard } from "../client/reference_messages.ts";

const path = "/xfs4iot/v1.0/CashRecycler";

/** A dispenser with twenties, and a client of it. */
export class Dispenser {
  readonly folder = Deno.makeTempDirSync();
  database = openDevicesFolder(systemFiles, this.folder);
  simulated!: SimulatedDevices;
  cleared: string[] = [];
  #socket!: ReturnType<typeof messagePair>[0];
  #service!: DeviceService;
  #security!: EndToEnd;
  #requestId = 0;
  #cancels: (() => void)[] = [];
  #late: (() => void) | null = null;
  #sleptMs = 0;

  private constructor(private readonly keys: DeviceKeys) {}

  static async open(keys: DeviceKeys): Promise<Dispenser> {
    const dispenser = new Dispenser(keys);
    dispenser.start();
    const initial = { type20EUR1: { fit: 50 } };
    const unit1 = { cash: { configuration: { currency: "EUR", value: 20 }, status: { initial } } };
    await dispenser.ask("Storage.StartExchange");
    await dispenser.ask("Storage.SetStorage", { storage: { unit1 } });
    await dispenser.ask("Storage.EndExchange");
    return dispenser;
  }

  /** Starts the service, as after a power cut. */
  start(): void {
    this.simulated = new SimulatedDevices(this.database, true);
    const world = {
      ...system,
      nowMs: () => system.nowMs() + this.#sleptMs,
      after: (_ms: number, act: () => void) => {
        this.#late = act;
        return () => void (this.#late = null);
      },
    };
    this.#security = new EndToEnd({
      world,
      database: this.database,
      devices: this.simulated,
      keys: this.keys,
    });
    const recycler = new CashRecycler(this.simulated, this.database, this.#security);
    this.#service = new DeviceService(recycler, system, () => {});
    this.#security.onCleared = (reason) => this.cleared.push(reason);
    this.connect();
  }

  connect(): void {
    const [ours, theirs] = messagePair();
    this.#socket = ours;
    this.#requestId = 0;
    this.#service.accept(path, standard(theirs, "devices"), "");
  }

  /** Lets the nonce's time pass. */
  timePasses(): void {
    this.#late?.();
  }

  /** Lets time pass while the device sleeps: none of its timers ends. */
  sleeps(ms: number): void {
    this.#sleptMs += ms;
  }

  async ask(name: string, payload: unknown = {}): Promise<{ code: string; payload: Answer }> {
    const header = { type: "command", name, requestId: ++this.#requestId, version: "2.0" };
    this.#socket.send(JSON.stringify({ header, payload }));
    for (;;) {
      const line = await this.#socket.receive();
      if (line === null) return { code: "connection ended", payload: {} };
      const { header, payload } = parseMessage(line);
      if (header.type !== "completion") continue;
      const answer = payload as Answer;
      return { code: answer.errorCode ?? header.completionCode!, payload: answer };
    }
  }

  async nonce(): Promise<string> {
    return (await this.ask("Common.GetCommandNonce")).payload.commandNonce!;
  }

  async dispense(notes: number, token?: string): Promise<string> {
    const app = { currencies: { EUR: 20 * notes }, counts: { unit1: notes } };
    const denomination = { denomination: { app } };
    return (await this.ask("CashDispenser.Dispense", { denomination, token })).code;
  }

  /** Dispenses and presents, and the notes are taken. */
  async pay(notes: number, token: string): Promise<string> {
    const code = await this.dispense(notes, token);
    if (code !== "success") return code;
    const { code: presented } = await this.ask("CashDispenser.Present");
    this.simulated.takeNotes();
    return presented;
  }

  async status(nonce: string): Promise<Map<string, string> | string> {
    const { code, payload } = await this.ask("CashDispenser.GetPresentStatus", { nonce });
    if (payload.token === undefined) return code;
    const read = readToken(this.keys.device, payload.token, nonce);
    if (typeof read === "string") return read;
    return new Map(read.content);
  }

  get inside(): bigint {
    return totalOf(this.simulated.inside());
  }

  arm(fault: DeviceFault): void {
    this.simulated.arm(fault);
  }

  close(): void {
    this.#service.close();
    this.database.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

interface Answer {
  errorCode?: string;
  commandNonce?: string;
  token?: string;
}
