/**
 * Settling. After a crash or a lost connection, the journal and the devices' counters have the
 * state of each open movement; the ATM completes, reverses or voids it. A missing answer is never
 * interpreted.
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

/** Settles open movements. @throws {NoAnswer} if the connection ends first; the rest stay open */
export async function settleOpen(settling: Settling): Promise<void> {
  readInterrupted(settling);
  for (const entry of settling.journal.open()) {
    if (entry.state !== "acting") await settle(settling, entry);
  }
}

type Counters = Pick<Settling, "journal" | "devices">;

/**
 * Records the outcome of interrupted devices from their counters, which survive a crash. No other
 * note may move first. Returns false while there are notes in the tray, since they may still be
 * taken, or the devices do not answer: no other note may move.
 */
export function readInterrupted({ journal, devices }: Counters): boolean {
  if (devices.away()) return false;
  return journal.open()
    .filter(({ state }) => state === "acting")
    .every((entry) => {
      const untaken = devices.tray().size > 0;
      if (!untaken) readOutcome({ journal, devices }, entry, entry.countsBefore!);
      return !untaken;
    });
}

/**
 * Records the devices' outcome of a movement: the difference of the notes inside before and now.
 * Counters that show more than the movement, or the opposite, are as good as none.
 * @returns minor units, or null if the devices lost count
 */
export function readOutcome(
  { journal, devices }: Counters,
  { movement, kind, amount }: Pick<JournalEntry, "movement" | "kind" | "amount">,
  before: NoteCounts,
): bigint | null {
  const change = totalOf(devices.inside()) - totalOf(before);
  const done = kind === "withdrawal" ? -change : change;
  if (!devices.counted() || done < 0n || done > amount) {
    journal.doubtful(movement, "the devices lost count");
    return null;
  }
  journal.acted(movement, done);
  return done;
}

/**
 * Settles one movement: the journal then has it as settled or disputed, or still open at "try
 * later".
 * @returns the bank's answer
 * @throws {NoAnswer} if the connection ends first
 */
export async function settle(
  settling: Settling,
  entry: JournalEntry,
): Promise<Answer> {
  const { journal, log } = settling;
  const { movement, done } = entry;
  const question = questionFor(entry);
  const answer = await askProved(settling, question, entry.statusNonce);
  const { outcome, booked, voucher } = answer;
  if (outcome === "try_later" || outcome === "unproven") return answer;
  // Only the bank has the outcome of a transfer: voided or completed, it is settled. A restored bank
  // may not have a movement; if no note moved, nothing is missing.
  const over = (entry.kind === "transfer" && outcome === "already_completed") ||
    (question.op === "reverse" && outcome === "unknown_movement");
  const asProved = booked === undefined || entry.statusNonce === null ||
    BigInt(booked) === (done ?? 0n);
  const right = over || (outcome === "ok" && asProved) ||
    (outcome === "already_completed" && BigInt(booked ?? -1) === (done ?? 0n));
  if (right && entry.kind === "transfer") journal.transferred(movement, voucher);
  else if (right) journal.settled(movement);
  else {
    const why = `${question.op}: ${outcome}`;
    journal.disputed(movement, why);
    log(`movement ${movement} is disputed: the bank answered ${why}`);
  }
  return answer;
}

/**
 * Settles a movement; where the bank needs a proof of what the device presented, with the device's
 * present status, which is journaled before it is sent. A withdrawal of which the device attests
 * nothing that proves its outcome is in doubt: the journal has it as disputed.
 * @param nonce the bank's, if its answer to the authorisation was not lost
 */
export async function askProved(
  { ask, devices, journal, log }: Settling,
  question: Ask,
  nonce: string | null | undefined,
): Promise<Answer> {
  const isSettling = question.op === "complete" || question.op === "reverse" ||
    question.op === "void";
  if (!isSettling) return await ask(question);
  const { movement } = question;
  const attested = async (nonce: string) => {
    const status = await devices.presentStatus?.(nonce) ?? null;
    if (status === null) return null;
    journal.attested(movement, status);
    return { status, answer: await ask({ ...question, status }) };
  };
  let tried = nonce ? await attested(nonce) : null;
  let answer = tried?.answer ?? await ask(question);
  const { statusNonce } = answer;
  if (answer.outcome === "unproven" && statusNonce !== undefined && statusNonce !== nonce) {
    tried = await attested(statusNonce);
    answer = tried?.answer ?? answer;
  }
  if (answer.outcome !== "unproven") return answer;
  // Without a nonce the bank expects no other proof: it has the movement in doubt.
  if (answer.statusNonce !== undefined) {
    if (tried === null) return answer;
    const { outcome } = await ask({ op: "doubt", movement, status: tried.status });
    if (outcome === "try_later" || outcome === "unproven") return answer;
  }
  journal.disputed(movement, "in doubt: its device gives no proof");
  log(
    `movement ${movement} is in doubt: its device gives no proof. Count the notes, and settle it ` +
      "with 'deno task bank holds settle'",
  );
  return answer;
}

/** Returns the request that settles a movement in this state. */
function questionFor({ movement, kind, state, amount, currency, done }: JournalEntry): Ask {
  if (kind === "load" || kind === "count") {
    return { op: `${kind}_cash`, movement, amount: amount.toString(), currency };
  }
  if (state === "intent") return { op: "void", movement };
  return done ? { op: "complete", movement, amount: done.toString() } : { op: "reverse", movement };
}
