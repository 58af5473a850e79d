/**
 * The controls of a device service: what a customer and staff do at a real machine, for its page and
 * for the demo's pane. Both prove that they may use them with a secret.
 */
import type { DeviceFault } from "../../lib/atm.ts";
import { equalInConstantTime, utf8 } from "../../lib/bytes.ts";
import { minorFromText } from "../../lib/money.ts";
import { notesOf } from "../../lib/notes.ts";
import type { MessageSocket } from "../../lib/world.ts";
import { CardReaderError } from "../cards/card_reader.ts";
import type { SimulatedCardReader } from "../cards/simulated_card_reader.ts";
import type { SimulatedDevices } from "../cash/simulated_devices.ts";
import { type ControlsState, LocalControls } from "../cash/device_controls.ts";
import type { CashRecycler } from "./recycler.ts";

export interface ControlsParts {
  devices: SimulatedDevices;
  recycler: CashRecycler;
  reader: SimulatedCardReader;
  secret: string;
  /** Called after an action. */
  onChange: () => void;
  /** Called with the error of an action. Returns whether it is the disk's, and reported. */
  caught: (error: unknown) => boolean;
}

export const faults: readonly DeviceFault[] = (["jam", "lost count", "power cut"] as const)
  .flatMap((what) =>
    (["before", "between", "after"] as const).flatMap((when) =>
      (["dispense", "present", "retract", "cashIn", "cashInEnd", "cashInRollback"] as const)
        .map((step) => `${what} ${when} ${step}` as const)
    )
  );

export class Controls {
  readonly #local: LocalControls;
  readonly #panes = new Set<() => void>();

  constructor(readonly parts: ControlsParts) {
    this.#local = new LocalControls(parts.devices, parts.reader);
    this.#local.onChange = () => {
      for (const send of this.#panes) send();
    };
  }

  /** Returns whether it is the secret of these controls. */
  admits(secret: string): boolean {
    return equalInConstantTime(utf8(secret), utf8(this.parts.secret));
  }

  /**
   * Executes "insertNote 2000", "takeNotes", "insertCard NAME", "takeCard", "emptyCards", "jamReader",
   * "clearJams", "armFault FAULT" or "disarmFault FAULT". Returns false for anything else, and for a
   * card that cannot be used.
   * @throws if the disk fails
   */
  async act(text: string): Promise<boolean> {
    const { recycler: { units: { currency } }, reader } = this.parts;
    const [, name, value = ""] = /^([a-zA-Z]+) ?(.*)$/.exec(text) ?? [];
    const fault = faults.find((each) => each === value);
    const note = minorFromText(value);
    const local = this.#local;
    try {
      if (name === "takeNotes") await local.takeNotes();
      else if (name === "takeCard") await local.takeCard();
      else if (name === "emptyCards") reader.empty();
      else if (name === "jamReader") reader.jam();
      else if (name === "clearJams") await local.clearJams();
      else if (name === "armFault" && fault) await local.armFault(fault);
      else if (name === "disarmFault" && fault) await local.disarmFault(fault);
      else if (name === "insertCard" && local.cards().includes(value)) {
        await local.insertCard(value);
      } else if (name === "insertNote" && currency && notesOf(currency).includes(note ?? 0n)) {
        void local.insertNote(value); // it is counted in its time
      } else return false;
    } catch (error) {
      if (error instanceof CardReaderError) return false;
      throw error;
    }
    this.parts.onChange();
    return true;
  }

  /** Serves a demo's pane until its connection ends: the secret first, then actions. */
  async serve(pane: MessageSocket): Promise<void> {
    if (!this.admits(await pane.receive() ?? "")) return pane.close();
    const send = () => {
      const state: ControlsState = { faults: this.#local.faults(), cards: this.#local.cards() };
      pane.send(JSON.stringify(state));
    };
    this.#panes.add(send);
    send();
    for (let text; (text = await pane.receive()) !== null;) {
      try {
        await this.act(text);
      } catch (error) {
        if (!this.parts.caught(error)) throw error;
      }
    }
    this.#panes.delete(send);
  }
}
