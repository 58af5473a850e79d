/** Transfers, limits, accounts' states and what operators settle: tables, in the order of the checks. */
import { assertEquals } from "@std/assert";
import { cashLoadForgetMs, cashLoadsFree } from "../../../../lib/limits.ts";
import { amountMinorMax, balanceMinorMax } from "../../../../lib/money.ts";
import { lineOf } from "../../../../server/audit/codec.ts";
import { beginOfMonth, dayOf } from "../../../../lib/calendar.ts";
import { maskedName } from "../../../../server/ledger/rules/transfer.ts";
import { accountIdOf, numberOf, play, settings, smallBank } from "../../helpers/small_bank.ts";

const [alice, bob, ghost] = ["alice", "bob", "ghost"].map(numberOf);

Deno.test("refusals of a transfer come in the documented order", () => {
  // Each row fails in its own way and in as many later ways as can be had with it.
  play(`
    root limit accountDayOutMax 20000                     -> ok
    lobby void v1                                         -> ok 0
    lobby alice transfer v1 ghost ghost x USD             -> voided
    lobby alice transfer r1 alice bob 100 EUR             -> ok
    lobby alice transfer r1 ghost ghost x USD             -> id_reused
    lobby alice transfer a1 ghost ghost x USD             -> amount_not_a_number
    lobby alice transfer a2 ghost ghost 1.5 USD           -> amount_not_whole
    lobby alice transfer a3 ghost ghost 0 USD             -> amount_not_positive
    lobby alice transfer a4 ghost ghost -1 USD            -> amount_not_positive
    lobby alice transfer a5 ghost ghost 1000000000000001 USD -> amount_too_large
    lobby alice transfer u1 ghost ghost 99999999 USD      -> unknown_account
    lobby alice transfer u2 bob   ghost 99999999 USD      -> unknown_account
    lobby alice transfer u3 vault ghost 100 EUR           -> unknown_account
    lobby carl  transfer c1 carl  ghost 99999999 USD      -> wrong_currency
    lobby carl  transfer s1 carl  ghost 99999999 EUR      -> account_closed
    lobby lena  transfer s2 lena  ghost 99999999 EUR      -> account_locked
    lobby alice transfer t1 alice ghost 99999999 EUR      -> unknown_recipient
    lobby alice transfer t2 alice vault 99999999 EUR      -> unknown_recipient
    lobby alice transfer t3 alice lobby 99999999 EUR      -> unknown_recipient
    lobby alice transfer t4 alice alice 99999999 EUR      -> same_account
    lobby alice transfer t5 alice dora  99999999 EUR      -> wrong_currency
    lobby alice transfer t6 alice carl  99999999 EUR      -> recipient_unavailable
    at 1970-01-01T01:00:00Z # or so many looks would be throttled
    lobby alice transfer t7 alice lena  99999999 EUR      -> recipient_unavailable
    lobby alice transfer l1 alice bob   99999999 EUR      -> over_day_limit
    lobby alice transfer f1 alice bob   9901 EUR          -> insufficient_funds # 100 went before
    lobby alice transfer f2 alice bob   9900 EUR          -> ok
    alice has 0
    bob has 1010000
  `);
});

Deno.test("a transfer happens once, in one step, and cannot be taken back", () => {
  play(`
    lobby alice transfer t1 alice bob 4000 EUR  -> ok
    lobby alice transfer t1 alice bob 4000 EUR  -> ok
    lobby alice transfer t1 alice bob 4001 EUR  -> id_reused
    lobby alice transfer t1 alice lena 4000 EUR -> id_reused
    lobby alice transfer t1 alice bob 4000 USD  -> id_reused
    mall  alice transfer t1 alice bob 4000 EUR  -> id_reused
    lobby bob   transfer t1 bob alice 4000 EUR  -> id_reused
    lobby alice withdraw t1 alice 4000 EUR      -> id_reused
    lobby load t1 4000 EUR                      -> id_reused
    lobby void t1                               -> already_completed 4000
    lobby reverse t1                            -> already_completed 4000
    lobby complete t1 4000                      -> unknown_movement
    mall  void t1                               -> unknown_movement
    alice has 6000
    bob has 1004000
    lobby alice transfer t2 alice bob 6001 EUR  -> insufficient_funds
    lobby bob   transfer t3 bob alice 1 EUR     -> ok
    lobby alice transfer t2 alice bob 6001 EUR  -> insufficient_funds # though there is enough by now
    lobby void t2                               -> ok 0
    lobby alice withdraw w1 alice 6001 EUR      -> ok
    lobby alice transfer t4 alice bob 1 EUR     -> insufficient_funds # all of it is held
  `);
});

