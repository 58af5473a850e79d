/** After a restore: what terminals retell is booked where it is missing, once, and nobody is served before. */
import { assertEquals } from "@std/assert";
import { daysPerSetBack } from "../../../../lib/limits.ts";
import { ownBalanceMinorMax } from "../../../../lib/money.ts";
import { Books } from "../../../../server/ledger/books.ts";
import type { Command } from "../../../../server/ledger/command.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { idOf, numberOf, play, smallBank } from "../../helpers/small_bank.ts";

const dayMs = 24 * 60 * 60 * 1_000;

/** The small bank, put back to a backup; both of its terminals are waited for. */
const restored = () => ({
  ...smallBank(),
  restoring: { sinceMs: 0, waiting: [idOf("lobby"), idOf("mall")], unattested: [], unknown: [] },
});
/** The log of a table, without the first of the two entries that each movement has. */
const wordsOf = (table: string, bank = restored()) =>
  play(table, bank).filter(({ step }) => step !== "authorise")
    .map(({ who, action }) => `${who} | ${action}`);

Deno.test("what the books lack is booked once, and what they have is left as it is", () => {
  play(
    `
    lobby alice withdraw w1 alice 4000 EUR     -> ok
    lobby complete w1 3000                     -> ok 3000
    lobby alice withdraw w2 alice 2000 EUR     -> ok
    lobby alice withdraw w3 alice 900000 EUR   -> over_withdrawal_limit
    alice has 7000, 2000 held
    lobby retell withdraw w1 alice 3000 EUR    -> ok 3000
    lobby retell withdraw w2 alice 1000 EUR    -> ok 1000        # was open in the backup
    lobby retell withdraw w2 alice 1000 EUR    -> ok 1000
    lobby retell withdraw w3 alice 0 EUR       -> ok 0
    alice has 6000, 0 held
    lobby retell withdraw w4 alice 500 EUR     -> ok             # began after the backup
    lobby retell withdraw w4 alice 500 EUR     -> ok 500
    lobby retell withdraw w4 alice 400 EUR     -> already_completed 500
    lobby retell deposit d1 alice 700 EUR      -> ok
    lobby retell deposit d1 alice 700 EUR      -> ok 700
    lobby retell withdraw w5 alice 0 EUR       -> ok             # nothing had moved
    lobby retell load l1 ghost 9000 EUR        -> ok
    lobby retell load l1 ghost 9000 EUR        -> ok
    lobby retell count c1 ghost -400 EUR       -> ok             # missing
    lobby retell count c1 ghost -400 EUR       -> ok
    alice has 6200, 0 held
    lobby has -204800
    lobby complete w4 500                      -> ok 500
    lobby reverse w4                           -> already_completed 500
    lobby alice withdraw w4 alice 500 EUR      -> ok 500         # over: it moves no notes
    lobby alice withdraw w4 alice 600 EUR      -> id_reused
    `,
    restored(),
  );
});

Deno.test("what a customer's account cannot bear goes to the differences account: the notes have moved", () => {
  const words = wordsOf(`
    root limit terminalDayInMax 1000           -> ok
    lobby retell withdraw w1 alice 10001 EUR   -> ok
    lobby retell withdraw w2 ghost 100 EUR     -> ok
    lobby retell withdraw w3 carl 100 EUR      -> ok
    lobby retell withdraw w4 dora 100 EUR      -> ok
    lobby retell withdraw w5 vault 100 EUR     -> ok
    lobby retell deposit d1 alice 1001 EUR     -> ok
    alice has 10000
    differences has -9400
    lobby has -190600
    lobby retell withdraw w6 lena 100 EUR      -> ok             # locked since, and it was hers
    lena has 99900
  `);
  const lobby = (words: string) => `terminal lobby | ${words}`;
  const again = "reported by the ATM after a restore";
  assertEquals(words.slice(1), [
    lobby(
      `withdraw €100.01 - ${again}, to the differences account: account ${
        numberOf("alice")
      } has less than that`,
    ),
    lobby(
      `withdraw €1.00 - ${again}, to the differences account: account ${
        numberOf("ghost")
      } is unknown`,
    ),
    lobby(
      `withdraw €1.00 - ${again}, to the differences account: account ${
        numberOf("carl")
      } is closed`,
    ),
    lobby(
      `withdraw €1.00 - ${again}, to the differences account: account ${
        numberOf("dora")
      } has another currency`,
    ),
    lobby(
      `withdraw €1.00 - ${again}, to the differences account: account ${
        numberOf("vault")
      } is unknown`,
    ),
    lobby(
      `deposit €10.01 - ${again}, to the differences account: more than the terminal may take in in a day`,
    ),
    `lena | withdraw €1.00 - ${again}`,
  ]);
});

