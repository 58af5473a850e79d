/** The judge of access: nobody acts in a session that has ended, and everybody who may gets in. */
import type { Finding } from "./money_judges.ts";

/** One customer's session at one machine, from its log-in. */
export interface Session {
  readonly customer: string;
  readonly machine: string;
  /** When the log-in was sent, and when its answer was on the screen. */
  readonly fromMs: number;
  readonly inMs: number;
  readonly acts: Act[];
}

/** What the bank did, or showed, in a session. */
export interface Act {
  /** When it was asked for. */
  readonly fromMs: number;
  readonly what: "moved money" | "saw a balance";
}

/** A new password, a locked account or a revoked terminal: what ends sessions. */
export interface Ending {
  readonly what: string;
  readonly customer: string | null;
  readonly machine: string | null;
  /** When it was asked for, and when it was done. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** The session that goes on, since the change was made in it. */
  readonly by: Session | null;
}

/** Somebody who should get in at a machine at the end of a day. */
export interface Entry {
  readonly customer: string;
  readonly machine: string;
  /** The screen that they came to. */
  readonly screen: string;
}

/** How long a session may go on to show what it showed: until its server sees the change. */
const staleMsMax = 10_000;

/** Checks that no session continues after a new password, a lock or a revocation. */
export function judgeSessions(
  sessions: readonly Session[],
  endings: readonly Ending[],
): Finding[] {
  return endings.flatMap((ending) => {
    const { customer, machine, fromMs, untilMs, by, what } = ending;
    return sessions.flatMap((session) => {
      if (session === by) return [];
      if (machine !== null ? session.machine !== machine : session.customer !== customer) return [];
      // A terminal that is revoked has no session any more; a customer comes back with another,
      // whose log-in may have been under way while the change was made.
      if (machine === null && session.inMs >= fromMs) return [];
      const late = session.acts.find((act) =>
        act.fromMs > untilMs + (act.what === "saw a balance" ? staleMsMax : 0)
      );
      if (!late) return [];
      const begun = `${session.customer} at ${session.machine}, in since ${ms(session.fromMs)}`;
      return [{
        judge: "sessions",
        what: `${begun}, ${late.what} at ${ms(late.fromMs)}, after ${what} at ${ms(untilMs)}`,
      }];
    });
  });
}

/** Checks that the right password is accepted at the end of a day. */
export function judgeEntries(entries: readonly Entry[]): Finding[] {
  return entries.flatMap(({ customer, machine, screen }) =>
    screen === "menu"
      ? []
      : [{ judge: "entry", what: `${customer} does not get in at ${machine}: ${screen}` }]
  );
}

const ms = (timeMs: number) => `${Math.round(timeMs)} ms`;
