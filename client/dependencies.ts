/** The dependencies of an ATM. */
import type { Language } from "../lib/atm.ts";
import type { Currency } from "../lib/money.ts";
import type { AtmAids, AtmRequest } from "../lib/programs.ts";
import type { NamedTerminalKey } from "../lib/terminal_key.ts";
import type { Socket, World } from "../lib/world.ts";
import type { CardReader } from "./cards/card_reader.ts";
import type { CashDevices } from "./cash/devices.ts";
import type { DeviceControls } from "./cash/device_controls.ts";
import type { Journal } from "./journal.ts";

export interface AtmDependencies {
  world: World;
  /** Connects to the bank. */
  connect: () => Promise<Socket>;
  /**
   * Finds the terminal's key and name. Called before each attempt to connect, since an operator may
   * have installed a newer key.
   * @throws {UsageError} while there is no key
   */
  findKey: () => NamedTerminalKey;
  journal: Journal;
  /** Throws if the journal's file is no longer in its folder, and would be lost with the process. */
  requireInPlace?: () => void;
  devices: CashDevices;
  /** The card reader, if the ATM has one. */
  reader?: CardReader | null;
  /** The controls of simulated devices, if the page may operate them for the customer. */
  demo: DeviceControls | null;
  log: (line: string) => void;
  /** Called in every session with the bank, before any movement is settled. */
  onConnected?: (currency: Currency) => void;
  /** Stores the terminal's next key durably, or throws; if absent, the bank's offer is ignored. */
  keepKey?: (key: NamedTerminalKey) => void;
  /** The bank's currency from an earlier session. */
  currency?: Currency | null;
  /** The default language; English if absent. */
  language?: Language;
  /** The address of the page that verifies receipts. */
  receiptUrl?: string;
  /** What the launcher does for the ATM; if absent, it neither prints nor speaks. */
  aids?: AtmAids & { ask: (request: AtmRequest) => void };
  /** Shorter in tests. */
  answerMsMax?: number;
  outcomeMsMax?: number;
  idleMsMax?: number;
  takeNotesMsMax?: number;
  takeCardMsMax?: number;
}
