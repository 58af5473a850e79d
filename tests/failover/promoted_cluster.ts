/** A PostgreSQL primary and its standby, which is promoted by hand when the primary dies. */
import { bankRole, giveAway, Node, Programs, runAsAdmin } from "../server/helpers/postgres.ts";
import { type Cluster, type Death, pause, withFrozen } from "./cluster.ts";

/** What makes a server ready to be copied, and to be a primary or a standby. */
const settings = { max_connections: "120", wal_keep_size: "256MB", hot_standby: "on" };
const standbyName = "standby";
const database = "bank";
const patienceMs = 60_000;

export class PromotedCluster implements Cluster {
  readonly deaths: readonly Death[] = ["killed", "killed, standby frozen"];
  /** How often a standby was made: each has its own folder. */
  #standbys = 0;
  /** The port of what died. */
  #freePort: number | undefined;
  #url = "";

  private constructor(
    private readonly programs: Programs,
    public primary: Node,
    public standby: Node,
    /** Whether commits wait for the standby. */
    private synchronous: boolean,
  ) {}

  /** @param synchronous whether commits wait for the standby */
  static async start(synchronous: boolean): Promise<PromotedCluster> {
    const programs = await Programs.installed();
    const primary = new Node(programs, "primary");
    await primary.init();
    await primary.start(settings);
    await primary.run(`CREATE DATABASE ${database} OWNER ${bankRole}`);
    const cluster = new PromotedCluster(programs, primary, primary, synchronous);
    await cluster.mend();
    cluster.#url = urlOf(primary, cluster.standby);
    return cluster;
  }

  /** Returns both servers, which the bank's servers try in turn; their ports stay as they are. */
  get url(): string {
    return this.#url;
  }

  run(...statements: string[]): Promise<Record<string, unknown>[]> {
    return runAsAdmin(urlOf(this.primary), ...statements);
  }

  /** Makes a new standby of the primary as it runs. */
  async mend(): Promise<void> {
    const { primary, programs } = this;
    const standby = new Node(programs, `standby-${++this.#standbys}`, this.#freePort);
    await primary.backUp(standby.data);
    const upstream =
      `host=127.0.0.1 port=${primary.port} user=postgres application_name=${standbyName}`;
    const added = `synchronous_standby_names = ''\nprimary_conninfo = '${upstream}'\n`;
    const auto = `${standby.data}/postgresql.auto.conf`;
    Deno.writeTextFileSync(auto, added, { append: true });
    Deno.writeTextFileSync(`${standby.data}/standby.signal`, "");
    await giveAway(standby.data);
    await standby.start(settings);
    this.standby = standby;
    await this.#keepsUp();
  }

  /** Waits until the standby is what it is to be. */
  async #keepsUp(): Promise<void> {
    const { primary } = this;
    const wanted = this.synchronous ? "sync" : "async";
    if (this.synchronous) await this.#setStandbyNames(standbyName);
    const state = `SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'`;
    const endMs = performance.now() + patienceMs;
    while ((await primary.run(state))[0]?.sync_state !== wanted) {
      if (performance.now() > endMs) throw new Error("the standby does not keep up");
      await pause(50);
    }
  }

  /** From now on a commit waits until the standby has applied it. */
  async waitUntilApplied(): Promise<void> {
    this.synchronous = true;
    await this.primary.run(`ALTER ROLE ${bankRole} SET synchronous_commit = remote_apply`);
    await this.#keepsUp();
  }

  /** Runs statements in the bank's database, as the bank's own role. */
  async asOwner(...statements: string[]): Promise<void> {
    await this.run(`SET ROLE ${bankRole}`, ...statements);
  }

  async cutOff(): Promise<void> {
    await this.standby.run(
      "ALTER SYSTEM SET primary_conninfo = ''",
      "SELECT pg_reload_conf()",
    );
  }

  async failOver(death: Death): Promise<number> {
    const { primary, standby } = this;
    const diedMs = await withFrozen(
      death === "killed, standby frozen" ? standby.process("walreceiver") : null,
      () => primary.kill(),
    );
    await standby.run("SELECT pg_promote(true, 30)");
    this.#freePort = primary.port;
    this.primary = standby;
    return diedMs;
  }

  async stop(): Promise<void> {
    for (const node of new Set([this.primary, this.standby])) await node.kill().catch(() => {});
    await this.programs.remove();
  }

  async #setStandbyNames(names: string): Promise<void> {
    await this.primary.run(
      `ALTER SYSTEM SET synchronous_standby_names = '${names}'`,
      "SELECT pg_reload_conf()",
    );
  }
}

/** Returns the bank's database on these servers. */
function urlOf(...nodes: Node[]): string {
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return `postgresql://${bankRole}@${hosts}/${database}`;
}
