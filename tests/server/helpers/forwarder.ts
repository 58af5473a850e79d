/** A way to a database that loses commits or their answers, and can be closed for a while. */

/** The outcome of a commit: its answer is lost, or it is lost itself. */
export type CommitFate = "answer lost" | "lost";

export class Forwarder {
  /** The outcome of the next commits, each with its connection; those after them go through. */
  fates: CommitFate[] = [];
  /** Whether new connections are refused. */
  isAway = false;
  /** Connections that were cut so. */
  cuts = 0;
  readonly #listener: Deno.TcpListener;
  readonly #sockets = new Set<Deno.TcpConn>();

  constructor(private readonly port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serve();
  }

  /** Returns the same database through this door. */
  through(url: string): string {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return url.replace(`:${this.port}/`, `:${port}/`);
  }

  close(): void {
    this.#listener.close();
    this.#cut(...this.#sockets);
  }

  async #serve(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.isAway) {
        client.close();
        continue;
      }
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      this.#sockets.add(client).add(server);
      this.#forward(client, server).catch(() => {}).finally(() => this.#cut(client, server));
    }
  }

  async #forward(client: Deno.TcpConn, server: Deno.TcpConn): Promise<void> {
    let deaf = false;
    const back = async () => {
      for await (const bytes of server.readable) {
        if (!deaf) await client.write(bytes);
        else if (isReady(bytes)) return this.#cut(client, server);
      }
      this.#cut(client);
    };
    back().catch(() => {});
    for await (const bytes of client.readable) {
      if (this.fates.length > 0 && endsTransaction(bytes)) {
        this.cuts++;
        deaf = this.fates.shift() === "answer lost";
        if (!deaf) return;
      }
      for (let at = 0; at < bytes.length;) at += await server.write(bytes.subarray(at));
    }
  }

  #cut(...sockets: Deno.TcpConn[]): void {
    for (const socket of sockets) {
      if (!this.#sockets.delete(socket)) continue;
      try {
        socket.close();
      } catch {
        // its reader has closed it
      }
    }
  }
}

/**
 * Returns whether the last statement of a batch is among these bytes, or that of a commit behind
 * one.
 */
function endsTransaction(bytes: Uint8Array): boolean {
  return /name_batch|make_sure/.test(new TextDecoder("latin1").decode(bytes));
}

/** Returns whether the transaction has ended: ReadyForQuery, idle. */
function isReady(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).endsWith("Z\0\0\0\x05I");
}
