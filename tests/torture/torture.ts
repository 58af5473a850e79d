/**
 * The bank and its ATMs, killed at random moments: `deno task torture`. A real server, real ATMs in
 * their own processes, kill -9 to the server, to an ATM or to both, often while an operator's command
 * runs, and again. After each death of the server its files are held against everything that it had
 * acknowledged; at the end the books against what the devices did, the log against the books, and all
 * against what customers intended and saw, by the simulator's judges.
 */
import { DatabaseSync } from "node:sqlite";
import { operatorArguments, serverArguments } from "../bank_programs.ts";
import { freePort } from "../end_to_end/programs.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { testProgram } from "../test_program.ts";
import { keysPath, logFilePath } from "../../server/folder/bank_folder.ts";
import { recordsInSqlite } from "../simulation/records.ts";
import { atmsAgree, type BooksAtEnd } from "./atms_agree.ts";
import { customers, flag, type Outcome, ownerOf, printOutcome, whilePrinting } from "./drill.ts";
import { type BankRow, doubledOf, lostOf } from "./judge.ts";
import { Reports } from "./reports.ts";
import type { TortureAtm } from "./torture_atm.ts";
import { Victim } from "./victim.ts";

export interface Torture {
  /** How often something is killed: the server and an ATM together count as two. */
  kills: number;
  atms: number;
  log?: (line: string) => void;
}

export async function torture(
  { kills, atms, log = () => {} }: Torture,
): Promise<Outcome & { kills: number }> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-torture-" });
  const scene = await Scene.set(folder, atms);
  try {
    await scene.start();
    let count = 0;
    while (count < kills) {
      const before = count;
      count += await scene.killSomething(count + 1 < kills);
      if (Math.floor(count / 10) > Math.floor(before / 10)) {
        log(`${count} killed, ${scene.acknowledged} acknowledged, ${scene.lost.length} lost`);
      }
    }
    return { kills: count, ...await scene.end() };
  } finally {
    await scene.clear();
    await Deno.remove(folder, { recursive: true });
  }
}

class Scene {
  readonly lost: string[] = [];
  /** What the operator's commands found after kills. */
  readonly #complaints: string[] = [];
  readonly #reports = new Reports();
  readonly #atms: Victim[] = [];
  readonly #server: Victim;
  #serial = 0;
  #ready = false;
  #running = false;

