/**
 * Bits of every byte of every frame of a short session turned, and every frame cut short, by an
 * attacker in the middle, over TCP. The session books one cent, so that acting on anything shows
 * in the books. The cases are shared out to threads, each with its own bank.
 */
import { assert, assertEquals } from "@std/assert";
import { BankClient, type LineEnd, NoAnswer } from "../../client/bank_client.ts";
import { hex } from "../../lib/bytes.ts";
import { kemCiphertextBytes, kemKeyBytes } from "../../lib/kem.ts";
import type { Ask } from "../../lib/protocol/message.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";
import { system } from "../../lib/system.ts";
import { eachBitFlipped } from "../lib/helpers.ts";
import { newId, RunningBank } from "../server/helpers/running_bank.ts";
import { type Attack, Middle, type Side, strike, type TappedLine } from "./middle.ts";

/** Sessions under attack at once in a thread, each at its own terminal. */
const lanes = 32;

/** One thread's part of all cases. */
export interface Share {
  /** From 0. */
  readonly part: number;
  readonly parts: number;
}

/** The outcome of a share: how many cases there were, and all that the bank's log named. */
export interface Tried {
  readonly cases: number;
  readonly reasons: string[];
}

/** The frames of the session, by who sends them: hello, finish, request, close; hello, answer, close. */
const frames = { client: [1_318, 37, 373, 373], server: [1_189, 677, 373] };
/**
 * What is long and has no parts: the KEM's key and ciphertext in the first frames, and records. One bit
 * of each of their bytes is turned, and the KEM's are cut at each eighth; with EVERY_BIT=1 all of it.
 */
const kem = {
  client: { begin: 102, end: 102 + kemKeyBytes },
  server: { begin: 69, end: 69 + kemCiphertextBytes },
};
const firstRecord = { client: 2, server: 1 };
const isWhole = Deno.env.get("EVERY_BIT") !== undefined;

function isInKem(from: Side, index: number, at: number): boolean {
  return index === 0 && at >= kem[from].begin && at < kem[from].end;
}

function isTurned(from: Side, index: number, bit: number): boolean {
  const at = bit >> 3;
  const isLong = index >= firstRecord[from] || isInKem(from, index, at);
  return isWhole || !isLong || bit % 8 === at % 8;
}

function isCut(from: Side, index: number, kept: number): boolean {
  return isWhole || !isInKem(from, index, kept) || kept % 8 === 0;
}
const requestFrame = 2, answerFrame = 1;

interface Case {
  readonly name: string;
  readonly from: Side;
  readonly index: number;
  readonly attack: Attack;
}

function* everyCase(): Generator<Case> {
  for (const from of ["client", "server"] as const) {
    for (const [index, length] of frames[from].entries()) {
      const where = { from, index };
      const mask = [...eachBitFlipped(new Uint8Array(length))];
      for (const [bit, flip] of mask.entries()) {
        if (!isTurned(from, index, bit)) continue;
        const turned = (bytes: Uint8Array) => bytes.map((byte, at) => byte ^ flip[at]!);
        const attack = strike(from, index, (bytes) => ({ on: [turned(bytes)] }));
        yield { name: `bit ${bit} of ${from} frame ${index}`, ...where, attack };
      }
      for (let kept = 0; kept < length; kept++) {
        if (!isCut(from, index, kept)) continue;
        const attack = strike(from, index, (bytes) => ({
          on: [bytes.subarray(0, kept)],
          cut: true,
        }));
        yield { name: `${from} frame ${index} cut after ${kept} bytes`, ...where, attack };
      }
    }
  }
}

/** A terminal, its way through the attacker, and the account that its requests book to. */
class Lane {
  readonly middle: Middle;
  readonly unanswered: Ask[] = [];
  booked = 0n;

  constructor(
    private readonly running: RunningBank,
    private readonly terminalKey: TerminalKey,
    private readonly cash: number,
  ) {
    this.middle = new Middle(running.address);
  }

