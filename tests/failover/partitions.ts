/**
 * Networks that lose packets, for a while each: `deno task drill:partitions [--seconds N] [--atms N]`. A
 * PostgreSQL, two real servers and real ATMs are on separate machines (network namespaces); what is sent
 * between two of them is lost, both ways or one way, all or in part; twice a server's clock jumps
 * meanwhile, and it takes no money until its clock is right. What goes on meanwhile, and how long after its
 * end each ATM has an answer, is printed; the judges are those of the fail-over.
 */
import { until } from "../end_to_end/programs.ts";
import { bankRole, Node, Programs, runAsAdmin } from "../server/helpers/postgres.ts";
import { flag, patienceMs, printOutcome } from "../torture/drill.ts";
import {
  addressOf,
  databaseAddress,
  inNetworks,
  lose,
  type Loss,
  type Machine,
  mend,
  whyNoNetworks,
  within,
} from "./networks.ts";
import { type Database, onScene, Scene } from "./scene.ts";
import { TurnedClock } from "./turned_clock.ts";

interface Partition {
  name: string;
  losses: Loss[];
  /** Of the packets, the part that is lost. */
  part: number;
  /** Whether money moves meanwhile. */
  goesOn: boolean;
  /** How far the first server's clock jumps meanwhile. */
  jumpS?: number;
}

const oneWay = (from: Machine, to: Machine): Loss[] => [{ from, to }];
const bothWays = (one: Machine, other: Machine) => [...oneWay(one, other), ...oneWay(other, one)];
const everywhere = (["one", "other"] as const).flatMap((server) => [
  ...bothWays("atms", server),
  ...bothWays("database", server),
]);

const partitions: Partition[] = [
  ...[
    ["ATMs and one server", bothWays("atms", "one")] as const,
    ["from ATMs to one server", oneWay("atms", "one")] as const,
    ["from one server to ATMs", oneWay("one", "atms")] as const,
    ["one server and the database", bothWays("one", "database")] as const,
    ["from one server to the database", oneWay("one", "database")] as const,
    ["from the database to one server", oneWay("database", "one")] as const,
  ].map(([name, losses]) => ({ name, losses, part: 1, goesOn: true })),
  {
    name: "ATMs and both servers",
    losses: [...bothWays("atms", "one"), ...bothWays("atms", "other")],
    part: 1,
    goesOn: false,
  },
  {
    name: "both servers and the database",
    losses: [...bothWays("one", "database"), ...bothWays("other", "database")],
    part: 1,
    goesOn: false,
  },
  {
    name: "from the database to both servers",
    losses: [...oneWay("database", "one"), ...oneWay("database", "other")],
    part: 1,
    goesOn: false,
  },
  {
    name: "one server and the database, and its clock jumps ahead",
    losses: bothWays("one", "database"),
    part: 1,
    goesOn: true,
    jumpS: 600,
  },
  {
    name: "ATMs and one server, and its clock jumps back",
    losses: bothWays("atms", "one"),
    part: 1,
    goesOn: true,
    jumpS: -600,
  },
  { name: "a fifth of all packets", losses: everywhere, part: 0.2, goesOn: true },
];

/** What is answered between two partitions, at least. */
const betweenPartitions = 30;
const port = 4_100;

class OnePostgres implements Database {
  private constructor(private readonly programs: Programs, private readonly node: Node) {}

  static async start(): Promise<OnePostgres> {
    const programs = await Programs.installed();
    const node = new Node(programs, "data");
    await node.init();
    const mayConnect = "host all all 10.77.0.0/16 trust\n";
    Deno.writeTextFileSync(`${node.data}/pg_hba.conf`, mayConnect, { append: true });
    await node.start({ listen_addresses: "*", max_connections: "50" });
    await node.run(`CREATE DATABASE bank OWNER ${bankRole}`);
    return new OnePostgres(programs, node);
  }

  get url(): string {
    return `postgresql://${bankRole}@${databaseAddress}:${this.node.port}/bank`;
  }

