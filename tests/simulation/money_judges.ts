/**
 * Judges of money. They share no code with the product: they hold what customers wanted, what screens
 * said and what is in people's hands against the rows of the books.
 */
import type { Attempt, Intent, Look } from "./intents.ts";
import { linearize, type Model, type Operation } from "./linearize.ts";
import type { AccountRecord, MovementRecord, Records } from "./records.ts";

/** What a judge found wrong. */
export interface Finding {
  readonly judge: string;
  readonly what: string;
}

/** The world outside of the books, once all is quiet. */
export interface Evidence {
  readonly intents: readonly Intent[];
  readonly looks: readonly Look[];
  /** Minor units of the bank's notes in each terminal, by the terminal's id. */
  readonly notes: ReadonlyMap<string, bigint>;
  /** Minor units of customers' own notes that machines kept, or that people found in them. */
  readonly customersNotesKept: bigint;
  /**
   * Minor units that the bank's differences account was charged for each customer's withdrawals, and
   * that nobody got: a count has booked them back, since a correction has no other account.
   */
  readonly uncorrected: ReadonlyMap<string, bigint>;
  /** What each customer has in hand more than at the beginning. */
  readonly handed: ReadonlyMap<string, bigint>;
  /** Backups that were put back. */
  readonly restores: readonly Restore[];
  /** The books as the last of them left them; null where there was none. */
  readonly restored: Restored | null;
  readonly lost: readonly Lost[];
}

/** A machine that was lost after a restore, before it retold what it had done since the backup. */
export interface Lost {
  readonly machine: string;
  /** When the backup was begun. */
  readonly fromMs: number;
}

/** A restored bank's books, before anything was done with them. */
export interface Restored {
  readonly atMs: number;
  readonly records: Pick<Records, "accounts" | "movements">;
}

