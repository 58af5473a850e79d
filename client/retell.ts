/**
 * Retelling: a bank that was restored from a backup requests this terminal's movements since then;
 * the ATM repeats them from its journal, and the bank books those that it lacks, and opens those whose
 * outcome is still unknown.
 */
import { BankNotReady } from "./bank_client.ts";
import type { JournalEntry } from "./journal.ts";
import { readInterrupted, type Settling } from "./settle.ts";

/**
 * Repeats every movement that the bank authorised, every transfer that it booked, and every load and
 * count. An intent, which the bank may have executed, is settled afterwards.
 * @throws {NoAnswer} if the connection ends first; the caller then repeats all of them
 * @throws {BankNotReady} at "try later"; the caller then repeats all of them, too
 */
export async function retell(settling: Settling, sinceMs: number): Promise<void> {
  readInterrupted(settling);
  const { journal, ask, log } = settling;
  const known = journal.since(sinceMs).filter(isAuthorised);
  for (const entry of known) {
    const open = isOpen(entry);
    const { movement, kind, account, uid, bankTimeMs, currency, state } = entry;
    const { token, status, voucher } = entry;
    const { outcome } = await ask({
      op: "retell",
      movement,
      kind: kind as Exclude<JournalEntry["kind"], "left">,
      ...(account !== null && { account }),
      ...(uid !== null && { uid }),
      amount: (open ? entry.amount : movedBy(entry)).toString(),
      ...(open && { open }),
      ...(token !== null && { token }),
      ...(status !== null && { status }),
      ...(voucher !== null && { voucher }),
      currency,
      ...(bankTimeMs !== null && { time: new Date(bankTimeMs).toISOString() }),
    });
    if (outcome === "try_later") {
      log(
        "the restored bank books nothing yet, see 'bank status': the movements are repeated later",
      );
      throw new BankNotReady("the bank cannot book a movement yet");
    }
    if (outcome !== "ok") {
      journal.disputed(movement, `retell: ${outcome}`);
      log(`movement ${movement} is disputed: when it was repeated, the bank answered ${outcome}`);
    } else if (state !== "settled" && !open && token === null) journal.settled(movement);
  }
  await ask({ op: "retold" });
  log(`the bank was restored from a backup: ${known.length} movements were repeated`);
}

/**
 * Returns whether the bank authorised it, or staff did it. A withdrawal with a token is the bank's to
 * judge, also a disputed one.
 */
function isAuthorised({ kind, state, token, voucher }: JournalEntry): boolean {
  if (kind === "transfer") return voucher !== null;
  return kind !== "left" &&
    (byHand(kind) || token !== null || !["intent", "disputed"].includes(state));
}

/**
 * Returns whether the outcome is unknown until notes are taken from the tray, or counted; of a
 * withdrawal with a token, until its device has attested it.
 */
const isOpen = ({ state, token }: JournalEntry) =>
  token === null
    ? state === "acting" || state === "doubtful"
    : state !== "settled" && state !== "disputed";

/** Whether staff moved the notes. */
const byHand = (kind: JournalEntry["kind"]) => kind === "load" || kind === "count";

/** Minor units that the devices or staff moved, or the bank transferred; zero before the bank's authorisation. */
const movedBy = ({ kind, amount, done }: JournalEntry) =>
  byHand(kind) || kind === "transfer" ? amount : done ?? 0n;
