/** Operators' changes of customers, accounts, terminals, limits and open movements. */
import type { Outcome } from "../../../lib/errors.ts";
import {
  clockProposedMsMax,
  commandNonceMsMax,
  oneTimePasswordMsMax,
} from "../../../lib/limits.ts";
import { amountMinorMax, balanceMinorMax } from "../../../lib/money.ts";
import { isReservedName } from "../../audit/entry.ts";
import { type Account, cashIdentity, type Limits } from "../model.ts";
import type { Administer, Command, NewIdentity } from "../command.ts";
import { jumpInWords } from "../clock.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { accountFacts } from "./movement_rows.ts";
import { stopWaiting } from "./retell.ts";
import { settleTransfer, transferRefusalOf } from "./retell_transfer.ts";
import { settleRow } from "./settle.ts";
import { isKeyOf } from "./terminal_keys.ts";

type Asked<Op extends Administer["op"]> = Extract<Administer, { op: Op }>;

export function enrolTerminal(batch: Batch, command: Asked<"enrol_terminal">): Answer {
  const { terminal: id, name, keyVersion, sealedKey, operator } = command;
  const found = batch.books.terminalNamed(name);
  const key = { version: keyVersion, sealedKey };
  // Repeated, since the first answer was lost.
  if (found?.id === id && found.state === "active" && isKeyOf(found, key)) return { outcome: "ok" };
  const outcome = found ? "name_taken" : "ok";
  if (outcome === "ok") {
    batch.books.setTerminal({ id, name, keyVersion, sealedKey, state: "active", next: null });
    batch.books.openAccount("terminal", id, cashIdentity(id));
  }
  batch.log(`operator ${operator}`, failed(`enrol terminal ${name}`, outcome), { outcome });
  return { outcome };
}

export function addCustomer(batch: Batch, command: Asked<"add_customer">): Answer {
  const { username, displayName, passwordHash, operator } = command;
  const found = batch.books.customer(username);
  if (found?.passwordHash === passwordHash) {
    // Repeated, since the first answer was lost: no other command has this salt.
    return { outcome: "ok", account: batch.books.accountOf("customer", username)! };
  }
  const outcome = isReservedName(username)
    ? "name_reserved"
    : found
    ? "name_taken"
    : openingRefusalOf(batch, command);
  batch.log(`operator ${operator}`, failed(`add customer ${username}`, outcome), { outcome });
  if (outcome !== "ok") return { outcome };
  batch.books.addCustomer({ username, ...(displayName && { displayName }), passwordHash });
  return { outcome, account: openAccountWith(batch, command, "") };
}

/** Sets a one-time password: the customer's visits end, and the next one can only change it. */
export function resetPassword(batch: Batch, command: Asked<"reset_password">): Answer {
  const { operator, username, passwordHash } = command;
  const outcome: Outcome = batch.books.customer(username) ? "ok" : "unknown_name";
  if (outcome === "ok") {
    const oneTime = { untilMs: batch.timeMs + oneTimePasswordMsMax, setBacks: batch.setBacks };
    batch.books.raisePasswordVersion(username, { passwordHash, oneTime });
  }
  const action = failed(`reset the password of ${username}`, outcome);
  batch.log(`operator ${operator}`, action, { outcome });
  return { outcome };
}

/** Opens another account for a customer. */
export function openAccount(batch: Batch, command: Asked<"open_account">): Answer {
  const { username, name, operator } = command;
  const named = batch.books.accountsOf("customer", username).some((account) =>
    account.name === name && account.state !== "closed"
  );
  const outcome = !batch.books.customer(username)
    ? "unknown_name"
    : named
    ? "name_taken"
    : openingRefusalOf(batch, command);
  const action = `open account ${name} for ${username}`;
  batch.log(`operator ${operator}`, failed(action, outcome), { outcome });
  return outcome === "ok"
    ? { outcome, account: openAccountWith(batch, command, name) }
    : { outcome };
}