Deno.test("a movement whose outcome the terminal does not have yet is open again, and settled later", () => {
  const words = wordsOf(`
    lobby retell withdraw w1 alice 4000 EUR open   -> ok
    lobby retell withdraw w1 alice 4000 EUR open   -> ok
    lobby retell withdraw w2 carl 100 EUR open     -> ok         # closed
    lobby retell deposit d1 alice 700 EUR open     -> ok
    alice has 10000, 4000 held
    lobby has -200000
    lobby retold                                   -> ok
    lobby complete w1 3000                         -> ok 3000
    lobby complete w2 100                          -> ok 100
    lobby reverse d1                               -> ok 0
    alice has 7000, 0 held
    differences has -100
    lobby has -196900
  `);
  assertEquals(words, [
    "terminal lobby | has reported its movements since the backup",
    "alice | withdraw €30.00 of €40.00",
    "terminal lobby | withdraw €1.00",
    "alice | deposit €7.00 reversed",
  ]);
});

Deno.test("a number that another account has since is not that account", () => {
  const words = wordsOf(`
    lobby retell withdraw w1 alice/lost 4000 EUR -> ok
    lobby retell deposit d1 alice/bob 1000 EUR   -> ok
    lobby retell withdraw w2 none 100 EUR        -> ok
    lobby retell withdraw w1 alice/lost 4000 EUR -> ok 4000
    alice has 10000
    bob has 1000000
    differences has -3100
    lobby has -196900
  `);
  const another = `account ${numberOf("alice")} is another one now`;
  const differs = "reported by the ATM after a restore, to the differences account";
  assertEquals(words, [
    `terminal lobby | withdraw €40.00 - ${differs}: ${another}`,
    `terminal lobby | deposit €10.00 - ${differs}: ${another}`,
    `terminal lobby | withdraw €1.00 - ${differs}: the ATM has no record of the account`,
  ]);
});

Deno.test("what is retold is charged to its own day: a terminal's limit for one day does not apply to three", () => {
  const from = {
    sinceMs: Date.parse("2026-11-21T12:00Z"),
    waiting: [idOf("lobby"), idOf("mall")],
    unattested: [],
    unknown: [],
  };
  const day = (of: number) => `2026-11-${of}T12:00:00Z`;
  play(
    `
    root limit terminalDayInMax 1000                   -> ok
    root limit accountDayOutMax 5000                   -> ok
    at ${day(24)}
    lobby retell deposit d1 alice 900 EUR ${day(22)}   -> ok
    lobby retell deposit d2 alice 900 EUR ${day(23)}   -> ok
    lobby retell deposit d3 alice 200 EUR ${day(23)}   -> ok             # more than the day's
    lobby retell deposit d4 alice 900 EUR ${day(24)}   -> ok
    alice has 12700
    differences has 200
    lobby retell withdraw w1 alice 4000 EUR ${day(23)} -> ok
    mall  retell withdraw w2 alice 3000 EUR ${day(22)} -> ok             # the day before, later
    alice has 5700
    lobby retold                                       -> ok
    mall  retold                                       -> ok
    lobby alice withdraw w3 alice 5000 EUR             -> ok             # as if nothing were charged today
    lobby alice withdraw w4 alice 1 EUR                -> over_day_limit
    lobby alice deposit d5 alice 101 EUR               -> over_terminal_limit
    lobby alice deposit d6 alice 100 EUR               -> ok
    `,
    { ...smallBank(), restoring: from },
  );
});