Deno.test("a transfer's message is part of what a repeated id must have", () => {
  const entries = play(`
    lobby alice transfer t1 alice bob 4000 EUR May rent  -> ok
    lobby alice transfer t1 alice bob 4000 EUR May rent  -> ok
    lobby alice transfer t1 alice bob 4000 EUR June rent -> id_reused
    lobby alice transfer t1 alice bob 4000 EUR           -> id_reused
    lobby alice transfer t2 alice bob 1 EUR              -> ok
    lobby alice transfer t2 alice bob 1 EUR May rent     -> id_reused
    alice has 5999
  `);
  assertEquals(entries[0]!.message, "May rent");
});

Deno.test("both sides have a transfer in their log, and neither the other's whole name", () => {
  const entries = play(`
    lobby alice transfer t1 alice bob 4000 EUR   -> ok
    lobby alice transfer t2 alice bob 999999 EUR -> insufficient_funds
    lobby alice transfer t3 alice ghost 100 EUR  -> unknown_recipient
  `);
  const time = "1970-01-01T00:00:01.000Z";
  assertEquals(entries.map(lineOf), [
    `alice | transfer €40.00 to account ${bob} (b•••b) | ${time}`,
    `bob | receive €40.00 from account ${alice} (a•••e) | ${time}`,
    `alice | transfer €9,999.99 to account ${bob} failed - insufficient funds | ${time}`,
    `alice | transfer €1.00 to account ${ghost} failed - unknown recipient | ${time}`,
  ]);
  assertEquals(["a", "ab", "abc"].map(maskedName), ["a•••", "a•••", "a•••c"]);
});

Deno.test("looking up recipients is counted, hit or miss, waits longer and longer, and is in the log", () => {
  const entries = play(`
    lobby alice look-up bob   -> ok b•••b
    lobby alice look-up ghost -> unknown_recipient
    lobby alice look-up vault -> unknown_recipient
    mall  alice look-up carl  -> ok c•••l
    lobby alice look-up lobby -> unknown_recipient
    lobby alice look-up bob   -> throttled
    mall  alice look-up bob   -> throttled
    lobby bob   look-up alice -> ok a•••e
    at 1970-01-01T00:00:02Z
    lobby alice look-up bob   -> ok b•••b
    lobby alice look-up bob   -> throttled
    lobby alice look-up alice -> same_account # which reveals nobody, and is not counted
  `);
  assertEquals(entries.length, 11);
  assertEquals(entries.at(-1)!.action, `look up account ${alice} failed - same account`);
  assertEquals(entries.slice(0, 2).map(({ action }) => action), [
    `look up account ${bob}`,
    `look up account ${ghost} failed - unknown recipient`,
  ]);
});

Deno.test("a refused transfer counts as a look at the other's account, and shows no name", () => {
  const entries = play(`
    root limit accountDayOutMax 999999           -> ok
    lobby alice look-up bob                      -> ok b•••b
    lobby alice transfer t1 alice ghost 100 EUR  -> unknown_recipient
    lobby alice transfer t2 alice bob 999999 EUR -> insufficient_funds
    mall  alice transfer t3 alice carl 999999 EUR -> recipient_unavailable
    lobby alice transfer t4 alice bob 1000000 EUR -> over_day_limit
    lobby alice transfer t5 alice ghost 100 EUR  -> throttled
    lobby alice transfer t6 alice bob 999999 EUR -> throttled
    lobby alice look-up bob                      -> throttled
    lobby alice transfer t2 alice bob 999999 EUR -> insufficient_funds # as before: it says nothing new
    lobby alice transfer t7 alice bob x EUR      -> amount_not_a_number
    lobby alice transfer t8 alice alice 1 EUR    -> same_account
    lobby alice transfer t9 alice bob 100 EUR    -> ok
    at 1970-01-01T00:00:02Z
    lobby alice transfer t5 alice ghost 100 EUR  -> throttled # recorded, as every refusal
    lobby alice transfer u1 alice ghost 100 EUR  -> unknown_recipient
  `);
  const refused = entries.filter(({ who, outcome }) => who === "alice" && outcome !== "ok");
  assertEquals(refused.filter(({ action }) => action.includes("•")), []);
});

