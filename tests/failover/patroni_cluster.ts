/**
 * PostgreSQL as those keep it who run it for a living: three machines, each with PostgreSQL, the Patroni
 * that looks after it and a member of etcd, by which the Patronis agree who is the primary; and before
 * them HAProxy, which asks them. The programs are Debian's. Times are the defaults of Patroni, and of the
 * example of HAProxy that comes with it.
 */
import { freePort } from "../end_to_end/programs.ts";
import { treeOf } from "../process_tree.ts";
import {
  bankRole,
  giveAway,
  leashed,
  processesOf,
  processOf,
  runAsAdmin,
  signalAll,
} from "../server/helpers/postgres.ts";
import { type Cluster, type Death, pause, withFrozen } from "./cluster.ts";

const database = "bank";
/**
 * Patroni takes half a minute to see that a machine is gone, and as long again to bring it back. On a busy
 * host a machine that copies or rewinds its database takes longer: a wait goes on while the machines change.
 */
const unchangedMsMax = 180_000;
/** A machine that fails and starts again for ever changes, too. */
const waitMsMax = 1_200_000;
const lookMs = 1_000;
const answerMsMax = 5_000;
/** Of the programs' common log, what is shown when something does not come to be. */
const logLinesMax = 40;

/** Where Debian puts what it has, by the name of the package that brings it. */
const places: Record<string, string[]> = {
  "etcd-server": ["/usr/bin/etcd"],
  patroni: ["/usr/bin/patroni"],
  haproxy: ["/usr/sbin/haproxy"],
  "postgresql-15": ["15", "16", "17", "18"].map((version) =>
    `/usr/lib/postgresql/${version}/bin/postgres`
  ),
};

/** Returns what of it is not on this machine, by the names of packages. */
export function missingPackages(): string[] {
  return Object.keys(places).filter((name) => placeOf(name) === undefined);
}

