/** The controls of simulated devices behind a service, over a connection of messages. */
import type { DeviceFault } from "../../lib/atm.ts";
import type { MinorText } from "../../lib/money.ts";
import type { MessageSocket } from "../../lib/world.ts";
import type { ControlsState, DeviceControls } from "./device_controls.ts";

export class ServedControls implements DeviceControls {
  onChange?: () => void;
  #state: ControlsState = { faults: [], cards: [] };

  /** @param secret the service's, which proves that this process may use its controls */
  constructor(private readonly service: MessageSocket, secret: string) {
    service.send(secret);
    void this.#read();
  }

  async #read(): Promise<void> {
    for (let text; (text = await this.service.receive()) !== null;) {
      this.#state = JSON.parse(text) as ControlsState;
      this.onChange?.();
    }
  }

  close(): void {
    this.service.close();
  }

  faults(): readonly DeviceFault[] {
    return this.#state.faults;
  }

  cards(): readonly string[] {
    return this.#state.cards;
  }

  insertNote(value: MinorText): Promise<void> {
    return this.#send(`insertNote ${value}`);
  }

  takeNotes(): Promise<void> {
    return this.#send("takeNotes");
  }

  insertCard(name: string): Promise<void> {
    return this.#send(`insertCard ${name}`);
  }

  takeCard(): Promise<void> {
    return this.#send("takeCard");
  }

  armFault(fault: DeviceFault): Promise<void> {
    return this.#send(`armFault ${fault}`);
  }

  disarmFault(fault: DeviceFault): Promise<void> {
    return this.#send(`disarmFault ${fault}`);
  }

  clearJams(): Promise<void> {
    return this.#send("clearJams");
  }

  #send(action: string): Promise<void> {
    this.service.send(action);
    return Promise.resolve();
  }
}
