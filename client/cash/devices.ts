/**
 * The cash devices, with the names of XFS4IoT's commands and errors (CEN CWA 17852): a dispenser
 * with a stacker, a tray behind a shutter, and bins for rejected and retracted notes; an acceptor
 * with escrow. Counters track each note and are durable.
 */
import type { DeviceStep } from "../../lib/atm.ts";
import type { NoteCounts } from "./note_mix.ts";

/** Why a device failed to execute a command, wholly or in part. */
export type DeviceErrorCode =
  /** No notes of the cassettes make the amount. */
  | "notDispensable"
  /** More notes than the device dispenses at once. */
  | "tooManyItems"
  /** The stacker still holds notes of an earlier command. */
  | "itemsLeft"
  /** The tray holds notes for a customer. */
  | "shutterOpen"
  | "noItems"
  | "cashInActive"
  | "noCashInActive"
  /** Presenting failed; none, some, or an unknown number of the notes are in the tray. */
  | "presentErrorNoItems"
  | "presentErrorItems"
  | "presentErrorUnknown"
  /** The device failed, in this command or an earlier one. */
  | "hardwareError";

/**
 * The devices do not answer: the effect of a command, if one was under way, is unknown until they
 * do.
 */
export class DevicesAway extends Error {
  override name = "DevicesAway";
}

export class DeviceError extends Error {
  override name = "DeviceError";
  constructor(readonly code: DeviceErrorCode, readonly during: DeviceStep | "denominate") {
    super(`${code} during ${during}`);
  }
}

/**
 * A power failure, which only a simulated device can report: nothing may be written or sent
 * afterwards.
 */
export class PowerCut extends Error {
  override name = "PowerCut";
}

export interface CashDevices {
  /** Called when something changed that no command changed. */
  onChange?: () => void;
  /** Called when devices that were away answer again. */
  onReturn?: () => void;
  /** Ends the connection to the devices. */
  close?(): Promise<void>;
  /** Whether the devices do not answer. Their counters are then old. */
  away(): boolean;

  // Counters

  /** The notes that can be dispensed. */
  cassettes(): NoteCounts;
  /** Returns the cassettes' notes, including empty cassettes as zero. */
  loaded(): NoteCounts;
  /** Returns the values of the cassettes in which staff's last load or count put notes. */
  filled(): ReadonlySet<bigint>;
  /** Returns the bank's notes in the ATM: cassettes, stacker, tray, reject and retract bins. */
  inside(): NoteCounts;
  /** Notes in the tray or the acceptor's mouth, for the customer to take. */
  presented(): NoteCounts;
  /** The notes in the tray. */
  tray(): NoteCounts;
  /** The notes in escrow. */
  escrow(): NoteCounts;
  /** Whether the acceptor is open. */
  accepting(): boolean;
  /** Whether the dispenser obeys the bank's tokens alone; absent for devices without keys. */
  obeysTokens?(): boolean;
  /** Devices that are out of order until staff clear them, or do not answer. */
  jammed(): readonly ("dispenser" | "acceptor")[];
  /** False if a counter was lost: staff must count. */
  counted(): boolean;

  // The dispenser. Each command may throw DeviceError, and the counters show its effect; or
  // DevicesAway, and its effect is unknown.

  /** Selects notes for an amount. @throws {DeviceError} notDispensable, tooManyItems */
  denominate(amount: bigint): NoteCounts;
  /**
   * Returns the nonce for which the bank makes a dispense token; null for devices without keys.
   */
  commandNonce?(): Promise<string | null>;
  /**
   * Ends the command nonce, and returns the device's present status for the bank's nonce; null if it
   * gives none now.
   */
  presentStatus?(nonce: string): Promise<string | null>;
  /**
   * Moves notes from the cassettes onto the stacker.
   * @param token the bank's, for a device with keys
   */
  dispense(mix: NoteCounts, token?: string): Promise<void>;
  /** Moves the notes from the stacker into the tray, and opens the shutter. */
  present(): Promise<void>;
  /** Resolves when no notes are presented (the event ItemsTaken). */
  itemsTaken(): Promise<void>;
  /** Moves notes from the stacker into the reject bin, and from the tray into the retract bin. */
  retract(): Promise<void>;

  // The acceptor

  /** Opens the acceptor. */
  cashInStart(): Promise<void>;
  /** Waits for notes and counts them into escrow. @throws {DeviceError} noCashInActive once shut */
  cashIn(): Promise<void>;
  /** Stops accepting notes; escrow is unchanged. */
  closeShutter(): void;
  /** Moves the notes in escrow into the cassettes, and shuts the acceptor. */
  cashInEnd(): Promise<void>;
  /** Presents the notes in escrow to the customer, and shuts the acceptor. */
  cashInRollback(): Promise<void>;
  /** Notes of a customer that were neither accepted nor returned. */
  withheld(): NoteCounts;
  /** Books withheld notes as retracted, whether jammed or not: staff must return them. */
  retractWithheld(): void;

  // Staff

  /** Loads notes into the cassettes. */
  load(notes: NoteCounts): void;
  /** Sets the cassettes to these notes, empties all else, and clears every jam. */
  recount(notes: NoteCounts): void;

  /**
   * Executes what `retractWithheld`, `load` and `recount` have written. These run within the
   * caller's transaction, so that the journal and the request to the devices are written as one;
   * repeating a request is harmless.
   */
  carryOut(): Promise<void>;
}
