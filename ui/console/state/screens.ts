/** What each screen reads first, and when its rows change. */
import type { BankNews, ConsoleQuery } from "../../../lib/console.ts";
import type { ListName, Place, ScreenName } from "./model.ts";

/** Returns the queries of a screen that has just been opened. */
export function firstQueries(place: Place): ConsoleQuery[] {
  return queriesOf[place.screen](place);
}

/** The query of the log without a filter. */
export const everyEntry = {
  who: "",
  action: "",
  outcome: "",
  terminal: "",
  from: "",
  before: "",
  at: "",
} as const;

const queriesOf: Record<ScreenName, (place: Place) => ConsoleQuery[]> = {
  today: () => [],
  terminals: ({ id }) =>
    id === undefined
      ? [{ of: "terminals", find: "", after: 0 }]
      : [{ of: "terminals", find: id, after: 0 }, { of: "terminal", name: id, before: "" }],
  customers: ({ id }) =>
    id === undefined ? [{ of: "customers", find: "", after: "" }] : [
      { of: "customer", name: id },
      { of: "bookings", name: id, account: "", before: "" },
    ],
  // the evidence of a movement has its terminal
  doubt: ({ id, terminal }) =>
    id === undefined || terminal === undefined
      ? [
        { of: "holds", find: "", after: 0 },
        { of: "differences", after: 0 },
        { of: "disputes", at: "" },
      ]
      : [{ of: "holds", find: id, after: 0 }, { of: "terminals", find: terminal, after: 0 }],
  approvals: () => [],
  log: () => [{ of: "log", ...everyEntry }],
  bank: () => [{ of: "limits" }, { of: "operators" }],
};

/** The versions of the news with which the rows of a list may change. */
export const topicsOf: Record<ListName, readonly (keyof BankNews["versions"])[]> = {
  terminals: ["terminals"],
  holds: ["holds"],
  differences: ["terminals", "holds"],
  disputes: ["log"],
  limits: ["log"],
  operators: ["log"],
  terminal: ["log"],
  log: ["log"],
  customers: ["log"],
  customer: ["log"],
  bookings: ["log"],
};
