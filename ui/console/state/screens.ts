/** What each screen reads first, and when its rows change. */
import type { BankNews, ConsoleQuery } from "../../../lib/console.ts";
import type { ListName, Place, ScreenName } from "./model.ts";

/** Returns the queries of a screen that has just been opened. */
export function firstQueries(place: Place): ConsoleQuery[] {
  return queriesOf[place.screen](place);
}

const queriesOf: Record<ScreenName, (place: Place) => ConsoleQuery[]> = {
  today: () => [],
  terminals: () => [{ of: "terminals", find: "", after: 0 }],
  approvals: () => [],
};

/** The version of the news with which the rows of a list change. */
export const topicOf: Record<ListName, keyof BankNews["versions"]> = {
  terminals: "terminals",
};
