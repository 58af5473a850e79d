/**
 * A network of byte streams between hosts, as TCP gives them: in order, and complete unless cut. What
 * is sent is delayed, split anywhere, held back by partitions, and may vanish with a host that lost its
 * power. An attacker on the path can also alter, double and cut.
 */
import type { AcceptedSocket, Socket, SocketListener } from "../../lib/world.ts";
import type { CrashKind, Host, Process } from "./host.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** What the network does, each as a probability for one thing that is sent unless it says otherwise. */
export interface NetworkFaults {
  /** The usual way from host to host. */
  readonly delayMsMean: number;
  /** A delay of up to `stallMsMax` instead. */
  readonly stalls: number;
  readonly stallMsMax: number;
  /** What is sent arrives in two pieces. */
  readonly splits: number;
  /** The connection is cut in both directions; what is on its way is lost. */
  readonly cuts: number;
  /** Nothing arrives any more, without an error at either end. */
  readonly vanishes: number;
  /** An attacker changes a bit, or sends the same once more. */
  readonly alters: number;
  readonly doubles: number;
}

export const quietNetwork: NetworkFaults = {
  delayMsMean: 2,
  stalls: 0,
  stallMsMax: 0,
  splits: 0,
  cuts: 0,
  vanishes: 0,
  alters: 0,
  doubles: 0,
};

/** How long a host tries to connect to one that does not answer. */
const connectMsMax = 127_000;
/** What a socket takes at once. */
const windowBytes = 65_536;

class SocketError extends Error {
  constructor(override readonly name: "ConnectionRefused" | "ConnectionReset" | "BadResource") {
    super(name);
  }
}

export class Network {
  faults = quietNetwork;
  readonly #listeners = new Map<string, Listener>();
  /** Pairs of hosts between which nothing passes, by name. */
  readonly #partitions = new Set<string>();
  /** What waits for a partition to end, in order. */
  #held: (() => void)[] = [];
  /** Called with all that passes. */
  onSent: ((bytes: Uint8Array) => void) | null = null;
  /** How often each fault happened. */
  readonly counted = new Map<string, number>();

  constructor(readonly scheduler: Scheduler, readonly random: Random) {}

  /** @throws an error named AddrInUse when the port is taken */
  listen(process: Process, port: number): SocketListener {
    const address = `${process.host.address}:${port}`;
    if (this.#listeners.has(address)) {
      throw Object.assign(new Error(`${address} is taken`), { name: "AddrInUse" });
    }
    const forget = () => void this.#listeners.delete(address);
    const listener = new Listener(process, address, forget);
    this.#listeners.set(address, listener);
    return listener;
  }

  /** @throws when nothing listens there, or nothing answers for too long */
  async connect(process: Process, address: string): Promise<Socket> {
    const { host } = process;
    const [to = ""] = address.split(":");
    await this.pass(host, to, "connect");
    const listener = this.#listeners.get(address);
    if (listener === undefined || !listener.process.alive) {
      await this.pass(host, to, "refuse");
      process.requireAlive();
      throw new SocketError("ConnectionRefused");
    }
    process.requireAlive();
    const link = new Link(this, process, listener.process);
    listener.arrived(link.ends[1]);
    await this.pass(host, to, "accept");
    process.requireAlive();
    return link.ends[0];
  }

  /** Returns whether these two hosts cannot reach each other. */
  isParted(a: Host, b: string): boolean {
    return this.#partitions.has(pairOf(a.address, b));
  }

  part(a: string, b: string): void {
    this.#partitions.add(pairOf(a, b));
  }

