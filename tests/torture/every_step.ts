/**
 * Kill -9 at every step of a withdrawal and of a deposit, on the real programs: the ATM, its device
 * service and the bank's server, each at each message between them, with and without device keys.
 * Afterwards notes and books agree, nothing is held, nothing is booked twice, and a difference for the
 * customer is one that staff are shown.
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Xfs4IotDevices } from "../../client/cash/xfs4iot/xfs4iot_devices.ts";
import { countCassettes, fillCassettes } from "../../client/filling.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { Journal } from "../../client/journal.ts";
import type { AtmStart, DevicesStart } from "../../lib/programs.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { writePrivateFile } from "../../lib/private_file.ts";
import {
  atmPermissions,
  denoArguments,
  devicesPermissions,
} from "../../ui/command_line/launcher/permissions.ts";
import { operatorArguments, serverArguments } from "../bank_programs.ts";
import { connectStandard } from "../client/reference_messages.ts";
import { freePort, operate, until } from "../end_to_end/programs.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { patienceMs } from "./drill.ts";
import { relayToBank, relayToDevices, Steps } from "./steps.ts";
import { runWithInput } from "./torture.ts";
import { Victim } from "./victim.ts";

const project = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const alice = { username: "alice", password: "alice's password" };
const euro = { code: "EUR", exponent: 2 };

export type Killed = "ATM" | "devices" | "bank";
export const killable: readonly Killed[] = ["ATM", "devices", "bank"];
export const kinds = ["withdrawal", "deposit"] as const;
export type Kind = typeof kinds[number];

/** One kill, and its result. */
export interface Cell {
  kind: Kind;
  step: string;
  killed: Killed;
  /** By how much the customer's balance changed, in euro; "*" if staff had to count. */
  booked: string;
}

/** A program that writes its readiness as a line of JSON. */
class Program<Ready> {
  #isReady!: (ready: unknown) => void;
  readonly victim: Victim;

  constructor(args: string[], private readonly input = "") {
    this.victim = new Victim(args, (line) => this.#isReady(JSON.parse(line)));
  }

  async start(): Promise<Ready> {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#isReady = resolve;
    this.victim.start();
    if (this.input !== "") await this.victim.say(this.input);
    const late = setTimeout(() => this.victim.kill(), patienceMs);
    const ready = await Promise.race([promise, this.victim.ended]) as Ready | void;
    clearTimeout(late);
    if (!ready) throw new Error(`it did not start: ${this.victim.complaints.join("\n")}`);
    return ready;
  }
}

export class Street {
  readonly #steps = new Steps();
  readonly #bank: Program<{ address: string }>;
  readonly #devices: Program<{ page: string }>;
  readonly #atm: Program<{ link: string }>;
  readonly #relays: ReturnType<typeof relayToBank>[];
  #page!: AtmPage;
  #pane = "";
  #taking: ReturnType<typeof setInterval> | undefined;

