/** Facts about screens that several parts of the reducer share. */
import type { AtmView, Language, OutOfService } from "../../../lib/atm.ts";
import type { Screen, ScreenName, State } from "./model.ts";

/** Screens that make sense only while a customer is logged in. */
const duringVisit: ReadonlySet<ScreenName> = new Set<ScreenName>([
  "menu",
  "more",
  "amount",
  "mix",
  "deposit",
  "recipient",
  "sum",
  "confirm",
  "accounts",
  "password",
  "password_changed",
  "set_pin",
  "pin_set",
  "balance",
  "history",
]);

/** Screens with a way to the settings. */
export const fromSettings: ReadonlySet<ScreenName> = new Set<ScreenName>([
  "welcome",
  "menu",
  "more",
]);

export function needsVisit(screen: Screen): boolean {
  return duringVisit.has(screen.name);
}

/** Returns whether a screen is of a movement or its end: these stay until the customer has read them. */
export function showsMovement(screen: Screen): boolean {
  return screen.name === "working" || screen.name === "receipt" ||
    screen.name === "code" ||
    (screen.name === "refusal" && screen.receipt !== undefined);
}

/**
 * Returns the menu while a customer is logged in, or the change of a one-time password, else the
 * screen that shows how the machine is.
 */
export function safeScreen(view: AtmView | null): Screen {
  if (!view) return { name: "starting" };
  if (view.bank === "lost") return { name: "lost", hadVisit: view.ended === "connection_lost" };
  if (view.visit) return { name: view.visit.oneTime ? "password" : "menu" };
  if (view.card === "inserted") return { name: "pin" };
  const why = outOfService(view);
  return why ? { name: "out_of_service", why } : { name: "welcome" };
}

/** Returns why nothing can be done at this machine, or nothing with cash; null if all is well. */
function outOfService({ bank, failure, devices, cash }: AtmView): OutOfService | null {
  if (bank === "no_key" || bank === "not_accepted") return bank;
  if (failure) return failure;
  if (bank !== "online") return bank === "not_ready" ? bank : "no_bank";
  if (devices.jammed.length > 0) return "device_fault";
  return cash.cassettes.length > 0 ? null : "no_cash";
}

/** Returns the screen that shows why a visit is over; never the menu. */
export function endedScreen(view: AtmView): Screen {
  if (view.bank !== "online") return safeScreen(view);
  const why = view.ended ?? "ended_by_bank";
  return why === "connection_lost" ? { name: "back", hadVisit: true } : { name: "ended", why };
}

/** Returns whether a visit is over with its movement: its card has come back. */
export function endsAfterMovement({ visit, card }: AtmView): boolean {
  return visit?.byCard === true && card === "none";
}

/** Returns true while the answer to a call about money is awaited. */
export function moneyPending(state: State): boolean {
  return state.screen.name === "working";
}

/** The languages in which screens are read out. */
const spoken: ReadonlySet<Language> = new Set<Language>(["en", "es", "fr", "de"]);

/** Returns whether screens can be read out, in the language that they are in. */
export function speaks({ can, view, settings: { language } }: State): boolean {
  return spoken.has(language) && (can.speaks || (view?.aids.voices.includes(language) ?? false));
}

/** Returns whether receipts can be printed. */
export function prints({ can, view }: State): boolean {
  return can.prints || (view?.aids.prints ?? false);
}
