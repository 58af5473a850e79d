/** What the console's page shows, and what can happen to it. Plain values. */
import type {
  ActAnswer,
  BankNews,
  ConsoleCalls,
  ConsoleQueries,
  ConsoleQuery,
  ConsoleView,
  ProposalFact,
  ReadAnswer,
} from "../../../lib/console.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { DisconnectReason } from "../../page/bridge/bridge.ts";

/** The screens, in the order of the navigation. */
export const screenNames = [
  "today",
  "terminals",
  "customers",
  "doubt",
  "approvals",
  "log",
  "bank",
] as const;
export type ScreenName = typeof screenNames[number];

/** A screen, and the thing on it that is open: a terminal's name, for example. */
export interface Place {
  screen: ScreenName;
  id?: string;
  /** The name of the terminal of that thing. */
  terminal?: string;
}

export type ListName = keyof ConsoleQueries;

/** Rows that a screen shows, or waits for; `isStale`: how to read them once more. */
export interface List<Of extends ListName = ListName> {
  query: { of: Of } & ConsoleQueries[Of]["query"];
  /** The last answer; null before the first. */
  answer: ReadAnswer<ConsoleQueries[Of]["rows"]> | null;
  /** Whether a read is under way, and whether the rows changed since it began. */
  isReading: boolean;
  isStale: false | Reading;
}

/** How rows are read: again, or as what follows from the rows before. */
export type Reading = "read" | "refresh";

export type Lists = { [Of in ListName]?: List<Of> };

/** A field of an act that the operator fills in. */
export interface ActField {
  /** The command's field. */
  name: string;
  label: string;
  hint?: string;
  /** What it begins with. */
  value?: string;
  /** Whether it may stay empty: the command then goes without it. */
  isOptional?: boolean;
}

/** An act that the operator has begun, with what its dialog says. */
export interface Act {
  title: string;
  /** What it does, in a sentence. */
  effect: string;
  /** What else it says in a bank with four eyes. */
  withFourEyes?: string;
  /** What it is about, in groups. */
  facts?: readonly { head?: string; facts: readonly ProposalFact[] }[];
  command: OperatorCommand;
  fields: readonly ActField[];
  /** The word on the button. */
  verb: string;
  /** Whether it takes something away. */
  isGrave: boolean;
  /** A name that the operator must type, since the act cannot be undone. */
  confirm?: string;
}

/** How far an act is. */
export type ActProgress =
  | { act: Act; step: "asked" | "signing" }
  | { act: Act; step: "answered"; answer: ActAnswer };

export interface State {
  view: ConsoleView | null;
  disconnected: DisconnectReason | null;
  place: Place;
  lists: Lists;
  act: ActProgress | null;
  /** The time by this computer's clock. */
  nowMs: number;
}

export type ConsoleEvent =
  | { type: "view"; view: ConsoleView }
  | { type: "disconnected"; why: DisconnectReason }
  | { type: "tick"; nowMs: number }
  | { type: "go"; place: Place }
  | { type: "ask"; query: ConsoleQuery }
  | { type: "rows"; query: ConsoleQuery; answer: ReadAnswer<never> }
  | { type: "begin"; act: Act }
  /** `fields`: what the operator filled in. */
  | { type: "sign"; fields: Readonly<Record<string, string>> }
  | { type: "acted"; answer: ActAnswer }
  | { type: "close" }
  | { type: "lock" }
  | { type: "verify" }
  | { type: "check" }
  | { type: "backUp" }
  /** Takes an act that has outlasted a lock off the page. */
  | { type: "dismiss"; id: number };

/** A call that a step of the state asks for. */
export type Effect =
  | { call: Reading; query: ConsoleQuery }
  | { call: "act"; command: OperatorCommand }
  | { call: "dismiss"; id: number }
  | { call: "lock" | "verify" | "check" | "backUp" };

export interface Step {
  state: State;
  effects: Effect[];
}

export type Send = (event: ConsoleEvent) => void;

/** What every screen gets. */
export interface ScreenProps {
  state: State;
  news: BankNews;
  send: Send;
}

export type Calls = ConsoleCalls;

export function initialState(nowMs: number): State {
  return {
    view: null,
    disconnected: null,
    place: { screen: "today" },
    lists: {},
    act: null,
    nowMs,
  };
}
