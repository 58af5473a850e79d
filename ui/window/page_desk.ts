/**
 * The place in front of the machine, whichever host the page came through: one page at a time, its
 * calls checked and counted, and no visit that outlives its page.
 */
import { pageCallsMax, pageDisconnectedMsMax } from "../../lib/limits.ts";
import type { Atm } from "../../lib/atm.ts";
import type { Answer, NumberedView } from "../page/bridge/bridge.ts";
import { type CallRefusal, parseCall } from "./calls.ts";

/** What the hosts of a page have in common. */
export interface HostOptions {
  atm: Atm;
  /** Told of what went wrong inside, for the operator's log; the page learns nothing of it. */
  onError?: (error: unknown) => void;
  /** Shorter in tests. */
  disconnectedMsMax?: number;
  heartbeatMs?: number;
}

export interface DeskEvents {
  /** The ATM's view has changed. */
  onView(newest: NumberedView): void;
  /** The page was disconnected for too long, and its visit has ended. */
  onPageDisconnected?(): void;
}

export class PageDesk {
  #newest: NumberedView;
  #page = 0;
  #here = false;
  #closed = false;
  #callsUnderWay = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;
  readonly #unwatch: () => void;

  constructor(private readonly options: HostOptions, private readonly events: DeskEvents) {
    this.#newest = { number: 0, view: options.atm.view() };
    this.#unwatch = options.atm.watch((view) => {
      this.#newest = { number: this.#newest.number + 1, view };
      events.onView(this.#newest);
    });
  }

  get newest(): NumberedView {
    return this.#newest;
  }

  /** A page has opened: the visit of the page before it ends. Gives the new page's number. */
  takeOver(): number {
    this.#endVisit();
    this.#page += 1;
    this.#here = false;
    this.#startGrace();
    return this.#page;
  }

  /** Whether this is the number of the page that opened last. */
  isNewest(page: unknown): boolean {
    return page === this.#page;
  }

  /** The page listens. */
  pageIsHere(): void {
    this.#here = true;
    clearTimeout(this.#grace);
  }

  /** The page listens no more: unless it is back within the grace, its visit ends. */
  pageLeft(): void {
    this.#here = false;
    this.#startGrace();
  }

  /** Makes a page's call, or says why not. The page must be the newest when it asks. */
  async call(page: number, name: string, args: unknown): Promise<Answer | CallRefusal | "busy"> {
    if (this.#callsUnderWay >= pageCallsMax) return "busy";
    this.#callsUnderWay += 1;
    try {
      const invoke = parseCall(name, args);
      if (typeof invoke === "string") return invoke;
      const value = await invoke(this.options.atm) ?? null;
      return { value, ...this.#newest };
    } finally {
      this.#callsUnderWay -= 1;
      // a log-in that a page began must not become the visit of the page that took over
      if (page !== this.#page) this.#endVisit();
      if (!this.#here) this.#startGrace();
    }
  }

  /** Ends the desk; the machine goes on. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#grace);
    this.#unwatch();
  }

  /** A visit does not outlive its page, also where its log-in was still under way. */
  #startGrace(): void {
    clearTimeout(this.#grace);
    if (this.#closed) return;
    this.#grace = setTimeout(() => {
      this.#endVisit();
      this.events.onPageDisconnected?.();
    }, this.options.disconnectedMsMax ?? pageDisconnectedMsMax);
  }

  #endVisit(): void {
    const { atm, onError } = this.options;
    if (atm.view().visit) atm.logOut().catch((error) => onError?.(error));
  }
}
