/** What a command line asks the launcher to start. Paths are absolute. Types only. */
import type { Language } from "../../lib/atm.ts";
import type { Address, AtmCashStart, BankServerStart, OperatorStart } from "../../lib/programs.ts";

export type Launch = OperatorLaunch | ServerLaunch | AtmLaunch | CashLaunch | DemoLaunch;

/** `server/programs/operator`, in the foreground. */
export interface OperatorLaunch {
  kind: "operator";
  start: OperatorStart;
  /** What it may read, and read and write, besides the bank's folder. */
  reads: string[];
  writes: string[];
  /** Whether it goes on until the launcher ends. */
  follows: boolean;
  /** What an operator does next, once it has succeeded. */
  next?: string;
}

/** `server/programs/bank_server`. */
export interface ServerLaunch {
  kind: "server";
  start: BankServerStart;
}

/** `client/programs/atm_window`, or `client/programs/atm_in_browser`. */
export interface AtmLaunch {
  kind: "atm";
  bank: Address;
  terminal: TerminalChoice;
  /** Whether the page may play the customer's hands. */
  demo: boolean;
  /** Whether to start although the bank cannot be reached, or there is no key yet. */
  wait: boolean;
  screens: Screens;
}

/** `client/programs/atm_cash`, in the foreground. */
export interface CashLaunch {
  kind: "cash";
  command: AtmCashStart["command"];
  terminal: TerminalChoice;
  /** "20x100" */
  notes: string[];
}

/** `server/programs/demo_bank`, and an ATM for each of its terminals. */
export interface DemoLaunch {
  kind: "demo";
  /** The demo's folder. */
  folder: string;
  atms: number;
  screens: Screens;
}

/** Which terminal this machine is: its key file, its folder, or both; else the only one of the project. */
export interface TerminalChoice {
  key?: string;
  folder?: string;
}

/** How an ATM's screens are shown. */
export interface Screens {
  language: Language;
  /** `either`: a window, or a page in the browser where no window opens. */
  in: "window" | "browser" | "either";
  kiosk: boolean;
  /** Whether a browser is opened; a link is printed otherwise. */
  open: boolean;
  /** Whether to print one line of JSON rather than sentences. */
  json: boolean;
}