Deno.test("an amount that is invalid is refused by name, and its id is used up with it", () => {
  play(`
    lobby alice withdraw w1 alice forty EUR  -> amount_not_a_number
    lobby alice withdraw w1 alice forty EUR  -> amount_not_a_number
    lobby alice withdraw w1 alice 40.5 EUR   -> id_reused
    lobby alice withdraw w1 alice 0 EUR      -> id_reused
    lobby alice withdraw w1 alice 4000 EUR   -> id_reused
    lobby alice withdraw w2 alice 40.00 EUR  -> amount_not_whole
    lobby alice withdraw w3 alice 4e3 EUR    -> amount_not_a_number
    lobby alice withdraw w4 alice 0x40 EUR   -> amount_not_a_number
    lobby alice withdraw w5 alice 040 EUR    -> amount_not_a_number
    lobby alice withdraw w6 alice -0 EUR     -> amount_not_a_number
    lobby alice deposit  w7 alice 99999999999999999999 EUR  -> amount_too_large
    lobby alice deposit  w8 alice -99999999999999999999 EUR -> amount_not_positive
    lobby alice withdraw w9 alice 0 EUR      -> amount_not_positive
    lobby alice withdraw w9 alice none EUR   -> id_reused
    lobby complete w1 100                    -> unknown_movement
    alice has 10000
  `);
});

Deno.test("amounts, balances and days have bounds, and nothing beyond them is bound to a statement", () => {
  const bank = smallBank();
  const balances: Record<string, bigint> = {
    alice: balanceMinorMax - 100n,
    lobby: -balanceMinorMax + 100n,
    mall: balanceMinorMax - 100n,
  };
  for (const [name, balance] of Object.entries(balances)) {
    const account = bank.accounts[accountIdOf(name) - 1]!;
    bank.accounts[accountIdOf("vault") - 1]!.balance += account.balance - balance;
    account.balance = balance;
  }
  const least = -(2n ** 63n);
  play(
    `
    root limit withdrawalMax none                 -> ok
    lobby bob   deposit  a1 bob ${amountMinorMax + 1n} EUR  -> amount_too_large
    lobby bob   transfer a2 bob alice ${amountMinorMax + 1n} EUR -> amount_too_large
    lobby load  a3 ${amountMinorMax + 1n} EUR     -> amount_too_large
    lobby count a4 ${least} EUR                   -> amount_too_large
    lobby count a4 ${least} EUR                   -> amount_too_large
    lobby count a5 ${-amountMinorMax - 1n} EUR    -> amount_too_large
    root limit accountDayOutMax ${balanceMinorMax + 1n} -> amount_too_large
    root own alice dayOutMax ${balanceMinorMax + 1n} -> amount_too_large
    root own lobby dayInMax -1                    -> amount_not_positive
    lobby alice deposit  b1 alice 101 EUR         -> over_balance_limit
    lobby bob   deposit  b2 bob 101 EUR           -> over_terminal_limit
    lobby bob   transfer b3 bob alice 101 EUR     -> recipient_unavailable
    lobby load  b4 101 EUR                        -> over_balance_limit
    lobby load  b5 100 EUR                        -> ok
    mall  bob   withdraw b6 bob 101 EUR           -> over_terminal_limit
    mall  count b7 -101 EUR                       -> over_balance_limit
    mall  count b8 -100 EUR                       -> ok
    mall  alice deposit  b9 alice 100 EUR         -> ok
  `,
    bank,
  );
});

