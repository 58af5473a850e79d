/**
 * The bank's database dies, again and again: `deno task failover`. A PostgreSQL primary with a
 * synchronous standby, two real servers on one port, real ATMs; the primary is killed with every process
 * of it, sometimes with the standby's receiver frozen just before, and the standby takes its place; before
 * each, one of the servers is killed, too, and an operator's command is under way. After each death what
 * the new primary has is held against everything that ATMs received; at the end books, notes and both
 * chains of the log, and all against what customers intended and saw, by the simulator's judges. As a
 * control, a standby that nobody waits for must lose something:
 * else this could not see a loss.
 */
import { writePrivateFile } from "../../lib/private_file.ts";
import { systemFiles } from "../../lib/system.ts";
import { joinServer } from "../../server/operator/log_programs.ts";
import { operatorArguments, serverArguments } from "../bank_programs.ts";
import { freePort, until } from "../end_to_end/programs.ts";
import { systemBank } from "../../server/programs/system_bank.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { testProgram } from "../test_program.ts";
import { keysPath, logFilePath } from "../../server/folder/bank_folder.ts";
import { recordsInPostgres } from "../simulation/records.ts";
import { atmsAgree } from "../torture/atms_agree.ts";
import { type BankRow, doubledOf, lostOf } from "../torture/judge.ts";
import { Reports } from "../torture/reports.ts";
import { ownerOf, runWithInput } from "../torture/torture.ts";
import type { TortureAtm } from "../torture/torture_atm.ts";
import { Victim } from "../torture/victim.ts";
import type { Cluster, Death } from "./cluster.ts";
import { PromotedCluster } from "./promoted_cluster.ts";

/** @param synchronous whether commits wait for a standby */
export type StartCluster = (synchronous: boolean) => Promise<Cluster>;

export interface FailOver {
  /** How often the primary dies. */
  failovers: number;
  atms: number;
  start: StartCluster;
  log?: (line: string) => void;
}

export interface Outcome {
  acknowledged: number;
  lost: string[];
  doubled: string[];
  /** Whatever else is not as it should be. */
  problems: string[];
  /** Of each fail-over, seconds from the death to the next thing that the bank said. */
  outagesS: number[];
  /** How often each thing was done. */
  counts: ReadonlyMap<string, number>;
}

const customers = ["alice", "bob", "carol"].map((username) => ({
  username,
  password: `${username}'s password`,
}));
/** Without progress for so long, something hangs. */
const patienceMs = 120_000;
/** What is answered between two deaths, at least. */
const betweenDeaths = 30;

/** Kills the primary so often, with a standby that commits wait for. */
export async function failOver(
  { failovers, atms, start, log = () => {} }: FailOver,
): Promise<Outcome> {
  return await onScene(await start(true), atms, async (scene) => {
    const { deaths } = scene.cluster;
    for (let count = 1; count <= failovers; count++) {
      await scene.progress(betweenDeaths);
      const death = deaths[(count - 1) % deaths.length]!;
      await scene.killServer(count);
      const outageS = await scene.failOver(death);
      log(
        `fail-over ${count}, ${death}: ${scene.acknowledged} acknowledged, ${scene.lost.length} lost, ` +
          `the bank was away for ${outageS.toFixed(1)} s`,
      );
    }
    await scene.progress(betweenDeaths);
    return await scene.end();
  });
}

/**
 * Returns what is lost with a standby that nobody waits for, and that receives nothing in the end.
 */
export async function loseWithoutWaiting(start: StartCluster, atms: number): Promise<string[]> {
  return await onScene(await start(false), atms, async (scene) => {
    await scene.progress(betweenDeaths);
    await scene.cluster.cutOff();
    await scene.progress(betweenDeaths);
    await scene.killBank();
    await scene.cluster.failOver("killed");
    await scene.hold();
    return scene.lost;
  });
}

