/** What people do at simulated devices, for the demo's pane: in this process or at a service. */
import type { DemoDevices, DeviceFault } from "../../lib/atm.ts";
import { minorFromText, type MinorText } from "../../lib/money.ts";
import type { SimulatedCardReader } from "../cards/simulated_card_reader.ts";
import type { SimulatedDevices } from "./simulated_devices.ts";

export interface DeviceControls extends DemoDevices {
  /** Called when the faults or the cards changed. */
  onChange?: () => void;
  /** The faults that are armed. */
  faults(): readonly DeviceFault[];
  /** The names of the cards that can be inserted. */
  cards(): readonly string[];
  /** Ends the connection to the devices. */
  close?(): void;
}

/** A service's message to a pane: at its connection, and at each change. */
export interface ControlsState {
  faults: readonly DeviceFault[];
  cards: readonly string[];
}

/** The controls of devices in this process. Those of the reader throw CardReaderError. */
export class LocalControls implements DeviceControls {
  onChange?: () => void;

  constructor(
    private readonly devices: SimulatedDevices,
    private readonly reader: SimulatedCardReader | null = null,
  ) {
    devices.onFault = () => this.onChange?.();
  }

  faults(): readonly DeviceFault[] {
    return this.devices.faults();
  }

  cards(): readonly string[] {
    return this.reader?.names() ?? [];
  }

  /** Resolves when the note is counted. */
  async insertNote(value: MinorText): Promise<void> {
    const note = minorFromText(value);
    if (note !== null) await this.devices.insert(note);
  }

  takeNotes(): Promise<void> {
    return this.#changing(() => this.devices.takeNotes());
  }

  insertCard(name: string): Promise<void> {
    return this.#changing(() => this.reader?.insert(name));
  }

  takeCard(): Promise<void> {
    return this.#changing(() => this.reader?.take());
  }

  armFault(fault: DeviceFault): Promise<void> {
    return this.#changing(() => this.devices.arm(fault));
  }

  disarmFault(fault: DeviceFault): Promise<void> {
    return this.#changing(() => this.devices.disarm(fault));
  }

  clearJams(): Promise<void> {
    return this.#changing(() => {
      this.devices.clearJams();
      this.reader?.clear();
    });
  }

  /** Acts at once; an error rejects. */
  // deno-lint-ignore require-await
  async #changing(act: () => void): Promise<void> {
    act();
    this.onChange?.();
  }
}
