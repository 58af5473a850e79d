/**
 * The door of a device service: accepts connections within limits, and relays them to the runtime's
 * HTTP server, which has none and ends when handles run out.
 */
import { acceptAll } from "../../lib/accept.ts";
import { writeAll } from "../../lib/http.ts";
import {
  deviceConnectionsMax,
  deviceConnectionsPerAddressMax,
  deviceExchangeMsMax,
  deviceReadBytes,
} from "../../lib/limits.ts";
import type { AcceptedSocket, Clock, Socket, SocketListener, Timers } from "../../lib/world.ts";

export interface DoorOptions {
  listener: SocketListener;
  world: Timers & Pick<Clock, "monotonicMs">;
  /** Connects to the HTTP server. */
  connect: () => Promise<Socket>;
  log: (line: string) => void;
}

const upgraded = "HTTP/1.1 101 ";

/** Serves until the returned function is called, which closes every connection. */
export function openDoor({ listener, world, connect, log }: DoorOptions): () => Promise<void> {
  const sockets = new Set<AcceptedSocket>();
  /** Those other than WebSockets, the oldest first. */
  const strangers = new Set<AcceptedSocket>();

  /** Closes the oldest stranger, or the oldest at an address; returns false if there is none. */
  function makeRoom(address?: string): boolean {
    const oldest = strangers.values().find((each) =>
      address === undefined || each.address === address
    );
    if (!oldest) return false;
    strangers.delete(oldest);
    oldest.close();
    return true;
  }

  function serve(socket: AcceptedSocket): void {
    const { address } = socket;
    const ofAddress = sockets.values().filter((each) => each.address === address).toArray();
    const tooMany = ofAddress.length >= deviceConnectionsPerAddressMax;
    if (tooMany || sockets.size >= deviceConnectionsMax) {
      makeRoom(tooMany ? address : undefined); // for the next: this one's end takes a while
      return socket.close();
    }
    sockets.add(socket);
    strangers.add(socket);
    const cancel = world.after(deviceExchangeMsMax, () => socket.close());
    const onUpgraded = () => {
      cancel();
      strangers.delete(socket);
    };
    relay(socket, connect, onUpgraded).catch(() => {}).finally(() => {
      cancel();
      sockets.delete(socket);
      strangers.delete(socket);
      socket.close();
    });
  }

  const accepting = acceptAll(listener, world, serve, {
    whose: "ATMs",
    log,
    makeRoom: () => makeRoom(),
  });
  return async () => {
    listener.close();
    await accepting;
    for (const socket of sockets) socket.close();
  };
}

/** Relays from the peer's first bytes until either side ends: a silent peer costs one handle. */
async function relay(
  socket: Socket,
  connect: () => Promise<Socket>,
  onUpgraded: () => void,
): Promise<void> {
  const first = new Uint8Array(deviceReadBytes);
  const count = await socket.read(first);
  if (count === null) return;
  const server = await connect();
  let isFirst = true;
  const onAnswer = (bytes: Uint8Array) => {
    if (isFirst && new TextDecoder().decode(bytes).startsWith(upgraded)) onUpgraded();
    isFirst = false;
  };
  const ways = [
    writeAll(server, first.subarray(0, count)).then(() => pump(socket, server)),
    pump(server, socket, onAnswer),
  ];
  try {
    await Promise.race(ways);
  } finally {
    socket.close();
    server.close();
    await Promise.allSettled(ways);
  }
}

async function pump(
  from: Socket,
  to: Socket,
  onBytes: (bytes: Uint8Array) => void = () => {},
): Promise<void> {
  const buffer = new Uint8Array(deviceReadBytes);
  for (let count; (count = await from.read(buffer)) !== null;) {
    const bytes = buffer.subarray(0, count);
    onBytes(bytes);
    await writeAll(to, bytes);
  }
}
