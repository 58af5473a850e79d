/** The page's state, event by event. Pure: calls are effects, which the shell makes. */
import type { ActAnswer, BankNews, ConsoleQuery, ReadAnswer } from "../../../lib/console.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { DisconnectReason } from "../../page/bridge/bridge.ts";
import type { ConsoleEvent, Effect, List, ListName, Place, Reading, State, Step } from "./model.ts";
import { firstQueries, topicsOf } from "./screens.ts";

export function reduce(state: State, event: ConsoleEvent): Step {
  switch (event.type) {
    case "view":
      return onView(state, event.view);
    case "disconnected":
      return still({
        ...state,
        disconnected: event.why,
        view: null,
        lists: {},
        act: state.act?.step === "signing"
          ? { ...state.act, step: "answered", answer: endedBy(event.why) }
          : null,
      });
    case "tick":
      return still({ ...state, nowMs: event.nowMs });
    case "go":
      return go(state, event.place);
    case "ask":
      return ask(state, event.query);
    case "rows":
      return onRows(state, event.query, event.answer);
    case "begin":
      return still({ ...state, act: { act: event.act, step: "asked" } });
    case "sign":
      return sign(state, event.fields);
    case "acted": {
      if (state.act?.step !== "signing") return still(state);
      const { act } = state.act;
      return again({ ...state, act: { act, step: "answered", answer: event.answer } });
    }
    case "close":
      return state.act?.step === "signing" ? still(state) : still({ ...state, act: null });
    case "lock":
    case "verify":
    case "check":
    case "backUp":
      return { state, effects: [{ call: event.type }] };
    case "dismiss":
      return { state, effects: [{ call: "dismiss", id: event.id }] };
  }
}

/** Returns the outcome of an act that was under way when the page lost its console. */
function endedBy(reason: DisconnectReason): ActAnswer {
  const why = reason === "stopped"
    ? "the console ended before the bank's answer. Check whether the command was executed"
    : "this page ended before the bank's answer, which the next page has";
  return { outcome: "unsure", why };
}

const still = (state: State): Step => ({ state, effects: [] });

/**
 * Takes a view. Unless the console is open, nothing of the bank stays in the page; but an act that was
 * signed when the server ended stays, for its outcome.
 */
function onView(before: State, view: State["view"]): Step {
  if (view?.state !== "open") {
    const isKept = view?.state === "lost" && before.act !== null && before.act.step !== "asked";
    return still({ ...before, view, lists: {}, act: isKept ? before.act : null });
  }
  const state = { ...before, view };
  const news = before.view?.state === "open" ? before.view.news : null;
  if (news === null) return go(state, state.place);
  const changed = (Object.keys(state.lists) as ListName[]).filter((of) =>
    topicsOf[of].some((topic) => news.versions[topic] !== view.news.versions[topic])
  );
  return changed.reduce((step, of) => refresh(step, of, "refresh"), still(state));
}

function go(state: State, place: Place): Step {
  const step = still({ ...state, place, lists: {} });
  return firstQueries(place).reduce(
    (step, query) => asked(step, query),
    step,
  );
}

function ask(state: State, query: ConsoleQuery): Step {
  return asked(still(state), query);
}

/** Begins to read; the rows of the same list stay until the answer. */
function asked({ state, effects }: Step, query: ConsoleQuery, call: Reading = "read"): Step {
  const answer = state.lists[query.of]?.answer ?? null;
  const list = { query, answer, isReading: true, isStale: false } as List;
  return {
    state: { ...state, lists: { ...state.lists, [query.of]: list } },
    effects: [...effects, { call, query }],
  };
}

/** Reads a list again, once the read under way has ended. */
function refresh(step: Step, of: ListName, call: Reading): Step {
  const list = step.state.lists[of]!;
  if (!list.isReading) return asked(step, { ...list.query }, call);
  const isStale = list.isStale === "read" ? "read" : call;
  const lists = { ...step.state.lists, [of]: { ...list, isStale } };
  return { ...step, state: { ...step.state, lists } };
}

/** Takes rows, unless other ones have been asked for since. */
function onRows(state: State, query: ConsoleQuery, answer: ReadAnswer<never>): Step {
  const list = state.lists[query.of];
  if (list?.query !== query) return still(state);
  const lists = { ...state.lists, [query.of]: { ...list, answer, isReading: false } };
  const step = still({ ...state, lists });
  return list.isStale ? asked(step, { ...query }, list.isStale) : step;
}

function sign(state: State, fields: Readonly<Record<string, string>>): Step {
  if (state.act?.step !== "asked") return still(state);
  const { act } = state.act;
  const command = { ...act.command, ...fields } as OperatorCommand;
  const effects: Effect[] = [{ call: "act", command }];
  return { state: { ...state, act: { act, step: "signing" } }, effects };
}

/** Reads everything on the screen again: the operator's own act may have changed it. */
function again(state: State): Step {
  return (Object.keys(state.lists) as ListName[]).reduce(
    (step, of) => refresh(step, of, "read"),
    still(state),
  );
}

/** Returns the news; null unless the console is open. */
export function newsOf({ view }: State): BankNews | null {
  return view?.state === "open" ? view.news : null;
}