async function onScene<T>(
  cluster: Cluster,
  atms: number,
  run: (scene: Scene) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-failover-" });
  const scene = new Scene(folder, cluster);
  try {
    await scene.start(atms);
    return await run(scene);
  } finally {
    await scene.killBank();
    await cluster.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

class Scene {
  readonly lost: string[] = [];
  readonly #reports = new Reports();
  readonly #outagesS: number[] = [];
  #atms: Victim[] = [];
  /** The folder of each ATM, by its terminal's id. */
  #atmFolders = new Map<string, string>();
  #serial = 0;
  #acting: Promise<void> = Promise.resolve();
  #servers: Victim[] = [];
  #ready = 0;
  #toldMs = 0;
  readonly #urlFile: string;

  constructor(private readonly folder: string, readonly cluster: Cluster) {
    this.#urlFile = `${folder}/database.url`;
  }

  get acknowledged(): number {
    return this.#reports.acknowledged.length;
  }

  async start(atms: number): Promise<void> {
    const { url } = this.cluster;
    writePrivateFile(systemFiles, this.#urlFile, url);
    const terminals = Array.from({ length: atms }, (_, index) => `atm-${index + 1}`);
    const opening = "1000000.00";
    const [one, other] = this.#folders;
    const everybody = [...customers, ...terminals.map(ownerOf)];
    const keys = await makeBank(one!, { terminals, customers: everybody, opening }, url);
    await joinServer(systemBank, {
      folder: other!,
      url,
      from: `${one}/bank.keys`,
      operator: "test",
      keepFirstKey: (text) => writePrivateFile(systemFiles, `${other}-first.key`, text),
    });
    const port = freePort();
    this.#servers = this.#folders.map((folder) => this.#server(folder, port));
    for (const server of this.#servers) server.start();
    await until("the servers start", () => this.#ready === this.#servers.length, patienceMs);
    this.#atmFolders = new Map(
      keys.map((key, at) => [JSON.parse(key).terminal, `${this.folder}/${terminals[at]}`]),
    );
    this.#atms = keys.map((key, index) => this.#atm(key, terminals[index]!, port));
    for (const atm of this.#atms) atm.start();
  }

  /** Waits until the bank has said so much more. */
  async progress(count: number): Promise<void> {
    const enough = this.acknowledged + count;
    await until("more is acknowledged", () => this.acknowledged >= enough, patienceMs);
  }

  /** One of the bank's servers dies, in turn, and is started again. */
  async killServer(turn: number): Promise<void> {
    const server = this.#servers[turn % this.#servers.length]!;
    await server.kill();
    const ready = this.#ready;
    server.start();
    await until("the server is back", () => this.#ready > ready, patienceMs);
  }

  /**
   * Kills the primary; a standby takes over and gets its own standby; seconds without
   * an answer.
   */
  async failOver(death: Death): Promise<number> {
    await this.#acting;
    this.#acting = this.#act();
    const diedMs = await this.cluster.failOver(death);
    const answered = this.acknowledged;
    await until("the bank is back", () => this.acknowledged > answered, patienceMs);
    const outageS = (this.#toldMs - diedMs) / 1_000;
    this.#outagesS.push(outageS);
    await this.hold();
    await this.cluster.mend();
    return outageS;
  }

  /** Holds what the primary has now against what was acknowledged. */
  async hold(): Promise<BankRow[]> {
    const answered = [...this.#reports.acknowledged];
    const rows = await this.cluster.run(
      "SELECT encode(id, 'hex') AS movement, step, action, kind, outcome, booked FROM movements",
    ) as unknown as (BankRow & { booked: string })[];
    const counted = rows.filter(({ kind }) => kind !== "transfer")
      .map((row) => ({ ...row, booked: BigInt(row.booked) }));
    const known = new Set(this.lost);
    this.lost.push(...lostOf(answered, counted).filter((words) => !known.has(words)));
    return counted;
  }

  /** Lets all ATMs settle and end, then the servers, and judges. */
  async end(): Promise<Outcome> {
    await this.#acting;
    for (const atm of this.#atms) await atm.say("finish");
    await until("all is settled", () => this.#reports.finished === this.#atms.length, patienceMs);
    const codes: number[] = [];
    for (const victim of [...this.#atms, ...this.#servers]) codes.push(await victim.end());
    const victims = [...this.#servers, ...this.#atms];
    const rows = await this.hold();
    const cash = await this.cluster.run(
      "SELECT terminals.name, balance FROM accounts JOIN terminals ON terminals.id = owner",
    ) as { name: string; balance: string }[];
    const balances = new Map(cash.map(({ name, balance }) => [name, BigInt(balance)]));
    const [{ open }] = await this.cluster.run("SELECT count(*)::int AS open FROM holds") as [
      { open: number },
    ];
    const { journaled, problems } = atmsAgree(this.#atmFolders.values(), { rows, balances, open });
    if (codes.some((code) => code !== 0)) problems.push(`exit codes ${codes}`);
    problems.push(...this.#reports.problems, ...await this.#judge());
    const firstKeys = this.#folders.map((folder) => `${folder}-first.key`).join();
    const checks = this.#folders.map((folder) =>
      [folder, "audit", "verify", `--first-key=${firstKeys}`] as const
    );
    for (const [folder, ...words] of [...checks, [this.#folders[0]!, "ledger", "check"]]) {
      const complaint = await this.#operate(folder!, words);
      if (complaint !== null) problems.push(`bank ${words.join(" ")}: ${complaint}`);
    }
    const doubled = doubledOf(rows, journaled);
    if (this.lost.length + doubled.length + problems.length > 0) {
      problems.push(...victims.flatMap(({ complaints }) => complaints));
    }
    const { lost, acknowledged } = this;
    const { counts } = this.#reports;
    return { acknowledged, lost, doubled, problems, outagesS: this.#outagesS, counts };
  }

  async killBank(): Promise<void> {
    const victims = [...this.#atms, ...this.#servers];
    [this.#atms, this.#servers] = [[], []];
    for (const victim of victims) await victim.kill().catch(() => {});
  }

  get #folders(): string[] {
    return ["one", "other"].map((name) => `${this.folder}/${name}`);
  }

  #atm(key: string, name: string, port: number): Victim {
    const folder = `${this.folder}/${name}`;
    const config: TortureAtm = { folder, key, port, customers, own: ownerOf(name) };
    const program = new URL("../torture/torture_atm.ts", import.meta.url).pathname;
    return new Victim(testProgram(program, JSON.stringify(config)), (line) => {
      const before = this.acknowledged;
      this.#reports.add(line, name);
      if (this.acknowledged > before) this.#toldMs = performance.now();
    });
  }

  /** Runs an operator's command at one of the servers; the bank's primary may die meanwhile. */
  async #act(): Promise<void> {
    const number = ++this.#serial;
    const guest = { username: `guest-${number}`, password: `guest's password ${number}` };
    const acts: [words: string[], input?: string][] = [
      [["customer", "add", guest.username, "--opening", "1000000.00"], guest.password],
      [["terminal", "rotate", `atm-${1 + number % this.#atms.length}`]],
      [["terminal", "enroll", `spare-${number}`, `--out=${this.folder}/spare-${number}.key`]],
    ];
    const [words, input] = acts[number % acts.length]!;
    const complaint = await this.#operate(this.#folders[number % 2]!, words, input);
    const command = words.slice(0, 2).join(" ");
    this.#reports.count(complaint === null ? command : `${command}, cut short or refused`);
    if (complaint !== null || input === undefined) return;
    for (const atm of this.#atms) await atm.say(JSON.stringify(guest)).catch(() => {});
  }

  /** What the simulator's judges find at the end of all. */
  async #judge(): Promise<string[]> {
    const records = await recordsInPostgres((sql) => this.cluster.run(sql));
    const texts = (paths: string[]) => paths.map((path) => Deno.readTextFileSync(path));
    return this.#reports.judge(records, this.#atmFolders, {
      firstKeys: texts(this.#folders.map((folder) => `${folder}-first.key`)),
      bankKeys: texts(this.#folders.map(keysPath)),
      files: texts(this.#folders.map(logFilePath)),
    });
  }

  #server(folder: string, port: number): Victim {
    const bank = { folder, databaseUrlFile: this.#urlFile };
    return new Victim(serverArguments(bank, port, true), () => this.#ready++);
  }

  /** Runs an operator's command; null, or what it said when it failed. */
  #operate(folder: string, words: readonly string[], input = ""): Promise<string | null> {
    const key = `--operator-key=${this.#folders[0]}-operator.key`;
    return runWithInput(
      operatorArguments({ folder, databaseUrlFile: this.#urlFile }, [...words, key]),
      input,
    );
  }
}

/** Returns the number that a flag gives. */
function flag(name: string, otherwise: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  const value = at < 0 ? otherwise : Number(Deno.args[at + 1]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name}: write a number, such as ${otherwise}`);
  Deno.exit(2);
}

/**
 * Runs the whole drill with its flags; prints the outcome, and ends with 1 where that
 * is bad.
 */
export async function drill(start: StartCluster): Promise<never> {
  const [failovers, atms] = [flag("failovers", 10), flag("atms", 6)];
  const seen = await loseWithoutWaiting(start, atms);
  console.log(`control, a standby that nobody waits for: ${seen.length} lost, as it must be`);
  if (seen.length === 0) console.log("nothing was lost: this could not see a loss");
  const outcome = await failOver({ failovers, atms, start, log: console.log });
  const { acknowledged, lost, doubled, problems, outagesS, counts } = outcome;
  for (const words of [...lost, ...doubled, ...problems]) console.log(words);
  for (const [what, times] of [...counts].sort()) {
    console.log(`${String(times).padStart(8)} ${what}`);
  }
  const sorted = outagesS.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  console.log(
    `outage ${median.toFixed(1)} s (${sorted[0]!.toFixed(1)} to ${sorted.at(-1)!.toFixed(1)})`,
  );
  console.log(
    `failovers ${failovers} acknowledged ${acknowledged} lost ${lost.length} doubled ${doubled.length}`,
  );
  const bad = lost.length + doubled.length + problems.length > 0 || seen.length === 0;
  Deno.exit(bad ? 1 : 0);
}

if (import.meta.main) await drill((synchronous) => PromotedCluster.start(synchronous));
