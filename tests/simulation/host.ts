/**
 * Hosts and the processes on them. A process is an object graph with a generation: it gets its world
 * from here, and when it crashes its timers, sockets, files and store handles go dead, so that code of
 * it that is still waiting reaches nothing any more.
 */
import type { World } from "../../lib/world.ts";
import { toyKem } from "../lib/toy_kem.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** 2026-11-23T00:00:00Z: when simulations begin, as right clocks show it. */
export const beginningMs = Date.UTC(2026, 10, 23);

/** Thrown out of product code where its process crashes, and wherever a dead one still tries to act. */
export class Crash extends Error {
  override name = "Crash";
}

/** How long a process may take to stop in order. */
const stopMsMax = 10 * 60_000;

/** How a process ends: by a signal, its files as it left them, or with its host's power. */
export type CrashKind = "kill" | "power cut";

/** A machine with a clock, which may be wrong, and a network address. */
export class Host {
  /** How much faster the clock runs: a fraction. Set before anything runs. */
  drift = 0;
  /** How far it was ahead when it was last turned. */
  #offsetMs = 0;
  #turnedMs = 0;
  #processes = 0;

  constructor(
    readonly name: string,
    readonly address: string,
    readonly scheduler: Scheduler,
    readonly random: Random,
  ) {}

  nowMs(): number {
    const { timeMs } = this.scheduler;
    const driftedMs = (timeMs - this.#turnedMs) * this.drift;
    return Math.floor(beginningMs + timeMs + this.#offsetMs + driftedMs);
  }

  /** Turns the clock to so far ahead of the right time, from which it drifts. */
  turnClock(offsetMs: number): void {
    this.#offsetMs = offsetMs;
    this.#turnedMs = this.scheduler.timeMs;
  }

  /** Starts another process. */
  start(): Process {
    return new Process(this, `${this.name}.${++this.#processes}`);
  }
}

export class Process {
  readonly world: World;
  readonly #ends = new Set<(kind: CrashKind) => void>();
  readonly #points: Random;
  #alive = true;
  /** How likely the process crashes at each of its crash points. */
  crashesAtPoint = 0;
  /** How likely it crashes where code of it would go on after an await. */
  crashesAtAwait = 0;
  /** Called once, when the process crashes. */
  onCrash: (kind: CrashKind, where: string) => void = () => {};

  constructor(readonly host: Host, readonly name: string) {
    const { scheduler } = host;
    const random = host.random.split(name);
    const entropy = random.split("entropy");
    this.#points = random.split("crash points");
    const beganMs = scheduler.timeMs;
    const after = (ms: number, act: () => void) =>
      scheduler.after(ms / (1 + host.drift), `${name} timer`, () => this.goesOn() && act());
    this.world = {
      nowMs: () => host.nowMs(),
      monotonicMs: () => Math.floor((scheduler.timeMs - beganMs) * (1 + host.drift)),
      randomBytes: (length) => entropy.bytes(length),
      kem: toyKem((length) => entropy.bytes(length)), // the runtime's waits for a thread
      after,
      nextTurn: (act) => void after(0, act),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** @throws {Crash} when the process is dead */
  requireAlive(): void {
    if (!this.#alive) throw new Crash(`${this.name} is dead`);
  }

  /**
   * A place where the process may crash: product code is between two its own steps.
   * @throws {Crash} when it does, and when it is dead already
   */
  point(where: string): void {
    this.requireAlive();
    if (!this.#points.chance(this.crashesAtPoint)) return;
    this.crash(this.#points.chance(0.5) ? "kill" : "power cut", where);
    throw new Crash(`${this.name} crashes ${where}`);
  }

  /** Returns whether code of it goes on that waited; where it may crash. */
  goesOn(): boolean {
    if (this.#alive && this.#points.chance(this.crashesAtAwait)) {
      this.crash(this.#points.chance(0.5) ? "kill" : "power cut", "at an await");
    }
    return this.#alive;
  }

  /** Calls `end` when the process crashes; the returned function drops it. */
  atEnd(end: (kind: CrashKind) => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  /** Ends the process at once. */
  crash(kind: CrashKind, where: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.host.scheduler.record(`${this.name} crashes ${where}: ${kind}`);
    for (const end of this.#ends) end(kind);
    this.#ends.clear();
    this.onCrash(kind, where);
  }

  /** Resolves with the work's value, or with null when the process ends first. */
  async untilEnd<T>(work: Promise<T>): Promise<T | null> {
    if (!this.#alive) return null;
    const ended = Promise.withResolvers<null>();
    const forget = this.atEnd(() => ended.resolve(null));
    try {
      return await Promise.race([work, ended.promise]);
    } finally {
      forget();
    }
  }

  /**
   * Stops the process in order, and kills it when that takes too long.
   * @returns whether it stopped in time, or crashed meanwhile
   */
  async stop(inOrder: () => Promise<void>): Promise<boolean> {
    const late = Symbol();
    const { scheduler } = this.host;
    const timeout = scheduler.pause(stopMsMax, "stop").then(() => late);
    const result = await this.untilEnd(Promise.race([inOrder(), timeout]));
    if (result === late) this.crash("kill", "it does not stop");
    else this.exit();
    return result !== late;
  }

  /** The process has ended in order: what it still holds goes dead. */
  exit(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const end of this.#ends) end("kill");
    this.#ends.clear();
  }
}
