/**
 * Retelling. A bank that was restored from a backup asks for what this terminal did since; the ATM
 * repeats it from its journal, and the bank books what it lacks.
 */
import { NoAnswer } from "./bank_client.ts";
import type { JournalEntry } from "./journal.ts";
import { readInterrupted, type Settling } from "./settle.ts";

/**
 * Repeats every movement whose outcome this ATM knows. The others, such as an intent that the bank may
 * have acted on, are settled afterwards.
 * @throws {NoAnswer} when the line ends first, or the bank cannot take it yet; all is repeated then
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
    if (outcome === "try_later") throw new NoAnswer("the bank cannot take a movement yet");
    if (outcome !== "ok") {
      journal.disputed(movement, `retell: ${outcome}`);
      log(`movement ${movement} is disputed: repeated, the bank answered ${outcome}`);
    } else if (state !== "settled") journal.settled(movement);
  }
  await ask({ op: "retold" });
  log(`the bank was restored from a backup: ${known.length} movements were repeated`);
}

/** Whether this ATM knows the outcome. Only the bank knows that of a transfer. */
function isKnown({ kind, state }: JournalEntry): boolean {
  return kind !== "left" && kind !== "transfer" &&
    (byHand(kind) || ["authorised", "acted", "settled"].includes(state));
}

/** Whether people moved the notes. */
const byHand = (kind: JournalEntry["kind"]) => kind === "load" || kind === "count";

/** Minor units that the devices or people moved; zero before the bank authorised it. */
const movedBy = ({ kind, amount, done }: JournalEntry) => byHand(kind) ? amount : done ?? 0n;
