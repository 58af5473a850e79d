/**
 * An ATM of the torture, in its own process: a real ATM, whose customers do everything that a customer
 * can, without end. It prints a line for each answer of the bank, at once. A customer on standard input
 * joins the others; `finish` ends their visits, and the input's end ends the program.
 */
import { BankAtm } from "../../client/atm.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { fillCassettes } from "../../client/filling.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { LocalControls } from "../../client/cash/device_controls.ts";
import { Journal } from "../../client/journal.ts";
import type { Receipt } from "../../lib/atm.ts";
import { isThere, replacePrivateFile } from "../../lib/private_file.ts";
import { connectTcp, system, systemFiles } from "../../lib/system.ts";
import { formatTerminalKey, parseTerminalKey, readTerminalKey } from "../../lib/terminal_key.ts";
import { english } from "../../ui/page/words/english.ts";
import { linesOf } from "../server/helpers/lines.ts";
import { claimOf } from "../simulation/customer.ts";
import type { Claim, Intent } from "../simulation/intents.ts";
import type { ReportLine } from "./reports.ts";

interface Known {
  username: string;
  password: string;
}

export interface Address {
  hostname: string;
  port: number;
}

/** What an ATM of the torture is started with, as JSON. */
export interface TortureAtm {
  folder: string;
  /** The text of its key file. */
  key: string;
  /** The bank's servers: each connection is to the next. */
  servers: Address[];
  /** Who visits every ATM. */
  customers: Known[];
  /** Who visits this ATM alone, and changes the password there. */
  own: Known;
}

const say = (line: ReportLine) =>
  console.log(JSON.stringify(line, (_, value) => typeof value === "bigint" ? `${value}` : value));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const chance = (count: number) => Math.floor(Math.random() * count);
/** Transfers of one pair of accounts differ in their amounts, minor units: the books are searched by them. */
const transferMinorMax = 4_000_000;
/** How many of a customer's newest passwords may hold: the last change may be in doubt. */
const passwordsMax = 3;

class TellingJournal extends Journal {
  readonly #transfers = new Set<string>();

  constructor(database: ConstructorParameters<typeof Journal>[0]) {
    super(database);
    for (
      const { movement } of database.prepare(
        "SELECT movement FROM journal WHERE kind = 'transfer'",
      ).all()
    ) this.#transfers.add(movement as string);
  }

  override authorised(...args: Parameters<Journal["authorised"]>): void {
    say({ authorised: args[0] });
    super.authorised(...args);
  }

  override intend(...[entry, timeMs]: Parameters<Journal["intend"]>): void {
    const { kind, movement, amount } = entry;
    if (kind === "load") say({ acted: movement, done: amount.toString() });
    if (kind === "transfer") this.#transfers.add(movement);
    super.intend(entry, timeMs);
  }

  override acted(movement: string, done: bigint): void {
    say({ acted: movement, done: done.toString() });
    super.acted(movement, done);
  }

  override settled(movement: string): void {
    if (!this.#transfers.has(movement)) say({ settled: movement });
    super.settled(movement);
  }
}

class Visitors {
  /** Account numbers that were on screens. */
  readonly #accounts = new Set<string>();
  #attempts = 0;

  constructor(
    private readonly atm: BankAtm,
    private readonly devices: SimulatedDevices,
    private readonly own: OwnCustomer,
  ) {}

  /** One visit of the ATM's own customer, who may have any of the newest passwords. */
  async ownVisit(): Promise<boolean> {
    for (const password of this.own.passwords) {
      const { outcome, retryAfterMs } = await this.#logInOwn(password);
      if (outcome === "ok") {
        this.own.holds(password);
        await this.#whileInside(this.own.username);
        return true;
      }
      await pause(retryAfterMs ?? 100);
      if (outcome !== "wrong_credentials") return false;
    }
    say({ wrong: `${this.own.username} is kept out with ${this.own.passwords.length} passwords` });
    return false;
  }

  /** Logs in with this password, as soon as earlier wrong ones allow it. */
  async #logInOwn(password: string): ReturnType<BankAtm["logIn"]> {
    for (;;) {
      const answer = await this.atm.logIn(this.own.username, password);
      if (answer.outcome !== "throttled") return answer;
      await pause(answer.retryAfterMs ?? 100);
    }
  }

  async visit({ username, password }: Known): Promise<void> {
    const { outcome, retryAfterMs } = await this.atm.logIn(username, password);
    if (outcome === "ok") return await this.#whileInside(username);
    if (outcome === "wrong_credentials") say({ wrong: `${username} is kept out` });
    await pause(retryAfterMs ?? 100);
  }

