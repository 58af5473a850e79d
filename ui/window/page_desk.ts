/**
 * Connects a page to its machine, for any host: one page at a time, its calls checked and counted, and
 * no visit that outlives its page.
 */
import { pageCallsMax, pageDisconnectedMsMax } from "../../lib/limits.ts";
import type { Answer, NumberedView } from "../page/bridge/bridge.ts";
import type { CallRefusal, Machine } from "./machine.ts";

/** The options of every host of a page. */
export interface HostOptions {
  machine: Machine;
  /** Called with internal errors, for the operator's log; the page receives no details. */
  onError?: (error: unknown) => void;
  /** Shorter in tests. */
  disconnectedMsMax?: number;
  heartbeatMs?: number;
}

export interface DeskEvents {
  /** Called when the machine's view has changed. */
  onView(newest: NumberedView<unknown>): void;
  /** Called when the page was disconnected for too long and its visit has ended. */
  onPageDisconnected?(): void;
}

export class PageDesk {
  #newest: NumberedView<unknown>;
  #page = 0;
  #here = false;
  #closed = false;
  #callsUnderWay = 0;
  #grace: ReturnType<typeof setTimeout> | undefined;
  readonly #unwatch: () => void;

  constructor(private readonly options: HostOptions, private readonly events: DeskEvents) {
    this.#newest = { number: 0, view: options.machine.view() };
    this.#unwatch = options.machine.watch((view) => {
      this.#newest = { number: this.#newest.number + 1, view };
      events.onView(this.#newest);
    });
  }

  get newest(): NumberedView<unknown> {
    return this.#newest;
  }

  /** Registers a new page, ends the previous page's visit, and returns the new page's number. */
  takeOver(): number {
    this.#endVisit();
    this.#page += 1;
    this.#here = false;
    this.#startGrace();
    return this.#page;
  }

  /** Returns whether this is the number of the newest page. */
  isNewest(page: unknown): boolean {
    return page === this.#page;
  }

  /** Cancels the grace period: the page is connected. */
  pageIsHere(): void {
    this.#here = true;
    clearTimeout(this.#grace);
  }

  /** Starts the grace period: unless the page reconnects within it, its visit ends. */
  pageLeft(): void {
    this.#here = false;
    this.#startGrace();
  }

  /** Makes a page's call, or returns its refusal. Only the newest page may make calls. */
  async call(
    page: number,
    name: string,
    args: unknown,
  ): Promise<Answer<unknown> | CallRefusal | "busy"> {
    if (this.#callsUnderWay >= pageCallsMax) return "busy";
    this.#callsUnderWay += 1;
    try {
      const invoke = this.options.machine.parseCall(name, args);
      if (typeof invoke === "string") return invoke;
      const value = await invoke() ?? null;
      return { value, ...this.#newest };
    } finally {
      this.#callsUnderWay -= 1;
      // a log-in that an older page began must not become the new page's visit
      if (page !== this.#page) this.#endVisit();
      if (!this.#here) this.#startGrace();
    }
  }

  /** Closes the desk; the machine continues. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#grace);
    this.#unwatch();
  }

  /**
   * Ends a visit whose page is gone after the grace period, even if its log-in was still in
   * progress.
   */
  #startGrace(): void {
    clearTimeout(this.#grace);
    if (this.#closed) return;
    this.#grace = setTimeout(() => {
      this.#endVisit();
      this.events.onPageDisconnected?.();
    }, this.options.disconnectedMsMax ?? pageDisconnectedMsMax);
  }

  #endVisit(): void {
    const { machine, onError } = this.options;
    machine.endVisit().catch((error) => onError?.(error));
  }
}