Deno.test("an impossible day is ignored: before the backup, in the future, or missing", () => {
  const since = "2026-11-23T12:00:00Z";
  const from = {
    sinceMs: Date.parse(since),
    waiting: [idOf("lobby")],
    unattested: [],
    unknown: [],
  };
  play(
    `
    root limit terminalDayInMax 1000                               -> ok
    at 2026-11-24T12:00:00Z
    lobby retell deposit d1 alice 600 EUR 2026-11-01T12:00:00Z     -> ok
    lobby retell deposit d2 alice 600 EUR 2026-11-02T12:00:00Z     -> ok # both on the 23rd
    differences has 600
    lobby retell deposit d3 alice 600 EUR 2027-01-01T12:00:00Z     -> ok # today
    lobby retell deposit d4 alice 600 EUR                          -> ok # today
    lobby retell deposit d5 alice 300 EUR 2026-11-23T13:00:00Z     -> ok # today: the day before is over
    alice has 11200
    differences has 1500
    `,
    { ...smallBank(), restoring: from },
  );
});

Deno.test("what is retold after the bank's time was set back is charged to a day since then", () => {
  const at = (day: number) => Date.parse(`2026-11-${day}T12:00:00Z`);
  const today = daysPerSetBack + at(24) / dayMs | 0;
  for (
    const [timeMs, day] of [
      [at(23), today - 1],
      [at(24), today],
      [at(28), today], // by the clock that was ahead
      [at(11), today - 2], // before the backup
      [null, today],
    ] as const
  ) {
    const from = { sinceMs: at(22), waiting: [idOf("lobby")], unattested: [], unknown: [] };
    const bank = smallBank();
    const { number, uid } = bank.accounts.find(({ owner }) => owner === "alice")!;
    const books = new Books({ ...bank, restoring: from });
    const setBack = { op: "set_back_clock", operator: "ben" } as const;
    applyCommands(books, [setBack], at(24), { setBackFromMs: at(29) });
    const movement = { movement: idOf("w1"), terminal: idOf("lobby"), currency: "EUR" };
    const retelling = {
      op: "retell",
      kind: "withdrawal",
      ...movement,
      amount: 100n,
      timeMs,
    } as const;
    const { replies } = applyCommands(
      books,
      [{ ...retelling, account: number, uid, open: false }],
      at(24),
    );
    assertEquals(replies[0]!.outcome, "ok");
    assertEquals(books.movement(idOf("w1"), 1)!.day, day, `${timeMs}`);
    assertEquals(books.accountNumbered(number)!.day, day);
  }
});

Deno.test("money that is held is not there for what is retold", () => {
  play(
    `
    lobby alice withdraw w1 alice 4000 EUR     -> ok
    lobby retell withdraw w2 alice 7000 EUR    -> ok
    alice has 10000, 4000 held
    differences has -7000
    lobby complete w1 4000                     -> ok 4000
    `,
    restored(),
  );
});

Deno.test("what is retold has bounds: amounts, and what accounts hold", () => {
  const bank = restored();
  const accounts = bank.accounts.map((account) =>
    account.kind === "differences"
      ? { ...account, balance: -ownBalanceMinorMax }
      : account.kind === "vault"
      ? { ...account, balance: account.balance + ownBalanceMinorMax }
      : account
  );
  play(
    `
    lobby retell withdraw w1 alice 1000000000001 EUR -> amount_too_large
    lobby retell withdraw w2 ghost 1 EUR             -> over_balance_limit
    lobby retell withdraw w3 alice 1 EUR             -> ok
    lobby retell load l1 none 1000000000001 EUR      -> amount_too_large
    `,
    { ...bank, accounts },
  );
});

Deno.test("a revoked terminal cannot retell", () => {
  play(
    `
    root revoke lobby                          -> ok
    lobby retell withdraw w1 alice 100 EUR     -> terminal_revoked
    `,
    restored(),
  );
});

Deno.test("a terminal retells only while it is waited for, and its own only", () => {
  const refused = "lobby retell withdraw w1 alice 100 EUR -> unknown_movement";
  play(refused);
  play(`lobby retold -> ok`);
  play(
    `
    mall bob withdraw w2 bob 100 EUR           -> ok
    lobby retell withdraw w2 bob 100 EUR       -> unknown_movement
    lobby retell withdraw w2 bob 100 EUR open  -> unknown_movement
    lobby alice withdraw w4 alice 900000 EUR   -> over_withdrawal_limit
    lobby retell withdraw w4 alice 900000 EUR open -> unknown_movement
    lobby retell withdraw w3 alice 100 USD     -> unknown_movement
    lobby retold                               -> ok
    ${refused}
    mall retell withdraw w2 bob 100 EUR        -> ok 100
    `,
    restored(),
  );
});