/** The fields of a command that opens an account. */
type Opening = Pick<Asked<"open_account">, "username" | "opening" | "movement" | keyof NewIdentity>;

function openingRefusalOf(batch: Batch, { opening, numbers }: Opening): Outcome {
  if (opening < 0n) return "amount_not_positive";
  if (opening > amountMinorMax) return "amount_too_large";
  return freeNumber(batch, numbers) === undefined ? "try_later" : "ok";
}

/** Returns the first of these numbers that is free. A closed account keeps its number. */
function freeNumber({ books }: Batch, numbers: readonly string[]): string | undefined {
  return numbers.find((number) => !books.accountNumbered(number));
}

function openAccountWith(
  batch: Batch,
  { username, opening, movement, numbers, uid }: Opening,
  name: string,
): Account {
  const identity = { number: freeNumber(batch, numbers)!, uid };
  const credit = batch.books.openAccount("customer", username, identity, name);
  if (opening === 0n) return credit;
  const debit = batch.books.accountOf("vault")!;
  const outcome = "ok";
  const row = batch.book({
    movement,
    kind: "opening",
    terminal: "",
    debit,
    credit,
    amount: opening,
    currency: credit.currency,
    outcome,
    customer: username,
  });
  batch.log(username, `deposit ${batch.money(opening)} - opening balance`, {
    kind: "deposit",
    outcome,
    movement,
    step: "book",
    amount: opening,
    ...accountFacts(batch, row, credit.id),
  });
  return batch.books.account(credit.id)!;
}

export function setAccountState(batch: Batch, command: Asked<"set_account_state">): Answer {
  const { account: number, state, reason, operator } = command;
  const account = batch.books.accountNumbered(number);
  const outcome = account?.kind !== "customer"
    ? "unknown_account"
    : account.state === "closed" && state !== "closed"
    ? "account_closed"
    : state === "closed" && account.balance !== 0n
    ? "account_not_empty"
    : state === "closed" && batch.books.hasOpenMovement(account.id)
    ? "account_has_open_movements"
    : "ok";
  const verb = { open: "unlock", locked: "lock", closed: "close" }[state];
  const whose = account?.kind === "customer" ? ` of ${account.owner}` : "";
  const action = failed(`${verb} account ${number}${whose}`, outcome);
  batch.log(`operator ${operator}`, `${action} - ${reason}`, { outcome });
  if (outcome !== "ok") return { outcome };
  if (state === "locked") batch.books.raisePasswordVersion(account!.owner);
  return { outcome, account: batch.books.setAccount({ ...account!, state }) };
}

const limitWords: Record<keyof Limits, string> = {
  withdrawalMax: "withdrawal",
  accountDayOutMax: "account a day",
  terminalDayOutMax: "terminal out a day",
  terminalDayInMax: "terminal in a day",
};

export function setLimits(batch: Batch, { limits, operator }: Asked<"set_limits">): Answer {
  const outcome = limitsRefusalOf(limits) ?? "ok";
  if (outcome === "ok") batch.books.setLimits({ ...batch.books.limits, ...limits });
  const words = Object.entries(limits).map(([name, amount]) =>
    `${limitWords[name as keyof Limits]} ${inMoney(batch, amount, "none")}`
  );
  const action = `set limits: ${words.join(", ")}`;
  batch.log(`operator ${operator}`, failed(action, outcome), { outcome });
  return { outcome };
}

function limitsRefusalOf(limits: Record<string, bigint | null | undefined>): Outcome | undefined {
  const amounts = Object.values(limits).filter((amount) => typeof amount === "bigint");
  if (amounts.some((amount) => amount < 0n)) return "amount_not_positive";
  if (amounts.some((amount) => amount > balanceMinorMax)) return "amount_too_large";
}

