/**
 * Retelling: a bank that was restored from a backup requests this terminal's movements since then;
 * the ATM repeats them from its journal, and the bank books those that it lacks.
 */
import { NoAnswer } from "./bank_client.ts";
import type { JournalEntry } from "./journal.ts";
import { readInterrupted, type Settling } from "./settle.ts";

/**
 * Repeats every movement with a known outcome. The others, such as an intent that the bank may have
 * executed, are settled afterwards.
 * @throws {NoAnswer} if the connection ends first, or at "try later"; the caller then repeats all
 * of them
 */
export async function retell(settling: Settling, sinceMs: number): Promise<void> {
  readInterrupted(settling);
  const { journal, ask, log } = settling;
  const known = journal.since(sinceMs).filter(isKnown);
  for (const entry of known) {
    const { movement, kind, account, uid, bankTimeMs, currency, state } = entry;
    const { outcome } = await ask({
      op: "retell",
      movement,
      kind: kind as Exclude<JournalEntry["kind"], "left" | "transfer">,
      ...(account !== null && { account }),
      ...(uid !== null && { uid }),
      amount: movedBy(entry).toString(),
      currency,
      ...(bankTimeMs !== null && { time: new Date(bankTimeMs).toISOString() }),
    });
    if (outcome === "try_later") throw new NoAnswer("the bank cannot book a movement yet");
    if (outcome !== "ok") {
      journal.disputed(movement, `retell: ${outcome}`);
      log(`movement ${movement} is disputed: when it was repeated, the bank answered ${outcome}`);
    } else if (state !== "settled") journal.settled(movement);
  }
  await ask({ op: "retold" });
  log(`the bank was restored from a backup: ${known.length} movements were repeated`);
}

/** Returns whether the journal has the outcome. Only the bank has that of a transfer. */
function isKnown({ kind, state }: JournalEntry): boolean {
  return kind !== "left" && kind !== "transfer" &&
    (byHand(kind) || ["authorised", "acted", "settled"].includes(state));
}

/** Whether staff moved the notes. */
const byHand = (kind: JournalEntry["kind"]) => kind === "load" || kind === "count";

/** Minor units that the devices or staff moved; zero before the bank's authorisation. */
const movedBy = ({ kind, amount, done }: JournalEntry) => byHand(kind) ? amount : done ?? 0n;