Deno.test("one terminal's loads and counts have a rate, so that false ones never fill the vault", () => {
  const many = Array.from(
    { length: cashLoadsFree - 1 },
    (_, index) => `lobby load l${index} 10001 EUR -> ok`,
  );
  const entries = play(`
    at 1970-01-01T00:00:00Z
    ${many.join("\n")}
    lobby count c1 -10001 EUR -> ok
    lobby load  x1 10001 EUR  -> try_later
    lobby count x2 10001 EUR  -> try_later
    lobby load  l1 10001 EUR  -> ok # the one that was booked
    lobby load  x3 0 EUR  -> amount_not_positive
    lobby load  s1 10000 EUR -> ok # too small to be counted
    mall  load  m1 10001 EUR  -> ok
    at 1970-01-01T00:59:59Z
    lobby load  x1 10001 EUR  -> try_later
    at 1970-01-01T01:00:00Z
    lobby load  x1 10001 EUR  -> ok # nothing was recorded for its id
    lobby count x2 10001 EUR  -> try_later
  `);
  assertEquals(
    entries.at(-1)!.action,
    "count the notes: €100.01 over, to the differences account failed - try later",
  );
  // At the greatest amount, the vault's account is full after this many days, and no sooner.
  const aDay = 24 * 3_600_000 / cashLoadForgetMs;
  const loads = Number(balanceMinorMax / amountMinorMax);
  assertEquals(Math.floor((loads - cashLoadsFree) / aDay), 40);
});

Deno.test("what no notes make up is refused by the bank too, whatever the machine found", () => {
  const bank = { ...smallBank(), settings: { ...settings, smallestNote: 500n } };
  play(
    `
    root limit terminalDayOutMax 1000        -> ok
    lobby alice withdraw w1 alice 10001 EUR  -> insufficient_funds
    lobby alice withdraw w2 alice 4001 EUR   -> not_dispensable # and over the terminal's day
    lobby alice withdraw w3 alice 1500 EUR   -> over_terminal_limit
    lobby alice withdraw w4 alice 1000 EUR   -> ok
    lobby alice deposit  d1 alice 4001 EUR   -> ok # only what is handed out must be notes
    lobby alice transfer t1 alice bob 1 EUR  -> ok
  `,
    bank,
  );
});

Deno.test("limits of a withdrawal, an account's day and a terminal's day", () => {
  play(`
    root limit withdrawalMax 3000            -> ok
    root limit accountDayOutMax 5000         -> ok
    root limit terminalDayOutMax 6000        -> ok
    root limit terminalDayInMax 2000         -> ok
    lobby alice withdraw w1 alice 3001 EUR   -> over_withdrawal_limit
    lobby alice withdraw w2 alice 3000 EUR   -> ok
    lobby alice withdraw w3 alice 2001 EUR   -> over_day_limit
    mall  alice withdraw w4 alice 2001 EUR   -> over_day_limit
    mall  alice transfer t1 alice bob 1000 EUR -> ok           # counts towards the same day
    mall  alice withdraw w5 alice 1001 EUR   -> over_day_limit
    mall  alice withdraw w6 alice 1000 EUR   -> ok
    lobby bob   withdraw w7 bob   3000 EUR   -> ok
    lobby bob   withdraw w8 bob   1 EUR      -> over_terminal_limit # lobby has given 6000
    mall  bob   withdraw w9 bob   1 EUR      -> ok
    lobby bob   deposit  d1 bob   2001 EUR   -> over_terminal_limit
    lobby bob   deposit  d2 bob   2000 EUR   -> ok
    lobby alice deposit  d3 alice 1 EUR      -> over_terminal_limit
    mall  alice deposit  d4 alice 1 EUR      -> ok
    root limit terminalDayInMax none         -> ok
    lobby alice deposit  d5 alice 999999 EUR -> ok
  `);
});

Deno.test("an account's and a terminal's own limits come before the bank's", () => {
  play(`
    root limit withdrawalMax 3000            -> ok
    root own bob withdrawalMax 9000          -> ok
    root own alice dayOutMax 100             -> ok
    root own mall dayOutMax 50               -> ok
    root own mall dayInMax 60                -> ok
    root own vault dayOutMax 60              -> unknown_account
    root own ghost dayOutMax 60              -> unknown_account
    lobby bob   withdraw w1 bob   9001 EUR   -> over_withdrawal_limit
    lobby bob   withdraw w2 bob   9000 EUR   -> ok
    lobby alice withdraw w3 alice 101 EUR    -> over_day_limit
    mall  bob   withdraw w4 bob   51 EUR     -> over_terminal_limit
    mall  bob   deposit  w5 bob   61 EUR     -> over_terminal_limit
    root own bob withdrawalMax none          -> ok
    lobby bob   withdraw w6 bob   3001 EUR   -> over_withdrawal_limit
    root own alice withdrawalMax 0           -> ok
    lobby alice withdraw w7 alice 1 EUR      -> over_withdrawal_limit
  `);
});

