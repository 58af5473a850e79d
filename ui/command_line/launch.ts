/** The typed result of parsing a command line, for the launcher. Paths are absolute. Types only. */
import type { Language } from "../../lib/atm.ts";
import type {
  Address,
  AtmCashStart,
  BankServerStart,
  ConsoleStart,
  DevicesAt,
  DevicesStart,
  OperatorStart,
  WitnessStart,
} from "../../lib/programs.ts";

export type Launch =
  | OperatorLaunch
  | ConsoleLaunch
  | ServerLaunch
  | WitnessLaunch
  | AtmLaunch
  | CashLaunch
  | DevicesLaunch
  | DemoLaunch
  | ReceiptPageLaunch;

/** `server/programs/operator`, in the foreground. */
export interface OperatorLaunch {
  kind: "operator";
  start: OperatorStart;
  /** Files that it reads, and reads and writes, besides the bank's folder. */
  reads: string[];
  writes: string[];
  /** Whether it runs until the launcher ends. */
  follows: boolean;
  /** An operator's next step after success. */
  next?: string;
}

/** `server/programs/console`. */
export interface ConsoleLaunch {
  kind: "console";
  start: Omit<ConsoleStart, "page" | "openFile">;
  screens: Pick<Screens, "in" | "open" | "json">;
}

/** `server/programs/bank_server`. */
export interface ServerLaunch {
  kind: "server";
  start: BankServerStart;
  /** Lines about the settings, if the server is only to be checked. */
  settings: string[] | null;
}

/** `server/programs/witness`. */
export interface WitnessLaunch {
  kind: "witness";
  start: WitnessStart;
  /** The next step after success. */
  next?: string;
}

/** The page that checks receipts, which the launcher writes. */
export interface ReceiptPageLaunch {
  kind: "receipt_page";
  out: string;
  /** The policy file that the page begins with. */
  policy?: string;
}

/** `client/programs/atm_window`, or `client/programs/atm_in_browser`. */
export interface AtmLaunch {
  kind: "atm";
  bank: Address;
  terminal: TerminalChoice;
  /** Whether the page may operate the simulated devices for the customer. */
  demo: boolean;
  /** The ATM's devices; if absent, the launcher starts a service of its simulated ones. */
  devices?: DevicesAt;
  /** Whether to start even if the bank cannot be reached or there is no key yet. */
  wait: boolean;
  receiptUrl?: string;
  screens: Screens;
}

/** `client/programs/atm_cash`, in the foreground. */
export interface CashLaunch {
  kind: "cash";
  command: AtmCashStart["command"];
  devices?: DevicesAt;
  terminal: TerminalChoice;
  /** "20x100" */
  notes: string[];
  /** For `show`. */
  json?: boolean;
  /** The next step for staff, after success. */
  next?: string;
}

/** `client/programs/devices`. */
export interface DevicesLaunch {
  kind: "devices";
  start: DevicesStart;
}

/** `server/programs/demo_bank`, and an ATM for each of its terminals. */
export interface DemoLaunch {
  kind: "demo";
  /** The demo's folder. */
  folder: string;
  atms: number;
  screens: Screens;
}

/**
 * The terminal of this host: its key file, its folder, or both; by default the only one in the
 * project.
 */
export interface TerminalChoice {
  key?: string;
  folder?: string;
}

/** How to show an ATM's screens. */
export interface Screens {
  language: Language;
  /** `either`: a window, or a page in the browser if no window opens. */
  in: "window" | "browser" | "either";
  kiosk: boolean;
  /** Whether to open a browser; otherwise a link is printed. */
  open: boolean;
  /** The name of the printer for receipts, as `lp` has it. */
  printer?: string;
  /** Whether to print one line of JSON rather than sentences. */
  json: boolean;
}
