/**
 * The interface between the launcher and the programs: a program's only argument is one line of
 * JSON, and its first line of standard output reports that it is ready.
 */
import type { Language, Speech } from "./atm.ts";
import type { LogForm } from "./log_event.ts";
import type { Currency, MinorText } from "./money.ts";
import type { LogFilter, OperatorCommandName, OperatorCommandOf } from "./operator_commands.ts";

/** The exit code of a command that was not executed, and waits for a second operator. */
export const proposedExitCode = 3;

export interface Address {
  hostname: string;
  port: number;
}

/** Starts `server/programs/bank_server`. Paths are absolute, here and below. */
export interface BankServerStart {
  /** The bank's folder. */
  folder: string;
  /** Port 0 selects a free one. */
  listen: Address;
  /** IP addresses of balancers that put a PROXY header before each connection. */
  proxies: string[];
  sharePort: boolean;
  checkpoints: { folder: string; everyMinutes: number };
  /** The folder into which `bank backup` without a file writes; absent for none. */
  backups?: string;
  /** Where metrics are served; nowhere if absent. */
  metrics?: Address;
  log: LogForm;
  /** The id of the group `operatorsGroup`, which can open the operators' socket; absent if the group does not exist. */
  operatorsGroup?: number;
  /** Whether to check that the server could run, rather than to run it. */
  check?: boolean;
  /** The policy file with the witnesses that cosign checkpoints, and their URLs. */
  policy?: string;
  /** The file with the URL of the bank's database; if absent, the environment may have one. */
  databaseUrlFile?: string;
}

/** The system's group of the operators, who do not have the bank's account. */
export const operatorsGroup = "strongroom-operators";

/** Starts `server/programs/witness`: makes a witness and prints its key, or serves one. */
export type WitnessStart =
  | { command: "init"; folder: string; name: string }
  | {
    command: "serve";
    folder: string;
    listen: Address;
    /** The policy file that has the keys of its logs. */
    policy: string;
  };

/** Starts `server/programs/demo_bank`. */
export interface DemoBankStart {
  /** The demo's folder, with the bank and the ATMs in it. */
  folder: string;
  listen: Address;
  /** 1 to 8. */
  atms: number;
}

export interface ServerReady {
  /** `host:port`, with the port that was bound. */
  address: string;
  /** The same of its metrics, if it serves them. */
  metrics?: string;
}

export interface DemoBankReady extends ServerReady {
  customers: { username: string; password: string; pin: string }[];
  terminals: TerminalFiles[];
}

/** The paths of a terminal's key and folder. */
export interface TerminalFiles {
  name: string;
  key: string;
  folder: string;
}

/** Starts `server/programs/operator`, which runs one command in the foreground. */
export interface OperatorStart {
  /** The bank's folder. */
  folder: string;
  /** The file with the URL of the bank's database; if absent, the environment may have one. */
  databaseUrlFile?: string;
  /**
   * Destination of an answer that is a file: a key, a checkpoint, a copy of the books or of the
   * log.
   */
  out?: string;
  /** The name that the operator must type before the command runs, since it cannot be undone. */
  confirm?: string;
  /** The operator's key; by default that of a single operator, or the one in the home folder. */
  operatorKey?: string;
  /** A private file whose first line is the key's passphrase, instead of a prompt. */
  passphraseFile?: string;
  command: OperatorTask;
}

/** Starts `server/programs/console`, which has the launcher's terminal. */
export interface ConsoleStart extends Pick<OperatorStart, "operatorKey" | "passphraseFile"> {
  /** The bank's folder. */
  folder: string;
  /** The file with the bundled page, as JSON. */
  page: string;
  /** Files with which the console verifies the log: the first keys of its chains, and checkpoints. */
  firstKeys: string[];
  checkpoints: string[];
  /** The private file that forwards a browser to a link; absent without a home folder. */
  openFile?: string;
}

/** Starts `server/programs/console_window`; its standard input begins with a console's link, a line of JSON. */
export interface ConsoleWindowStart {
  /** As of `AtmWindowStart`. */
  webview: string | null;
}

/** A line of a console's standard output after the first: its page was opened. */
export type ConsoleOpened = { opened: true };

export interface ConsoleReady {
  /** Opens the page once. */
  link: string;
  /** A private file that forwards a browser to another link; absent where it cannot be written. */
  file?: string;
}

/**
 * A task of the operator's program: a command sent to the bank, or a local one. A new customer's
 * password is typed into the program, and a new card's number is made there.
 */
export type OperatorTask =
  | OperatorCommandOf<
    Exclude<OperatorCommandName, "add_customer" | "issue_card" | "read_audit">
  >
  | Omit<OperatorCommandOf<"add_customer">, "passwordHash">
  | Omit<OperatorCommandOf<"issue_card">, "numberHash">
  | LocalCommand;

/**
 * Commands that no server may run: they hold or write what a server must not have, or need the
 * server stopped.
 */
