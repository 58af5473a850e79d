/**
 * The cash devices, with the names of XFS4IoT's commands and errors (CEN CWA 17852): a dispenser with
 * a stacker, a tray behind a shutter, and bins for rejected and retracted notes; an acceptor with
 * escrow. Counters follow each note, and survive a crash.
 */
import type { DeviceStep } from "../../lib/atm.ts";
import type { NoteCounts } from "./note_mix.ts";

/** Why a device did not carry out a command, or only in part. */
export type DeviceErrorCode =
  /** No notes of the cassettes make the amount. */
  | "notDispensable"
  /** More notes than the device dispenses at once. */
  | "tooManyItems"
  /** Notes of an earlier command are still on the stacker. */
  | "itemsLeft"
  /** Notes lie in the tray for a customer. */
  | "shutterOpen"
  | "noItems"
  | "cashInActive"
  | "noCashInActive"
  /** Presenting failed; none, some, or an unknown number of the notes are in the tray. */
  | "presentErrorNoItems"
  | "presentErrorItems"
  | "presentErrorUnknown"
  /** The device has failed, in this command or an earlier one. */
  | "hardwareError";

export class DeviceError extends Error {
  override name = "DeviceError";
  constructor(readonly code: DeviceErrorCode, readonly during: DeviceStep | "denominate") {
    super(`${code} during ${during}`);
  }
}

/** The power failed, which only a simulated device can report: nothing may be written or sent. */
export class PowerCut extends Error {
  override name = "PowerCut";
}

export interface CashDevices {
  // Counters

  /** Notes that the dispenser can dispense. */
  cassettes(): NoteCounts;
  /** The same with the empty cassettes, at zero. */
  loaded(): NoteCounts;
  /** The bank's notes in the ATM: cassettes, stacker, tray, reject and retract bins. */
  inside(): NoteCounts;
  /** Notes in the tray or the acceptor's mouth, for the customer to take. */
  presented(): NoteCounts;
  /** Notes in the tray. */
  tray(): NoteCounts;
  /** Notes in escrow. */
  escrow(): NoteCounts;
  /** Whether the acceptor is open. */
  accepting(): boolean;
  /** Devices that do not work until people have cleared them. */
  jammed(): readonly ("dispenser" | "acceptor")[];
  /** False when a counter was lost: people must count. */
  counted(): boolean;

  // The dispenser. Each command may throw DeviceError; the counters give what was done.

  /** Finds notes for an amount. @throws {DeviceError} notDispensable, tooManyItems */
  denominate(amount: bigint): NoteCounts;
  /** Moves notes from the cassettes onto the stacker. */
  dispense(mix: NoteCounts): Promise<void>;
  /** Moves the notes from the stacker into the tray, and opens the shutter. */
  present(): Promise<void>;
  /** Resolves when no notes are presented (the event ItemsTaken). */
  itemsTaken(): Promise<void>;
  /** Moves notes from the stacker into the reject bin, and from the tray into the retract bin. */
  retract(): Promise<void>;

  // The acceptor

  /** Opens the acceptor. */
  cashInStart(): void;
  /** Waits for notes and counts them into escrow. @throws {DeviceError} noCashInActive once shut */
  cashIn(): Promise<void>;
  /** Stops accepting notes; escrow stays as it is. */
  closeShutter(): void;
  /** Moves the notes in escrow into the cassettes, and shuts the acceptor. */
  cashInEnd(): Promise<void>;
  /** Presents the notes in escrow to the customer, and shuts the acceptor. */
  cashInRollback(): Promise<void>;
  /** Notes of a customer that were neither taken in nor returned. */
  withheld(): NoteCounts;
  /** Counts withheld notes as retracted, jammed or not: people must return them. */
  retractWithheld(): void;
}