  /** Ends all partitions: what waited goes on. */
  heal(): void {
    this.#partitions.clear();
    for (const go of this.#held.splice(0)) go();
  }

  /** One way across the network. @throws when a partition lasts too long */
  async pass(from: Host, to: string, what: string): Promise<void> {
    await this.scheduler.pause(this.delayMs(), `${what} ${from.address} ${to}`);
    if (!this.isParted(from, to)) return;
    await new Promise<void>((resolve, reject) => {
      const cancel = this.scheduler.after(connectMsMax, `${what} timeout`, () => {
        reject(new SocketError("ConnectionRefused"));
      });
      this.#held.push(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Returns whether a fault of this kind happens now. */
  fails(kind: "stalls" | "splits" | "cuts" | "vanishes" | "alters" | "doubles"): boolean {
    if (!this.random.chance(this.faults[kind])) return false;
    const what = `fault: network ${kind}`;
    this.counted.set(what, (this.counted.get(what) ?? 0) + 1);
    return true;
  }

  hold(go: () => void): void {
    this.#held.push(go);
  }

  delayMs(): number {
    const { stallMsMax, delayMsMean } = this.faults;
    if (this.fails("stalls")) return this.random.fraction() * stallMsMax;
    return 0.05 + this.random.wait(delayMsMean);
  }
}

const pairOf = (a: string, b: string) => a < b ? `${a} ${b}` : `${b} ${a}`;

class Listener implements SocketListener {
  readonly #arrived: End[] = [];
  readonly #waiting: PromiseWithResolvers<AcceptedSocket | null>[] = [];
  #open = true;

  constructor(
    readonly process: Process,
    readonly address: string,
    private readonly forget: () => void,
  ) {
    process.atEnd(() => {
      this.#open = false;
      forget();
    });
  }

  arrived(end: End): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(end);
    else this.#arrived.push(end);
  }

  accept(): Promise<AcceptedSocket | null> {
    this.process.requireAlive();
    if (!this.#open) return Promise.resolve(null);
    const end = this.#arrived.shift();
    if (end) return Promise.resolve(end);
    const waiting = Promise.withResolvers<AcceptedSocket | null>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.forget();
    for (const end of this.#arrived.splice(0)) end.close();
    for (const { resolve } of this.#waiting.splice(0)) resolve(null);
  }
}

/** A connection between two processes. */
class Link {
  readonly ends: readonly [End, End];
  /** Nothing arrives any more, without an error at either end. */
  vanished = false;

  constructor(readonly network: Network, from: Process, to: Process) {
    const ends: [End, End] = [new End(this, from, to.host), new End(this, to, from.host)];
    ends[0].peer = ends[1];
    ends[1].peer = ends[0];
    this.ends = ends;
  }

  /** Cuts both directions: each end gets an error. */
  cut(): void {
    for (const end of this.ends) end.reset();
  }
}

class End implements AcceptedSocket {
  peer!: End;
  readonly address: string;
  readonly #forget: () => void;
  /** What arrived and was not read yet. */
  readonly #arrived: Uint8Array[] = [];
  #reading: { into: Uint8Array; result: PromiseWithResolvers<number | null> } | null = null;
  #closed = false;
  /** The other end sends nothing more. */
  #ended = false;
  #broken = false;
  /** What is sent later does not arrive before this. */
  #notBeforeMs = 0;

  constructor(
    private readonly link: Link,
    private readonly process: Process,
    private readonly peerHost: Host,
  ) {
    this.address = peerHost.address;
    this.#forget = process.atEnd((kind) => this.#processEnded(kind));
  }

  read(into: Uint8Array): Promise<number | null> {
    this.process.requireAlive();
    if (this.#closed) return Promise.reject(new SocketError("BadResource"));
    const result = Promise.withResolvers<number | null>();
    this.#reading = { into, result };
    this.#serve();
    return result.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.process.requireAlive();
    if (this.#closed) return Promise.reject(new SocketError("BadResource"));
    if (this.#broken) return Promise.reject(new SocketError("ConnectionReset"));
    const { network } = this.link;
    const sent = bytes.slice(0, windowBytes);
    network.onSent?.(sent);
    if (network.fails("cuts")) this.link.cut();
    else if (network.fails("vanishes")) this.link.vanished = true;
    else this.#send(sent);
    return Promise.resolve(sent.length);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.#reading?.result.reject(new SocketError("BadResource"));
    this.#reading = null;
    this.#deliver("end", () => this.peer.#end());
  }

  /** The connection was cut. */
  reset(): void {
    if (this.#broken || this.#closed) return;
    this.#broken = true;
    this.#serve();
  }

  /** The other end has closed, after all that it sent. */
  #end(): void {
    this.#ended = true;
    this.#serve();
  }

  #send(bytes: Uint8Array): void {
    const { network } = this.link;
    const { random } = network;
    if (network.fails("alters")) {
      const bit = random.below(8 * bytes.length);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    const at = network.fails("splits") ? random.below(bytes.length) : 0;
    const pieces = at > 0 ? [bytes.subarray(0, at), bytes.subarray(at)] : [bytes];
    if (network.fails("doubles")) pieces.push(bytes);
    for (const piece of pieces) {
      this.#deliver(`${piece.length} bytes`, () => this.peer.#take(piece));
    }
  }

  /** In the order in which it was sent, whatever the delays. */
  #deliver(what: string, arrive: () => void): void {
    const { network } = this.link;
    const { scheduler } = network;
    const from = this.process.host;
    const atMs = Math.max(this.#notBeforeMs, scheduler.timeMs + network.delayMs());
    this.#notBeforeMs = atMs;
    const go = () => {
      if (this.link.vanished) return;
      if (network.isParted(from, this.peerHost.address)) network.hold(go);
      else arrive();
    };
    const name = `${from.address} ${this.peerHost.address} ${what}`;
    scheduler.after(atMs - scheduler.timeMs, name, go);
  }

  #take(bytes: Uint8Array): void {
    if (this.#closed || !this.process.alive) return this.#refuse();
    this.#arrived.push(bytes);
    this.#serve();
  }

  /** Nobody is here: the sender gets an error, unless this host lost its power. */
  #refuse(): void {
    if (!this.link.vanished) this.peer.reset();
  }

  #serve(): void {
    if (!this.#reading || this.#closed || !this.process.goesOn()) return;
    const { into, result } = this.#reading;
    const first = this.#arrived[0];
    if (this.#broken) result.reject(new SocketError("ConnectionReset"));
    else if (first) {
      const count = Math.min(into.length, first.length);
      into.set(first.subarray(0, count));
      if (count === first.length) this.#arrived.shift();
      else this.#arrived[0] = first.subarray(count);
      result.resolve(count);
    } else if (this.#ended) result.resolve(null);
    else return;
    this.#reading = null;
  }

  /** The system closes the sockets of a process that was killed; a host without power says nothing. */
  #processEnded(kind: CrashKind): void {
    this.#reading?.result.promise.catch(() => {});
    if (this.#closed) return;
    if (kind === "power cut") this.link.vanished = true;
    else this.#deliver("reset", () => this.peer.reset());
  }
}
