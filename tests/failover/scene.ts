/**
 * The scene of the drills that break a bank's database or its networks: a bank in PostgreSQL, two real
 * servers of it, and real ATMs. What the database has is held against everything that ATMs received; at the
 * end books, notes and both chains of the log, and all against what customers intended and saw, by the
 * simulator's judges.
 */
import { writePrivateFile } from "../../lib/private_file.ts";
import { systemFiles } from "../../lib/system.ts";
import { keysPath, logFilePath } from "../../server/folder/bank_folder.ts";
import { joinServer } from "../../server/operator/log_programs.ts";
import { systemBank } from "../../server/programs/system_bank.ts";
import { operatorArguments, serverArguments } from "../bank_programs.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { recordsInPostgres } from "../simulation/records.ts";
import { testProgram } from "../test_program.ts";
import { atmsAgree } from "../torture/atms_agree.ts";
import { customers, type Outcome, ownerOf, whilePrinting } from "../torture/drill.ts";
import { type BankRow, doubledOf, lostOf } from "../torture/judge.ts";
import { Reports } from "../torture/reports.ts";
import { runWithInput } from "../torture/torture.ts";
import type { Address, TortureAtm } from "../torture/torture_atm.ts";
import { Victim } from "../torture/victim.ts";

/** The database of a bank. */
export interface Database {
  /** Where the bank's servers find it. */
  readonly url: string;

  /** Runs statements with all rights in the bank's database; gives the last one's rows. */
  run(...statements: string[]): Promise<Record<string, unknown>[]>;

  /** Ends all of it, and takes its data away. */
  stop(): Promise<void>;
}

/** Where programs run: each list is a command that runs another one there. */
export interface Places {
  /** The two servers; their ports may be the same. */
  servers: readonly { address: Address; within: readonly string[] }[];
  atms: readonly string[];
  /** The balancer to which ATMs connect; without one they connect to the servers. */
  balancer?: Address;
}

/** What the bank says of a command that it had done although its answer was lost. */
const doneBefore = /name taken|rotation under way/;