const logIn: Command = {
  op: "begin_log_in",
  username: "alice",
  nameHash: idOf("hash"),
  terminal: idOf("lobby"),
};
const retold = (name: string): Command => ({ op: "retold", terminal: idOf(name) });
const operator = "root";

/** What happens after a restore · what a log-in is reported then. */
const ends: [name: string, commands: Command[], outcome: string][] = [
  ["nothing", [], "try_later"],
  ["one terminal has retold", [retold("lobby")], "try_later"],
  ["both have", [retold("lobby"), retold("mall"), retold("mall")], "ok"],
  ["one has, and one is revoked", [retold("lobby"), {
    op: "revoke_terminal",
    operator,
    terminal: idOf("mall"),
  }], "ok"],
  ["an operator ends it", [{ op: "end_restore", operator, reason: "burnt", paid: [] }], "ok"],
];

Deno.test("no customer is served before every terminal has retold, or an operator ends the restore", () => {
  for (const [name, commands, outcome] of ends) {
    const books = new Books(restored());
    const { replies, entries } = applyCommands(books, [...commands, logIn], 1_000);
    assertEquals(replies.at(-1)!.outcome, outcome, name);
    const served = entries.filter(({ action }) => action.startsWith("serve customers again"));
    assertEquals(served.length, outcome === "ok" ? 1 : 0, name);
    assertEquals(books.restoring === null, outcome === "ok", name);
  }
});

Deno.test("a retold transfer is booked with the bank's voucher, and is in doubt without it", () => {
  const words = play(
    `
    lobby alice transfer t1 alice bob 1000 EUR            -> ok
    lobby retell transfer t1 alice bob 1000 EUR vouched   -> ok         # the backup has it
    lobby retell transfer t2 alice bob 2000 EUR vouched   -> ok
    lobby retell transfer t2 alice bob 2000 EUR vouched   -> ok
    lobby retell transfer t2 alice bob 2001 EUR vouched   -> id_reused
    mall retell transfer t2 alice bob 2000 EUR            -> id_reused  # retold by another ATM, too
    alice has 7000
    bob has 1003000
    lobby retell transfer t3 bob alice 500 EUR            -> ok
    lobby retell transfer t3 bob alice 500 EUR            -> ok
    lobby retell transfer t4 alice bob 7001 EUR vouched   -> ok         # the funds are not there
    lobby retell transfer t5 alice carl 100 EUR vouched   -> ok         # closed since
    lobby retell transfer t6 carl bob 100 EUR vouched     -> ok
    lobby retell transfer t7 alice/lost bob 1 EUR vouched -> ok         # the bank may bear it
    lobby retell transfer t8 alice bob/lost 1 EUR vouched -> ok
    lobby retell transfer t8 alice bob/lost 1 EUR vouched -> ok
    lobby retell transfer t0 alice/x bob/x 1 EUR vouched  -> ok         # nothing to book
    lobby retell transfer t9 alice alice 1 EUR vouched    -> same_account
    lobby retell transfer t10 dora bob 1 EUR vouched      -> wrong_currency
    lobby retell transfer t11 alice bob 0 EUR vouched     -> amount_not_positive
    lobby retell transfer t12 lena bob 100 EUR vouched    -> ok         # locked since, and it was hers
    alice has 7000
    bob has 1003100
    root settle t7 1                                      -> ok 1
    root settle t8 1                                      -> ok 1
    alice has 6999
    bob has 1003101
    differences has 0
    `,
    restored(),
  );
  const again = "reported by the ATM after a restore";
  const to = (name: string, mask: string) => `to account ${numberOf(name)} (${mask})`;
  const doubt = `in doubt, ${again}`;
  assertEquals(
    words.filter(({ action, outcome }) => action.includes(again) && outcome === "ok")
      .map(({ who, action, step }) => `${who} | ${action} | ${step ?? ""}`),
    [
      `alice | transfer €20.00 ${to("bob", "b•••b")} - ${again} | book`,
      `bob | receive €20.00 from account ${numberOf("alice")} (a•••e) - ${again} | `,
      `bob | transfer €5.00 ${
        to("alice", "a•••e")
      } - ${doubt}: without the bank's voucher | authorise`,
      `alice | transfer €70.01 ${to("bob", "b•••b")} - ${doubt}: account ${
        numberOf("alice")
      } has less than that | authorise`,
      `alice | transfer €1.00 ${
        to("carl", "c•••l")
      } - ${doubt}: the recipient cannot receive it | authorise`,
      `carl | transfer €1.00 ${to("bob", "b•••b")} - ${doubt}: account ${
        numberOf("carl")
      } is closed | authorise`,
      `terminal lobby | transfer €0.01 ${to("bob", "b•••b")} - ${doubt}: account ${
        numberOf("alice")
      } is unknown | authorise`,
      `alice | transfer €0.01 to the bank - ${doubt}: account ${
        numberOf("bob")
      } is unknown | authorise`,
      `lena | transfer €1.00 ${to("bob", "b•••b")} - ${again} | book`,
      `bob | receive €1.00 from account ${numberOf("lena")} (l•••a) - ${again} | `,
    ],
  );
});