  private constructor(private readonly folder: string, keys: boolean) {
    const bankPort = freePort();
    const devicesPort = freePort();
    this.#relays = [relayToBank(bankPort, this.#steps), relayToDevices(devicesPort, this.#steps)];
    const [toBank, toDevices] = this.#relays.map(({ port }) => port) as [number, number];
    this.#bank = new Program(serverArguments({ folder: `${folder}/bank` }, bankPort));
    const listen = { hostname: "127.0.0.1", port: devicesPort };
    const devices: DevicesStart = {
      ...{ folder: `${folder}/devices`, listen },
      ...(keys && { keys: `${folder}/cash.keys` }),
    };
    const address = `127.0.0.1:${devicesPort}`;
    this.#devices = new Program(
      denoArguments(
        { project },
        "client/programs/devices",
        devicesPermissions(devices, address),
        devices,
      ),
    );
    const start: AtmStart = {
      bank: { hostname: "127.0.0.1", port: toBank },
      ...{ key: `${folder}/lobby.key`, folder: `${folder}/lobby`, demo: false, wait: true },
      devices: { url: `ws://127.0.0.1:${toDevices}/xfs4iot/v1.0`, isOwn: false },
      ...{ language: "en", aids: { printer: false, voices: [] } },
    };
    const net = [`127.0.0.1:${toBank}`, "127.0.0.1:0", `127.0.0.1:${toDevices}`];
    const permissions = atmPermissions(start.folder, start.key, net);
    this.#atm = new Program(
      denoArguments({ project }, "client/programs/atm_in_browser", permissions, start),
      JSON.stringify({ html: "", script: "", style: "" }),
    );
  }

  /** @param keys whether the device has keys */
  static async open(folder: string, keys: boolean): Promise<Street> {
    const [key] = await makeBank(`${folder}/bank`, {
      ...{ terminals: ["lobby"], customers: [alice], opening: "100000.00" },
    });
    writePrivateFile(systemFiles, `${folder}/lobby.key`, key!);
    const street = new Street(folder, keys);
    await street.#bank.start();
    if (keys) {
      const words = ["device", "enroll", "cash", "--terminal=lobby", `--out=${folder}/cash.keys`];
      assertEquals(await street.#operate(words), null);
    }
    street.#pane = (await street.#devices.start()).page;
    await street.#atStaff((people) => {
      const notes = new Map([[5_000n, 40], [2_000n, 40], [1_000n, 40]]);
      assert(fillCassettes(people, notes, euro));
      return people.devices.carryOut();
    });
    // A customer takes notes as soon as they are there.
    street.#taking = setInterval(() => street.#act("takeNotes"), 100);
    await street.#startAtm();
    await street.#untilQuiet();
    return street;
  }

  /** Returns the steps of a movement in which nobody is killed. */
  async stepsOf(kind: Kind): Promise<readonly string[]> {
    await this.#logIn();
    this.#steps.arm();
    await this.#move(kind);
    this.#steps.disarm();
    await this.#untilQuiet();
    return [...this.#steps.taken];
  }

  /** Kills one program before a step of a movement, starts it again, and requires that all is well. */
  async strike(kind: Kind, at: number, killed: Killed): Promise<Cell> {
    await this.#logIn();
    const before = this.#books();
    let struck: Promise<void> | null = null;
    this.#steps.arm(at, () => {
      const program = this.#programOf(killed);
      return struck = program.victim.kill();
    });
    const moved = this.#move(kind).catch(() => {}); // the ATM may be dead
    await Promise.race([moved, until("the step", () => struck !== null, patienceMs)]);
    await moved;
    this.#steps.disarm();
    const step = this.#steps.taken[at] ?? "after the last step";
    if (struck !== null) {
      await struck;
      if (killed === "ATM") await this.#startAtm();
      else {
        const { page } = await this.#programOf(killed).start() as { page?: string };
        if (page) this.#pane = page;
      }
    }
    await this.#untilQuiet();
    const counted = await this.#countIfNeeded();
    const after = this.#books();
    const words = `${kind}, ${at} ${step}: ${killed} killed`;
    assertEquals([after.notes, after.held], [-after.lobby, 0n], words);
    const change = after.alice - before.alice;
    const differences = after.differences - before.differences;
    assertEquals(change + differences, after.notes - before.notes, words);
    assert(differences === 0n || counted, `${words}: nobody was shown it`);
    assert(
      differences === 0n || kind === "withdrawal",
      `${words}: ${differences} were written off`,
    );
    const whole = kind === "withdrawal" ? -8_000n : 8_000n;
    assert(change === 0n || change === whole, `${words}: booked ${change}`);
    return { kind, step, killed, booked: `${change / 100n}${counted ? "*" : ""}` };
  }

  async close(): Promise<void> {
    clearInterval(this.#taking);
    const programs = [this.#atm, this.#devices, this.#bank];
    for (const { victim } of programs) assertEquals(await victim.end(), 0);
    for (const relay of this.#relays) await relay.close();
    const firstKey = `--first-key=${this.folder}/bank-first.key`;
    for (const words of [["ledger", "check"], ["audit", "verify", firstKey]]) {
      assertEquals(await this.#operate(words), null);
    }
  }

  /** Ends all, after a failure. */
  async abandon(): Promise<void> {
    clearInterval(this.#taking);
    for (const { victim } of [this.#atm, this.#devices, this.#bank]) {
      await victim.kill().catch(() => {});
    }
    for (const relay of this.#relays) await relay.close();
  }

  #programOf(killed: Killed): Program<unknown> {
    return { ATM: this.#atm, devices: this.#devices, bank: this.#bank }[killed];
  }

  async #startAtm(): Promise<void> {
    this.#page = await AtmPage.open((await this.#atm.start()).link);
  }

  async #logIn(): Promise<void> {
    const { username, password } = alice;
    await until("logged in", async () => {
      const answer = await this.#page.call("logIn", username, password) as { outcome: string };
      return answer.outcome === "ok";
    }, patienceMs);
  }

  async #move(kind: Kind): Promise<void> {
    if (kind === "withdrawal") return void await this.#page.call("withdraw", "8000");
    await this.#page.call("depositOpen");
    const notes = ["5000", "1000", "2000"];
    for (const note of notes) await this.#act(`insertNote ${note}`);
    const isCounted = () => (this.#page.view.escrow?.total ?? "0") === "8000";
    const isOver = () => !this.#page.isThere || this.#page.view.visit === null || this.#isDead;
    await until("counted", () => isCounted() || isOver(), 5_000).catch(() => {});
    await this.#page.call("depositConfirm");
  }

  get #isDead(): boolean {
    return [this.#atm, this.#devices, this.#bank].some(({ victim }) => victim.isDead);
  }

  /** Does what a customer does at the devices; nothing where there are none. */
  async #act(body: string): Promise<void> {
    await operate(this.#pane, body).catch(() => {});
  }

  /** Waits until all have met again, and nothing is open that anybody could still settle. */
  async #untilQuiet(): Promise<void> {
    let last = "";
    const isQuiet = () => {
      const { view: { bank, devices, presented } } = this.#page;
      const open = this.#inCopy("lobby/atm.sqlite", (copy) => new Journal(copy).open().length);
      const { held } = this.#books();
      last = `bank ${bank}, jammed ${devices.jammed}, presented ${JSON.stringify(presented)}, ` +
        `open ${open}, held ${held}`;
      return bank === "online" && devices.jammed.length === 0 && !presented && open === 0 &&
        held === 0n;
    };
    await until("settled", isQuiet, patienceMs).catch(({ message }) => {
      const complaints = [this.#atm, this.#devices, this.#bank]
        .map(({ victim }) => victim.complaints.slice(-5).join("\n"));
      throw new Error([`${message}: ${last}`, ...complaints].join("\n"));
    });
    await this.#page.call("logOut");
  }

  /** Reads a database that a program has locked, in a copy. */
  #inCopy<T>(path: string, read: (copy: DatabaseSync) => T): T {
    const copy = Deno.makeTempDirSync({ dir: this.folder });
    try {
      for (const suffix of ["-wal", ""]) { // the log before what it is written into
        try {
          Deno.copyFileSync(`${this.folder}/${path}${suffix}`, `${copy}/copy.sqlite${suffix}`);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error; // ended in order: no log
        }
      }
      const database = new DatabaseSync(`${copy}/copy.sqlite`);
      try {
        return read(database);
      } finally {
        database.close();
      }
    } finally {
      Deno.removeSync(copy, { recursive: true });
    }
  }

  #notes(): { everywhere: bigint; cassettes: bigint } {
    return this.#inCopy("devices/devices.sqlite", (copy) => {
      const devices = new SimulatedDevices(copy);
      return { everywhere: totalOf(devices.everywhere()), cassettes: totalOf(devices.cassettes()) };
    });
  }

  /** Returns the books as the database has them now, and the notes. */
  #books() {
    const rows = this.#inCopy("bank/bank.sqlite", (copy) => {
      const query = copy.prepare("SELECT kind, balance, held FROM accounts");
      query.setReadBigInts(true);
      return query.all() as { kind: string; balance: bigint; held: bigint }[];
    });
    const of = (kind: string) => rows.find((row) => row.kind === kind)!.balance;
    return {
      ...{ alice: of("customer"), lobby: of("terminal"), differences: of("differences") },
      held: rows.reduce((sum, { held }) => sum + held, 0n),
      notes: this.#notes().everywhere,
    };
  }

  /** Lets staff count, if notes are in bins or a movement is flagged. Returns whether they did. */
  async #countIfNeeded(): Promise<boolean> {
    const { everywhere, cassettes } = this.#notes();
    const inBins = everywhere !== cassettes;
    const flagged = this.#inCopy("lobby/atm.sqlite", (copy) => new Journal(copy).flagged().length);
    const isNew = flagged > this.#flagged;
    this.#flagged = flagged;
    if (!inBins && !isNew) return false;
    assertEquals(await this.#atm.victim.end(), 0);
    await this.#atStaff(async (people) => {
      // What a customer left is kept apart: it is handed out, and none of what is counted.
      countCassettes(people, people.devices.inside(), euro);
      await people.devices.carryOut();
    });
    await this.#startAtm();
    await this.#untilQuiet();
    return true;
  }

  #flagged = 0;

  /** Does something at an ATM that is off. */
  async #atStaff(
    work: (people: Parameters<typeof countCassettes>[0]) => Promise<void>,
  ): Promise<void> {
    const database = openAtmFolder(systemFiles, `${this.folder}/lobby`);
    const devices = new Xfs4IotDevices({
      url: `ws://${new URL(this.#pane).host}/xfs4iot/v1.0`,
      ...{ connect: connectStandard, world: system, database, currency: () => euro },
      log: () => {},
    });
    await devices.start();
    // The service sees a moment later that the ATM's connection has ended.
    await until("the devices", () => !devices.away(), patienceMs);
    await work({ database, journal: new Journal(database), devices, world: system });
    await devices.close();
    database.close();
  }

  #operate(words: string[]): Promise<string | null> {
    return runWithInput(operatorArguments({ folder: `${this.folder}/bank` }, words), "");
  }
}

