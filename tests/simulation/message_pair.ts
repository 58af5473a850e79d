/** A connection by messages between two processes of one machine. */
import type { MessageSocket } from "../../lib/world.ts";
import type { Process } from "./host.ts";
import type { Random } from "./random.ts";

const delayMsMax = 4;

/** Returns both ends. Each ends when its process does, and the other one after it. */
export function messagePair(near: Process, far: Process, random: Random): [End, End] {
  const ends: [End, End] = [new End(near, random), new End(far, random)];
  ends[0].peer = ends[1];
  ends[1].peer = ends[0];
  return ends;
}

class End implements MessageSocket {
  peer!: End;
  readonly #arrived: string[] = [];
  #receiving: ((message: string | null) => void) | null = null;
  #isOver = false;
  /** When the last message arrives at the other end. */
  #notBeforeMs = 0;
  readonly #forget: () => void;

  constructor(private readonly process: Process, private readonly random: Random) {
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
    if (!this.#isOver) this.#deliver(`${text.length} characters`, () => this.peer.#take(text));
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
    const atMs = Math.max(
      this.#notBeforeMs,
      scheduler.timeMs + this.random.fraction() * delayMsMax,
    );
    this.#notBeforeMs = atMs;
    scheduler.after(atMs - scheduler.timeMs, `${this.process.name} ${what}`, arrive);
  }
}