/** Sets the limits of one account or one terminal. */
export function setOwnLimits(batch: Batch, command: Asked<"set_own_limits">): Answer {
  const { operator, account: number, terminal, withdrawalMax, dayOutMax, dayInMax } = command;
  const given = Object.entries({ withdrawalMax, dayOutMax, dayInMax })
    .filter(([, limit]) => limit !== undefined);
  const limits: Partial<Account> = Object.fromEntries(given);
  const account = limitedAccount(batch, command);
  const kind = terminal === undefined ? "customer" : "terminal";
  const outcome = limitsRefusalOf(Object.fromEntries(given)) ??
    (account?.kind === kind ? "ok" : "unknown_account");
  const whose = terminal === undefined
    ? `account ${number}`
    : `terminal ${batch.terminalName(terminal)}`;
  const words = given.map(([name, amount]) =>
    `${
      name === "withdrawalMax" ? "withdrawal" : name === "dayOutMax" ? "out a day" : "in a day"
    } ` +
    inMoney(batch, amount as bigint | null, "as the bank's")
  );
  const action = `set limits of ${whose}: ${words.join(", ")}`;
  batch.log(`operator ${operator}`, failed(action, outcome), { outcome });
  if (outcome === "ok") batch.books.setAccount({ ...account!, ...limits });
  return { outcome };
}

function limitedAccount({ books }: Batch, { account, terminal }: Asked<"set_own_limits">) {
  return terminal === undefined
    ? books.accountNumbered(account!)
    : books.accountOf("terminal", terminal);
}

/**
 * Returns whether a command raises a limit as the books have it now, on the word of one operator in a
 * bank of two: somebody has lowered it since the request was checked. A limit removed becomes the bank's.
 */
export function raisesAlone(batch: Batch, command: Command): boolean {
  if (!command.signer || command.approval || !batch.books.staff.fourEyes) return false;
  const { limits } = batch.books;
  if (command.op === "set_limits") {
    return Object.entries(command.limits).some(([name, after]) =>
      isAbove(after, limits[name as keyof Limits])
    );
  }
  if (command.op !== "set_own_limits") return false;
  const { withdrawalMax, accountDayOutMax, terminalDayOutMax, terminalDayInMax } = limits;
  const banks = command.terminal === undefined
    ? { withdrawalMax, dayOutMax: accountDayOutMax, dayInMax: null }
    : { withdrawalMax: null, dayOutMax: terminalDayOutMax, dayInMax: terminalDayInMax };
  const account = limitedAccount(batch, command);
  return (["withdrawalMax", "dayOutMax", "dayInMax"] as const).some((name) =>
    command[name] !== undefined &&
    isAbove(command[name] ?? banks[name], account?.[name] ?? banks[name])
  );
}

const isAbove = (after: bigint | null, before: bigint | null) =>
  before !== null && (after === null || after > before);

const inMoney = (batch: Batch, amount: bigint | null, none: string) =>
  amount === null ? none : batch.money(amount);

/** Settles an open movement instead of its terminal, which may still report its outcome. */
export function settleHold(batch: Batch, command: Asked<"settle_hold">): Answer {
  const { movement, amount, reason, operator } = command;
  const first = batch.books.movement(movement, 1);
  const settled = batch.books.movement(movement, 2);
  const outcome: Outcome = first?.action !== "authorise" || first.outcome !== "ok"
    ? "unknown_movement"
    : settled
    ? settled.action === "complete" ? "already_completed" : "already_reversed"
    : amount < 0n
    ? "amount_not_positive"
    : amount > first.amount
    ? "amount_too_large"
    // The token's nonce may be live until then.
    : first.token !== "" && batch.timeMs < first.timeMs + commandNonceMsMax
    ? "try_later"
    : first.kind === "transfer" && amount > 0n
    ? transferRefusalOf({
      account: batch.books.account(first.debit!)!,
      to: batch.books.account(first.credit!)!,
    }, amount) ?? "ok"
    : "ok";
  const what = first?.action === "authorise"
    ? `${first.kind} of ${batch.money(first.amount)} by ${first.customer}`
    : `movement ${movement}`;
  const how = amount === 0n ? "reversed" : `completed with ${batch.money(amount)}`;
  batch.log(`operator ${operator}`, `${failed(`settle ${what} as ${how}`, outcome)} - ${reason}`, {
    outcome,
    movement,
  });
  if (outcome !== "ok") return { outcome };
  if (first!.kind === "transfer") return settleTransfer(batch, first!, amount, operator);
  const action = amount === 0n ? "reverse" : "complete";
  return settleRow(batch, first!, action, amount, operator);
}

