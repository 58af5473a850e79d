/**
 * OpenSSL's own TLS 1.3 with a shared key and X25519 (PSK-DHE): what a handshake of the channel's kind
 * costs where all of it is native.
 */
import { system } from "../../../lib/system.ts";
import { linesOf } from "../../server/helpers/lines.ts";
import { openssl } from "./openssl.ts";
import { type ProcessorUse, processorUseOf } from "./program.ts";

export class OpensslPsk {
  private constructor(
    private readonly server: Deno.ChildProcess,
    private readonly port: string,
    /** Made for this run alone: that it is on a command line harms nobody. */
    private readonly key: string,
  ) {}

  /** @throws {UsageError} where OpenSSL is not installed */
  static async start(): Promise<OpensslPsk> {
    const key = system.randomBytes(32).toHex();
    const args = ["s_server", "-accept", "127.0.0.1:0", "-psk", key, "-nocert", "-tls1_3"];
    const suite = ["-ciphersuites", "TLS_AES_128_GCM_SHA256", "-num_tickets", "0"];
    const server = openssl([...args, ...suite], { stdin: "piped", stdout: "piped" });
    const port = Promise.withResolvers<string>();
    (async () => {
      for await (const line of linesOf(server.stdout)) {
        const [, found] = /^ACCEPT .*:(\d+)$/.exec(line) ?? [];
        if (found) port.resolve(found);
      }
      port.reject(new Error("openssl s_server has ended"));
    })();
    return new OpensslPsk(server, await port.promise, key);
  }

  get processorUse(): ProcessorUse {
    return processorUseOf(this.server.pid);
  }

  /** A handshake, by its own process. */
  async handshake(): Promise<void> {
    const args = ["s_client", "-connect", `127.0.0.1:${this.port}`, "-psk", this.key, "-tls1_3"];
    const { code } = await openssl(args, { stdin: "null", stdout: "null" }).status;
    if (code !== 0) throw new Error("openssl s_client did not get through");
  }

  async stop(): Promise<void> {
    await this.server.stdin.close();
    this.server.kill();
    await this.server.status;
  }
}
