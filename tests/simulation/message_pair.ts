/**
 * A connection by messages between two processes of one machine, or of two: it is cut, stalls, or ends
 * without a word.
 */
import type { MessageSocket } from "../../lib/world.ts";
import type { Process } from "./host.ts";
import type { Random } from "./random.ts";

const delayMsMax = 4;
/** The service's runtime ends a connection whose pings are not answered. */
const pingMs = [30_000, 60_000] as const;

/** What a line does, each as a probability for one message unless it says otherwise. */
export interface LineFaults {
  /** Both ends get the end; what is on its way is lost. */
  readonly cuts: number;
  /** A delay of up to `stallMsMax` instead of the usual one, for this message and those after it. */
  readonly stalls: number;
  readonly stallMsMax: number;
  /** Nothing arrives any more: the service's end ends later, and the other one when it sends again. */
  readonly vanishes: number;
}

export const soundLine: LineFaults = { cuts: 0, stalls: 0, stallMsMax: 0, vanishes: 0 };

export interface LineWorld {
  faults(): LineFaults;
  /** Of this line alone, for its faults. */
  readonly random: Random;
  count(what: string): void;
}

/** Returns both ends; the far one is the service's. Each ends when its process does, and the other one after it. */
export function messagePair(
  near: Process,
  far: Process,
  random: Random,
  world: LineWorld,
): [End, End] {
  const line = new Line(random, world);
  const ends: [End, End] = [new End(near, line), new End(far, line)];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  line.ends = ends;
  return ends;
}

type Fault = "cuts" | "stalls" | "vanishes";

class Line {
  ends!: readonly [End, End];
  /** Nothing passes any more. */
  isGone = false;

  constructor(readonly random: Random, private readonly world: LineWorld) {}

  /** Returns the milliseconds that a message takes; null where it does not arrive. */
  delayMs(scheduler: Process["host"]["scheduler"]): number | null {
    const usualMs = this.random.fraction() * delayMsMax;
    if (this.isGone) return null;
    if (this.#fails("cuts")) {
      this.isGone = true;
      for (const end of this.ends) scheduler.after(0, "line cut", () => end.close());
      return null;
    }
    if (this.#fails("vanishes")) {
      this.isGone = true;
      const [, service] = this.ends;
      scheduler.after(this.world.random.between(...pingMs), "no pong", () => service.close());
      return null;
    }
    if (!this.#fails("stalls")) return usualMs;
    return this.world.random.fraction() * this.world.faults().stallMsMax;
  }

  #fails(kind: Fault): boolean {
    if (!this.world.random.chance(this.world.faults()[kind])) return false;
    this.world.count(`fault: line to devices ${kind}`);
    return true;
  }
}

class End implements MessageSocket {
  peer!: End;
  readonly #arrived: string[] = [];
  #receiving: ((message: string | null) => void) | null = null;
  #isOver = false;
  /** When the last message arrives at the other end. */
  #notBeforeMs = 0;
  readonly #forget: () => void;

  constructor(private readonly process: Process, private readonly line: Line) {
    this.#forget = process.atEnd(() => this.#end());
  }

  receive(): Promise<string | null> {
    this.process.requireAlive();
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#receiving = resolve;
    this.#serve();
    return promise;
  }

  send(text: string): void {
    this.process.requireAlive();
    if (this.#isOver) return;
    // An end that is gone refuses what still arrives for it.
    if (this.line.isGone && this.peer.#isOver) {
      this.process.host.scheduler.after(delayMsMax, "line refused", () => this.close());
    } else this.#deliver(`${text.length} characters`, () => this.peer.#take(text));
  }

  close(): void {
    this.#end();
    this.#serve();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#forget();
    this.#deliver("end", () => this.peer.close());
  }

  #take(text: string): void {
    this.#arrived.push(text);
    this.#serve();
  }

  #serve(): void {
    if (!this.#receiving || (this.#arrived.length === 0 && !this.#isOver)) return;
    if (!this.process.goesOn()) return;
    const receive = this.#receiving;
    this.#receiving = null;
    receive(this.#isOver ? null : this.#arrived.shift()!);
  }

  /** In the order in which it was sent. */
  #deliver(what: string, arrive: () => void): void {
    const { scheduler } = this.process.host;
    const delayMs = this.line.delayMs(scheduler);
    if (delayMs === null) return;
    const atMs = Math.max(this.#notBeforeMs, scheduler.timeMs + delayMs);
    this.#notBeforeMs = atMs;
    const go = () => {
      if (!this.line.isGone) arrive();
    };
    scheduler.after(atMs - scheduler.timeMs, `${this.process.name} ${what}`, go);
  }
}
