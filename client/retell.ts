/**
 * After the bank was put back to a backup it asks to be told again what this terminal did since: the
 * journal knows, and the bank books what it lacks.
 */
import { NoAnswer } from "./bank_client.ts";
import type { JournalEntry } from "./journal.ts";
import { readInterrupted, type Settling } from "./settle.ts";

/**
 * Tells all that is known; what is not, such as an intent that the bank may have heard of, is settled
 * afterwards as ever.
 * @throws {NoAnswer} when the line ends first, or the bank cannot take it yet: all of it is told again
 */
export async function retell(settling: Settling, sinceMs: number): Promise<void> {
  readInterrupted(settling);
  const { journal, ask, log } = settling;
  const told = journal.since(sinceMs).filter(isKnown);
  for (const entry of told) {
    const { movement, kind, account, currency, state } = entry;
    const { outcome } = await ask({
      op: "retell",
      movement,
      kind: kind as Exclude<JournalEntry["kind"], "left" | "transfer">,
      account: account ?? "",
      amount: movedBy(entry).toString(),
      currency,
    });
    if (outcome === "try_later") throw new NoAnswer("the bank cannot be told yet");
    if (outcome !== "ok") {
      journal.disputed(movement, `retell: ${outcome}`);
      log(`movement ${movement} is disputed: told again, the bank answered ${outcome}`);
    } else if (state !== "settled") journal.settled(movement);
  }
  await ask({ op: "retold" });
  log(`the bank was put back to a backup: ${told.length} movements were told again`);
}

/** No note moves in a transfer: there is nothing that the bank could learn of it from here. */
function isKnown({ kind, state }: JournalEntry): boolean {
  return kind !== "left" && kind !== "transfer" &&
    (isCash(kind) || ["authorised", "acted", "settled"].includes(state));
}

/** Whether people moved it, by hand. */
const isCash = (kind: JournalEntry["kind"]) => kind === "load" || kind === "count";

/** Minor units that the devices or people moved; none where the bank had not given leave. */
const movedBy = ({ kind, amount, done }: JournalEntry) => isCash(kind) ? amount : done ?? 0n;
