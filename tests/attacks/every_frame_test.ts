/**
 * Every frame of a customer's visit dropped, doubled, swapped, reflected or replaced, by an attacker
 * in the middle, over TCP. The ATM is the real one, with journal and notes: whatever the attacker
 * did, a movement is settled exactly once when the line is whole again.
 */
import { assert, assertEquals } from "@std/assert";
import { BankAtm } from "../../client/atm.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { fillCassettes } from "../../client/filling.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Journal } from "../../client/journal.ts";
import { hex } from "../../lib/bytes.ts";
import { system, systemFiles } from "../../lib/system.ts";
import type { NamedTerminalKey } from "../../lib/terminal_key.ts";
import { until } from "../client/branch.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { type Attack, Middle, type Side, strike, swapWithNext } from "./middle.ts";

/** ATMs under attack at once, each with its own customer. */
const lanes = 16;
/**
 * How long one attack is tried, and how long it waits in between: while the log-in of a visit that was
 * attacked still waits for its password check, its terminal is asked to try later.
 */
const tryMsMax = 900_000;
const pauseMs = 200;
const password = "correct horse";
const currency = { code: "EUR", exponent: 2 };

type Sent = Record<Side, readonly Uint8Array[]>;

interface Case {
  readonly name: string;
  readonly attack: Attack;
}

/**
 * Returns what is done to each frame of a session that looks like `own`; `foreign` is another
 * terminal's.
 */
function everyCase(own: Sent, foreign: Sent): Case[] {
  return (["client", "server"] as const).flatMap((from) =>
    own[from].flatMap((_, index) => {
      const last = index === own[from].length - 1;
      const attacks: Record<string, Attack | null> = {
        "dropped": strike(from, index, () => ({ on: [] })),
        "doubled": strike(from, index, (bytes) => ({ on: [bytes, bytes] })),
        "swapped with the next": last ? null : swapWithNext(from, index),
        "reflected": strike(from, index, (bytes) => ({ on: [], back: [bytes] })),
        "delivered and reflected": strike(from, index, (bytes) => ({ on: [bytes], back: [bytes] })),
        "replaced by an older session's": strike(from, index, () => ({ on: [own[from][index]!] })),
        "replaced by another terminal's": strike(from, index, () => ({
          on: [foreign[from][index]!],
        })),
      };
      return Object.entries(attacks).flatMap(([what, attack]) =>
        attack ? [{ name: `${from} frame ${index} ${what}`, attack }] : []
      );
    })
  );
}

/** An ATM behind the attacker, and the customer who always comes to it. */
class Lane {
  readonly middle: Middle;
  /** How long the bank needs the customer to wait: log-ins that were attacked count as failed. */
  waitMs = 0;
  readonly #database;
  readonly #journal: Journal;
  readonly #devices: SimulatedDevices;
  readonly #log: string[] = [];

  constructor(
    private readonly running: RunningBank,
    private readonly terminalKey: NamedTerminalKey,
    private readonly customer: string,
  ) {
    this.middle = new Middle(running.address);
    this.#database = openAtmFolder(systemFiles, `${running.folder}-${customer}`);
    this.#journal = new Journal(this.#database);
    this.#devices = new SimulatedDevices(this.#database);
    const parts = { database: this.#database, journal: this.#journal, devices: this.#devices };
    fillCassettes({ ...parts, world: system }, new Map([[2000n, 500]]), currency);
  }

  static async open(running: RunningBank, number: number): Promise<Lane> {
    const customer = `customer-${number}`;
    await running.addCustomer(customer, password);
    const lane = new Lane(running, await running.enrol(`atm-${number}`), customer);
    await lane.visit(() => null); // the bank books the notes
    return lane;
  }

  /**
   * Returns a visit of the customer's, on a first line that is attacked; what was sent on that
   * line.
   */
  async visit(attack: Attack): Promise<Sent> {
    this.middle.lines.length = 0;
    this.middle.attackNext(attack);
    const atm = new BankAtm({
      world: system,
      connect: this.middle.connect,
      answerMsMax: 5_000,
      findKey: () => this.terminalKey,
      journal: this.#journal,
      devices: this.#devices,
      demo: null,
      log: (line) => this.#log.push(line),
    });
    atm.start();
    const online = () => atm.view().bank === "online";
    await until("online", online);
    const { outcome, retryAfterMs = 0 } = await atm.logIn(this.customer, password);
    this.waitMs = retryAfterMs;
    if (outcome === "ok") {
      await atm.withdraw("2000");
      await atm.logOut();
    }
    await until("settled", () => online() && this.#journal.open().length === 0);
    await atm.stop();
    const [attacked] = this.middle.lines;
    await attacked!.ended;
    return attacked!.sent;
  }

  /** Notes, books and journal say the same, and nothing was logged. */
  async requireAllRight(): Promise<void> {
    assertEquals(this.#log, []);
    const accounts = await this.running.bank.ledger.read.accounts();
    const of = (owner: string) => accounts.find((account) => account.owner === owner)!;
    const notes = totalOf(this.#devices.cassettes());
    assertEquals(notes, -of(hex(this.terminalKey.terminal)).balance, "notes = the books");
    const handedOut = 500n * 2000n - notes;
    const { balance, held } = of(this.customer);
    assertEquals([balance, held], [100_000n - handedOut, 0n], "paid for exactly once");
  }

  async close(): Promise<void> {
    await this.middle.close();
    this.#database.close();
  }
}

Deno.test("no frame dropped, doubled, swapped, reflected or replaced is acted on, and every movement is settled once", () =>
  RunningBank.with(async (running) => {
    const all: Lane[] = [];
    for (let number = 0; number < lanes; number++) all.push(await Lane.open(running, number));
    const [own, foreign] = [await all[0]!.visit(() => null), await all[1]!.visit(() => null)];
    const cases = everyCase(own, foreign);
    const waiting = cases.values();
    await Promise.all(all.map(async (lane) => {
      for (const { name, attack } of waiting) {
        let struck = false;
        for (const endMs = Date.now() + tryMsMax; !struck && Date.now() < endMs;) {
          await lane.visit((frame) => {
            const deed = attack(frame);
            struck ||= deed !== null;
            return deed;
          });
          await lane.requireAllRight();
          const waitMs = struck ? 0 : Math.max(pauseMs, lane.waitMs);
          await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
        assert(struck, `${name}: the frame never came`);
      }
      await lane.close();
    }));
    const accounts = await running.bank.ledger.read.accounts();
    assertEquals(accounts.reduce((sum, { balance }) => sum + balance, 0n), 0n, "the books");
    const reasons = new Set(running.log.map((line) => line.replace(/^.*: /, "")));
    console.log(
      `${cases.length} cases; the bank's log names only: ${[...reasons].sort().join(", ")}`,
    );
    assert(running.log.every((line) => line.startsWith("a terminal's connection ended: ")));
  }, { limits: { failures: Infinity } }));