/** From the moment at which a backup was begun until the bank was put back to it. */
export interface Restore {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function judgeMoney(records: Records, evidence: Evidence): Finding[] {
  return [
    ...judgeBooks(records),
    ...judgeQuiet(records),
    ...judgeIntents(records, evidence),
    ...judgeCash(records, evidence),
    ...judgeLooks(records, evidence),
  ];
}

const sum = <T>(values: Iterable<T>, of: (value: T) => bigint) =>
  [...values].reduce((total, value) => total + of(value), 0n);

/** Checks that the books sum to zero, and that each balance follows from the movements. */
export function judgeBooks({ accounts, movements, holds }: Records): Finding[] {
  const findings: Finding[] = [];
  const find = (what: string) => findings.push({ judge: "books", what });
  const total = sum(accounts, ({ balance }) => balance);
  if (total !== 0n) find(`the balances sum to ${total}`);
  const made = new Map(accounts.map(({ number }) => [number, { balance: 0n, held: 0n }]));
  const settled = new Set(movements.filter(({ step }) => step === 2).map(({ id }) => id));
  const open = new Set<string>();
  for (const row of movements) {
    const { id, step, action, kind, outcome, debit, credit, amount, booked } = row;
    if (booked < 0n) find(`row ${step} of ${id} books less than nothing`);
    if (booked > 0n && (debit === null || credit === null)) find(`${id} books from or to nowhere`);
    if (booked > 0n && debit !== null) made.get(debit)!.balance -= booked;
    if (booked > 0n && credit !== null) made.get(credit)!.balance += booked;
    if (action !== "authorise" || outcome !== "ok" || settled.has(id)) continue;
    open.add(id);
    if (kind === "withdrawal") made.get(debit!)!.held += amount;
  }
  for (const { number, kind, balance, held } of accounts) {
    const { balance: balanceMade, held: heldMade } = made.get(number)!;
    const account = `account ${number}`;
    if (balance !== balanceMade) find(`${account} has ${balance}, its movements ${balanceMade}`);
    if (held !== heldMade) find(`${account} has ${held} held, its movements ${heldMade}`);
    if (kind === "customer" && balance < held) find(`${account} has ${balance}, held ${held}`);
  }
  for (const id of holds) if (!open.delete(id)) find(`${id} is listed as open, and is not`);
  for (const id of open) find(`${id} is open, and not listed`);
  return findings;
}

/** Checks that after a quiet day and an operator's count nothing is open. */
function judgeQuiet({ holds, movements }: Records): Finding[] {
  return holds.map((id) => {
    const row = movements.find((row) => row.id === id);
    const of = row ? `${row.kind} of ${row.amount} by ${row.customer}` : "a movement";
    return { judge: "quiet", what: `${id}, ${of}, is open still` };
  });
}

/** Checks that what is intended once is done at most once; what a screen said is so. */
function judgeIntents(records: Records, { intents, lost }: Evidence): Finding[] {
  return intents.flatMap((intent) =>
    intent.kind === "transfer"
      ? judgeTransfer(intent, records, lost)
      : judgeReceipts(intent, records.movements, lost)
  );
}

/** Returns whether an attempt's machine was lost before the bank had its outcome for good. */
const isLost = ({ terminal, untilMs, booked }: Attempt, lost: readonly Lost[]) =>
  lost.some(({ machine, fromMs }) =>
    machine === terminal && (booked === null || (untilMs ?? Infinity) > fromMs)
  );

/**
 * Returns whether a transfer may be missing though a receipt shows it: its machine was lost before it
 * retold it, an account is one that a restored bank does not have, or operators dropped it.
 */
function mayBeMissing(
  { account, to, attempts }: Intent,
  { accounts, movements }: Pick<Records, "accounts" | "movements">,
  lost: readonly Lost[],
): boolean {
  if (![account, to].every((each) => accounts.some(({ number }) => number === each))) return true;
  const done = attempts.filter(({ claim }) => claim.said === "done");
  if (done.some(({ terminal }) => lost.some(({ machine }) => machine === terminal))) return true;
  return done.some(({ claim }) =>
    movements.some(({ id, step, operator, booked }) =>
      claim.said === "done" && id === claim.reference && step === 2 && operator !== "" &&
      booked === 0n
    )
  );
}

/** Ids of the movements that operators settled. */
function settledByPeople(movements: readonly MovementRecord[]): ReadonlySet<string> {
  return new Set(
    movements.filter(({ step, operator }) => step === 2 && operator !== "").map(({ id }) => id),
  );
}

/** Identifies a transfer by its unique amount. */
function judgeTransfer(
  intent: Intent,
  records: Pick<Records, "accounts" | "movements">,
  lost: readonly Lost[],
): Finding[] {
  const { movements } = records;
  const { customer, amount, account, to, attempts } = intent;
  const times =
    movements.filter((row) =>
      row.kind === "transfer" && row.booked === amount && row.debit === account &&
      row.credit === to
    ).length;
  const said = attempts.map(({ claim }) => claim.said);
  const words = `${customer}'s transfer of ${amount} from ${account} to ${to}: ` +
    `booked ${times} times, the screens said: ${wordsOf(intent)}`;
  if (times > 1) return [{ judge: "intents", what: `${words}: paid more than once` }];
  const isMissing = times === 0 && said.includes("done");
  if (isMissing && !mayBeMissing(intent, records, lost)) return [{ judge: "intents", what: words }];
  const neverDone = said.every((each) => each === "not done");
  return times === 1 && neverDone ? [{ judge: "intents", what: words }] : [];
}

/** Checks that each receipt has its movement in the books, with what the customer got or gave. */
function judgeReceipts(
  intent: Intent,
  movements: readonly MovementRecord[],
  lost: readonly Lost[],
): Finding[] {
  const { customer, kind, attempts } = intent;
  return attempts.filter((attempt) => !isLost(attempt, lost)).flatMap(({ claim, handed }) => {
    const find = (what: string) => [{
      judge: "intents",
      what: `${customer}'s ${kind}: ${what}; the screens said: ${wordsOf(intent)}`,
    }];
    // Notes of a deposit may stay in a machine that jams: whose they are, people see to.
    if (claim.said === "not done" && handed !== 0n && (kind !== "deposit" || handed > 0n)) {
      return find(`${handed} are in their hands though nothing was done`);
    }
    if (claim.said !== "done") return [];
    const rows = movements.filter(({ id, step }) => id === claim.reference && step === 2);
    const booked = sum(rows, (row) => row.booked);
    if (rows.every(({ operator }) => operator === "") && booked !== claim.amount) {
      return find(`booked ${booked} for a receipt of ${claim.amount}`);
    }
    const given = kind === "withdrawal" ? handed : -handed;
    const fits = kind === "withdrawal" ? given === claim.amount : given >= claim.amount;
    return fits ? [] : find(`${given} by hand for a receipt of ${claim.amount}`);
  });
}

/** Returns what corrections of movements took from the differences account for customers. */
export function creditedBy({ accounts, movements }: Records, ids: readonly string[]): bigint {
  const differences = accounts.find(({ kind }) => kind === "differences")?.number;
  const rows = movements.filter(({ id, action }) => action === "correct" && ids.includes(id));
  return sum(rows, ({ debit, booked }) => debit === differences ? booked : -booked);
}

function wordsOf({ attempts }: Intent): string {
  return attempts.map(({ claim, terminal, fromMs, handed }) =>
    `[${terminal} at ${Math.round(fromMs)} ms, by hand ${handed}] ` +
    (claim.said === "done" ? `done ${claim.amount} ${claim.reference}` : claim.words)
  ).join(" / ");
}

/** Notes in terminals are what the books say, and customers paid for what is in their hands. */
function judgeCash({ accounts, movements }: Records, evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const [terminal, notes] of evidence.notes) {
    const account = accounts.find(({ kind, owner }) => kind === "terminal" && owner === terminal);
    const booked = -(account?.balance ?? 0n);
    if (booked !== notes) {
      findings.push({
        judge: "cash",
        what: `terminal ${terminal} has ${notes}, the books ${booked}`,
      });
    }
  }
  const losers = new Set(
    evidence.intents.filter(({ attempts }) => attempts.some((each) => isLost(each, evidence.lost)))
      .map(({ customer }) => customer),
  );
  let kept = 0n;
  for (const [customer, handed] of evidence.handed) {
    if (losers.has(customer) || (losers.size > 0 && customer === "")) continue;
    const uncorrected = evidence.uncorrected.get(customer) ?? 0n;
    const difference = bookedOut(customer, accounts, movements) - uncorrected - handed;
    kept += difference;
    if (difference === 0n || (difference > 0n && difference <= evidence.customersNotesKept)) {
      continue;
    }
    findings.push({
      judge: "cash",
      what: `${customer} has ${handed} more in hand, the books say ${handed + difference}`,
    });
  }
  if (losers.size === 0 && kept !== evidence.customersNotesKept && findings.length === 0) {
    const what =
      `customers miss ${kept}, and machines kept ${evidence.customersNotesKept} of theirs`;
    findings.push({ judge: "cash", what });
  }
  return findings;
}

