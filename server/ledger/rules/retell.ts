/**
 * Retelling: after a restore the bank lacks the movements since its backup. Each terminal repeats
 * its devices' outcomes, from its journal, before any customer is served: missing movements are
 * booked, both phases at once, and existing ones are unchanged. A movement whose outcome the terminal
 * does not have yet is opened, and settled later.
 */
import { amountOfToken, contentOfToken } from "../../../lib/device_token.ts";
import type { Outcome } from "../../../lib/errors.ts";
import type { Currency } from "../../../lib/money.ts";
import type { Account, Movement } from "../model.ts";
import type { Retell, Retold } from "../command.ts";
import { amountRefusalOf } from "./authorise.ts";
import { accountFacts } from "./movement_rows.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { isOver, mayChange } from "./bounds.ts";
import { isInDoubt, putInDoubt } from "./doubt.ts";
import { countCash, loadCash } from "./load_cash.ts";
import { provedAmount } from "./proof.ts";
import { settle } from "./settle.ts";

/** Notes that a customer took or inserted. */
type Moved = Omit<Retell, "kind"> & { kind: "withdrawal" | "deposit" };

export function retell(batch: Batch, command: Retell): Answer {
  const { movement, terminal, kind, amount } = command;
  if (!batch.books.restoring?.waiting.includes(terminal)) return refuse(batch, command);
  const cash = batch.books.accountOf("terminal", terminal);
  if (kind === "load") return loadCash(batch, { ...command, op: "load_cash" });
  if (kind === "count") return countCash(batch, { ...command, op: "count_cash" });
  const first = batch.books.movement(movement, 1);
  if (kind === "withdrawal" && batch.books.terminal(terminal)?.device) {
    return retellProved(batch, { ...command, kind }, first);
  }
  if (first && command.open) {
    const isIts = first.terminal === terminal && first.action === "authorise" &&
      first.outcome === "ok";
    return isIts ? { outcome: "ok" } : refuse(batch, command);
  }
  if (first) {
    return amount > 0n
      ? settle(batch, { op: "complete", movement, terminal, amount })
      : settle(batch, { op: "reverse", movement, terminal });
  }
  if (amount <= 0n) return { outcome: "ok" }; // nothing moved, and nothing is missing
  if (!cash || command.currency !== cash.currency) return refuse(batch, command);
  return book(batch, { ...command, kind }, cash);
}

/**
 * Books a withdrawal at a device with keys as far as its status proves it. The rest is in doubt,
 * unless the terminal has yet to settle it: an operator alone frees or books that money.
 */
function retellProved(batch: Batch, command: Moved, first: Movement | undefined): Answer {
  const { movement, terminal, amount: reported, status, token = "", open } = command;
  if (first) {
    const isIts = first.terminal === terminal && first.action === "authorise";
    if (isIts && (open || isInDoubt(batch, first))) return { outcome: "ok" };
    const what = { movement, terminal, ...(status && { status }) };
    const answer = settle(
      batch,
      reported > 0n ? { op: "complete", ...what, amount: reported } : { op: "reverse", ...what },
    );
    if (answer.outcome !== "unproven" || batch.books.movement(movement, 2)) return answer;
    putInDoubt(batch, first, status, noProof);
    return { outcome: "ok" };
  }
  const cash = batch.books.accountOf("terminal", terminal);
  if (!cash || command.currency !== cash.currency) return refuse(batch, command);
  if (token === "") return retellWithoutToken(batch, command, cash);
  const sum = sumOf(token, batch.books.settings.currency);
  const proved = provedAmount({ token, amount: sum }, status);
  if (proved === 0n) return { outcome: "ok" };
  const isNamed = isNamedByDevice(batch, terminal);
  const isProved = proved !== null && !isNamed;
  const answer = book(batch, { ...command, amount: proved ?? sum, open: !isProved }, cash);
  const why = isNamed ? "its device has named a payment that may be this one" : noProof;
  if (isNamed || !(isProved || open)) doubted(batch, command, answer, why);
  return answer;
}

const noProof = "its device gives no proof";