Deno.test("a transfer in doubt is decided by operators alone, once, as the books are then", () => {
  const words = wordsOf(`
    lobby retell transfer t1 bob alice 500 EUR            -> ok
    lobby complete t1 500                                 -> unproven
    lobby reverse t1                                      -> unproven
    lobby void t1                                         -> unproven
    mall complete t1 500                                  -> unknown_movement
    lobby retell transfer t2 alice bob 10001 EUR vouched  -> ok
    root settle t2 10001                                  -> insufficient_funds
    root settle t1 501                                    -> amount_too_large
    root settle t1 500                                    -> ok 500
    root settle t1 500                                    -> already_completed
    alice has 10500
    bob has 999500
    root settle t2 10001                                  -> ok 10001    # the money came
    lobby retell transfer t3 alice bob 100 EUR            -> ok
    root settle t3 0                                      -> ok 0
    root settle t3 100                                    -> already_reversed
    lobby retell transfer t1 bob alice 500 EUR vouched    -> ok          # it is decided
    lobby retell transfer t3 alice bob 100 EUR vouched    -> ok
    lobby void t3                                         -> unproven
    lobby retell transfer t4 alice carl 100 EUR           -> ok
    root settle t4 100                                    -> recipient_unavailable
    lobby retell transfer t5 carl alice 100 EUR           -> ok
    root settle t5 100                                    -> account_closed
    lobby bob transfer t1 bob alice 500 EUR               -> id_reused
    alice has 499
  `);
  const number = numberOf("bob");
  assertEquals(words.filter((line) => line.startsWith("alice | ")), [
    `alice | receive €5.00 from account ${number} (b•••b) - settled by the bank`,
    `alice | transfer €100.01 to account ${number} (b•••b) - settled by the bank`,
    `alice | transfer €1.00 to account ${number} (b•••b) - not booked: settled by the bank`,
  ]);
});

Deno.test("a retold transfer takes nothing that is held, and each side's entry has its account and balance", () => {
  const entries = play(
    `
    lobby alice withdraw w1 alice 9000 EUR                -> ok
    lobby retell transfer t1 alice bob 1001 EUR vouched   -> ok         # in doubt
    alice has 10000, 9000 held
    lobby retell transfer t2 alice bob 1000 EUR vouched   -> ok
    alice has 9000, 9000 held
    lobby retell transfer t3 alice/lost bob 1 EUR vouched -> ok         # the bank may bear it
    root settle t3 1                                      -> ok 1
    `,
    restored(),
  );
  const [sent, received] = [numberOf("alice"), numberOf("bob")];
  assertEquals(
    entries.filter(({ kind }) => kind === "transfer")
      .map(({ who, step, account, balance }) => [who, step, account, balance]),
    [
      ["alice", "authorise", sent, undefined],
      ["alice", "book", sent, 9000n],
      ["bob", undefined, received, 1_001_000n],
      ["terminal lobby", "authorise", undefined, undefined],
      ["terminal lobby", "settle", undefined, undefined],
      ["bob", undefined, received, 1_001_001n],
    ],
  );
});

Deno.test("a terminal that has retold reports no more transfers", () => {
  play(
    `
    lobby retold                                        -> ok
    lobby retell transfer t1 alice bob 100 EUR vouched  -> unknown_movement
    alice has 10000
    `,
    restored(),
  );
});