  private constructor(
    private readonly folder: string,
    private readonly atmFolders: Map<string, string>,
    private readonly port: number,
  ) {
    const args = serverArguments({ folder: this.#bank }, port);
    this.#server = new Victim(args, () => this.#ready = true);
    for (const [key, folder] of atmFolders) {
      const name = nameOf(folder);
      const servers = [{ hostname: "127.0.0.1", port }];
      const config: TortureAtm = { folder, key, servers, customers, own: ownerOf(name) };
      const program = new URL("./torture_atm.ts", import.meta.url).pathname;
      this.#atms.push(
        new Victim(
          testProgram(program, JSON.stringify(config)),
          (line) => this.#reports.add(line, name),
        ),
      );
    }
  }

  /** Returns a bank with customers and as many terminals, none of which runs yet. */
  static async set(folder: string, atms: number): Promise<Scene> {
    const terminals = Array.from({ length: atms }, (_, index) => `atm-${index + 1}`);
    const opening = "1000000.00";
    const everybody = [...customers, ...terminals.map(ownerOf)];
    const keys = await makeBank(`${folder}/bank`, { terminals, customers: everybody, opening });
    const folders = new Map(keys.map((key, at) => [key, `${folder}/${terminals[at]}`]));
    return new Scene(folder, folders, freePort());
  }

  get acknowledged(): number {
    return this.#reports.acknowledged.length;
  }

  async start(): Promise<void> {
    this.#running = true;
    await this.#startServer();
    for (const atm of this.#atms) atm.start();
  }

  /** Waits for some progress and a little more, and kills; how many it killed. */
  async killSomething(mayBeBoth: boolean): Promise<number> {
    const enough = this.acknowledged + 1 + chance(16);
    await this.#until("more is acknowledged", () => this.acknowledged >= enough);
    const acting = this.#act();
    await new Promise((resolve) => setTimeout(resolve, chance(1_000)));
    const which = chance(mayBeBoth ? 3 : 2);
    const atm = which === 0 ? null : this.#atms[chance(this.#atms.length)]!;
    const server = which === 1 ? null : this.#server;
    await Promise.all([server?.kill(), atm?.kill()]);
    await acting; // without a server the command has the bank's folder
    if (server) {
      this.#hold();
      await this.#startServer();
    }
    atm?.start();
    const complaint = server && await this.#operate(this.#verify);
    if (complaint) this.#complaints.push(`after a kill: ${complaint}`);
    return (server ? 1 : 0) + (atm ? 1 : 0);
  }

  /** Lets all ATMs settle and end, then the bank, and judges. */
  async end(): Promise<Outcome> {
    for (const atm of this.#atms) await atm.say("finish");
    await this.#until("all is settled", () => this.#reports.finished === this.#atms.length);
    const codes = [];
    for (const atm of this.#atms) codes.push(await atm.end());
    codes.push(await this.#server.end());
    this.#running = false;
    const rows = this.#hold();
    const { journaled, problems } = atmsAgree(this.atmFolders.values(), this.#books(rows));
    if (codes.some((code) => code !== 0)) problems.push(`exit codes ${codes}`);
    problems.push(...this.#complaints, ...this.#reports.problems, ...this.#judge());
    for (const words of [["ledger", "check"], this.#verify]) {
      const complaint = await this.#operate(words);
      if (complaint !== null) problems.push(`bank ${words.join(" ")}: ${complaint}`);
    }
    const doubled = doubledOf(rows, journaled);
    if (this.lost.length + doubled.length + problems.length > 0) {
      for (const victim of [this.#server, ...this.#atms]) problems.push(...victim.complaints);
    }
    const { acknowledged, lost } = this;
    return { acknowledged, lost, doubled, problems, counts: this.#reports.counts };
  }

  async clear(): Promise<void> {
    if (!this.#running) return;
    for (const victim of [this.#server, ...this.#atms]) await victim.kill().catch(() => {});
  }

  get #bank(): string {
    return `${this.folder}/bank`;
  }

  /** Returns whether the log is whole: each entry, and none lost that its key has. */
  get #verify(): string[] {
    return ["audit", "verify", `--first-key=${this.#bank}-first.key`];
  }

  async #startServer(): Promise<void> {
    this.#ready = false;
    this.#server.start();
    await this.#until("the server starts", () => this.#ready);
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    await whilePrinting(what, holds, [this.#server, ...this.#atms]);
  }

  /** Runs an operator's command, which may be cut short by a kill. */
  async #act(): Promise<void> {
    const number = ++this.#serial;
    const atm = nameOf([...this.atmFolders.values()][chance(this.#atms.length)]!);
    const guest = { username: `guest-${number}`, password: `guest's password ${number}` };
    const acts: [words: string[], input?: string][] = [
      [["customer", "add", guest.username, "--opening", "1000000.00"], guest.password],
      [["terminal", "enroll", `spare-${number}`, `--out=${this.folder}/spare-${number}.key`]],
      [["terminal", "rotate", atm]],
      [["key", "rotate"]],
      [["audit", "rotate"]],
    ];
    const [words, input] = acts[chance(acts.length)]!;
    const complaint = await this.#operate(words, input);
    const command = words.slice(0, 2).join(" ");
    this.#reports.count(complaint === null ? command : `${command}, cut short or refused`);
    if (complaint !== null || input === undefined) return;
    for (const atm of this.#atms) await atm.say(JSON.stringify(guest)).catch(() => {});
  }

  /** What the simulator's judges find at the end of all. */
  #judge(): string[] {
    const atms = new Map(
      [...this.atmFolders].map(([key, folder]) => [JSON.parse(key).terminal as string, folder]),
    );
    return this.#reports.judge(recordsInSqlite(`${this.#bank}/bank.sqlite`), atms, {
      firstKeys: [Deno.readTextFileSync(`${this.#bank}-first.key`)],
      bankKeys: [Deno.readTextFileSync(keysPath(this.#bank))],
      files: [Deno.readTextFileSync(logFilePath(this.#bank))],
    });
  }

  /** Holds what a dead server has left on disk, in a copy, against what it had acknowledged. */
  #hold(): BankRow[] {
    const copy = Deno.makeTempDirSync({ dir: this.folder });
    for (const file of ["bank.sqlite", "bank.sqlite-wal"]) {
      try {
        Deno.copyFileSync(`${this.#bank}/${file}`, `${copy}/${file}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error; // ended in order, it leaves no WAL
      }
    }
    const database = new DatabaseSync(`${copy}/bank.sqlite`);
    const query = database.prepare(
      `SELECT lower(hex(id)) AS movement, step, action, kind, outcome, booked FROM movements`,
    );
    query.setReadBigInts(true);
    const rows = (query.all() as unknown as BankRow[]).filter(({ kind }) => kind !== "transfer");
    database.close();
    Deno.removeSync(copy, { recursive: true });
    const known = new Set(this.lost);
    this.lost.push(
      ...lostOf(this.#reports.acknowledged, rows).filter((words) => !known.has(words)),
    );
    return rows;
  }

  /** What the bank's files say at the end of all. */
  #books(rows: BankRow[]): BooksAtEnd {
    const bank = new DatabaseSync(`${this.#bank}/bank.sqlite`);
    const cash = bank.prepare(
      `SELECT terminals.name, balance FROM accounts JOIN terminals ON terminals.id = owner`,
    );
    cash.setReadBigInts(true);
    const balances = cash.all() as { name: string; balance: bigint }[];
    const { open } = bank.prepare("SELECT count(*) AS open FROM holds").get() as { open: number };
    bank.close();
    return { rows, open, balances: new Map(balances.map(({ name, balance }) => [name, balance])) };
  }

  /** Runs an operator's command; null, or what it said when it failed. */
  #operate(words: string[], input = ""): Promise<string | null> {
    return runWithInput(operatorArguments({ folder: this.#bank }, words), input);
  }
}

/** Runs Deno with a line of input; null, or what it said when it failed. */
export async function runWithInput(args: string[], input: string): Promise<string | null> {
  const stdio = { stdin: "piped", stdout: "null", stderr: "piped" } as const;
  const process = new Deno.Command(Deno.execPath(), { args, ...stdio }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${input}\n`)).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stderr } = await process.output();
  return code === 0 ? null : new TextDecoder().decode(stderr);
}

const nameOf = (folder: string) => folder.slice(folder.lastIndexOf("/") + 1);

const chance = (count: number) => Math.floor(Math.random() * count);

if (import.meta.main) {
  const asked = { kills: flag("kills", 200), atms: flag("atms", 6) };
  const outcome = await torture({ ...asked, log: console.log });
  const isGood = printOutcome(outcome);
  const { kills, acknowledged, lost, doubled } = outcome;
  console.log(
    `kills ${kills} acknowledged ${acknowledged} lost ${lost.length} doubled ${doubled.length}`,
  );
  Deno.exit(isGood ? 0 : 1);
}
