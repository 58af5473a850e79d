/** The rows that the page's screens ask for: from what the console watches, or by a signed command. */
import type {
  ConsoleQueries,
  ConsoleQuery,
  ReadAnswer,
  RowsOf,
  TerminalNews,
} from "../../lib/console.ts";
import { consoleRowsMax } from "../../lib/limits.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import type { OperatorAnswer } from "../operator/request.ts";

/** Where rows come from. */
export interface Sources {
  terminals(): TerminalNews[];
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
    return Promise.resolve({ rows: found.slice(after, after + consoleRowsMax), of: found.length });
  },
};

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

/** Terminals with problems first, revoked ones last; otherwise by name. */
function byUrgency(one: TerminalNews, other: TerminalNews): number {
  return urgency(one) - urgency(other) || (one.name < other.name ? -1 : 1);
}

function urgency({ state, problems }: TerminalNews): number {
  if (state === "revoked") return 3;
  if (state === "suspended") return 1;
  return problems.length > 0 ? 0 : 2;
}
