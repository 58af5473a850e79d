/** The bank's door: accepts sockets within named limits and serves each one. */
import { ProtocolError, UsageError } from "../../lib/errors.ts";
import { handshakeMsMax } from "../../lib/limits.ts";
import { acceptAll } from "../accept.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import type { Bank } from "../bank.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { Exchanges } from "./exchanges.ts";
import { logCommand } from "../ledger/command.ts";
import { Presence } from "../visits/presence.ts";
import { readProxyHeader } from "./proxy_header.ts";
import { sourceOf } from "./source.ts";
import { Strangers } from "./strangers.ts";

export interface Listener {
  /** The address it listens on, as `host:port`. */
  readonly address: string;
  /** Takes no more connections, ends those there are, and writes what is still to be logged. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly hostname: string;
  /** 0 for any free one. */
  readonly port: number;
  /** Whether other servers on this host may listen on the same port. */
  readonly sharePort?: boolean;
  /** Addresses of balancers: each connection from there begins with a PROXY header. */
  readonly proxies?: readonly string[];
  /** Those that differ from `lib/limits`. */
  readonly limits?: Partial<AdmissionLimits>;
  readonly log: (line: string) => void;
}

/**
 * Starts to serve ATMs.
 * @throws {UsageError} when the port is taken or the address is not this machine's
 */
export async function listen(
  bank: Bank,
  { hostname, port, sharePort = false, proxies = [], limits, log }: ListenOptions,
): Promise<Listener> {
  const socket = bind(hostname, port, sharePort);
  const context: ConnectionContext = {
    bank,
    logInsUnderWay: new Set(),
    presence: new Presence(),
    live: new Map(),
    exchanges: new Exchanges(),
  };
  bank.terminals.watch((terminal) => context.live.get(terminal)?.keysChanged());
  const strangers = new Strangers(bank.ledger);
  const admission = new Admission(() => performance.now(), limits);
  const serving = new Map<Connection, Promise<void>>();
  const announcing = new Set<Deno.TcpConn>();

  /** Serves a connection as one of this address; null for a balancer's own. */
  async function serve(connection: Deno.TcpConn, address: string | null): Promise<void> {
    const admitted = admission.enter(address && sourceOf(address), () => atm.close());
    if (!admitted) return connection.close();
    let proved = false;
    const atm = new Connection(connection, context, () => {
      proved = true;
      admitted.settled("proved");
    });
    const served = atm.serve().catch((error) => {
      if (!(error instanceof ProtocolError)) log(`a connection failed: ${(error as Error).stack}`);
      else if (proved) log(`a terminal's connection ended: ${error.message}`);
      else {
        admitted.settled("failed");
        if (address !== null) strangers.count(sourceOf(address));
      }
    });
    serving.set(atm, served);
    await served;
    serving.delete(atm);
    admitted.gone();
  }

  /** A balancer says first who is calling. */
  async function serveProxied(connection: Deno.TcpConn): Promise<void> {
    const admitted = admission.enter(null, () => closeQuietly(connection));
    if (!admitted) return connection.close();
    announcing.add(connection);
    const deadline = setTimeout(() => closeQuietly(connection), handshakeMsMax);
    const address = await readProxyHeader(connection).catch(() => undefined);
    clearTimeout(deadline);
    announcing.delete(connection);
    admitted.gone();
    if (address === undefined) return closeQuietly(connection);
    await serve(connection, address);
  }

  const accepting = acceptAll(socket, (connection) => {
    connection.setNoDelay();
    const { hostname: address } = connection.remoteAddr as Deno.NetAddr;
    if (proxies.includes(address)) serveProxied(connection);
    else serve(connection, address);
  }, log);
  const { hostname: host, port: bound } = socket.addr as Deno.NetAddr;
  await logAction(bank, `start, listening on ${host}:${bound}`);
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${bound}`,
    async close() {
      socket.close();
      await accepting;
      announcing.forEach(closeQuietly);
      await Promise.all([...serving.keys()].map((connection) => connection.end()));
      await Promise.all(serving.values());
      await strangers.flush();
      await logAction(bank, "stop");
    },
  };
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // closed already
  }
}

function bind(hostname: string, port: number, reusePort: boolean): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port, reusePort });
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "is taken by another program: end it, or choose another port with --listen HOST:PORT"
      : `cannot be listened on (${
        (error as Error).message
      }): choose another with --listen HOST:PORT`;
    throw new UsageError(`${hostname}:${port} ${why}`);
  }
}

async function logAction(bank: Bank, action: string): Promise<void> {
  await bank.ledger.submit(logCommand("bank", action));
}