interface View {
  bank: string;
  visit: unknown;
  escrow: { total: string } | null;
  presented: unknown;
  devices: { jammed: string[] };
}

/** The page of an ATM, without its screens. */
class AtmPage {
  view!: View;
  isThere = true;

  private constructor(private readonly origin: string, private readonly secret: string) {}

  static async open(link: string): Promise<AtmPage> {
    const { origin, hash } = new URL(link);
    const headers = { origin, "x-launch-secret": hash.slice(1) };
    const response = await fetch(`${origin}/open`, { method: "POST", headers });
    const { secret } = await response.json();
    const page = new AtmPage(origin, secret);
    const { promise, resolve } = Promise.withResolvers<void>();
    void page.#watch(resolve);
    await promise;
    return page;
  }

  async #watch(seen: () => void): Promise<void> {
    try {
      const response = await this.#post("watch", "");
      let held = "";
      for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
        const lines = (held + part).split("\n");
        held = lines.pop()!;
        for (const line of lines.filter((each) => each !== "")) {
          const { view } = JSON.parse(line);
          if (view) this.view = view;
          seen();
        }
      }
    } catch {
      // it was killed
    }
    this.isThere = false;
    seen();
  }

  /** @throws if the ATM dies first */
  async call(name: string, ...args: unknown[]): Promise<unknown> {
    const response = await this.#post(`call/${name}`, JSON.stringify(args));
    if (response.status !== 200) throw new Error(`${name}: ${response.status}`);
    const { value, view } = await response.json();
    this.view = view;
    return value;
  }

  #post(path: string, body: string): Promise<Response> {
    const headers = { origin: this.origin, "x-page-secret": this.secret };
    return fetch(`${this.origin}/${path}`, { method: "POST", headers, body });
  }
}