/** Runs with a scene whose programs have started, and ends all of it. */
export async function onScene<S extends Scene, T>(
  set: (folder: string) => S,
  database: Database,
  atms: number,
  run: (scene: S) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-drill-" });
  const scene = set(folder);
  try {
    await scene.start(atms);
    return await run(scene);
  } finally {
    await scene.killBank();
    await database.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

export class Scene {
  readonly lost: string[] = [];
  /** When each ATM last got an answer, in milliseconds of `performance.now()`, by its name. */
  readonly answeredMs = new Map<string, number>();
  /** The operator's command that is under way. */
  acting: Promise<void> = Promise.resolve();
  servers: Victim[] = [];
  /** How often a server was ready. */
  ready = 0;
  readonly #reports = new Reports();
  #atms: Victim[] = [];
  /** The folder of each ATM, by its terminal's id. */
  #atmFolders = new Map<string, string>();
  #serial = 0;
  #again: (() => Promise<boolean>) | null = null;
  readonly #urlFile: string;

  constructor(
    private readonly folder: string,
    private readonly database: Database,
    private readonly places: Places,
  ) {
    this.#urlFile = `${folder}/database.url`;
  }

  get acknowledged(): number {
    return this.#reports.acknowledged.length;
  }

  async start(atms: number): Promise<void> {
    const { url } = this.database;
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
    this.servers = this.#folders.map((folder, at) =>
      this.#server(folder, this.places.servers[at]!)
    );
    for (const server of this.servers) server.start();
    await this.until("the servers start", () => this.ready === this.servers.length);
    this.#atmFolders = new Map(
      keys.map((key, at) => [JSON.parse(key).terminal, `${this.folder}/${terminals[at]}`]),
    );
    this.#atms = keys.map((key, index) => this.#atm(key, terminals[index]!));
    for (const atm of this.#atms) atm.start();
  }

  /** Waits until the bank has said so much more. */
  async progress(count: number): Promise<void> {
    const enough = this.acknowledged + count;
    await this.until("more is acknowledged", () => this.acknowledged >= enough);
  }

  /** Waits until it holds, as long as servers and ATMs print lines. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const victims = [...this.servers, ...this.#atms];
    await whilePrinting(what, holds, victims).catch((error) => {
      throw new Error([error.message, ...this.#said()].join("\n"));
    });
  }

  /** Holds what the database has now against what was acknowledged. */
  async hold(): Promise<BankRow[]> {
    const answered = [...this.#reports.acknowledged];
    const rows = await this.database.run(
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
    await this.acting;
    for (const atm of this.#atms) await atm.say("finish");
    await this.until("all is settled", () => this.#reports.finished === this.#atms.length);
    const codes: number[] = [];
    for (const victim of [...this.#atms, ...this.servers]) codes.push(await victim.end());
    const victims = [...this.servers, ...this.#atms];
    const rows = await this.hold();
    const cash = await this.database.run(
      "SELECT terminals.name, balance FROM accounts JOIN terminals ON terminals.id = owner",
    ) as { name: string; balance: string }[];
    const balances = new Map(cash.map(({ name, balance }) => [name, BigInt(balance)]));
    const [{ open }] = await this.database.run("SELECT count(*)::int AS open FROM holds") as [
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
    return { acknowledged, lost, doubled, problems, counts };
  }

  /** What was done, and the last complaints of servers and ATMs. */
  #said(): string[] {
    const counts = [...this.#reports.counts].map(([what, times]) => `${times} ${what}`);
    return [...counts, ...[...this.servers, ...this.#atms].flatMap(({ complaints }) => complaints)];
  }

  async killBank(): Promise<void> {
    const victims = [...this.#atms, ...this.servers];
    [this.#atms, this.servers] = [[], []];
    for (const victim of victims) await victim.kill().catch(() => {});
  }

  get #folders(): string[] {
    return ["one", "other"].map((name) => `${this.folder}/${name}`);
  }

  #atm(key: string, name: string): Victim {
    const folder = `${this.folder}/${name}`;
    const { balancer, servers: machines } = this.places;
    const servers = balancer ? [balancer] : machines.map(({ address }) => address);
    const config: TortureAtm = { folder, key, servers, customers, own: ownerOf(name) };
    const program = new URL("../torture/torture_atm.ts", import.meta.url).pathname;
    const onLine = (line: string) => {
      const before = this.acknowledged;
      this.#reports.add(line, name);
      if (this.acknowledged > before) this.answeredMs.set(name, performance.now());
    };
    return new Victim(testProgram(program, JSON.stringify(config)), onLine, this.places.atms);
  }

  /** Runs an operator's command at one of the servers; it may be cut short. */
  async act(): Promise<void> {
    const number = ++this.#serial;
    const guest = { username: `guest-${number}`, password: `guest's password ${number}` };
    const acts: [words: string[], input?: string][] = [
      [["customer", "add", guest.username, "--opening", "1000000.00"], guest.password],
      [["terminal", "rotate", `atm-${1 + number % this.#atms.length}`]],
      [["terminal", "enroll", `spare-${number}`, `--out=${this.folder}/spare-${number}.key`]],
    ];
    const [words, input] = acts[number % acts.length]!;
    const folder = this.#folders[number % 2]!;
    const command = words.slice(0, 2).join(" ");
    const isDone = async (again: string) => {
      const complaint = await this.#operate(folder, words, input);
      const isRefused = complaint !== null && !(again && doneBefore.test(complaint));
      this.#reports.count(`${command}${again}${isRefused ? ", cut short or refused" : ""}`);
      if (isRefused && again) this.#reports.problems.push(`bank ${command}${again}: ${complaint}`);
      if (isRefused || input === undefined) return !isRefused;
      for (const atm of this.#atms) await atm.say(JSON.stringify(guest)).catch(() => {});
      return true;
    };
    this.#again = await isDone("") ? null : () => isDone(", given again");
  }

  /** Gives the command once more that was cut short: it is done now, or was done already. */
  async actAgain(): Promise<void> {
    await this.acting;
    await this.#again?.();
    this.#again = null;
  }

  /** What the simulator's judges find at the end of all. */
  async #judge(): Promise<string[]> {
    const records = await recordsInPostgres((sql) => this.database.run(sql));
    const texts = (paths: string[]) => paths.map((path) => Deno.readTextFileSync(path));
    return this.#reports.judge(records, this.#atmFolders, {
      firstKeys: texts(this.#folders.map((folder) => `${folder}-first.key`)),
      bankKeys: texts(this.#folders.map(keysPath)),
      files: texts(this.#folders.map(logFilePath)),
    });
  }

  #server(folder: string, { address, within }: Places["servers"][number]): Victim {
    const bank = { folder, databaseUrlFile: this.#urlFile, hostname: address.hostname };
    return new Victim(serverArguments(bank, address.port, true), () => this.ready++, within);
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
