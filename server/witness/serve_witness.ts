/** Serves a witness over HTTP (C2SP tlog-witness), within limits of connections, sizes and time. */
import {
  closeMsMax,
  witnessBodyBytesMax,
  witnessConnectionsMax,
  witnessRequestMsMax,
} from "../../lib/limits.ts";
import { type AcceptedSocket, pause, type SocketListener, type World } from "../../lib/world.ts";
import { acceptAll } from "../../lib/accept.ts";
import type { Witness } from "../transparency/witness.ts";
import {
  BadRequest,
  type HttpHead,
  type HttpResponse,
  readBody,
  readHead,
  untilDisconnected,
  writeResponse,
} from "../../lib/http.ts";

export interface ServeWitnessOptions {
  witness: Pick<Witness, "addCheckpoint" | "checkpoint">;
  listener: SocketListener;
  world: World;
  /** Receives lines of the operator's log. */
  log(line: string): void;
}

/** Serves until `end` resolves, then closes every connection. */
export async function serveWitness(
  { witness, listener, world, log }: ServeWitnessOptions,
  end: Promise<void>,
): Promise<void> {
  const sockets = new Set<AcceptedSocket>();
  const accepting = acceptAll(listener, world, (socket) => {
    if (sockets.size >= witnessConnectionsMax) return socket.close();
    sockets.add(socket);
    const cancel = world.after(witnessRequestMsMax, () => socket.close());
    serveOne(socket).catch(() => {}).finally(() => {
      cancel();
      sockets.delete(socket);
      socket.close();
    });
  }, { log });

  async function serveOne(socket: AcceptedSocket): Promise<void> {
    try {
      const head = await readHead(socket);
      const body = head && await readBody(socket, head, witnessBodyBytesMax);
      if (body !== null) await writeResponse(socket, answer(head!, body));
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

  function answer({ method, path }: HttpHead, body: string): HttpResponse {
    try {
      const [, originHash] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path) ?? [];
      if (path === "/add-checkpoint") {
        return method === "POST" ? witness.addCheckpoint(body) : { status: 405, body: "" };
      }
      if (originHash === undefined) return { status: 404, body: "" };
      return method === "GET" ? witness.checkpoint(originHash) : { status: 405, body: "" };
    } catch (error) { // the folder failed: a damaged file, a full disk
      log(`nothing was cosigned: ${(error as Error).message}`);
      return { status: 500, body: "" };
    }
  }

  await end;
  listener.close();
  await accepting;
  for (const socket of sockets) socket.close();
}
