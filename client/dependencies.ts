/** What an ATM is made of. */
import type { Language } from "../lib/atm.ts";
import type { Currency } from "../lib/money.ts";
import type { NamedTerminalKey } from "../lib/terminal_key.ts";
import type { Socket, World } from "../lib/world.ts";
import type { SimulatedDevices } from "./cash/simulated_devices.ts";
import type { Journal } from "./journal.ts";

export interface AtmDependencies {
  world: World;
  /** Connects to the bank. */
  connect: () => Promise<Socket>;
  /**
   * Finds the terminal's key and name. Called before each try to connect, since a newer key may have
   * been brought.
   * @throws {UsageError} while there is none
   */
  findKey: () => NamedTerminalKey;
  journal: Journal;
  devices: SimulatedDevices;
  /** True where the page may play the customer's hands. */
  demo: boolean;
  log: (line: string) => void;
  /** Called in every session with the bank, before anything is settled. */
  onConnected?: (currency: Currency) => void;
  /** Stores the terminal's next key durably, or throws; without it, the bank's offer is ignored. */
  keepKey?: (key: NamedTerminalKey) => void;
  /** The bank's currency, as an earlier session learned it. */
  currency?: Currency | null;
  /** The language for customers who choose none; English by default. */
  language?: Language;
  /**
   * Saves a text for the customer under this name, and returns its path.
   * @throws {Error} when it cannot be written
   */
  keepFile?: (name: string, text: string) => string;
  /** Shorter in tests. */
  answerMsMax?: number;
  outcomeMsMax?: number;
  idleMsMax?: number;
  takeNotesMsMax?: number;
}
