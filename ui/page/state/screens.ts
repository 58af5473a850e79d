/** Which screens need what: facts about screens that several edges of the reducer share. */
import type { MachineView } from "../../../lib/atm.ts";
import type { Screen, ScreenName, State } from "./model.ts";

/** Screens that make sense only while a customer is logged in. */
const duringVisit: ReadonlySet<ScreenName> = new Set<ScreenName>([
  "menu",
  "withdraw",
  "amount",
  "deposit",
  "balance",
  "history",
]);

export function needsVisit(screen: Screen): boolean {
  return duringVisit.has(screen.name);
}

/** Screens that tell what became of money: they stay until the customer has read them. */
export function tellsOfMoney(screen: Screen): boolean {
  return screen.name === "working" || screen.name === "receipt" ||
    (screen.name === "refusal" && screen.receipt !== undefined);
}

/** Where a customer is safe: in the menu while logged in, else wherever the machine is. */
export function safeScreen(view: MachineView | null): Screen {
  if (!view) return { name: "starting" };
  if (view.bank === "connecting") return { name: "out_of_service" };
  if (view.bank === "lost") return { name: "lost", hadVisit: view.ended === "connection_lost" };
  if (view.visit) return { name: "menu" };
  return { name: "welcome" };
}

/** The screen that says why a visit is over; never the menu. */
export function endedScreen(view: MachineView): Screen {
  if (view.bank !== "online") return safeScreen(view);
  const why = view.ended ?? "ended_by_bank";
  return why === "connection_lost" ? { name: "back", hadVisit: true } : { name: "ended", why };
}

/** True while the answer to a call about money is awaited. */
export function moneyPending(state: State): boolean {
  return state.screen.name === "working";
}