Deno.test("what was not moved is given back to the day that was charged, and to no other", () => {
  const bank = { ...smallBank(), settings: { ...settings, timeZone: "Europe/Berlin" } };
  play(
    `
    at 2026-11-23T22:00:00Z                  # 23:00 in Berlin
    root limit accountDayOutMax 5000         -> ok
    root limit terminalDayOutMax 8000        -> ok
    root limit terminalDayInMax 8000         -> ok
    lobby alice withdraw w1 alice 5000 EUR   -> ok
    lobby alice withdraw w2 alice 1 EUR      -> over_day_limit
    lobby reverse w1                         -> ok 0
    lobby alice withdraw w3 alice 5000 EUR   -> ok
    lobby complete w3 2000                   -> ok 2000 # in part: 3000 come back
    lobby alice withdraw w4 alice 3001 EUR   -> over_day_limit
    lobby alice withdraw w5 alice 3000 EUR   -> ok
    lobby bob   withdraw w6 bob   3001 EUR   -> over_terminal_limit
    lobby bob   deposit  d1 bob   8000 EUR   -> ok
    lobby complete d1 1000                   -> ok 1000
    lobby bob   deposit  d2 bob   7001 EUR   -> over_terminal_limit
    at 2026-11-23T23:00:00Z                  # midnight in Berlin: a new day
    lobby alice withdraw w7 alice 5000 EUR   -> ok
    lobby reverse w5                         -> ok 0    # was charged to yesterday
    lobby alice withdraw w8 alice 1 EUR      -> over_day_limit
    at 2026-11-24T22:59:59Z
    lobby alice withdraw w9 alice 1 EUR      -> over_day_limit
    lobby bob   withdraw x1 bob   3000 EUR   -> ok
    lobby bob   withdraw x2 bob   1 EUR      -> over_terminal_limit
  `,
    bank,
  );
});

Deno.test("a day's limit lasts as long as the day, where the clocks change", () => {
  const bank = { ...smallBank(), settings: { ...settings, timeZone: "Europe/Berlin" } };
  play(
    `
    at 2026-03-28T22:59:59Z
    root limit accountDayOutMax 1000         -> ok
    lobby alice withdraw a1 alice 1000 EUR   -> ok
    at 2026-03-28T23:00:00Z                  # a day of 23 hours begins
    lobby alice withdraw a2 alice 1000 EUR   -> ok
    at 2026-03-29T01:00:00Z                  # 3:00 in Berlin, after 1:59
    lobby alice withdraw a3 alice 1 EUR      -> over_day_limit
    at 2026-03-29T21:59:59Z
    lobby alice withdraw a4 alice 1 EUR      -> over_day_limit
    at 2026-03-29T22:00:00Z                  # 23 hours later
    lobby alice withdraw a5 alice 1000 EUR   -> ok
    at 2026-10-24T22:00:00Z                  # a day of 25 hours begins
    lobby alice withdraw b1 alice 1000 EUR   -> ok
    at 2026-10-25T01:30:00Z                  # 2:30 in Berlin, the second time
    lobby alice withdraw b2 alice 1 EUR      -> over_day_limit
    lobby reverse b1                         -> ok 0
    lobby alice withdraw b3 alice 1000 EUR   -> ok
    at 2026-10-25T22:30:00Z                  # 24 hours and a half later
    lobby alice withdraw b4 alice 1 EUR      -> over_day_limit
    at 2026-10-25T23:00:00Z
    lobby alice withdraw b5 alice 1000 EUR   -> ok
  `,
    bank,
  );
});

