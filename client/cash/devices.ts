/**
 * The cash devices, by the names of XFS4IoT's commands (CEN CWA on financial services for the
 * internet of things): a dispenser, and an acceptor with escrow.
 */
import type { NoteCounts } from "./note_mix.ts";

export interface CashDevices {
  /** What the dispenser can give. */
  cassettes(): NoteCounts;
  /** What lies in escrow; null while the acceptor is shut. */
  escrow(): NoteCounts | null;
  /**
   * Hands out these notes. The cassettes' counters follow each stack as it leaves.
   * @throws when the device fails; the counters then tell what has left
   */
  dispense(mix: NoteCounts): Promise<void>;
  /** Opens the acceptor. */
  cashInStart(): void;
  /** Lets no more notes in; what lies in escrow stays there. */
  closeShutter(): void;
  /** Takes what is in escrow into the cassettes and shuts the acceptor. */
  cashInEnd(): Promise<void>;
  /** Hands what is in escrow back and shuts the acceptor. */
  cashInRollback(): Promise<void>;
}