  async #whileInside(username: string): Promise<void> {
    say({ did: "log-in" });
    const account = this.atm.view().visit?.account.id;
    if (account) this.#accounts.add(account);
    for (let left = 1 + chance(6); left > 0 && this.atm.view().visit; left--) {
      const what = chance(10);
      if (what < 3) await this.#withdraw(username);
      else if (what < 5) await this.#deposit(username);
      else if (what < 8) await this.#transfer(username);
      else if (what < 9 || username !== this.own.username) await this.#look();
      else await this.own.change(this.atm);
    }
    await this.atm.logOut();
  }

  async #withdraw(customer: string): Promise<void> {
    const amount = String(1_000 * (1 + chance(12)));
    await this.#attempt(
      { customer, kind: "withdrawal", to: "", amount },
      () => this.atm.withdraw(amount),
    );
  }

  async #deposit(customer: string): Promise<void> {
    await this.#attempt({ customer, kind: "deposit", to: "", amount: "0" }, async () => {
      await this.atm.depositOpen();
      for (let notes = 1 + chance(3); notes > 0; notes--) {
        await this.atm.insertNote(["1000", "2000", "5000"][chance(3)]!);
      }
      return await this.atm.depositConfirm();
    });
  }

  async #transfer(customer: string): Promise<void> {
    const others = [...this.#accounts].filter((id) => id !== this.atm.view().visit?.account.id);
    const to = others[chance(others.length)];
    if (to === undefined) return;
    const amount = String(1 + Date.now() % transferMinorMax);
    await this.#attempt(
      { customer, kind: "transfer", to, amount },
      () => this.atm.transfer(to, amount),
    );
  }

  async #attempt(
    intent: Omit<Intent, "account" | "amount" | "attempts"> & { amount: string },
    act: () => Promise<Receipt>,
  ): Promise<void> {
    const account = this.atm.view().visit?.account.id;
    if (account === undefined) return;
    const id = `${++this.#attempts} ${Date.now()}`;
    const notes = () => totalOf(this.devices.everywhere());
    const before = notes();
    say({
      attempt: id,
      intent: { ...intent, account, amount: BigInt(intent.amount) },
      fromMs: Date.now(),
    });
    const { outcome, amount, movement, account: after } = await act();
    if (outcome === "not_logged_in" && movement !== "") say({ unrecorded: movement });
    const claim: Claim = outcome === "ok"
      ? { said: "done", again: false, amount: BigInt(amount), reference: movement }
      : claimOf({ next: "", ...english.refusals[outcome] ?? english.refusals.not_booked! });
    const booked = outcome === "ok" && after !== null ? BigInt(after.booked) : null;
    say({ concluded: id, untilMs: Date.now(), claim, handed: before - notes(), booked });
    say({ did: `${intent.kind}: ${outcome}` });
  }

  async #look(): Promise<void> {
    const account = this.atm.view().visit?.account.id;
    const fromMs = Date.now();
    const { outcome, days } = await this.atm.balance();
    const last = days.at(-1);
    if (outcome !== "ok" || !last || account === undefined) return;
    say({ look: { account, fromMs, untilMs: Date.now(), booked: BigInt(last.booked) } });
    say({ did: "balance" });
  }
}

/** The customer of this ATM alone. The passwords that may hold are in a file, which outlives a kill. */
class OwnCustomer {
  readonly username: string;
  /** The likeliest first. */
  passwords: string[];

  constructor(private readonly path: string, { username, password }: Known) {
    this.username = username;
    this.passwords = isThere(systemFiles, path)
      ? JSON.parse(Deno.readTextFileSync(path))
      : [password];
  }

  holds(password: string): void {
    this.#keep([password, ...this.passwords.filter((each) => each !== password)]);
  }

  async change(atm: BankAtm): Promise<void> {
    const [current, ...others] = this.passwords;
    const next = `${this.username} ${crypto.randomUUID()}`;
    this.#keep([current!, next, ...others]);
    const { outcome } = await atm.changePassword(current!, next);
    if (outcome === "ok") this.#keep([next]);
    say({ did: `password: ${outcome}` });
  }

  #keep(passwords: string[]): void {
    this.passwords = passwords.slice(0, passwordsMax);
    replacePrivateFile(systemFiles, this.path, JSON.stringify(this.passwords));
  }
}

if (import.meta.main) {
  const { folder, key, servers, customers, own } = JSON.parse(Deno.args[0]!) as TortureAtm;
  const database = openAtmFolder(systemFiles, folder);
  const journal = new TellingJournal(database);
  const devices = new SimulatedDevices(database);
  const newest = `${folder}/terminal.key`;
  let connections = 0;
  const atm = new BankAtm({
    world: system,
    connect: () => {
      const { hostname, port } = servers[connections++ % servers.length]!;
      return connectTcp(hostname, port);
    },
    findKey: () =>
      isThere(systemFiles, newest)
        ? readTerminalKey(systemFiles, newest)
        : parseTerminalKey(key, "the key"),
    keepKey: (key) => {
      replacePrivateFile(systemFiles, newest, formatTerminalKey(key));
      say({ did: "new terminal key" });
    },
    journal,
    devices,
    demo: new LocalControls(devices),
    log: console.error,
    onConnected: (currency) => {
      if (devices.cassettes().size > 0) return;
      const notes = new Map([[5000n, 9_000], [2000n, 9_000], [1000n, 9_000]]);
      fillCassettes({ database, journal, devices, world: system }, notes, currency);
    },
  });
  atm.start();
  const visitors = new Visitors(atm, devices, new OwnCustomer(`${folder}/own.json`, own));
  let finishing = false;
  const ended = (async () => {
    for await (const line of linesOf(Deno.stdin.readable)) {
      if (line === "finish") finishing = true;
      else customers.push(JSON.parse(line));
    }
  })();
  const isOnline = () => atm.view().bank === "online";
  while (!finishing) {
    if (!isOnline()) await pause(20);
    else if (chance(4) === 0) await visitors.ownVisit().catch(console.error);
    else await visitors.visit(customers[chance(customers.length)]!).catch(console.error);
  }
  while (!isOnline() || journal.open().length > 0) await pause(20); // the next session settles
  while (!await visitors.ownVisit()) await pause(200); // not locked: the customer gets in
  while (!isOnline() || journal.open().length > 0) await pause(20);
  say({ finished: true });
  await ended;
  await atm.stop();
  database.close();
}
