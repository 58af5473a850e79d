/**
 * Each step of a card on its way through a withdrawal, and all that can go wrong there: the ATM, the
 * bank or the service of its devices is killed, and the reader jams. Afterwards the card is in one place:
 * `back` with the customer or `kept` in the retain unit; notes and books agree, and no note was handed
 * out before its card. The table is printed, and is what is expected: what was booked, in euro, and where
 * the card is.
 */
import { assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { type Cards, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import { cardNumberHash, newCardNumber } from "../../lib/card.ts";
import { system } from "../../lib/system.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

/** What the reader, or the customer at it, has just done. */
const moments = ["read", "visit begun", "eject", "taken", "retain"] as const;
type Moment = typeof moments[number];
const transports = ["in process", "by WebSocket"] as const;
type Transport = typeof transports[number];
type Blow = "ATM killed" | "bank killed" | "devices killed" | "jam";

const blowsOf: Record<Transport, readonly Blow[]> = {
  "in process": ["ATM killed", "bank killed", "jam"],
  "by WebSocket": ["ATM killed", "devices killed", "jam"],
};

const expected: Record<Transport, string> = {
  "in process": `
            | ATM killed  | bank killed | jam
read        | 0 back      | 0 back      | 0 back
visit begun | 0 back      | 0 back      | 0 back
eject       | 0 back      | 20 back     | 0 back
taken       | 0 back      | 20 back     | 0 back
retain      | 0 kept      | 0 kept      | 0 kept
`,
  "by WebSocket": `
            | ATM killed  | devices killed | jam
read        | 0 back      | 0 back      | 0 back
visit begun | 0 back      | 0 back      | 0 back
eject       | 0 back      | 0 back      | 0 back
taken       | 0 back      | 0, 20 back  | 0 back
retain      | 0 kept      | 0 kept      | 0 kept
`,
};

const pin = "4711";
const number = newCardNumber(system.randomBytes);
const cards: Cards = { names: () => ["alice"], numberOf: () => number };

/** Waits for a moment, once, and has the reader as it is now. */
class Watch {
  reached: (() => void) | null = null;
  reader!: SimulatedCardReader;
  takings = 0;
  /** Whether the reader ended with its ATM, and its service in this process: nobody takes a card then. */
  isDead = false;

  constructor(private readonly moment: Moment) {}

  now(moment: Moment): void {
    if (moment !== this.moment) return;
    const { reached } = this;
    this.reached = null;
    reached?.();
  }

  readonly equip = (database: DatabaseSync): SimulatedCardReader => {
    this.isDead = false;
    return this.reader = new WatchedReader(database, this);
  };
}

class WatchedReader extends SimulatedCardReader {
  constructor(database: DatabaseSync, private readonly watch: Watch) {
    super(database, cards);
  }
  override async read() {
    const read = await super.read();
    if (read !== null) this.watch.now("read");
    return read;
  }
  override async eject() {
    await super.eject();
    this.watch.now("eject");
  }
  override async retain() {
    await super.retain();
    this.watch.now("retain");
  }
  override take() {
    const isThere = this.media() === "entering";
    super.take();
    if (!isThere) return;
    this.watch.takings++;
    this.watch.now("taken");
  }
}

for (const transport of transports) {
  Deno.test(`whatever breaks at whatever step of a card, it is in one place: ${transport}`, async (t) => {
    const branch = await Branch.open();
    const rows: string[] = [rowOf("", blowsOf[transport])];
    try {
      await issueCard(branch, transport);
      for (const moment of moments) {
        const cells: string[] = [];
        for (const blow of blowsOf[transport]) {
          await t.step(`${moment}: ${blow}`, async () => {
            cells.push(await strike(branch, transport, moment, blow));
          });
        }
        rows.push(rowOf(moment, cells));
      }
    } finally {
      await branch.close();
    }
    console.log(rows.join("\n"));
    assertEquals(`\n${rows.join("\n")}\n`, expected[transport]);
  });
}

function rowOf(name: string, columns: readonly string[]): string {
  return [name.padEnd(11), ...columns.map((column) => column.padEnd(11))].join(" | ").trimEnd();
}

/** Gives alice a card with a PIN. */
async function issueCard(branch: Branch, transport: Transport): Promise<void> {
  const issue = { command: "issue_card", operator: "t", customer: "alice" } as const;
  const request = { ...issue, numberHash: cardNumberHash(number) };
  for await (const _ of runOperatorCommand(branch.bank, request));
  const lobby = open(branch, transport, new Watch("read"));
  await logIn(lobby);
  assertEquals(await lobby.atm.setPin(pin), { outcome: "ok" });
  await lobby.atm.logOut();
  await lobby.close();
}

function open(
  branch: Branch,
  transport: Transport,
  watch: Watch,
  takeCardMsMax = 60_000,
): BranchAtm {
  return branch.atm("lobby", {
    ...{ byService: transport === "by WebSocket", equipReader: watch.equip },
    takeCardMsMax,
  });
}

/** Runs one cell of the table: a visit with one fault, a restart, and a customer who takes the card, or never. */
async function strike(
  branch: Branch,
  transport: Transport,
  moment: Moment,
  blow: Blow,
): Promise<string> {
  const balance = await branch.balanceOf("alice");
  const leaves = moment === "retain";
  const watch = new Watch(moment);
  const leftMs = leaves ? 150 : undefined;
  // Nobody can take a card that has jammed at the exit.
  const lobby = open(branch, transport, watch, blow === "jam" ? leftMs ?? 5_000 : leftMs);
  await until("ready", () => isReady(lobby) && watch.reader.accepting());
  const before = totalOf(lobby.devices.everywhere());
  let struck: Promise<void> | null = null;
  watch.reached = () => {
    watch.isDead = blow === "ATM killed";
    struck = deal(branch, lobby, watch, blow);
  };
  watch.reader.insert("alice");
  await visit(lobby, watch, leaves, () => struck !== null);
  await until("the moment has come", () => struck !== null);
  await struck;
  if (blow !== "ATM killed") await lobby.close();
  const isTaken = watch.takings > 0;

  const again = open(branch, transport, watch, leftMs);
  watch.reader.clear();
  await until("settled, and no card inside", () => {
    if (!leaves) watch.reader.take();
    return isReady(again) && again.journal.open().length === 0 &&
      watch.reader.media() === "notPresent";
  });
  await branch.requireAllSettled(again);
  const booked = balance - await branch.balanceOf("alice");
  assertEquals(
    booked,
    before - totalOf(again.devices.everywhere()),
    "notes that moved were booked",
  );
  if (!isTaken) assertEquals(booked, 0n, "no note without its card");
  const kept = watch.reader.retained();
  watch.reader.empty();
  assertEquals(watch.takings + kept, 1, "the card is in one place");
  await again.close();
  // The ATM may see that the card is gone before the dispenser is away, or after it is back.
  const isOpen = moment === "taken" && blow === "devices killed";
  return `${isOpen ? "0, 20" : booked / 100n} ${kept > 0 ? "kept" : "back"}`;
}

const isReady = ({ atm, served }: BranchAtm) =>
  atm.view().bank === "online" && served?.devices.away() !== true &&
  served?.reader?.away() !== true;

/** Takes every externally visible step before it returns its promise. */
function deal(branch: Branch, lobby: BranchAtm, { reader }: Watch, blow: Blow): Promise<void> {
  if (blow === "ATM killed") return lobby.kill();
  if (blow === "bank killed") return branch.killBank();
  if (blow === "jam") reader.jam();
  else lobby.served!.restart();
  return Promise.resolve();
}

/** Uses the card as far as it is possible. */
async function visit(
  { atm }: BranchAtm,
  watch: Watch,
  leaves: boolean,
  isOver: () => boolean,
): Promise<void> {
  await until("the card is read", () => isOver() || atm.view().card === "inserted");
  if (isOver()) return;
  const { outcome } = await atm.logInWithCard(pin);
  if (outcome !== "ok") return;
  watch.now("visit begun");
  let isDone = false;
  const withdrawing = atm.withdraw("2000").catch(() => {}).finally(() => isDone = true);
  await until("it is over, or the card is taken", () => {
    if (!leaves && !watch.isDead) watch.reader.take();
    return isDone || watch.isDead || watch.takings > 0;
  });
  await withdrawing;
}
