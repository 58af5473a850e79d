/** A PostgreSQL primary and its standby, of which the primary can die. */
import { bankRole, Node, output, Programs, runAsAdmin } from "../server/helpers/postgres.ts";

/** What makes a server ready to be copied, and to be a primary or a standby. */
const settings = { max_connections: "120", wal_keep_size: "256MB", hot_standby: "on" };
const standbyName = "standby";
const database = "bank";
const patienceMs = 60_000;

export class Cluster {
  /** How often a standby was made: each has a folder of its own. */
  #standbys = 0;

  private constructor(
    private readonly programs: Programs,
    public primary: Node,
    public standby: Node,
    /** Whether commits wait for the standby. */
    private synchronous: boolean,
  ) {}

  /** @param synchronous whether commits wait for the standby */
  static async start(synchronous: boolean): Promise<Cluster> {
    const programs = await Programs.installed();
    const primary = new Node(programs, "primary");
    await primary.init();
    await primary.start(settings);
    await primary.run(`CREATE DATABASE ${database} OWNER ${bankRole}`);
    const cluster = new Cluster(programs, primary, primary, synchronous);
    await cluster.addStandby();
    return cluster;
  }

  /** Both servers, as the bank's servers are to try them; the ports stay as they are. */
  url(...ports: number[]): string {
    const hosts = ports.map((port) => `127.0.0.1:${port}`).join(",");
    return `postgresql://${bankRole}@${hosts}/${database}`;
  }

  /** The database of the bank on this server. */
  urlOf(node: Node): string {
    return this.url(node.port);
  }

  /** Makes a new standby of the primary as it runs, and waits until it keeps up. */
  async addStandby(port?: number): Promise<void> {
    const { primary, programs } = this;
    const standby = new Node(programs, `standby-${++this.#standbys}`, port);
    await primary.backUp(standby.data);
    const upstream =
      `host=127.0.0.1 port=${primary.port} user=postgres application_name=${standbyName}`;
    const added = `synchronous_standby_names = ''\nprimary_conninfo = '${upstream}'\n`;
    const auto = `${standby.data}/postgresql.auto.conf`;
    Deno.writeTextFileSync(auto, added, { append: true });
    Deno.writeTextFileSync(`${standby.data}/standby.signal`, "");
    await output(["/bin/chown", "-R", `--reference=${primary.data}`, standby.data]);
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
      await new Promise((resolve) => setTimeout(resolve, 50));
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
    await runAsAdmin(this.urlOf(this.primary), `SET ROLE ${bankRole}`, ...statements);
  }

  /** Cuts the standby off: what is committed from now on, it does not hear. */
  async cutOff(): Promise<void> {
    await this.standby.run(
      "ALTER SYSTEM SET primary_conninfo = ''",
      "SELECT pg_reload_conf()",
    );
  }

  /**
   * The primary dies, every process of it at once, and the standby takes its place.
   * @param frozenMs how long before that the standby's receiver is frozen
   * @returns when it died
   */
  async failOver(frozenMs = 0): Promise<number> {
    const receiver = frozenMs > 0 ? this.standby.process("walreceiver") : undefined;
    if (frozenMs > 0 && receiver === undefined) throw new Error("the standby has no receiver");
    if (receiver !== undefined) {
      Deno.kill(receiver, "SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, frozenMs));
    }
    const diedMs = await this.primary.kill();
    if (receiver !== undefined) Deno.kill(receiver, "SIGCONT");
    await this.standby.run("SELECT pg_promote(true, 30)");
    this.primary = this.standby;
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