  run(...statements: string[]): Promise<Record<string, unknown>[]> {
    return runAsAdmin(this.url, ...statements);
  }

  async stop(): Promise<void> {
    await this.node.kill();
    await this.programs.remove();
  }
}

/** How long a server has a wrong clock and a network. */
const wrongMs = 10_000;

class NetworkScene extends Scene {
  readonly #clock: TurnedClock;

  constructor(folder: string, database: Database) {
    const clock = new TurnedClock(`${folder}/clock`);
    const servers = (["one", "other"] as const).map((server) => ({
      address: { hostname: addressOf(server, "atms"), port },
      within: [...within(server), ...(server === "one" ? clock.within : [])],
    }));
    super(folder, database, { servers, atms: within("atms") });
    this.#clock = clock;
  }

  /** Returns how much was acknowledged meanwhile, and seconds from the end to the last ATM's answer. */
  async partition({ losses, part, jumpS }: Partition, seconds: number): Promise<[number, number]> {
    await this.acting;
    const before = this.acknowledged;
    this.acting = this.act();
    lose(losses, part);
    if (jumpS !== undefined) this.#clock.turn(jumpS);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const meanwhile = this.acknowledged - before;
    mend();
    if (jumpS !== undefined) await this.#putRight();
    const mendedMs = performance.now();
    const answers = () => [...this.answeredMs.values()];
    const all = () => answers().every((atMs) => atMs > mendedMs);
    await until("every ATM has an answer", all, patienceMs);
    const afterS = (performance.now() - mendedMs) / 1_000;
    await this.hold();
    return [meanwhile, afterS];
  }

  /** Waits until the first server has stopped money, and sets its clock right. */
  async #putRight(): Promise<void> {
    const logged = (words: string) => () =>
      this.servers[0]!.complaints.some((line) => line.includes(words));
    await until(
      "the server with the wrong clock takes no money",
      logged("money stops"),
      patienceMs,
    );
    await new Promise((resolve) => setTimeout(resolve, wrongMs));
    this.servers[0]!.complaints.length = 0;
    this.#clock.turn(0);
    await until("the clock is right again", logged("money moves"), patienceMs);
  }
}

async function drill(): Promise<never> {
  const [seconds, atms] = [flag("seconds", 20), flag("atms", 6)];
  const database = await OnePostgres.start();
  const set = (folder: string) => new NetworkScene(folder, database);
  const outcome = await onScene(set, database, atms, async (scene) => {
    const stopped: string[] = [];
    for (const partition of partitions) {
      await scene.progress(betweenPartitions);
      const [meanwhile, afterS] = await scene.partition(partition, seconds);
      const connections = "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = ";
      const [counted] = await database.run(`${connections} '${bankRole}'`);
      console.log(
        `${partition.name}, ${seconds} s: ${meanwhile} acknowledged meanwhile, every ATM answered ` +
          `${afterS.toFixed(1)} s after, ${scene.lost.length} lost, ${counted!.count} connections`,
      );
      if (partition.goesOn && meanwhile === 0) stopped.push(`${partition.name}: nothing went on`);
    }
    await scene.progress(betweenPartitions);
    const [{ newest }] = await database.run(
      "SELECT max(time_ms)::text AS newest FROM movements",
    ) as [
      { newest: string },
    ];
    if (Number(newest) > Date.now() + 1_000) stopped.push("a movement has a wrong clock's time");
    const { problems, ...rest } = await scene.end();
    return { ...rest, problems: [...stopped, ...problems] };
  });
  const isWell = printOutcome(outcome);
  const { acknowledged, lost, doubled } = outcome;
  console.log(
    `partitions ${partitions.length} acknowledged ${acknowledged} lost ${lost.length} doubled ${doubled.length}`,
  );
  Deno.exit(isWell ? 0 : 1);
}

if (import.meta.main) {
  const why = whyNoNetworks() ?? TurnedClock.why();
  if (why !== null) {
    console.error(
      `drill:partitions: ${why}. On Debian: apt-get install iproute2 iptables faketime`,
    );
    Deno.exit(2);
  }
  await inNetworks(drill);
}