export type LocalCommand =
  | {
    command: "init";
    bankName: string;
    currency: Currency;
    /** An IANA name. */
    timeZone: string;
    withdrawalMax?: MinorText;
    /** Destination of the log's first key. */
    firstKey: string;
    /** Two admins; or the destination of a single operator's key. */
    operators: { admins: { name: string; publicKey: string }[] } | { singleKey: string };
  }
  /** `sealed`: whether the key's file needs a passphrase. */
  | { command: "make_operator_key"; name: string; sealed: boolean }
  /** Gives an admin another key, since too few operators still have theirs. */
  | { command: "recover_operator"; name: string; publicKey: string }
  /** `dryRun`: checks that it can be done, and changes nothing. */
  | { command: "migrate"; dryRun?: boolean }
  /** `from`: the bank.keys of another server. */
  | { command: "join"; from: string; firstKey: string }
  /** `from`: a backup. */
  | { command: "restore"; from: string; firstKey: string; dryRun?: boolean }
  | {
    command: "verify_audit";
    firstKeys: string[];
    checkpoints: string[];
    /** `PLACE,TAG`, as printed on a receipt. */
    receipt?: string;
    /** A file of the log, instead of the bank's database. */
    file?: string;
    /** Whether the file has the chains of one server of several. */
    ofOneServer?: boolean;
    json?: boolean;
  }
  /** `keys`: a bank.keys, by default the folder's. */
  | {
    command: "show_audit_file";
    file: string;
    keys?: string;
    json: boolean;
    last?: string;
    filter: LogFilter;
  }
  /** `receipts`: files of receipts and proofs. */
  | { command: "verify_receipts"; policy: string; receipts: string[]; json?: boolean }
  /** `quorum`: how many of these witnesses must have cosigned, by default all. */
  | { command: "write_policy"; firstKeys: string[]; witnesses: string[]; quorum?: number }
  | { command: "export_audit" }
  | { command: "start_audit_chain"; firstKey: string };

/** Starts `client/programs/devices`. */
export interface DevicesStart {
  /** The folder of their counters. */
  folder: string;
  /** The file of their keys: with it they dispense only on tokens. */
  keys?: string;
  /** Port 0 selects a free one. */
  listen: Address;
}

/** Returns the path of the socket on which the runtime's HTTP server of a device service listens. */
export const devicesSocketPath = (folder: string) => `${folder}/service.sock`;

/** Returns the path of the secret with which the controls of a device service are used. */
export const controlsSecretPath = (folder: string) => `${folder}/controls.secret`;

/** The path of the controls in a device service's address. */
export const controlsPath = "/controls";

/** Returns the folder of a device service in the folder of its ATM. */
export const devicesFolderOf = (atmFolder: string) => `${atmFolder}/devices`;

/** Returns the folder of the cards that can be inserted at a device service. */
export const cardsFolderOf = (devicesFolder: string) => `${devicesFolder}/cards`;

export interface DevicesReady {
  /** The publisher: `ws://HOST:PORT/xfs4iot/v1.0`. */
  url: string;
  /** A link to the page that operates them. */
  page: string;
}

/** Cash devices behind XFS4IoT. */
export interface DevicesAt {
  /** The publisher: `ws://` or `wss://`. */
  url: string;
  /** A file with the certificates of authorities that are trusted for it. */
  authorities?: string;
  /** Whether the launcher started it for this ATM, in the ATM's folder. */
  isOwn: boolean;
}

/** Starts `client/programs/atm_in_browser`; its standard input begins with the page, a line of JSON. */
export interface AtmStart {
  bank: Address;
  /** The terminal's key file. */
  key: string;
  /** The ATM's folder. */
  folder: string;
  /** Whether the page may operate the simulated devices for the customer. */
  demo: boolean;
  /** The ATM's devices; if absent, they are simulated in its process, as in the simulator. */
  devices?: DevicesAt;
  /** Whether to start even if the bank cannot be reached or there is no key yet. */
  wait: boolean;
  language: Language;
  /** The page that verifies receipts, for the links in QR codes. */
  receiptUrl?: string;
  aids: AtmAids;
}

/** What the launcher does for an ATM besides its screens. */
export interface AtmAids {
  /** Whether it prints receipts. */
  printer: boolean;
  /** The languages that it speaks. */
  voices: readonly Language[];
}

/** A line of a running ATM's standard output, after the first: what it asks of the launcher. */
export type AtmRequest =
  | { ask: "print"; text: string }
  | { ask: "speak"; speech: Speech }
  | { ask: "hush" };

export interface AtmInBrowserReady {
  /** Opens the page once. */
  link: string;
  /** A private file that forwards a browser to another link; absent where it cannot be written. */
  file?: string;
}

/** Starts `client/programs/atm_window`; its standard input is the same. */
export interface AtmWindowStart extends AtmStart {
  /** The terminal's name, for the title; may be empty. */
  terminal: string;
  /** The path of the web view's library; null if this system has none. */
  webview: string | null;
  kiosk: boolean;
}

/** Reports that a window is open, or why none opened. */
export type WindowReady = { window: true } | { noWindow: string };

/** Starts `client/programs/atm_cash`, which runs one command in the foreground. */
export interface AtmCashStart {
  command: "show" | "load" | "count";
  devices: DevicesAt;
  key: string;
  folder: string;
  /** "20x100" */
  notes: string[];
  /** For `show`. */
  json?: boolean;
}
