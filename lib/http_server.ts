/** Serves HTTP, one request per connection, within limits of connections, sizes and time. */
import { acceptAll } from "./accept.ts";
import {
  BadRequest,
  type HttpHead,
  type HttpResponse,
  readBody,
  readHead,
  untilDisconnected,
  writeResponse,
} from "./http.ts";
import { closeMsMax } from "./limits.ts";
import {
  type AcceptedSocket,
  type Clock,
  pause,
  type SocketListener,
  type Timers,
} from "./world.ts";

export interface HttpServerOptions {
  listener: SocketListener;
  world: Timers & Pick<Clock, "monotonicMs">;
  connectionsMax: number;
  requestMsMax: number;
  /** Whose requests they are, for the operator's log. */
  whose: string;
  bodyBytesMax: number;
  answer(head: HttpHead, body: string): HttpResponse | Promise<HttpResponse>;
  /** Receives lines of the operator's log. */
  log(line: string): void;
}

/** Serves until the returned function is called, which closes every connection. */
export function serveHttp(
  { listener, world, connectionsMax, requestMsMax, bodyBytesMax, whose, answer, log }:
    HttpServerOptions,
): () => Promise<void> {
  const sockets = new Set<AcceptedSocket>();
  const accepting = acceptAll(listener, world, (socket) => {
    if (sockets.size >= connectionsMax) return socket.close();
    sockets.add(socket);
    const cancel = world.after(requestMsMax, () => socket.close());
    serveOne(socket).catch(() => {}).finally(() => {
      cancel();
      sockets.delete(socket);
      socket.close();
    });
  }, { whose, log });

  async function serveOne(socket: AcceptedSocket): Promise<void> {
    try {
      const head = await readHead(socket);
      const body = head && await readBody(socket, head, bodyBytesMax);
      if (body !== null) await writeResponse(socket, await answer(head!, body));
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      await writeResponse(socket, { status: error.status, body: "" });
      await drain(socket);
    }
  }

  /**
   * Discards further input for a while: closing before the peer has sent everything would reset the
   * connection.
   */
  async function drain(socket: AcceptedSocket): Promise<void> {
    await Promise.race([untilDisconnected(socket), pause(world, closeMsMax)]);
  }

  return async () => {
    listener.close();
    await accepting;
    for (const socket of sockets) socket.close();
  };
}
