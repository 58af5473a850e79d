/**
 * What a page operates through its host: an ATM, or an operator's console. Hosts use this interface
 * alone.
 */

/** A refused call: its name is unknown or its arguments are invalid. */
export type CallRefusal = "unknown_call" | "bad_arguments";

export interface Machine {
  /** Returns the present view, which JSON can carry. */
  view(): unknown;
  /** Calls `listener` with each newer view; returns a function that stops this. */
  watch(listener: (view: unknown) => void): () => void;
  /** Whether the view shows a machine that is in service. */
  isOnline(): boolean;
  /** Whether the view shows a machine that is locked. A page that replaced another one ends then. */
  isLocked(): boolean;
  /** Whether the view shows a visit that a page began. */
  hasVisit(): boolean;
  /** Returns whether a page may make a call of this name. */
  isCall(name: string): boolean;
  /**
   * Checks a page's call, which is untrusted; returns it ready to be made, or the refusal.
   */
  parseCall(name: string, args: unknown): (() => Promise<unknown>) | CallRefusal;
  /** Ends what a page began: it is gone, or another page has been opened. */
  endVisit(): Promise<void>;
}
