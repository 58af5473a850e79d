/** The bank's door: accepts sockets within named limits and serves each one. */
import { ProtocolError, UsageError } from "../lib/errors.ts";
import {
  connectionsMax,
  handshakesPendingMax,
  handshakesPendingPerAddressMax,
} from "../lib/limits.ts";
import { acceptAll } from "./accept.ts";
import type { Bank } from "./bank.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { Strangers } from "./strangers.ts";

export interface Listener {
  /** The address it listens on, as `host:port`. */
  readonly address: string;
  /** Takes no more connections, ends those there are, and writes what is still to be logged. */
  close(): Promise<void>;
}

/**
 * Starts to serve ATMs.
 * @param port 0 for any free one
 * @throws {UsageError} when the port is taken or the address is not this machine's
 */
export async function listen(
  bank: Bank,
  { hostname, port, log }: { hostname: string; port: number; log: (line: string) => void },
): Promise<Listener> {
  const socket = bind(hostname, port);
  const context: ConnectionContext = { bank, logInsUnderWay: new Set(), live: new Map() };
  bank.terminals.watch((terminal) => context.live.get(terminal)?.keysChanged());
  const strangers = new Strangers(bank.ledger);
  const serving = new Map<Connection, Promise<void>>();
  /** Sockets that have not finished their handshake, by address and in all. */
  const unprovedOf = new Map<string, number>();
  let unproved = 0;

  function countUnproved(address: string, by: 1 | -1): void {
    unproved += by;
    const count = (unprovedOf.get(address) ?? 0) + by;
    if (count > 0) unprovedOf.set(address, count);
    else unprovedOf.delete(address);
  }

  async function serve(connection: Deno.TcpConn): Promise<void> {
    const address = (connection.remoteAddr as Deno.NetAddr).hostname;
    if (
      serving.size >= connectionsMax || unproved >= handshakesPendingMax ||
      (unprovedOf.get(address) ?? 0) >= handshakesPendingPerAddressMax
    ) return connection.close();
    countUnproved(address, 1);
    let proved = false;
    const atm = new Connection(connection, context, () => {
      proved = true;
      countUnproved(address, -1);
    });
    const served = atm.serve().catch((error) => {
      if (!(error instanceof ProtocolError)) log(`a connection failed: ${(error as Error).stack}`);
      else if (proved) log(`a terminal's connection ended: ${error.message}`);
      else strangers.count(address);
    });
    serving.set(atm, served);
    await served;
    serving.delete(atm);
    if (!proved) countUnproved(address, -1);
  }

  const accepting = acceptAll(socket, (connection) => {
    connection.setNoDelay();
    serve(connection);
  }, log);
  const { hostname: host, port: bound } = socket.addr as Deno.NetAddr;
  await note(bank, `start, listening on ${host}:${bound}`);
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${bound}`,
    async close() {
      socket.close();
      await accepting;
      await Promise.all([...serving.keys()].map((connection) => connection.end()));
      await Promise.all(serving.values());
      await strangers.flush();
      await note(bank, "stop");
    },
  };
}

function bind(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "is taken by another program: end it, or choose another port with --listen HOST:PORT"
      : `cannot be listened on (${
        (error as Error).message
      }): choose another with --listen HOST:PORT`;
    throw new UsageError(`${hostname}:${port} ${why}`);
  }
}

async function note(bank: Bank, action: string): Promise<void> {
  await bank.ledger.submit({ op: "note", who: "bank", action, kind: "other", outcome: "ok" });
}
