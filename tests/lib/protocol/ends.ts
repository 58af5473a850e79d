/** Both ends of a channel, connected in memory, with a clock that their owner sets. */
import type { Kem } from "../../../lib/kem.ts";
import { Channel, type ChannelOptions, type ChannelWorld } from "../../../lib/protocol/channel.ts";
import type { Socket } from "../../../lib/world.ts";
import { countingBytes, terminalKey } from "../helpers.ts";
import { toyKem } from "../toy_kem.ts";

/** Where the keys and the randomness of a channel come from. */
type Chance = Pick<ChannelWorld, "randomBytes" | "kem">;

const sameInEveryRun = (): Chance => ({
  randomBytes: countingBytes(),
  kem: toyKem(countingBytes()),
});

/** A clock that the test sets, and its timers. */
export class Time {
  nowMs = 0;
  readonly timers = new Map<number, { atMs: number; act: () => void }>();
  timersSet = 0;

  constructor(private readonly chance: () => Chance = sameInEveryRun) {}

  world(): ChannelWorld {
    return {
      ...this.chance(),
      monotonicMs: () => this.nowMs,
      after: (ms, act) => {
        const id = this.timersSet++;
        this.timers.set(id, { atMs: this.nowMs + ms, act });
        return () => void this.timers.delete(id);
      },
    };
  }

  /** Lets so much time pass, and runs the timers that are due. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const [id, { atMs, act }] of [...this.timers]) {
      if (atMs <= this.nowMs && this.timers.delete(id)) act();
    }
    await settled();
  }
}

/** Resolves once all that can happen without another event has happened. */
export const settled = () => new Promise((resolve) => setTimeout(resolve));

/** One end of a connection in memory. */
export class End implements Socket {
  peer!: End;
  /** Set to hold back what is written. */
  isStuck = false;
  isClosed = false;
  #arrived: Uint8Array[] = [];
  #reading: { into: Uint8Array; resolve: (count: number | null) => void } | null = null;

  read(into: Uint8Array): Promise<number | null> {
    return new Promise((resolve) => {
      this.#reading = { into, resolve };
      this.#serve();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) return Promise.reject(new Error("closed"));
    if (this.isStuck) return new Promise(() => {});
    this.peer.#arrived.push(bytes.slice());
    this.peer.#serve();
    return Promise.resolve(bytes.length);
  }

  close(): void {
    this.isClosed = true;
    this.#serve();
    this.peer.#serve();
  }

  #serve(): void {
    if (!this.#reading) return;
    const { into, resolve } = this.#reading;
    const first = this.isClosed ? undefined : this.#arrived.shift();
    if (!first && !this.isClosed && !this.peer.isClosed) return;
    this.#reading = null;
    if (!first) return resolve(null);
    into.set(first.subarray(0, into.length));
    if (first.length > into.length) this.#arrived.unshift(first.subarray(into.length));
    resolve(Math.min(first.length, into.length));
  }
}

/** The server's side of a handshake, which has this one terminal. */
export const server = {
  find: () => ({ known: true, key: terminalKey }),
  inTurn: <T>(exchange: () => Promise<T>) => exchange(),
};

/** Returns two ends of a connection that have not begun. */
export function connected(
  time: Time,
  options: Partial<ChannelOptions> = {},
  kems: { client?: Kem; bank?: Kem } = {},
) {
  const [near, far] = [new End(), new End()];
  [near.peer, far.peer] = [far, near];
  const world = (kem?: Kem) => ({ ...time.world(), ...(kem && { kem }) });
  const client = new Channel(near, world(kems.client), { readBytes: 64 });
  const bank = new Channel(far, world(kems.bank), { readBytes: 64, ...options });
  return { client, bank, near, far, time };
}

export type Ends = ReturnType<typeof connected>;

/** Returns two ends that have proved themselves to each other. */
export async function proved(time: Time, options?: Partial<ChannelOptions>): Promise<Ends> {
  const ends = connected(time, options);
  await Promise.all([ends.client.connect(terminalKey), ends.bank.accept(server)]);
  return ends;
}
