/**
 * Simulated time: events in a heap by (time, serial number). After each event one real `setImmediate`
 * lets all microtasks run; nothing else is waited for. The same seed so gives the same history, whose
 * hash covers every event and everything that is recorded, in order.
 */
import { setImmediate } from "node:timers";
import { createHash } from "node:crypto";

interface Event {
  timeMs: number;
  serial: number;
  name: string;
  act: (() => void) | null;
}

export class Scheduler {
  readonly #heap: Event[] = [];
  readonly #hash = createHash("sha256");
  #pending = "";
  #serial = 0;
  #timeMs = 0;
  #steps = 0;
  /** Called with each line of the history. */
  onRecorded: ((line: string) => void) | null = null;

  /** @param onError takes what an event throws: nothing else would see it */
  constructor(private readonly onError: (error: unknown) => void) {}

  /** Milliseconds since the simulation began, fractions included. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Events that took place. */
  get steps(): number {
    return this.#steps;
  }

  /** Calls `act` after so many milliseconds; the returned function cancels it. */
  after(delayMs: number, name: string, act: () => void): () => void {
    const event: Event = {
      timeMs: this.#timeMs + Math.max(0, delayMs),
      serial: this.#serial++,
      name,
      act,
    };
    this.#push(event);
    return () => event.act = null;
  }

  /** Resolves after so many milliseconds. */
  pause(delayMs: number, name = "pause"): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, name, resolve));
  }

  /** Adds a line to the history. */
  record(line: string): void {
    const timed = `${this.#timeMs.toFixed(3)} ${line}\n`;
    this.#pending += timed;
    if (this.#pending.length > 65_536) this.#digest();
    this.onRecorded?.(timed);
  }

  /** 16 hex digits over all that has happened. */
  historyHash(): string {
    this.#digest();
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  /** Lets events take place until the time has come, or `ended` says so after one of them. */
  run(untilMs: number, ended: () => boolean = () => false): Promise<void> {
    return new Promise((resolve) => {
      const step = () => {
        if (ended()) return resolve();
        const event = this.#next(untilMs);
        if (event === null) return resolve();
        this.#timeMs = event.timeMs;
        this.#steps++;
        this.record(event.name);
        try {
          event.act!();
        } catch (error) {
          this.onError(error);
        }
        setImmediate(step);
      };
      setImmediate(step);
    });
  }

  #digest(): void {
    this.#hash.update(this.#pending);
    this.#pending = "";
  }

  /** Returns the next event that was not cancelled; null when it is later than `untilMs`. */
  #next(untilMs: number): Event | null {
    for (let first; (first = this.#heap[0]) !== undefined;) {
      if (first.act !== null && first.timeMs > untilMs) break;
      this.#pop();
      if (first.act !== null) return first;
    }
    this.#timeMs = Math.max(this.#timeMs, untilMs);
    return null;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let child; (child = 2 * at + 1) < heap.length; at = child) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.serial < b.serial);
}