Deno.test("days are the calendar's where the bank is, whatever the clock does there", () => {
  const rows: [instant: string, zone: string, date: string][] = [
    ["1970-01-01T00:00:00Z", "UTC", "1970-01-01"],
    ["2026-11-23T22:59:59.999Z", "Europe/Berlin", "2026-11-23"],
    ["2026-11-23T23:00:00Z", "Europe/Berlin", "2026-11-24"],
    ["2026-03-29T22:00:00Z", "Europe/Berlin", "2026-03-30"], // summer time has begun
    ["2026-10-25T22:59:59Z", "Europe/Berlin", "2026-10-25"], // a day of 25 hours
    ["2026-10-25T23:00:00Z", "Europe/Berlin", "2026-10-26"],
    ["2026-01-01T09:59:59Z", "Pacific/Kiritimati", "2026-01-01"],
    ["2026-01-01T10:00:00Z", "Pacific/Kiritimati", "2026-01-02"],
    ["2026-01-01T09:30:00Z", "Pacific/Pago_Pago", "2025-12-31"],
    ["2028-02-29T12:00:00Z", "Asia/Kathmandu", "2028-02-29"],
  ];
  for (const [instant, zone, date] of rows) {
    const expected = Date.parse(`${date}T00:00:00Z`) / 86_400_000;
    assertEquals(dayOf(Date.parse(instant), zone), expected, `${instant} in ${zone}`);
  }
});

Deno.test("a month begins with the first moment of its first day in the bank's time zone", () => {
  const rows: [instant: string, zone: string, begins: string][] = [
    ["2026-11-23T12:00:00Z", "UTC", "2026-11-01T00:00:00.000Z"],
    ["2026-10-31T23:30:00Z", "Europe/Berlin", "2026-10-31T23:00:00.000Z"],
    ["2026-04-30T12:00:00Z", "Pacific/Kiritimati", "2026-04-30T10:00:00.000Z"],
    ["2026-04-30T12:00:00Z", "Pacific/Pago_Pago", "2026-04-01T11:00:00.000Z"],
    ["2028-02-29T12:00:00Z", "Asia/Kathmandu", "2028-01-31T18:15:00.000Z"],
  ];
  for (const [instant, zone, begins] of rows) {
    const found = beginOfMonth(dayOf(Date.parse(instant), zone), zone);
    assertEquals(new Date(found).toISOString(), begins, `${instant} in ${zone}`);
  }
});

Deno.test("an account with a movement under way is not closed: its money would be stranded", () => {
  play(`
    lobby alice transfer t1 alice bob 10000 EUR -> ok
    lobby alice deposit d1 alice 100 EUR     -> ok
    root close alice                         -> account_has_open_movements
    root lock alice                          -> ok
    root close alice                         -> account_has_open_movements
    lobby complete d1 100                    -> ok 100
    root close alice                         -> account_not_empty
    root unlock alice                        -> ok
    lobby alice transfer t2 alice bob 100 EUR -> ok
    lobby alice deposit d2 alice 100 EUR     -> ok
    lobby void d2                            -> ok 0
    root close alice                         -> ok
  `);
});

Deno.test("accounts are locked, unlocked and closed for good, with the reason in the log", () => {
  const entries = play(`
    root lock alice                          -> ok
    lobby alice withdraw w1 alice 100 EUR    -> account_locked
    root unlock alice                        -> ok
    lobby alice withdraw w2 alice 100 EUR    -> ok
    root close alice                         -> account_not_empty
    lobby reverse w2                         -> ok 0
    lobby alice transfer t1 alice bob 10000 EUR -> ok
    root close alice                         -> ok
    lobby alice deposit d1 alice 100 EUR     -> account_closed
    root unlock alice                        -> account_closed
    root lock vault                          -> unknown_account
    root lock lobby                          -> unknown_account
    root lock ghost                          -> unknown_account
  `);
  const said = entries.filter(({ who }) => who === "operator root").map(({ action }) => action);
  assertEquals(said.slice(0, 3), [
    `lock account ${alice} of alice - asked`,
    `unlock account ${alice} of alice - asked`,
    `close account ${alice} of alice failed - account not empty - asked`,
  ]);
});