  static async open(running: RunningBank, name: string): Promise<Lane> {
    const key = await running.enrol(name);
    const accounts = await running.bank.ledger.read.accounts();
    return new Lane(running, key, accounts.find(({ owner }) => owner === hex(key.terminal))!.id);
  }

  /** Runs the session under an attack: all that there was to see of it. */
  async run({ name, from, index, attack }: Case): Promise<void> {
    this.middle.attackNext(attack);
    const ask: Ask = { op: "load_cash", movement: newId(), amount: "1", currency: "EUR" };
    const { answered, end } = await this.#session(ask);
    const line = this.middle.lines.pop()!;
    await line.ended;
    const arrived = from === "server" ? index >= answerFrame : index > requestFrame;
    assert(line.struck, `${name}: the frame never came`);
    assertEquals(line.saidAfter[from === "client" ? "server" : "client"], 0, `${name}: an answer`);
    assertEquals(await this.newlyBooked(), arrived ? 1n : 0n, `${name}: acted on`);
    assertEquals(answered, arrived && !(from === "server" && index === answerFrame), name);
    assertEquals(end, "cut", `${name}: how the ATM saw it end`);
    if (!answered) this.unanswered.push(ask);
  }

  /** Asks again, on a line that nobody disturbs, for what had no answer. */
  async settle(): Promise<void> {
    const client = await this.#connect();
    for (const ask of this.unanswered) assertEquals((await client.ask(ask)).outcome, "ok");
    await client.close();
    assertEquals(await client.ended, "close");
  }

  /** What has been booked since the last look. */
  async newlyBooked(): Promise<bigint> {
    const before = this.booked;
    this.booked = -(await this.running.bank.ledger.read.account(this.cash))!.balance;
    return this.booked - before;
  }

  async #session(ask: Ask): Promise<{ answered: boolean; end: LineEnd }> {
    let client: BankClient | undefined;
    let answered = false;
    try {
      client = await this.#connect();
      answered = (await client.ask(ask)).outcome === "ok";
      await client.close();
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
    return { answered, end: await client?.ended ?? "cut" };
  }

  #connect(): Promise<BankClient> {
    const { terminalKey, middle: { connect } } = this;
    return BankClient.connect({
      connect,
      terminalKey,
      world: system,
      answerMsMax: 8_000,
    });
  }
}

/**
 * Tries a share of the cases.
 * @throws {AssertionError} when one is acted on, answered or taken for an end in order
 */
export async function attack({ part, parts }: Share): Promise<Tried> {
  let cases = 0;
  const reasons = new Set<string>();
  await RunningBank.with(async (running) => {
    const open = Array.from({ length: lanes }, (_, lane) => Lane.open(running, `lane-${lane}`));
    const all = await Promise.all(open);
    assertEquals(await framesOfSession(all[0]!), frames);
    const waiting = everyCase().filter((_, index) => index % parts === part);
    await Promise.all(all.map(async (lane) => {
      for (let next; !(next = waiting.next()).done; cases++) await lane.run(next.value);
      await lane.settle();
    }));
    let booked = 0n;
    for (const lane of all) {
      await lane.newlyBooked();
      booked += lane.booked;
      await lane.middle.close();
    }
    assertEquals(booked, BigInt(cases) + 1n, "each movement exactly once");
    assert(running.log.every((line) => line.startsWith("a terminal's connection ended: ")));
    for (const line of running.log) reasons.add(line.replace(/^.*: /, ""));
  }, { limits: { failures: Infinity } });
  return { cases, reasons: [...reasons] };
}

/** Returns how long the frames of an undisturbed session are. */
async function framesOfSession(lane: Lane): Promise<Record<Side, number[]>> {
  lane.unanswered.push({ op: "load_cash", movement: newId(), amount: "1", currency: "EUR" });
  await lane.settle();
  await lane.newlyBooked();
  lane.unanswered.pop();
  const { sent, ended } = lane.middle.lines.pop() as TappedLine;
  await ended;
  const lengths = (parts: Uint8Array[]) => parts.map(({ length }) => length);
  return { client: lengths(sent.client), server: lengths(sent.server) };
}
