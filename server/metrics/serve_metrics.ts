/**
 * Serves metrics, `/healthz` and `/readyz` over HTTP, within limits of connections, sizes and time.
 * It answers anyone who can connect: listen on loopback, or on a network of the bank's operators.
 */
import type { HttpHead, HttpResponse } from "../../lib/http.ts";
import { serveHttp } from "../../lib/http_server.ts";
import { metricsConnectionsMax, metricsRequestMsMax } from "../../lib/limits.ts";
import type { SocketListener } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { metricsOf } from "./metrics.ts";

export interface MetricsServer {
  readonly address: string;
  close(): Promise<void>;
}

/** Serves until it is closed. */
export function serveMetrics(bank: Bank, listener: SocketListener): MetricsServer {
  const { world } = bank;
  const close = serveHttp({
    whose: "monitoring",
    listener,
    world,
    connectionsMax: metricsConnectionsMax,
    requestMsMax: metricsRequestMsMax,
    bodyBytesMax: 0,
    answer: ({ method, path }: HttpHead) =>
      method === "GET" ? answerTo(path) : { status: 405, body: "" },
    log: world.log,
  });

  async function answerTo(path: string): Promise<HttpResponse> {
    if (path === "/healthz") return { status: 200, body: "ok\n" };
    try {
      if (path === "/metrics") {
        const contentType = "text/plain; version=0.0.4; charset=utf-8";
        return { status: 200, body: await metricsOf(bank), contentType };
      }
      if (path === "/readyz") return await readiness();
      return { status: 404, body: "" };
    } catch (error) { // the database is away
      world.log(`no metrics: ${(error as Error).message}`);
      return { status: 503, body: "the database does not answer\n" };
    }
  }

  /** Returns whether money can move: 503 with the reason while it cannot. */
  async function readiness(): Promise<HttpResponse> {
    const { ledger, monitor } = bank;
    const restoring = await ledger.read.restoring();
    const doubt = await ledger.clockDoubt();
    const why = !monitor.isServing
      ? "ATMs cannot connect"
      : doubt !== null
      ? `no money moves: ${doubt}`
      : restoring && restoring.waiting.length > 0
      ? "the restored bank waits for its terminals"
      : null;
    return why === null ? { status: 200, body: "ready\n" } : { status: 503, body: `${why}\n` };
  }

  return { address: listener.address, close };
}