function placeOf(name: string): string | undefined {
  return places[name]!.find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/** One machine: its ports, its folder, and what runs on it. */
interface Machine {
  name: string;
  folder: string;
  data: string;
  ports: { database: number; patroni: number; etcd: number; etcdPeer: number };
  /** What runs on it; none on a machine that is dead. */
  running: { etcd: Deno.ChildProcess; patroni: Deno.ChildProcess } | null;
}

/** A machine as the Patronis speak of it. */
interface Member {
  name: string;
  role: string;
  state: string;
  timeline?: number;
}

export class PatroniCluster implements Cluster {
  readonly deaths: readonly Death[] = ["killed", "killed, standby frozen", "hung"];
  readonly #machines: Machine[];
  readonly #balancerPort = freePort();
  #balancer!: Deno.ChildProcess;
  #gone: Machine | undefined;

  private constructor(private readonly folder: string, private readonly synchronous: boolean) {
    this.#machines = ["one", "two", "three"].map((name) => ({
      name,
      folder: `${folder}/${name}`,
      data: `${folder}/${name}/data`,
      ports: {
        database: freePort(),
        patroni: freePort(),
        etcd: freePort(),
        etcdPeer: freePort(),
      },
      running: null,
    }));
  }

  /** @param synchronous whether commits wait for a standby */
  static async start(synchronous: boolean): Promise<PatroniCluster> {
    const folder = await Deno.makeTempDir({ prefix: "strongroom-patroni-" });
    const cluster = new PatroniCluster(folder, synchronous);
    try {
      for (const machine of cluster.#machines) cluster.#prepare(machine);
      Deno.writeTextFileSync(`${folder}/haproxy.cfg`, cluster.#balancerSettings());
      await giveAway(folder);
      for (const machine of cluster.#machines) cluster.#start(machine);
      cluster.#balancer = leashed(
        folder,
        [placeOf("haproxy")!, "-f", `${folder}/haproxy.cfg`],
        "TERM",
      );
      await cluster.#keepsUp();
      await cluster.#makeDatabase();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get url(): string {
    return this.#urlOf(database);
  }

  run(...statements: string[]): Promise<Record<string, unknown>[]> {
    return this.#runIn(database, ...statements);
  }

  /** Nothing more is sent: what waits in the senders dies with them. */
  async cutOff(): Promise<void> {
    const { data } = await this.#inRole("leader");
    for (const pid of processesOf(data)) {
      const title = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
      if (title.includes("walsender")) Deno.kill(pid, "SIGSTOP");
    }
  }

  async failOver(death: Death): Promise<number> {
    const primary = await this.#inRole("leader");
    const frozen = death === "killed, standby frozen"
      ? processOf((await this.#inRole("sync_standby")).data, "walreceiver")
      : null;
    const diedMs = await withFrozen(frozen, () => {
      // The member of etcd goes on: the machine hangs in its database alone.
      if (death === "hung") signalAll(databaseOn(primary), "SIGSTOP");
      else kill(primary);
      return Promise.resolve(performance.now());
    });
    this.#gone = primary;
    await this.#within(
      "another primary",
      async () =>
        (await this.#members()).some(({ name, role, state }) =>
          name !== primary.name && role === "leader" && state === "running"
        ),
    );
    return diedMs;
  }

  async mend(): Promise<void> {
    const gone = this.#gone!;
    if (gone.running) signalAll(databaseOn(gone), "SIGCONT");
    else this.#start(gone);
    this.#gone = undefined;
    await this.#keepsUp();
  }

  async stop(): Promise<void> {
    for (const machine of this.#machines) kill(machine);
    if (this.#balancer) signalAll(treeOf(this.#balancer.pid), "SIGKILL");
    await Deno.remove(this.folder, { recursive: true });
  }

  #prepare({ name, folder, data, ports }: Machine): void {
    Deno.mkdirSync(folder, { mode: 0o700 });
    const address = `127.0.0.1:${ports.patroni}`;
    const settings = {
      scope: database,
      name,
      restapi: { listen: address, connect_address: address },
      // By its second interface: by the third, Patroni before 3.1 may never again write down who is waited
      // for (its issue 2779).
      etcd: { hosts: this.#machines.map(({ ports }) => `127.0.0.1:${ports.etcd}`) },
      bootstrap: {
        dcs: {
          synchronous_mode: this.synchronous,
          synchronous_mode_strict: this.synchronous,
          // The control needs a standby to take over that has not received all.
          ...(this.synchronous ? {} : { maximum_lag_on_failover: 2 ** 30 }),
          postgresql: {
            use_pg_rewind: true,
            parameters: {
              synchronous_commit: "on",
              max_connections: 100,
              log_min_messages: "error",
            },
          },
        },
        initdb: [{ encoding: "UTF8" }, { locale: "C" }, "data-checksums"],
      },
      postgresql: {
        listen: `127.0.0.1:${ports.database}`,
        connect_address: `127.0.0.1:${ports.database}`,
        data_dir: data,
        bin_dir: placeOf("postgresql-15")!.replace(/\/postgres$/, ""),
        pgpass: `${folder}/pgpass`,
        authentication: {
          superuser: { username: "postgres" },
          replication: { username: "replicator" },
        },
        pg_hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
        parameters: { unix_socket_directories: "" },
      },
    };
    Deno.writeTextFileSync(`${folder}/patroni.yml`, JSON.stringify(settings)); // YAML, too
  }

  #start(machine: Machine): void {
    const { name, folder, ports } = machine;
    const [client, peer] = [ports.etcd, ports.etcdPeer].map((port) => `http://127.0.0.1:${port}`);
    const peers = this.#machines.map(({ name, ports }) =>
      `${name}=http://127.0.0.1:${ports.etcdPeer}`
    );
    const etcd = [
      "--enable-v2",
      `--name=${name}`,
      `--data-dir=${folder}/etcd`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${peers}`,
    ];
    machine.running = {
      etcd: leashed(this.folder, [placeOf("etcd-server")!, ...etcd], "TERM"),
      patroni: leashed(this.folder, [placeOf("patroni")!, `${folder}/patroni.yml`], "TERM"),
    };
  }

  #balancerSettings(): string {
    const servers = this.#machines.map(({ name, ports }) =>
      `  server ${name} 127.0.0.1:${ports.database} maxconn 100 check port ${ports.patroni}`
    );
    return `defaults
  mode tcp
  retries 2
  timeout client 30m
  timeout connect 4s
  timeout server 30m
  timeout check 5s
listen bank
  bind 127.0.0.1:${this.#balancerPort}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
${servers.join("\n")}
`;
  }

  async #makeDatabase(): Promise<void> {
    await this.#runIn("postgres", `CREATE ROLE ${bankRole} LOGIN`);
    await this.#runIn("postgres", `CREATE DATABASE ${database} OWNER ${bankRole}`);
  }

  async #runIn(name: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
    const url = this.#urlOf(name);
    const primary = "SELECT WHERE NOT pg_is_in_recovery()";
    await this.#within(
      "the primary behind the balancer",
      () => runAsAdmin(url, primary).then((rows) => rows.length === 1, () => false),
    );
    return await runAsAdmin(url, ...statements);
  }

  #urlOf(name: string): string {
    return `postgresql://${bankRole}@127.0.0.1:${this.#balancerPort}/${name}`;
  }

  /** Waits until all machines are there, on the primary's line of history, one of them waited for. */
  async #keepsUp(): Promise<void> {
    await this.#within("three servers that keep up", async () => {
      const members = await this.#members();
      const leader = members.find(({ role }) => role === "leader");
      const wanted = this.synchronous ? "sync_standby" : "replica";
      return members.length === this.#machines.length &&
        members.every(({ state }) => ["running", "streaming"].includes(state)) &&
        members.every(({ timeline }) => timeline === leader?.timeline) &&
        members.some(({ role }) => role === wanted);
    });
  }

  /** What the first Patroni that answers has all. */
  async #members(): Promise<Member[]> {
    for (const machine of this.#machines) {
      if (machine === this.#gone) continue;
      try {
        const signal = AbortSignal.timeout(answerMsMax);
        const answer = await fetch(`http://127.0.0.1:${machine.ports.patroni}/cluster`, { signal });
        return (await answer.json()).members;
      } catch {
        // it is not up yet
      }
    }
    return [];
  }

  /**
   * Returns the machine that the Patronis give this role: `leader`, or the `sync_standby` that
   * commits wait for.
   */
  async #inRole(wanted: string): Promise<Machine> {
    const found = (await this.#members()).find(({ role }) => role === wanted);
    if (!found) throw new Error(`there is no ${wanted}`);
    return this.#machines.find(({ name }) => name === found.name)!;
  }

  /** Waits while the machines change; where they no longer do, the programs' own words are in the error. */
  async #within(what: string, holds: () => Promise<boolean>): Promise<void> {
    const startMs = performance.now();
    let [state, changedMs] = ["", startMs];
    while (!await holds()) {
      const nowMs = performance.now();
      const stateNow = await this.#state();
      if (stateNow !== state) [state, changedMs] = [stateNow, nowMs];
      const unchangedMs = nowMs - changedMs;
      if (unchangedMs > unchangedMsMax || nowMs - startMs > waitMsMax) {
        const said = Deno.readTextFileSync(`${this.folder}/log`).trimEnd().split("\n");
        const waited = `${what}: not after ${Math.round((nowMs - startMs) / 1_000)} s, ` +
          `${Math.round(unchangedMs / 1_000)} s of them without a change`;
        throw new Error([waited, ...said.slice(-logLinesMax), state].join("\n"));
      }
      await pause(lookMs);
    }
  }

  /** What changes while a machine comes back: its state, its line of history, what it has on its disk. */
  async #state(): Promise<string> {
    const members = (await this.#members()).map(({ name, role, state, timeline }) => {
      const { data } = this.#machines.find((machine) => machine.name === name)!;
      return { name, role, state, timeline, disk: state === "running" ? 0 : sizeOf(data) };
    });
    return JSON.stringify(members);
  }
}

/** Returns the bytes that a folder takes; files may come and go meanwhile. */
function sizeOf(folder: string): number {
  const { stdout } = new Deno.Command("du", { args: ["-sb", folder], stderr: "null" }).outputSync();
  return Number.parseInt(new TextDecoder().decode(stdout)) || 0;
}

/** Starts PostgreSQL and its Patroni. */
function databaseOn({ running, data }: Machine): number[] {
  // PostgreSQL is nobody's child: the Patroni that started it does not stay its parent.
  return running ? [...treeOf(running.patroni.pid), ...processesOf(data)] : [];
}

/** Kills all that runs on a machine at once. */
function kill(machine: Machine): void {
  if (machine.running) {
    signalAll([...databaseOn(machine), ...treeOf(machine.running.etcd.pid)], "SIGKILL");
  }
  machine.running = null;
}
