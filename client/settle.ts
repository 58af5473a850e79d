/**
 * Settling: after a crash or a lost line, the journal and the devices' counters say how far each
 * movement had come, and the bank is told. Nothing is ever inferred from silence.
 */
import type { Answer, Ask } from "../lib/protocol/message.ts";
import type { CashDevices } from "./cash/devices.ts";
import { type NoteCounts, totalOf } from "./cash/note_mix.ts";
import type { Journal, JournalEntry } from "./journal.ts";

export interface Settling {
  journal: Journal;
  devices: CashDevices;
  ask: (ask: Ask) => Promise<Answer>;
  log: (line: string) => void;
}

/** Settles all that is open. @throws {NoAnswer} when the line ends first: the rest stays open */
export async function settleOpen(settling: Settling): Promise<void> {
  readInterrupted(settling);
  for (const entry of settling.journal.open()) {
    if (entry.state !== "acting") await settle(settling, entry);
  }
}

type Counters = Pick<Settling, "journal" | "devices">;

/**
 * Writes down what the devices had done when they were interrupted: their counters have outlived the
 * crash. Must come before anyone else moves notes in or out. False while notes still lie in the tray:
 * whether they will be taken is not known yet, and nothing else may move.
 */
export function readInterrupted({ journal, devices }: Counters): boolean {
  return journal.open()
    .filter(({ state }) => state === "acting")
    .every(({ movement, countsBefore }) => {
      const untaken = devices.tray().size > 0;
      if (!untaken) readOutcome({ journal, devices }, movement, countsBefore!);
      return !untaken;
    });
}

/**
 * Writes down what the devices did of a movement, by what is inside now and was before: minor units,
 * or null when nobody can know.
 */
export function readOutcome(
  { journal, devices }: Counters,
  movement: string,
  before: NoteCounts,
): bigint | null {
  if (!devices.counted()) {
    journal.doubtful(movement, "the devices lost count");
    return null;
  }
  const moved = totalOf(devices.inside()) - totalOf(before);
  const done = moved < 0n ? -moved : moved;
  journal.acted(movement, done);
  return done;
}

async function settle({ journal, ask, log }: Settling, entry: JournalEntry): Promise<void> {
  const { movement, done } = entry;
  const question = questionFor(entry);
  const { outcome, booked } = await ask(question);
  if (outcome === "try_later") return;
  // the bank alone knows of a transfer whether it was booked: given up, or booked, it is over
  const over = entry.kind === "transfer" && outcome === "already_completed";
  const right = over || outcome === "ok" ||
    (outcome === "already_completed" && BigInt(booked ?? -1) === (done ?? 0n));
  if (right) return journal.settled(movement);
  const why = `${question.op}: ${outcome}`;
  journal.disputed(movement, why);
  log(`movement ${movement} is disputed: the bank answered ${why}`);
}

/** What the bank is told of a movement that has come this far. */
function questionFor({ movement, kind, state, amount, currency, done }: JournalEntry): Ask {
  if (kind === "load" || kind === "count") {
    return { op: `${kind}_cash`, movement, amount: amount.toString(), currency };
  }
  if (state === "intent") return { op: "void", movement };
  return done ? { op: "complete", movement, amount: done.toString() } : { op: "reverse", movement };
}