/** Returns the sum for which a token is, checked or not; zero for none. */
function sumOf(token: string, currency: Currency): bigint {
  return amountOfToken(contentOfToken(token)?.content.get("DISPENSE1"), currency) ?? 0n;
}

/**
 * Returns whether a device has named a payment without a record since the restore. That one is booked,
 * and it may be the one that is reported: an operator decides whether the customer is charged.
 */
function isNamedByDevice({ books: { restored } }: Batch, id: string): boolean {
  const isOf = ({ terminal }: { terminal: string }) => terminal === id;
  return restored!.unknown.some(isOf) && !restored!.unattested.some(isOf);
}

/**
 * Opens a withdrawal in doubt whose token cannot be checked: it has none, from before the device had
 * keys, or it is under keys that the restored bank lacks. The terminal's word neither books nor
 * frees it.
 */
function retellWithoutToken(batch: Batch, command: Moved, cash: Account): Answer {
  const { terminal, timeMs, open, unchecked = "" } = command;
  const { currency } = batch.books.settings;
  const sum = sumOf(unchecked, currency);
  // That less than the token's sum moved is the terminal's word alone.
  const amount = command.amount > sum ? command.amount : sum;
  if (amount <= 0n && !open) return { outcome: "ok" };
  const { sinceMs } = batch.books.terminal(terminal)!.device!;
  const isEarlier = timeMs !== null && timeMs < sinceMs;
  const answer = book(batch, { ...command, amount, open: true }, cash);
  const why = isEarlier ? "it is from before its device had keys" : "its token cannot be checked";
  doubted(batch, command, answer, why);
  return answer;
}

/** Records that a withdrawal that was just opened is in doubt. */
function doubted(batch: Batch, { movement, status }: Moved, { outcome }: Answer, why: string) {
  if (outcome === "ok") putInDoubt(batch, batch.books.movement(movement, 1)!, status, why);
}

/** Records that a terminal has retold all its movements. */
export function retold(batch: Batch, { terminal }: Retold): Answer {
  if (batch.books.restoring?.waiting.includes(terminal)) {
    const name = batch.terminalName(terminal);
    batch.log(`terminal ${name}`, "has reported its movements since the backup", {
      outcome: "ok",
      terminal: name,
    });
    stopWaiting(batch, [terminal]);
  }
  return { outcome: "ok" };
}

/** Stops waiting for these terminals; after the last one, customers are served again. */
export function stopWaiting(batch: Batch, terminals: readonly string[]): void {
  const { restoring } = batch.books;
  if (!restoring) return;
  const waiting = restoring.waiting.filter((id) => !terminals.includes(id));
  if (waiting.length === restoring.waiting.length) return;
  batch.books.setRestoring({ ...restoring, waiting });
  if (waiting.length > 0) return;
  batch.log("bank", "serve customers again after the restore", { outcome: "ok" });
}

/**
 * Books a movement, or only its first phase if it is open: the first row has the day to which it is charged, the second the day on which
 * the books change. The differences account bears what the customer's account cannot, since notes
 * have moved.
 */
function book(batch: Batch, command: Moved, cash: Account): Answer {
  const { books } = batch;
  const { kind, amount, movement, terminal } = command;
  const customers = accountNamed(batch, command.account, command.uid);
  const day = dayToCharge(batch, command.timeMs, kind === "deposit" ? cash.day : 0);
  const why = whyNotTheirs(batch, command, cash, day);
  const payer = why === null ? customers! : books.accountOf("differences")!;
  const withdraws = kind === "withdrawal";
  const [debit, credit] = withdraws ? [payer, cash] : [cash, payer];
  const refused = amountRefusalOf(command) ??
    (mayChange(debit, -amount) && mayChange(credit, amount) ? undefined : "over_balance_limit");
  if (refused) return refuse(batch, command, refused);
  if (withdraws) books.adjust(debit.id, { held: amount });
  for (const account of withdraws ? [debit, credit] : [debit]) {
    // A later day that has begun is not charged with an earlier one's.
    if (account.day <= day) {
      books.charge(account.id, day, withdraws ? { out: amount } : { in: amount });
    }
  }
  const first: Movement = batch.addRow({
    ...{ id: movement, step: 1, action: "authorise", kind, terminal },
    ...{ customer: customers?.owner ?? "", debit: debit.id, credit: credit.id },
    ...{ amount, booked: 0n, currency: cash.currency, outcome: "ok", chargedDay: day },
    token: command.token,
  });
  log(batch, first, "authorise", why);
  if (command.open) return { outcome: "ok" };
  books.adjust(debit.id, { balance: -amount, ...(withdraws && { held: -amount }) });
  books.adjust(credit.id, { balance: amount });
  batch.addRow({
    ...first,
    step: 2,
    action: "complete",
    booked: amount,
    status: command.status?.text,
  });
  log(batch, first, "settle", why);
  return { outcome: "ok" };
}

