/**
 * Servers that are restarted in turn: `deno task drill:rolling [--restarts N] [--atms N]`. Two real
 * servers on one PostgreSQL behind Debian's HAProxy, and real ATMs without a pause. Every movement that
 * a customer asks for must be done. As a control, servers that are killed instead must fail some: else
 * this could not see a failure.
 */
import { freePort, until } from "../end_to_end/programs.ts";
import { runAsAdmin } from "../server/helpers/postgres.ts";
import { newDatabase } from "../server/helpers/stores.ts";
import { flag, type Outcome, patienceMs, printOutcome } from "../torture/drill.ts";
import { type Database, onScene, Scene } from "./scene.ts";

const haproxy = "/usr/sbin/haproxy";
/** What is answered between two restarts, at least. */
const betweenRestarts = 60;
const loopback = "127.0.0.1";

/** Returns the settings of a balancer between a port and those of the servers. */
const balancerSettings = (port: number, servers: readonly number[]) =>
  `defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  retries 3
  option redispatch 1
listen bank
  bind ${loopback}:${port}
  balance leastconn
  default-server check inter 200ms fall 1 rise 1
${servers.map((server, at) => `  server server-${at} ${loopback}:${server}`).join("\n")}
`;

class RollingScene extends Scene {
  readonly #ports: readonly number[];
  readonly #port: number;
  readonly #settings: string;
  #balancer!: Deno.ChildProcess;

  constructor(folder: string, database: Database) {
    const [port, ...ports] = [freePort(), freePort(), freePort()];
    const servers = ports.map((port) => ({ address: { hostname: loopback, port }, within: [] }));
    super(folder, database, { servers, atms: [], balancer: { hostname: loopback, port } });
    this.#ports = ports;
    this.#port = port;
    this.#settings = `${folder}/haproxy.cfg`;
  }

  override async start(atms: number): Promise<void> {
    await Deno.writeTextFile(this.#settings, balancerSettings(this.#port, this.#ports));
    this.#balancer = new Deno.Command(haproxy, {
      args: ["-db", "-f", this.#settings],
      stdout: "null",
      stderr: "null",
    }).spawn();
    await super.start(atms);
  }

  override async killBank(): Promise<void> {
    await super.killBank();
    this.#balancer.kill();
    await this.#balancer.status;
  }

  /** Ends a server and starts it again; seconds until it was ready. */
  async restart(turn: number, end: "in order" | "killed"): Promise<number> {
    const server = this.servers[turn % this.servers.length]!;
    const beganMs = performance.now();
    if (end === "killed") await server.kill();
    else if (await server.end() !== 0) throw new Error("a server did not end in order");
    const { ready } = this;
    server.start();
    await until("the server is back", () => this.ready > ready, patienceMs);
    return (performance.now() - beganMs) / 1_000;
  }
}

const movements = /^(withdrawal|deposit|transfer): (.*)$/;

/** Returns how many movements were asked for, and how many of them were not done. */
function failuresIn({ counts }: Outcome): { asked: number; failed: number } {
  let [asked, failed] = [0, 0];
  for (const [what, times] of counts) {
    const [, , outcome] = movements.exec(what) ?? [];
    if (outcome === undefined) continue;
    asked += times;
    if (outcome !== "ok") failed += times;
  }
  return { asked, failed };
}

/** Restarts the servers in turn, so often. */
async function restartServers(
  restarts: number,
  atms: number,
  end: "in order" | "killed",
): Promise<Outcome> {
  const { url } = await newDatabase();
  const database: Database = {
    url,
    run: (...statements) => runAsAdmin(url, ...statements),
    stop: async () => {}, // it ends with this process
  };
  return await onScene(
    (folder) => new RollingScene(folder, database),
    database,
    atms,
    async (scene) => {
      for (let turn = 0; turn < restarts; turn++) {
        await scene.progress(betweenRestarts);
        const seconds = await scene.restart(turn, end);
        console.log(
          `restart ${turn + 1}, ${end}, in ${
            seconds.toFixed(1)
          } s: ${scene.acknowledged} acknowledged`,
        );
      }
      await scene.progress(betweenRestarts);
      return await scene.end();
    },
  );
}

const [restarts, atms] = [flag("restarts", 10), flag("atms", 6)];
const killed = failuresIn(await restartServers(restarts, atms, "killed"));
console.log(`control, killed servers: ${killed.failed} of ${killed.asked} movements failed`);
const outcome = await restartServers(restarts, atms, "in order");
const isWell = printOutcome(outcome);
const { asked, failed } = failuresIn(outcome);
const { lost, doubled } = outcome;
console.log(
  `restarts ${restarts} movements ${asked} failed ${failed} lost ${lost.length} doubled ${doubled.length}`,
);
Deno.exit(isWell && failed === 0 && killed.failed > 0 ? 0 : 1);
