/** A door to a database that can be slammed at a commit, and shut. */

/** What becomes of the next commit: its answer is lost, or it is lost itself. */
export type CommitFate = "answer lost" | "lost";

export class Forwarder {
  fate: CommitFate | null = null;
  /** Connections that were cut so. */
  cuts = 0;
  readonly #listener: Deno.TcpListener;
  readonly #sockets = new Set<Deno.TcpConn>();

  constructor(private readonly port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serve();
  }

  /** The same database through this door. */
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
      if (this.fate !== null && namesCommit(bytes)) {
        this.cuts++;
        deaf = this.fate === "answer lost";
        this.fate = null;
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

/** Whether a batch's last statements are among these bytes: the one that names its commit is. */
function namesCommit(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).includes("name_commit");
}

/** Whether the transaction has ended: ReadyForQuery, idle. */
function isReady(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).endsWith("Z\0\0\0\x05I");
}