/**
 * Starts a restore. The cash account of a terminal that was enrolled since the backup starts empty.
 */
export function restore(batch: Batch, command: Asked<"restore">): Answer {
  const { operator, terminals, restoring, missing } = command;
  const { books } = batch;
  // What was proposed at the time of the backup may have run since.
  books.setStaff({ ...command.staff ?? books.staff, proposals: [] });
  for (const terminal of terminals) {
    books.setTerminal(terminal);
    if (!books.accountOf("terminal", terminal.id)) {
      books.openAccount("terminal", terminal.id, cashIdentity(terminal.id));
    }
  }
  books.setRestoring(restoring);
  const outcome = "ok";
  batch.log(`operator ${operator}`, `restore a backup - ${missing}`, { outcome });
  return { outcome };
}

/**
 * Serves customers although terminals, and their movements since the backup, are missing; an operator
 * has seen what devices paid without a record.
 */
export function endRestore(batch: Batch, { operator, reason }: Asked<"end_restore">): Answer {
  const { books } = batch;
  const { waiting = [], unknown = [] } = books.restored ?? {};
  const outcome = "ok";
  const paid = unknown.map(({ terminal, amount }) =>
    `, ${batch.money(amount)} paid by ${batch.terminalName(terminal)} without a record`
  );
  const missing = waiting.length === 1 ? "1 terminal" : `${waiting.length} terminals`;
  const words = `end the restore, ${missing} missing${paid.join("")} - ${reason}`;
  batch.log(`operator ${operator}`, words, { outcome });
  if (unknown.length > 0) books.setRestoring({ ...books.restored!, unknown: [] });
  stopWaiting(batch, waiting);
  return { outcome };
}

/** Confirms the clock. The engine uses the new time once this is durable. */
export function confirmClock(batch: Batch, { operator, jumpMs }: Asked<"confirm_clock">): Answer {
  const { nowMs, steadyMs } = batch.clocks;
  const jump = nowMs - steadyMs;
  const isAnother = jumpMs !== undefined && Math.abs(jump - jumpMs) > clockProposedMsMax;
  const outcome = isAnother ? "another_clock" : "ok";
  if (!isAnother) batch.books.confirmClock({ confirmedMs: nowMs, timeMs: batch.timeMs });
  const clock = `${new Date(nowMs).toISOString()}, jump: ${jumpInWords(jump)}`;
  batch.log(`operator ${operator}`, failed(`confirm the clock at ${clock}`, outcome), { outcome });
  return { outcome };
}

/** Sets the bank's time back to the batch's. Rows and entries keep the later times that they have. */
export function setBackClock(batch: Batch, { operator }: Asked<"set_back_clock">): Answer {
  const { books, timeMs, clocks: { nowMs, setBackFromMs } } = batch;
  const who = `operator ${operator}`;
  if (setBackFromMs === null || books.setBacks === batch.setBacks) {
    const outcome = "clock_not_ahead";
    batch.log(who, failed("set the bank's time back", outcome), { outcome });
    return { outcome };
  }
  books.confirmClock({ confirmedMs: nowMs, timeMs }, true);
  // A proposal with a later time would be open for longer than its 24 hours.
  const proposals = books.staff.proposals.filter((each) => each.timeMs <= timeMs);
  books.setStaff({ ...books.staff, proposals });
  const [from, to] = [setBackFromMs, timeMs].map((ms) => new Date(ms).toISOString());
  const outcome = "ok";
  batch.log(who, `set the bank's time back from ${from} to ${to}`, { outcome });
  return { outcome };
}
