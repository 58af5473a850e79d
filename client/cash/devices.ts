/**
 * The cash devices, by the names of XFS4IoT's commands and errors (CEN CWA 17852): a dispenser with a
 * stacker, a tray behind a shutter, and bins for what is rejected and retracted; an acceptor with
 * escrow. Counters follow each note, and outlive a crash.
 */
import type { DeviceStep } from "../../lib/atm.ts";
import type { NoteCounts } from "./note_mix.ts";

/** Why a device did not do, or not wholly do, what it was told. */
export type DeviceErrorCode =
  /** No notes of the cassettes make that up. */
  | "notDispensable"
  /** More notes than the device hands out at once. */
  | "tooManyItems"
  /** Notes of an earlier command are still on the stacker. */
  | "itemsLeft"
  /** Notes lie in the tray, for a customer to take. */
  | "shutterOpen"
  | "noItems"
  | "cashInActive"
  | "noCashInActive"
  /** Presenting failed; none, some, or nobody knows how many of the notes are in the tray. */
  | "presentErrorNoItems"
  | "presentErrorItems"
  | "presentErrorUnknown"
  /** It is broken, and has been since this command or an earlier one. */
  | "hardwareError";

export class DeviceError extends Error {
  override name = "DeviceError";
  constructor(readonly code: DeviceErrorCode, readonly during: DeviceStep | "denominate") {
    super(`${code} during ${during}`);
  }
}

/** The power has gone. Only a simulated device can tell: nothing more may be written or sent. */
export class PowerCut extends Error {
  override name = "PowerCut";
}

export interface CashDevices {
  // What the counters say

  /** What the dispenser can give. */
  cassettes(): NoteCounts;
  /** The same with the cassettes that have run empty, at zero. */
  loaded(): NoteCounts;
  /** All of the bank's notes in the machine: cassettes, stacker, tray, reject and retract bins. */
  inside(): NoteCounts;
  /** Notes in the tray or the acceptor's mouth, for the customer to take. */
  presented(): NoteCounts;
  /** Of those, the notes of the bank's that were handed out. */
  tray(): NoteCounts;
  /** What lies in escrow. */
  escrow(): NoteCounts;
  /** Whether the acceptor is open. */
  accepting(): boolean;
  /** What does not work until people have seen to it. */
  jammed(): readonly ("dispenser" | "acceptor")[];
  /** False when a counter was lost: then only people can say what is inside. */
  counted(): boolean;

  // The dispenser. Each command throws DeviceError; the counters then tell how far it came.

  /** Finds notes for an amount. @throws {DeviceError} notDispensable, tooManyItems */
  denominate(amount: bigint): NoteCounts;
  /** From the cassettes onto the stacker. */
  dispense(mix: NoteCounts): Promise<void>;
  /** From the stacker into the tray, and opens the shutter. */
  present(): Promise<void>;
  /** Settles when nothing is presented any more (the event ItemsTaken). */
  itemsTaken(): Promise<void>;
  /** What is on the stacker goes into the reject bin, what was not taken into the retract bin. */
  retract(): Promise<void>;

  // The acceptor

  /** Opens the acceptor. */
  cashInStart(): void;
  /** Waits for notes and counts them into escrow. @throws {DeviceError} noCashInActive once shut */
  cashIn(): Promise<void>;
  /** Lets no more notes in; what lies in escrow stays there. */
  closeShutter(): void;
  /** Takes what is in escrow into the cassettes and shuts the acceptor. */
  cashInEnd(): Promise<void>;
  /** Presents what is in escrow to the customer and shuts the acceptor. */
  cashInRollback(): Promise<void>;
  /** Notes of a customer's that are neither taken in nor handed back. */
  withheld(): NoteCounts;
  /** Counts what is withheld as retracted, stuck or not: it is for people now. */
  retractWithheld(): void;
}
