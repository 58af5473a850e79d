/** The bank's listener for ATMs: accepts sockets within named limits and serves each one. */
import { ProtocolError, UsageError } from "../../lib/errors.ts";
import { handshakeMsMax, lastVisitsMsMax } from "../../lib/limits.ts";
import { EmptyConnection } from "../../lib/protocol/channel.ts";
import type { AcceptedSocket, SocketListener } from "../../lib/world.ts";
import { acceptAll } from "../../lib/accept.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";
import { OutcomeUnknown } from "../ledger/ledger.ts";
import { Lines } from "../visits/lines.ts";
import { Presence } from "../visits/presence.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { Exchanges, QueueFull } from "./exchanges.ts";
import { readProxyHeader } from "./proxy_header.ts";
import { canonicalAddress, sourceOf } from "./source.ts";
import { Strangers } from "./strangers.ts";

export interface Listener {
  /** The bound address, as `host:port`. */
  readonly address: string;
  /** Stops accepting, ends all connections, those with a visit after it, and flushes the log. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly listener: SocketListener;
  /** Addresses of balancers, whose connections begin with a PROXY header. */
  readonly proxies?: readonly string[];
  /** Those that differ from `lib/limits`. */
  readonly limits?: Partial<AdmissionLimits>;
  /** Exchanges of handshakes that may wait or run. */
  readonly exchangesMax?: number;
  /** Time that open visits have to end when the listener is closed. */
  readonly lastVisitsMs?: number;
}

/** An address to listen on. */
export interface DoorAddress {
  readonly hostname: string;
  /** 0 selects a free one. */
  readonly port: number;
  /** Whether other servers on this host may listen on the same port. */
  readonly sharePort: boolean;
}

/**
 * Binds the address for ATMs.
 * @throws {UsageError} if the port is in use or the address is not this host's
 */
export function bindDoor(
  bind: (address: DoorAddress) => SocketListener,
  address: DoorAddress,
  flag = "--listen",
): SocketListener {
  try {
    return bind(address);
  } catch (error) {
    const { name, message } = error as Error;
    const why = name === "AddrInUse"
      ? `is in use by another program. End it, or choose another port with ${flag} HOST:PORT`
      : `cannot be listened on (${message}). Choose another with ${flag} HOST:PORT`;
    throw new UsageError(`${address.hostname}:${address.port} ${why}`);
  }
}

/** Starts serving ATMs. */
export async function listen(
  bank: Bank,
  { listener, proxies = [], limits, exchangesMax, lastVisitsMs = lastVisitsMsMax }: ListenOptions,
): Promise<Listener> {
  const { world, monitor } = bank;
  const stopping = new AbortController();
  const presence = new Presence();
  const lines = bank.ledger.isShared ? new Lines(bank, presence, stopping.signal) : null;
  const context: ConnectionContext = {
    bank,
    logInsUnderWay: new Set(),
    presence,
    lines,
    live: new Map(),
    exchanges: new Exchanges(world, exchangesMax),
    stopping: stopping.signal,
  };
  bank.terminals.watch((terminal) => context.live.get(terminal)?.onKeysChanged());
  const strangers = new Strangers(bank.ledger, world);
  const admission = new Admission(world, limits);
  const serving = new Map<Connection, Promise<void>>();
  /** Balancers' connections whose header is not read yet. */
  const unread = new Set<AcceptedSocket>();

  /**
   * Serves one connection.
   * @param address the peer's address; null for a balancer's own connection
   */
  async function serve(socket: AcceptedSocket, address: string | null): Promise<void> {
    const admitted = admission.enter(address && sourceOf(address), () => atm.close());
    if (!admitted) return socket.close();
    let proved = false;
    const atm = new Connection(socket, context, () => {
      proved = true;
      admitted.settled("proved");
    });
    const served = atm.serve().catch((error) => {
      if (error instanceof OutcomeUnknown) {
        world.log(`a connection was closed without an answer: ${error.message}`);
      } else if (!(error instanceof ProtocolError)) {
        // While the database fails, which the log has once, each of its connections does.
        if (bank.ledger.fault === null) world.log(`a connection failed: ${(error as Error).stack}`);
      } else if (proved) world.log(`a terminal's connection ended: ${error.message}`);
      else if (!(error instanceof EmptyConnection)) {
        const source = address === null ? null : sourceOf(address);
        monitor.onHandshakeFailed(source ?? "");
        if (error instanceof QueueFull) return;
        admitted.settled("failed");
        if (source !== null) strangers.count(source);
      }
    });
    serving.set(atm, served);
    monitor.connections = serving.size;
    await served;
    serving.delete(atm);
    monitor.connections = serving.size;
    admitted.onDisconnected();
  }

  /** Serves a balancer's connection under the address in its header. */
  async function serveProxied(socket: AcceptedSocket): Promise<void> {
    const admitted = admission.enter(null, () => socket.close());
    if (!admitted) return socket.close();
    unread.add(socket);
    const cancelDeadline = world.after(handshakeMsMax, () => socket.close());
    const address = await readProxyHeader(socket).catch(() => undefined);
    cancelDeadline();
    unread.delete(socket);
    admitted.onDisconnected();
    if (address === undefined) return socket.close();
    await serve(socket, address);
  }

  const balancers = new Set(proxies.map(canonicalAddress));
  const accepting = acceptAll(listener, world, (socket) => {
    if (balancers.has(canonicalAddress(socket.address))) serveProxied(socket);
    else serve(socket, socket.address);
  }, { whose: "ATMs", log: world.log, makeRoom: () => admission.makeRoom() });
  await logAction(bank, `start, listening on ${listener.address}`);
  monitor.isServing = true;
  monitor.event("start", `the bank listens on ${listener.address}`, { address: listener.address });
  return {
    address: listener.address,
    async close() {
      listener.close();
      await accepting;
      unread.forEach((socket) => socket.close());
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancel = world.after(lastVisitsMs, resolve);
      await Promise.all(
        [...serving].map(([connection, served]) => connection.stop(Promise.race([served, late]))),
      );
      cancel();
      stopping.abort();
      await lines?.stopped;
      await Promise.all(serving.values());
      await strangers.flush();
      await logAction(bank, "stop");
      monitor.event("stop", "the bank has stopped");
    },
  };
}

async function logAction(bank: Bank, action: string): Promise<void> {
  await bank.ledger.submit(logCommand("bank", action));
}
