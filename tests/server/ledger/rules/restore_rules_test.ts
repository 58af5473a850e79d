/** After a restore: what terminals tell again is booked where it is missing, once, and nobody is served before. */
import { assertEquals } from "@std/assert";
import { Books } from "../../../../server/ledger/books.ts";
import type { Command } from "../../../../server/ledger/command.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { idOf, numberOf, play, smallBank } from "../../helpers/small_bank.ts";

/** The small bank, put back to a backup; both of its terminals are waited for. */
const restored = () => ({
  ...smallBank(),
  restoring: { sinceMs: 0, waiting: [idOf("lobby"), idOf("mall")] },
});
const wordsOf = (table: string, bank = restored()) =>
  play(table, bank).map(({ who, action }) => `${who} | ${action}`);

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
    lobby retell withdraw w4 alice 500 EUR     -> ok
    lobby retell deposit d1 alice 700 EUR      -> ok
    lobby retell deposit d1 alice 700 EUR      -> ok
    lobby retell withdraw w5 alice 0 EUR       -> ok             # nothing had moved
    lobby retell load l1 ghost 9000 EUR        -> ok
    lobby retell load l1 ghost 9000 EUR        -> ok
    lobby retell count c1 ghost -400 EUR       -> ok             # missing
    lobby retell count c1 ghost -400 EUR       -> ok
    alice has 6200, 0 held
    lobby has -204800
    lobby complete w4 500                      -> unknown_movement
    lobby reverse w4                           -> already_completed 500
    lobby alice withdraw w4 alice 500 EUR      -> id_reused
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
  const again = "told again by the machine after a restore";
  assertEquals(words.slice(1), [
    lobby(
      `withdraw €100.01 - ${again}, to the differences account: account ${
        numberOf("alice")
      } has less than that`,
    ),
    lobby(
      `withdraw €1.00 - ${again}, to the differences account: account ${
        numberOf("ghost")
      } is not known`,
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
      } is not known`,
    ),
    lobby(
      `deposit €10.01 - ${again}, to the differences account: more than the terminal may take in in a day`,
    ),
    `lena | withdraw €1.00 - ${again}`,
  ]);
});

Deno.test("a terminal tells only while it is waited for, and only of its own", () => {
  const refused = "lobby retell withdraw w1 alice 100 EUR -> unknown_movement";
  play(refused);
  play(`lobby retold -> ok`);
  play(
    `
    mall bob withdraw w2 bob 100 EUR           -> ok
    lobby retell withdraw w2 bob 100 EUR       -> unknown_movement
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

/** What happens after a restore · what a log-in is told then. */
const ends: [name: string, commands: Command[], outcome: string][] = [
  ["nothing", [], "try_later"],
  ["one terminal has told", [retold("lobby")], "try_later"],
  ["both have", [retold("lobby"), retold("mall"), retold("mall")], "ok"],
  ["one has, and one is revoked", [retold("lobby"), {
    op: "revoke_terminal",
    operator,
    terminal: idOf("mall"),
  }], "ok"],
  ["an operator ends it", [{ op: "end_restore", operator, reason: "burnt" }], "ok"],
];

Deno.test("no customer is served before every terminal has told again, or an operator says so", () => {
  for (const [name, commands, outcome] of ends) {
    const books = new Books(restored());
    const { replies, entries } = applyCommands(books, [...commands, logIn], 1_000);
    assertEquals(replies.at(-1)!.outcome, outcome, name);
    const served = entries.filter(({ action }) => action.startsWith("serve customers again"));
    assertEquals(served.length, outcome === "ok" ? 1 : 0, name);
    assertEquals(books.restoring === null, outcome === "ok", name);
  }
});
