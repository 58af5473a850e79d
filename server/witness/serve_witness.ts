/** Serves a witness over HTTP (C2SP tlog-witness), within limits of connections, sizes and time. */
import type { HttpHead, HttpResponse } from "../../lib/http.ts";
import { serveHttp } from "../../lib/http_server.ts";
import {
  witnessBodyBytesMax,
  witnessConnectionsMax,
  witnessRequestMsMax,
} from "../../lib/limits.ts";
import type { SocketListener, World } from "../../lib/world.ts";
import type { Witness } from "../transparency/witness.ts";

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
  const close = serveHttp({
    whose: "banks",
    listener,
    world,
    connectionsMax: witnessConnectionsMax,
    requestMsMax: witnessRequestMsMax,
    bodyBytesMax: witnessBodyBytesMax,
    answer,
    log,
  });

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
  await close();
}
