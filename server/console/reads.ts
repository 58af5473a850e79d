/** The rows that the page's screens ask for: from what the console watches, or by a signed command. */
import type {
  ConsoleQueries,
  ConsoleQuery,
  EntryNews,
  HoldNews,
  ReadAnswer,
  RowsOf,
  TerminalNews,
} from "../../lib/console.ts";
import { consoleRowsMax } from "../../lib/limits.ts";
import type { LogFilter, OperatorCommand } from "../../lib/operator_commands.ts";
import type { OperatorAnswer } from "../operator/request.ts";

/** Where rows come from. */
export interface Sources {
  terminals(): TerminalNews[];
  /** The open movements, by their ids. */
  holds: ReadonlyMap<string, HoldNews>;
  /** Gives the bank a signed command. @throws {UsageError} if it is refused */
  ask(command: OperatorCommand): AsyncGenerator<OperatorAnswer, void, void>;
}

type Readers = {
  [Of in keyof ConsoleQueries]: (
    query: ConsoleQueries[Of]["query"],
    sources: Sources,
  ) => Promise<ReadAnswer<ConsoleQueries[Of]["rows"]>>;
};

const readers: Readers = {
  terminals({ find, after }, { terminals }) {
    const found = terminals().filter(({ name }) => name.includes(find)).sort(byUrgency);
    return Promise.resolve(counted(found, after));
  },

  holds({ find, after }, { holds }) {
    const found = holds.values().filter(({ customer, terminal, movement }) =>
      customer.includes(find) || terminal.includes(find) || movement === find
    ).toArray().sort(byDoubt);
    return Promise.resolve(counted(found, after));
  },

  differences({ after }, { terminals, holds }) {
    const found = terminals().flatMap(({ name, reconciledMs, differences }) =>
      differences.map((difference) => {
        const movement = /^movement ([0-9a-f]{32}):/.exec(difference)?.[1] ?? "";
        const isOpen = holds.has(movement);
        return { terminal: name, reconciledMs: reconciledMs!, difference, movement, isOpen };
      })
    ).sort((one, other) => other.reconciledMs - one.reconciledMs);
    return Promise.resolve(counted(found, after));
  },

  disputes({ at }, { ask }) {
    return pageOf(ask({ command: "list_disputes", ...unlessEmpty({ at }) }));
  },

  limits(_query, { ask }) {
    return pageOf(ask({ command: "show_limits", json: true }));
  },

  operators(_query, { ask }) {
    return pageOf(ask({ command: "list_operators", json: true }));
  },

  terminal({ name, before }, { ask }) {
    return pageOf<EntryNews>(
      ask({ command: "show_terminal", name, ...unlessEmpty({ before }) }),
    );
  },

  log(query, { ask }) {
    const at = unlessEmpty({ at: query.at });
    return pageOf(ask({ command: "search_log", ...filterOf(query), ...at }));
  },

  customers({ find, after }, { ask }) {
    return pageOf(ask({ command: "find_customers", find, ...unlessEmpty({ after }) }));
  },

  customer({ name }, { ask }) {
    return pageOf(ask({ command: "show_customer", customer: name }));
  },

  bookings({ name, account, before }, { ask }) {
    const bounds = unlessEmpty({ account, before });
    return pageOf(ask({ command: "show_bookings", customer: name, ...bounds }));
  },
};

/** Returns a page of rows that are all here. */
function counted<Row>(found: readonly Row[], after: number) {
  const last = after + consoleRowsMax;
  const next = last < found.length ? { next: String(last) } : {};
  return { rows: found.slice(after, last), of: found.length, ...next };
}

/** Returns the filter of a search in the log. */
export function filterOf(
  { who, action, outcome, terminal, from, before }: ConsoleQueries["log"]["query"],
): LogFilter {
  return unlessEmpty({ customer: who, action, outcome, terminal, from, before });
}

/** Returns the fields that are not empty: an empty one of a query is an absent one of a command. */
function unlessEmpty<Name extends string>(
  fields: Record<Name, string>,
): Partial<Record<Name, string>> {
  const given = Object.entries<string>(fields).filter(([, value]) => value !== "");
  return Object.fromEntries(given) as Partial<Record<Name, string>>;
}

/** Reads the rows of a query. @throws {UsageError} if the bank refuses */
export async function readRows<Query extends ConsoleQuery>(
  query: Query,
  sources: Sources,
): Promise<ReadAnswer<RowsOf<Query>>> {
  const read = readers[query.of] as (
    query: ConsoleQuery,
    sources: Sources,
  ) => Promise<ReadAnswer<RowsOf<Query>>>;
  return await read(query, sources);
}

/** Collects a page: each line is a row as JSON, and after them comes where the next page begins. */
async function pageOf<Row>(
  answers: AsyncGenerator<OperatorAnswer, void, void>,
): Promise<{ rows: Row[]; next?: string }> {
  const rows: Row[] = [];
  let next: string | undefined;
  for await (const answer of answers) {
    if ("line" in answer) rows.push(JSON.parse(answer.line) as Row);
    if ("next" in answer) next = answer.next;
  }
  return { rows, ...(next !== undefined && { next }) };
}

/** Compares open movements: those in doubt first, then the oldest. */
function byDoubt(one: HoldNews, other: HoldNews): number {
  return Number(other.inDoubt) - Number(one.inDoubt) || one.timeMs - other.timeMs;
}

/** Terminals with problems first, revoked ones without any last; otherwise by name. */
function byUrgency(one: TerminalNews, other: TerminalNews): number {
  return urgency(one) - urgency(other) || (one.name < other.name ? -1 : 1);
}

function urgency({ state, problems }: TerminalNews): number {
  if (state === "suspended") return 1;
  if (problems.length > 0) return 0;
  return state === "revoked" ? 3 : 2;
}