/**
 * Returns what the books say a customer took out in notes, less what they put in; of nobody's,
 * where the books do not name a customer any more. What their account does not bear the differences
 * account does.
 */
function bookedOut(
  customer: string,
  accounts: readonly AccountRecord[],
  movements: readonly MovementRecord[],
): bigint {
  const own = new Set(
    accounts.filter(({ kind, owner }) => kind === "customer" && owner === customer)
      .map(({ number }) => number),
  );
  const differences = accounts.find(({ kind }) => kind === "differences");
  const bearing = new Set([...own, ...differences ? [differences.number] : []]);
  return sum(movements, (row) => {
    if (row.customer !== customer || !["withdrawal", "deposit"].includes(row.kind)) return 0n;
    // Between the differences account and the customer's: of notes that people found.
    if (row.action === "correct") return own.has(row.debit!) ? row.booked : -row.booked;
    if (bearing.has(row.debit!)) return row.booked;
    return bearing.has(row.credit!) ? -row.booked : 0n;
  });
}

interface AccountOperation extends Operation {
  /** Added to the account, or taken from it. */
  readonly change: bigint;
  /** The balance that its answer showed. */
  readonly seen: bigint | null;
  readonly words: string;
}

const accountModel = (opening: bigint): Model<bigint, AccountOperation> => ({
  initial: opening,
  step: (balance, { change, seen }) => {
    const after = balance + change;
    return seen === null || seen === after ? after : null;
  },
  keyOf: String,
});

/**
 * Checks that what customers saw of each account fits one order of what was done with it, since the
 * bank's books began or were restored.
 */
