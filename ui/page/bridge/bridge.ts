/**
 * The way from the page to its host and back. The page works with either host: a loopback
 * server in the browser (`browser_bridge`), a bound function in a native window (`window_bridge`).
 * Both keep this contract.
 */
import type { AtmCalls, AtmView } from "../../../lib/atm.ts";

export type CallName = keyof AtmCalls;
export type CallArgs<Name extends CallName> = Parameters<AtmCalls[Name]>;
export type CallValue<Name extends CallName> = Awaited<ReturnType<AtmCalls[Name]>>;

/** One call with its arguments, as the reducer asks for it. */
export type Call = { [Name in CallName]: { name: Name; args: CallArgs<Name> } }[CallName];

/** The calls of a machine: an ATM's, or a console's. */
export type Calls<Machine> = { [Name in keyof Machine]: (...args: never[]) => Promise<unknown> };

/** Why a page was disconnected: its host failed, another page took over, or its link was used before. */
export type DisconnectReason = "stopped" | "opened_elsewhere" | "link_used";

/**
 * The first failure of any kind disconnects a bridge for good: it notifies `onDisconnected` once, sends
 * nothing more, and its open calls stay unanswered.
 */
export interface Bridge<Machine extends Calls<Machine> = AtmCalls, View = AtmView> {
  /** Resolves with the method's value, after `onView` had the view that the call led to. */
  call<Name extends keyof Machine>(
    name: Name,
    args: Parameters<Machine[Name]>,
  ): Promise<Awaited<ReturnType<Machine[Name]>>>;
  watch(onView: (view: View) => void): void;
  onDisconnected(listener: (why: DisconnectReason) => void): void;
}

/** A machine's view with its number: of two views, the higher number is the newer. */
export interface NumberedView<View = AtmView> {
  number: number;
  view: View;
}

/** A host's answer to a call. */
export interface Answer<View = AtmView> extends NumberedView<View> {
  value: unknown;
}

/** Passes on only views that are newer than all before: answers and stream may overtake each other. */
export function newestOnly<View>(
  listener: (view: View) => void,
): (numbered: NumberedView<View>) => void {
  let newest = -1;
  return ({ number, view }) => {
    if (number <= newest) return;
    newest = number;
    listener(view);
  };
}