/**
 * Returns the account that the terminal means, if it exists: another account may have its number
 * since.
 */
export function accountNamed({ books }: Batch, number: string, uid: string): Account | undefined {
  const account = books.accountNumbered(number);
  return account?.kind === "customer" && account.uid === uid ? account : undefined;
}

/**
 * Returns the day of the movement by the bank's time, as far as the terminal has it: not before the
 * backup, and not in the future.
 * @param notBefore the earliest day that may be charged: for a deposit, the present one of the
 * terminal's account
 */
function dayToCharge(batch: Batch, timeMs: number | null, notBefore: number): number {
  const today = batch.day;
  if (timeMs === null) return today;
  const earliest = Math.max(batch.dayOf(batch.books.restoring!.sinceMs), notBefore);
  return Math.min(Math.max(batch.dayOf(timeMs), earliest), today);
}

/** Logs a row: under the customer if their account bears it, otherwise under the terminal. */
function log(
  batch: Batch,
  row: Movement,
  step: "authorise" | "settle",
  why: string | null,
): void {
  const { id: movement, kind, amount, customer } = row;
  const name = batch.terminalName(row.terminal);
  const who = why === null ? customer : `terminal ${name}`;
  const verb = kind === "withdrawal" ? "withdraw" : "deposit";
  const authorised = step === "authorise" ? " authorised" : "";
  const words = `${verb} ${batch.money(amount)}${authorised} - reported by the ATM after a restore`;
  const differs = why === null ? "" : `, to the differences account: ${why}`;
  batch.log(who, `${words}${differs}`, {
    kind: kind as Moved["kind"],
    outcome: "ok",
    movement,
    amount,
    terminal: name,
    ...(why === null && step === "settle" && accountFacts(batch, row)),
    step,
  });
}

/** Returns why the customer's account cannot bear it; null if it can. */
function whyNotTheirs(batch: Batch, command: Moved, cash: Account, day: number): string | null {
  const { books } = batch;
  const { kind, amount, account: number } = command;
  if (number === "") return "the ATM has no record of the account";
  const account = accountNamed(batch, number, command.uid);
  if (!account) {
    const others = books.accountNumbered(number)?.kind === "customer";
    return `account ${number} is ${others ? "another one now" : "unknown"}`;
  }
  if (account.currency !== cash.currency) return `account ${number} has another currency`;
  if (account.state === "closed") return `account ${number} is closed`;
  if (kind === "withdrawal") {
    return amount > account.balance - account.held ? `account ${number} has less than that` : null;
  }
  if (!mayChange(account, amount)) return `account ${number} has no room for it`;
  const takenIn = (cash.day === day ? cash.dayIn : 0n) + amount;
  return isOver(takenIn, cash.dayInMax ?? books.limits.terminalDayInMax)
    ? `more than the terminal may take in in a day`
    : null;
}

function refuse(
  batch: Batch,
  { movement, terminal }: Retell,
  outcome: Outcome = "unknown_movement",
): Answer {
  const name = batch.terminalName(terminal);
  batch.log(`terminal ${name}`, failed("report a movement after a restore", outcome), {
    outcome,
    movement,
  });
  return { outcome };
}
