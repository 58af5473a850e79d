/**
 * The way from the page to its host and back. The page does not know which host it has: a loopback
 * server in the browser (`browser_bridge`), a bound function in a native window (`window_bridge`).
 * Both keep this contract.
 */
import type { AtmCalls, AtmView } from "../../../lib/atm.ts";

export type CallName = keyof AtmCalls;
export type CallArgs<Name extends CallName> = Parameters<AtmCalls[Name]>;
export type CallValue<Name extends CallName> = Awaited<ReturnType<AtmCalls[Name]>>;

/** One call with its arguments, as the reducer asks for it. */
export type Call = { [Name in CallName]: { name: Name; args: CallArgs<Name> } }[CallName];

/** Why a page can do no more: its host failed, another page took over, or its link was used before. */
export type Gone = "stopped" | "opened_elsewhere" | "link_used";

/**
 * A bridge is dead after its first failure of any kind: it tells `gone` once, sends nothing ever
 * again, and its open calls stay unanswered.
 */
export interface Bridge {
  /** Resolves with the method's value, after `watch` was told of the view that the call led to. */
  call<Name extends CallName>(name: Name, args: CallArgs<Name>): Promise<CallValue<Name>>;
  watch(listener: (view: AtmView) => void): void;
  gone(listener: (why: Gone) => void): void;
}

/** A machine's view with its number: of two views, the higher number is the newer. */
export interface NumberedView {
  number: number;
  view: AtmView;
}

/** A host's answer to a call. */
export interface Answer extends NumberedView {
  value: unknown;
}

/** The host is taken for dead after so many seconds in which this page ran and heard nothing. */
export const silentSecondsMax = 8;

/** Passes on only views that are newer than all before: answers and stream may overtake each other. */
export function newestOnly(
  listener: (view: AtmView) => void,
): (numbered: NumberedView) => void {
  let newest = -1;
  return ({ number, view }) => {
    if (number <= newest) return;
    newest = number;
    listener(view);
  };
}
