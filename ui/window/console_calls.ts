/**
 * The only calls that a console's page can make, each with a strict check of its arguments: input
 * from a bridge is untrusted until it has passed these checks.
 */
import {
  consoleActs,
  type ConsoleCalls,
  type ConsoleQueries,
  type ConsoleQuery,
  type ConsoleView,
} from "../../lib/console.ts";
import { consoleFindLengthMax, consolePageLengthMax } from "../../lib/limits.ts";
import { type OperatorCommand, operatorCommandFrom } from "../../lib/operator_commands.ts";
import type { Machine } from "./machine.ts";

/** A console, as its page's host operates it. */
export interface OperableConsole extends ConsoleCalls {
  view(): ConsoleView;
  watch(listener: (view: ConsoleView) => void): () => void;
  endPage(): Promise<void>;
}

type Invoke = (console: ConsoleCalls) => Promise<unknown>;
type Parse = (args: readonly unknown[]) => Invoke | null;

const parsers = new Map<string, Parse>(Object.entries(
  {
    act([value, ...more]) {
      const command = operatorCommandFrom(value);
      return command && isAct(command) && more.length === 0
        ? (console) => console.act(command)
        : null;
    },
    read([value, ...more]) {
      const query = queryFrom(value);
      return query && more.length === 0 ? (console) => console.read(query) : null;
    },
    refresh([value, ...more]) {
      const query = queryFrom(value);
      return query && more.length === 0 ? (console) => console.refresh(query) : null;
    },
    lock: (args) => args.length === 0 ? (console) => console.lock() : null,
    touch: (args) => args.length === 0 ? (console) => console.touch() : null,
    verify: (args) => args.length === 0 ? (console) => console.verify() : null,
    check: (args) => args.length === 0 ? (console) => console.check() : null,
    backUp: (args) => args.length === 0 ? (console) => console.backUp() : null,
    dismiss: ([id, ...more]) =>
      isCount(id) && more.length === 0 ? (console) => console.dismiss(id) : null,
  } satisfies Record<keyof ConsoleCalls, Parse>,
));

/** Returns a console as its page's host operates it. */
export function consoleMachine(console: OperableConsole): Machine {
  return {
    view: () => console.view(),
    watch: (listener) => console.watch(listener),
    isOnline: () => true,
    isLocked: () => console.view().state === "locked",
    hasVisit: () => false,
    isCall: (name) => parsers.has(name),
    parseCall(name, args) {
      const parse = parsers.get(name);
      if (!parse) return "unknown_call";
      const invoke = Array.isArray(args) ? parse(args) : null;
      return invoke ? () => invoke(console) : "bad_arguments";
    },
    endVisit: () => console.endPage(), // a console without a page locks when it has been idle
  };
}

/** Returns whether the page may ask for this: acts with a file are the terminal's. */
function isAct(command: OperatorCommand): boolean {
  if (!(consoleActs as readonly string[]).includes(command.command)) return false;
  if (command.command === "rotate_terminal") return !command.now && command.key === undefined;
  return !("key" in command);
}

type FieldKind = "text" | "page" | "count";

const queries: {
  [Of in keyof ConsoleQueries]: Record<keyof ConsoleQueries[Of]["query"], FieldKind>;
} = {
  terminals: { find: "text", after: "count" },
  holds: { find: "text", after: "count" },
  differences: { after: "count" },
  disputes: { at: "page" },
  limits: {},
  operators: {},
  terminal: { name: "text", before: "text" },
  log: {
    who: "text",
    action: "text",
    outcome: "text",
    terminal: "text",
    from: "text",
    before: "text",
    at: "page",
  },
  customers: { find: "text", after: "text" },
  customer: { name: "text" },
  bookings: { name: "text", account: "text", before: "text" },
};

/** Parses a query: exactly its fields. Returns null for anything else. */
function queryFrom(value: unknown): ConsoleQuery | null {
  if (typeof value !== "object" || value === null) return null;
  const { of, ...fields } = value as Record<string, unknown>;
  if (typeof of !== "string" || !Object.hasOwn(queries, of)) return null;
  const kinds: Record<string, FieldKind> = queries[of as keyof ConsoleQueries];
  const known = Object.keys(fields).every((name) => Object.hasOwn(kinds, name));
  const fit = Object.entries(kinds).every(([name, kind]) => fits(kind, fields[name]));
  return known && fit ? value as ConsoleQuery : null;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

function fits(kind: FieldKind, value: unknown): boolean {
  if (kind === "count") return isCount(value);
  const lengthMax = kind === "page" ? consolePageLengthMax : consoleFindLengthMax;
  return typeof value === "string" && value.length <= lengthMax && value.isWellFormed();
}