/** Runs the whole table, or the part that `wanted` selects. */
export async function strikeEach(
  keys: boolean,
  wanted: (at: number, killed: Killed, kind: Kind) => boolean,
  log: (line: string) => void,
): Promise<Cell[]> {
  const folder = await Deno.makeTempDir({ prefix: "strongroom-steps-" });
  const cells: Cell[] = [];
  const street = await Street.open(folder, keys);
  try {
    const steps = new Map<Kind, readonly string[]>();
    for (const kind of kinds) steps.set(kind, await street.stepsOf(kind));
    const most = Math.max(...[...steps.values()].map(({ length }) => length));
    for (let at = 0; at < most; at++) {
      for (const kind of kinds) {
        if (at >= steps.get(kind)!.length) continue;
        for (const killed of killable.filter((killed) => wanted(at, killed, kind))) {
          const cell = await street.strike(kind, at, killed);
          cells.push(cell);
          log(
            `${kind.padEnd(10)} ${`${at}`.padStart(2)} ${cell.step.padEnd(32)} ` +
              `${killed.padEnd(8)} ${cell.booked}`,
          );
        }
      }
    }
    await street.close();
  } catch (error) {
    await street.abandon();
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return cells;
}

if (import.meta.main) {
  for (const keys of [false, true]) {
    console.log(`${keys ? "with" : "without"} device keys`);
    const cells = await strikeEach(keys, () => true, console.log);
    console.log(`kills ${cells.length}, notes and books agree after each\n`);
  }
}