export function judgeLooks(
  { movements }: Pick<Records, "movements">,
  { intents, looks, restored }: Pick<Evidence, "intents" | "looks" | "restored">,
): Finding[] {
  const fromMs = restored?.atMs ?? 0;
  const before = new Set(restored?.records.movements.map(({ id, step }) => `${id}/${step}`));
  const since = {
    fromMs,
    movements: movements.filter(({ id, step }) => !before.has(`${id}/${step}`)),
    looks: looks.filter((look) => look.fromMs >= fromMs),
    intents: intents.map((intent) => ({
      ...intent,
      attempts: intent.attempts.filter((attempt) => attempt.fromMs >= fromMs),
    })),
    byPeople: settledByPeople(movements),
  };
  const accounts = new Set([...since.intents, ...since.looks].map(({ account }) => account));
  return [...accounts].flatMap((account) => {
    const balance = restored?.records.accounts.find(({ number }) => number === account)?.balance;
    const opening = balance ?? sum(
      movements.filter(({ kind, credit }) => kind === "opening" && credit === account),
      ({ booked }) => booked,
    );
    const history = [
      ...looksOf(account, since.looks),
      ...since.intents.flatMap((intent) => operationsOf(account, intent, since.byPeople)),
      ...unclaimedOf(account, since),
    ];
    const verdict = linearize(accountModel(opening), history);
    if (verdict.result !== "not linearizable") return [];
    const { order, stuck } = verdict;
    const last = order.slice(-6).map(({ words }) => words).join(", ");
    const what = `account ${account}: after ${last} nobody can have seen ${stuck.seen} by ` +
      `'${stuck.words}' (${Math.round(stuck.callMs)} to ${Math.round(stuck.returnMs!)} ms)`;
    return [{ judge: "linearizable", what }];
  });
}

function looksOf(account: string, looks: readonly Look[]): AccountOperation[] {
  return looks.filter((look) => look.account === account).map(({ fromMs, untilMs, booked }) => ({
    callMs: fromMs,
    returnMs: untilMs,
    change: 0n,
    seen: booked,
    words: `look ${booked}`,
  }));
}

/** Returns what an intent did, or may have done, to an account. */
function operationsOf(
  account: string,
  intent: Intent,
  byPeople: ReadonlySet<string>,
): AccountOperation[] {
  const { kind, account: from, to, attempts } = intent;
  if (account !== from && account !== to) return [];
  return attempts.flatMap(({ fromMs, untilMs, claim, booked }) => {
    const isDone = claim.said === "done";
    if (isDone && byPeople.has(claim.reference)) return [];
    if (!isDone && (kind !== "transfer" || claim.said === "not done")) return [];
    const amount = isDone ? claim.amount : intent.amount;
    const adds = kind === "deposit" || account === to;
    return [{
      callMs: fromMs,
      // A receipt without a balance says that the notes have moved: they are booked by and by.
      returnMs: isDone && booked !== null ? untilMs : null,
      change: adds ? amount : -amount,
      seen: account === from ? booked : null,
      words: `${kind} ${amount} ${claim.said}`,
    }];
  });
}

/** What was done and seen since the bank's books began or were restored. */
interface Since {
  readonly fromMs: number;
  readonly movements: readonly MovementRecord[];
  readonly looks: readonly Look[];
  readonly intents: readonly Intent[];
  readonly byPeople: ReadonlySet<string>;
}

/**
 * Returns cash that was booked without a receipt, or by people, and what a terminal retold, transfers
 * included: at any time after the first such attempt, or after the restore.
 */
function unclaimedOf(
  account: string,
  { fromMs, intents, movements, byPeople }: Since,
): AccountOperation[] {
  const attempts = intents.filter((intent) =>
    intent.account === account && intent.kind !== "transfer"
  ).flatMap((intent) => intent.attempts);
  const isClaimed = ({ claim }: Attempt) => claim.said === "done" && !byPeople.has(claim.reference);
  const claimed = new Set(
    attempts.filter(isClaimed).map(({ claim }) => claim.said === "done" ? claim.reference : ""),
  );
  const callMs = fromMs > 0 ? fromMs : Math.min(
    ...attempts.filter((attempt) => !isClaimed(attempt)).map(({ fromMs }) => fromMs),
  );
  // Each transfer of a run has another amount: one that nobody has tried since the restore was retold.
  const tried = new Set(
    intents.filter(({ kind, attempts }) => kind === "transfer" && attempts.length > 0)
      .map(({ amount }) => amount),
  );
  return movements.flatMap(({ id, kind, debit, credit, booked }) => {
    const isRetold = kind === "transfer" && fromMs > 0 && !tried.has(booked);
    if (!["withdrawal", "deposit"].includes(kind) && !isRetold) return [];
    if (booked === 0n || claimed.has(id)) return [];
    const change = debit === account ? -booked : credit === account ? booked : 0n;
    const words = `${kind} ${booked} without a receipt`;
    return change === 0n ? [] : [{ callMs, returnMs: null, change, seen: null, words }];
  });
}