Deno.test("an operator settles an open movement once; the terminal then agrees, or has its say", () => {
  play(`
    root settle w1 0                         -> unknown_movement
    lobby alice withdraw w1 alice 4000 EUR   -> ok
    root settle w1 4001                      -> amount_too_large
    root settle w1 -1                        -> amount_not_positive
    root settle w1 0                         -> ok 0
    alice has 10000
    root settle w1 4000                      -> already_reversed
    lobby reverse w1                         -> ok 0    # as the operator said
    lobby void w1                            -> ok 0
    lobby complete w1 4000                   -> already_reversed # it has said otherwise before
    lobby alice withdraw w2 alice 4000 EUR   -> ok
    root settle w2 3000                      -> ok 3000
    root settle w2 3000                      -> already_completed
    lobby complete w2 3000                   -> ok 3000
    lobby complete w2 4000                   -> already_completed 3000
    lobby reverse w2                         -> already_completed 3000
    alice has 7000
    differences has 0
    lobby has -197000
    lobby load l1 100 EUR                    -> ok
    root settle l1 0                         -> unknown_movement
    lobby alice withdraw w3 alice 99999 EUR  -> over_withdrawal_limit
    root settle w3 0                         -> unknown_movement
    lobby void v1                            -> ok 0
    root settle v1 0                         -> unknown_movement
  `);
});

Deno.test("a terminal's late word goes to the differences account: the customer keeps what the operator said", () => {
  play(`
    lobby alice withdraw w1 alice 4000 EUR   -> ok
    root settle w1 0                         -> ok 0
    mall  complete w1 4000                   -> unknown_movement
    lobby complete w1 0                      -> amount_not_positive
    lobby complete w1 4001                   -> amount_too_large
    lobby complete w1 4000                   -> ok 4000 # the notes are gone after all
    lobby complete w1 4000                   -> ok 4000
    lobby complete w1 3000                   -> already_completed 4000
    lobby reverse w1                         -> already_completed 4000
    alice has 10000
    lobby has -196000
    differences has -4000
    lobby alice withdraw w2 alice 4000 EUR   -> ok
    root settle w2 4000                      -> ok 4000
    lobby complete w2 1000                   -> ok 1000 # 3000 are still in the machine
    alice has 6000
    lobby has -195000
    differences has -1000
    lobby alice withdraw w3 alice 2000 EUR   -> ok
    root settle w3 2000                      -> ok 2000
    lobby reverse w3                         -> ok 0
    lobby complete w3 2000                   -> already_reversed
    lobby has -195000
    differences has 1000
    lobby alice deposit d1 alice 5000 EUR    -> ok
    root settle d1 0                         -> ok 0
    lobby complete d1 5000                   -> ok 5000 # the notes are in the machine
    alice has 4000
    lobby has -200000
    differences has 6000
    lobby alice deposit d2 alice 5000 EUR    -> ok
    root settle d2 5000                      -> ok 5000
    lobby void d2                            -> already_completed 5000
    lobby void d2                            -> already_completed 5000
    alice has 9000
    lobby has -200000
    differences has 1000
  `);
});

Deno.test("what operators settle, and what terminals say of it, is in the log", () => {
  const entries = play(`
    lobby alice withdraw w1 alice 4000 EUR   -> ok
    root settle w1 0                         -> ok 0
    lobby complete w1 4000                   -> ok 4000
    lobby alice deposit d1 alice 500 EUR     -> ok
    root settle d1 500                       -> ok 500
    lobby complete d1 500                    -> ok 500
    root settle d1 500                       -> already_completed
  `);
  assertEquals(entries.map(({ who, action }) => `${who} | ${action}`), [
    "alice | withdraw €40.00 authorised",
    "operator root | settle withdrawal of €40.00 by alice as reversed - seen",
    "alice | withdraw €40.00 reversed - settled by the bank",
    "terminal lobby | report €40.00 moved in a withdrawal of alice - settled as €0.00: €40.00 to the differences account",
    "alice | deposit €5.00 authorised",
    "operator root | settle deposit of €5.00 by alice as completed with €5.00 - seen",
    "alice | deposit €5.00 - settled by the bank",
    "terminal lobby | report €5.00 moved in a deposit of alice - as settled by the operator",
    "operator root | settle deposit of €5.00 by alice as completed with €5.00 failed - already completed - seen",
  ]);
});
