/**
 * The page of an ATM as a customer has it in front of them: the page's own reducer, its calls made to
 * the machine, and the words on its screens.
 */
import type { Atm } from "../../lib/atm.ts";
import { reduce } from "../../ui/page/state/reduce.ts";
import {
  type Answered,
  initialState,
  type PageEvent,
  type Screen,
  type State,
} from "../../ui/page/state/model.ts";
import { english } from "../../ui/page/words/english.ts";
import type { Scheduler } from "./scheduler.ts";

/** What a screen says, as far as customers act on it. */
export interface Reading {
  readonly heading: string;
  readonly lede: string;
  /** The label of the button that goes on. */
  readonly next: string;
}

const tickMs = 1_000;
/** Screens in front of which nothing ever happens by time alone. */
const atRest = new Set<Screen["name"]>([
  "starting",
  "welcome",
  "out_of_service",
  "lost",
  "disconnected",
]);

export class Page {
  #state: State;
  #listeners = new Set<() => void>();
  #ticking = false;

  constructor(
    private readonly atm: Atm,
    private readonly scheduler: Scheduler,
    private readonly isAlive: () => boolean,
    private readonly onFailure: (what: string, error: unknown) => void,
  ) {
    this.#state = initialState(scheduler.timeMs);
    atm.watch((view) => this.send({ type: "view", view }));
    this.send({ type: "view", view: atm.view() });
  }

  get state(): State {
    return this.#state;
  }

  get screen(): Screen {
    return this.#state.screen;
  }

  /** The machine has stopped: its screen goes dark. */
  goDark(): void {
    this.#show(
      reduce(this.#state, { type: "disconnected", why: "stopped" }, this.scheduler.timeMs).state,
    );
  }

  send(event: PageEvent): void {
    if (!this.isAlive()) return;
    const { state, call } = reduce(this.#state, event, this.scheduler.timeMs);
    this.#show(state);
    if (!call) return;
    const { calls: number } = state;
    const made = (this.atm[call.name] as (...args: unknown[]) => Promise<unknown>)(...call.args);
    made.then(
      (value) => this.send({ type: "answered", number, name: call.name, value } as Answered),
      (error) => this.onFailure(`call ${call.name}`, error),
    );
  }

  /** Returns whether it came to hold within so many milliseconds. */
  until(holds: (state: State) => boolean, withinMs: number): Promise<boolean> {
    if (holds(this.#state)) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (held: boolean) => {
      this.#listeners.delete(look);
      cancel();
      resolve(held);
    };
    const look = () => holds(this.#state) && settle(true);
    const cancel = this.scheduler.after(withinMs, "waited", () => settle(false));
    this.#listeners.add(look);
    return promise;
  }

  /** What is on the screen in words, where it is one that reports something. */
  read(): Reading {
    const { screen } = this.#state;
    const none = { heading: "", lede: "", next: "" };
    switch (screen.name) {
      case "refusal": {
        const { refusals, goOn } = english;
        const words = refusals[screen.why] ?? refusals.not_booked!;
        return { next: goOn, ...words };
      }
      case "receipt":
        return { ...english.receipt[screen.receipt.kind], next: english.done };
      case "lost":
      case "back": {
        const { heading, lede, ledeVisit } = english.notices[screen.name];
        return { heading, lede: screen.hadVisit ? ledeVisit : lede, next: "" };
      }
      case "ended":
        return { ...none, ...english.notices.ended[screen.why] };
      case "disconnected":
        return { ...none, ...english.notices.disconnected[screen.why] };
      default:
        return none;
    }
  }

  #show(state: State): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
    if (!this.#ticking && !atRest.has(state.screen.name)) this.#tickSoon();
  }

  #tickSoon(): void {
    this.#ticking = true;
    this.scheduler.after(tickMs, "tick", () => {
      this.#ticking = false;
      this.send({ type: "tick" });
      if (!this.#ticking && !atRest.has(this.screen.name)) this.#tickSoon();
    });
  }
}
