import { assert, assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import type { Answer, Ask, Push } from "../../../lib/protocol/message.ts";
import { hashOf } from "../helpers/operators.ts";
import { until } from "../../client/branch.ts";
import { hex } from "../../../lib/bytes.ts";
import { placeOfText } from "../../../server/audit/entry.ts";
import { parseNote } from "../../../server/transparency/note.ts";
import { type Atm, newId, onEachBank, passwords, RunningBank } from "../helpers/running_bank.ts";
import { runAsAdmin } from "../helpers/postgres.ts";

onEachBank(
  "hello gives the ATM what it needs of its bank",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect(running.keys.mall);
      assertEquals(await atm.ask({ op: "hello" }), {
        outcome: "ok",
        bank: {
          name: "Test Bank",
          currency: { code: "EUR", exponent: 2 },
          timeZone: "UTC",
          terminal: "mall",
        },
      });
    }),
);

onEachBank(
  "hello names the newest movement that the terminal began, and its notes, in the bank's books",
  (withBank) =>
    withBank(async (running) => {
      const [lobby, hall] = [
        await running.connect(),
        await running.connect(await running.enrol("hall")),
      ];
      const books = async (atm: Atm) => (await atm.ask({ op: "hello" })).bank!.books;
      const cash = { currency: "EUR", amount: "5000" };
      assertEquals([await books(lobby), await books(hall)], [undefined, undefined]);
      const [first, second, voided] = [newId(), newId(), newId()];
      assertEquals(await lobby.outcomeOf({ op: "load_cash", movement: first, ...cash }), "ok");
      assertEquals(await books(lobby), { movement: first, cash: "5000" });
      assertEquals(await lobby.outcomeOf({ op: "load_cash", movement: second, ...cash }), "ok");
      assertEquals(await books(lobby), { movement: second, cash: "10000" });
      assertEquals(await lobby.outcomeOf({ op: "load_cash", movement: first, ...cash }), "ok");
      assertEquals(await books(lobby), { movement: second, cash: "10000" });
      assertEquals(await lobby.outcomeOf({ op: "void", movement: voided }), "ok");
      assertEquals(await books(lobby), { movement: voided, cash: "10000" });
      assertEquals(await books(hall), undefined);
    }),
);

onEachBank(
  "an unknown name, a wrong password and an empty one get the very same answer",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      const answers: Answer[] = [];
      for (const [username, password] of [["alice", "wrong"], ["nobody", "wrong"], ["bob", ""]]) {
        answers.push(await atm.ask({ op: "log_in", username: username!, password: password! }));
      }
      assertEquals(answers, answers.map(() => ({ outcome: "wrong_credentials" })));
      const { alice: password } = passwords;
      assertEquals(await atm.outcomeOf({ op: "log_in", username: "alice", password }), "ok");
    }),
);

onEachBank(
  "failures bring a wait that the right password must keep too",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      let answer: Answer = { outcome: "ok" };
      // Each failure doubles the wait: on the slowest machine one of these meets it.
      for (let tries = 0; tries < 9 && answer.outcome !== "throttled"; tries++) {
        answer = await atm.ask({ op: "log_in", username: "alice", password: "wrong" });
      }
      assertEquals(answer.outcome, "throttled");
      assert(answer.retryAfterMs! > 0 && answer.retryAfterMs! <= 60_000);
      const entries = await running.entries();
      assert(entries.includes("alice | log in failed - wrong credentials"));
      assert(entries.includes("alice | log in failed - throttled"));
    }),
);

onEachBank(
  "a new password holds from now on, and ends the customer's visits elsewhere",
  (withBank) =>
    withBank(async (running) => {
      const lobby = await running.visit("alice");
      const hall = await running.visit("alice", await running.enrol("hall"));
      const change = (current: string, next: string) =>
        lobby.outcomeOf({ op: "change_password", current, next });
      assertEquals(await change("wrong", "a longer one"), "wrong_credentials");
      assertEquals(await change(passwords.alice, "short"), "password_too_short");
      assertEquals(await change(passwords.alice, passwords.alice), "password_unchanged");
      assertEquals(hall.pushes.some(({ push }) => push === "visit_ended"), false);
      assertEquals(await change(passwords.alice, "a longer one"), "ok");
      await until(
        "the other visit has ended",
        () => hall.pushes.some(({ push }) => push === "visit_ended"),
      );
      assertEquals(await hall.outcomeOf({ op: "touch" }), "not_logged_in");
      assertEquals(await lobby.outcomeOf({ op: "touch" }), "ok", "the one who changed it goes on");
      const mall = await running.connect(running.keys.mall);
      const logIn = (password: string) =>
        mall.outcomeOf({ op: "log_in", username: "alice", password });
      assertEquals(await logIn(passwords.alice), "wrong_credentials");
      assertEquals(await logIn("a longer one"), "ok");
      const entries = await running.entries();
      for (
        const entry of [
          "alice | change password failed - wrong credentials",
          "alice | change password failed - password too short",
          "alice | change password",
          "alice | log out - password changed or account locked",
        ]
      ) assert(entries.includes(entry), entry);
      assertEquals(entries.some((entry) => entry.includes("a longer one")), false);
    }),
);

onEachBank(
  "an account comes with what its limits still allow, here and today",
  (withBank) =>
    withBank(async (running) => {
      const unlimited = await running.visit("bob", running.keys.mall);
      assertEquals(unlimited.logIn.account!.left, undefined);
      const limits = { withdrawal: "50.00", day: "80.00", cashOut: "70.00" };
      await Array.fromAsync(running.operate({ command: "set_limits", ...limits }));
      const atm = await running.visit("alice");
      const { account, accounts } = atm.logIn;
      assertEquals(account!.left, { once: "5000", today: "8000", here: "7000" });
      assertEquals(accounts!.map(({ left }) => left), [account!.left]);
      const movement = newId();
      const held = await atm.authorise("withdrawal", movement, "3000");
      assertEquals(held.account!.left, { once: "5000", today: "5000", here: "4000" });
      const over = await atm.authorise("withdrawal", newId(), "5000");
      assertEquals([over.outcome, over.account!.left], ["over_terminal_limit", held.account!.left]);
      const back = await atm.ask({ op: "reverse", movement });
      assertEquals(back.account!.left, account!.left, "given back on the same day");
    }),
);

onEachBank(
  "a log-in comes with what the customer did lately, a balance with its last bookings",
  (withBank) =>
    withBank(async (running) => {
      const bob = (await running.visit("bob", running.keys.mall)).account;
      const hall = await running.visit("alice", await running.enrol("hall"));
      assertEquals([hall.logIn.usual, hall.logIn.displayName], [{ recipients: [] }, undefined]);
      const withdraw = async (amount: string, booked: string) => {
        const movement = newId();
        await hall.authorise("withdrawal", movement, amount);
        const settled = booked === "0"
          ? { op: "reverse", movement } as const
          : { op: "complete", movement, amount: booked } as const;
        assertEquals(await hall.outcomeOf(settled), "ok");
      };
      await withdraw("6000", "4000");
      await withdraw("2000", "0");
      await hall.ask({
        ...{ op: "transfer", movement: newId(), account: hall.account, to: bob },
        ...{ amount: "1500", currency: "EUR", message: "rent" },
      });
      const atm = await running.visit("alice");
      const { usual } = atm.logIn;
      assertEquals(usual?.lastWithdrawal, "4000", "what was reversed is not a withdrawal");
      assertEquals(usual?.recipients, [{ account: bob, name: "b•••b" }]);
      const { entries = [], moneyIn, moneyOut } = await atm.ask({
        op: "balance",
        account: atm.account,
      });
      assertEquals([moneyIn, moneyOut], ["100000", "5500"]);
      assertEquals(
        entries.map(({ kind, amount, balance, message }) => ({ kind, amount, balance, message })),
        [
          { kind: "transfer", amount: "1500", balance: "94500", message: "rent" },
          { kind: "withdrawal", amount: "4000", balance: "96000", message: undefined },
          { kind: "deposit", amount: "100000", balance: "100000", message: undefined },
        ],
      );
      const filter = { kind: "money", outcome: "done", account: atm.account } as const;
      const page = await atm.ask({ op: "history", filter });
      assertEquals(page.entries!.length, 4, "what was reversed is there, too");
      const other = await atm.ask({ op: "history", filter: { ...filter, account: bob } });
      assertEquals(other.entries, []);
    }),
);

onEachBank(
  "a customer has a display name, which stays with another password",
  (withBank) =>
    withBank(async (running) => {
      const [password, next] = ["long enough", "long enough, too"];
      const names = { username: "carol", displayName: "Carol Núñez" };
      const passwordHash = await hashOf(running.bank, password);
      const add = { command: "add_customer", ...names, passwordHash, opening: "0" } as const;
      await Array.fromAsync(running.operate(add));
      const atm = await running.connect();
      const logIn = await atm.ask({ op: "log_in", username: "carol", password });
      assertEquals(logIn.displayName, "Carol Núñez");
      assertEquals(await atm.outcomeOf({ op: "change_password", current: password, next }), "ok");
      const other = await running.connect(running.keys.mall);
      const again = await other.ask({ op: "log_in", username: "carol", password: next });
      assertEquals(again.displayName, "Carol Núñez");
      await assertRejects(
        () => Array.fromAsync(running.operate({ ...add, username: "d", displayName: "a|b" })),
        UsageError,
        "--display-name",
      );
    }),
);

onEachBank(
  "a balance comes with the account's days, is logged, and is nobody else's",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const accounts = await running.bank.ledger.read.accounts();
      const [mine, theirs] = ["alice", "bob"].map((name) =>
        accounts.find(({ owner }) => owner === name)!.number
      );
      const { outcome, days } = await atm.ask({ op: "balance", account: mine! });
      assertEquals(outcome, "ok");
      const today = new Date().toISOString().slice(0, 10);
      const booked = String(accounts.find(({ number }) => number === mine)!.balance);
      assertEquals(days, [{ day: today, booked }]);
      assertEquals(await atm.outcomeOf({ op: "balance", account: theirs! }), "unknown_account");
      const entries = await running.entries();
      assert(entries.includes("alice | view balance"));
      assert(entries.includes("alice | view balance failed - unknown account"));
    }),
);

onEachBank(
  "every look at the history is logged, and what was searched for is not",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      await atm.ask({ op: "history", filter: {} });
      await atm.ask({ op: "history", filter: { kind: "money", outcome: "done" } });
      await atm.ask({ op: "history", filter: { text: "hunter2" } });
      await atm.ask({ op: "history", filter: {}, cursor: "1.2" });
      const entries = await running.entries();
      const looks = entries.filter((entry) => /history/.test(entry));
      assertEquals(looks, [
        "alice | view history",
        "alice | view history",
        "alice | search history",
        "alice | view older history",
      ]);
      assertEquals(entries.some((entry) => entry.includes("hunter2")), false);
    }),
);

Deno.test("what the log cannot take is not answered as done", () =>
  RunningBank.with(async (running) => {
    const atm = await running.visit("alice");
    const { ledger } = running.bank;
    const submit = ledger.submit.bind(ledger);
    ledger.submit = (command) =>
      command.op === "log" ? Promise.resolve({ outcome: "try_later", timeMs: 0 }) : submit(command);
    const asks: Ask[] = [
      { op: "history", filter: {} },
      { op: "balance", account: atm.account },
      { op: "refused", kind: "withdrawal", amount: "100", why: "device_fault" },
      { op: "report", cassettes: [], jammed: [], counted: true, left: "0" },
    ];
    for (const ask of asks) assertEquals(await atm.ask(ask), { outcome: "try_later" }, ask.op);
    ledger.submit = submit;
    assertEquals(await atm.outcomeOf({ op: "history", filter: {} }), "ok");
  }));

onEachBank(
  "a channel takes one log-in, and none after its log-out",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const logIn = { op: "log_in", username: "bob", password: passwords.bob } as const;
      assertEquals(await atm.outcomeOf(logIn), "already_logged_in");
      assertEquals(await atm.outcomeOf({ op: "log_out", reason: "customer" }), "ok");
      assertEquals(await atm.outcomeOf(logIn), "already_logged_in");
      assertEquals(await atm.outcomeOf({ op: "touch" }), "not_logged_in");
      await running.visit("bob");
      assert((await running.entries()).includes("alice | log out"));
    }),
);

onEachBank(
  "a second log-in elsewhere is allowed, and each visit gets the names of the others",
  (withBank) =>
    withBank(async (running) => {
      const elsewhereOf = (atm: Atm) =>
        atm.pushes.filter(({ push }) => push === "elsewhere")
          .map((push) => (push as { terminals: string[] }).terminals);
      const logIn = { op: "log_in", username: "alice", password: passwords.alice } as const;
      const lobby = await running.visit("alice");
      const bob = await running.visit("bob", await running.enrol("hall"));
      const mall = await running.connect(running.keys.mall);
      assertEquals((await mall.ask(logIn)).elsewhere, ["lobby"]);
      assertEquals(await lobby.outcomeOf({ op: "touch" }), "ok", "the first visit goes on");
      assertEquals(elsewhereOf(lobby), [["mall"]]);
      // A newer connection of the terminal ends the visit on the one before.
      const again = await running.connect(running.keys.mall);
      await until("notified", () => elsewhereOf(lobby).length === 2);
      assertEquals((await again.ask(logIn)).elsewhere, ["lobby"]);
      assertEquals(await again.outcomeOf({ op: "log_out", reason: "customer" }), "ok");
      assertEquals(await lobby.outcomeOf({ op: "touch" }), "ok");
      assertEquals(elsewhereOf(lobby), [["mall"], [], ["mall"], []]);
      assertEquals([elsewhereOf(again), elsewhereOf(bob)], [[], []]);
      await running.visit("bob");
      await until("notified", () => elsewhereOf(bob).length > 0);
      assertEquals(elsewhereOf(bob), [["lobby"]], "the customer's own visits alone");
    }),
);

onEachBank(
  "without a visit nothing of a customer's can be asked",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      for (const op of ["touch", "history"] as const) {
        const ask = op === "touch" ? { op } : { op, filter: {} };
        assertEquals(await atm.outcomeOf(ask), "not_logged_in", op);
      }
      assertEquals(await atm.authorise("withdrawal", newId(), "100", "5"), {
        outcome: "not_logged_in",
      });
      assertEquals(await atm.outcomeOf({ op: "log_out", reason: "customer" }), "ok");
    }),
);

onEachBank(
  "of two changes of a password at once one holds, and the other is refused",
  (withBank) =>
    withBank(async (running) => {
      const atms = [await running.visit("alice"), await running.visit("alice", running.keys.mall)];
      const outcomes = await Promise.all(atms.map((atm, index) => {
        const next = `the password ${index}`;
        return atm.outcomeOf({ op: "change_password", current: passwords.alice, next });
      }));
      assertEquals([...outcomes].sort(), ["not_logged_in", "ok"]);
      const later = await running.connect();
      const password = `the password ${outcomes.indexOf("ok")}`;
      assertEquals(await later.outcomeOf({ op: "log_in", username: "alice", password }), "ok");
    }),
);

onEachBank(
  "a visit ends with a lock of the account: what it asks for is refused, and leaves no row",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const movement = newId();
      const state = {
        command: "set_account_state",
        account: atm.account,
        reason: "asked",
      } as const;
      await Array.fromAsync(running.operate({ ...state, state: "locked" }));
      await Array.fromAsync(running.operate({ ...state, state: "open" }));
      assertEquals(await atm.authorise("withdrawal", movement, "2000"), {
        outcome: "not_logged_in",
      });
      const isEnd = (push: Push) => push.push === "visit_ended" && push.reason === "bank";
      while (!atm.pushes.some(isEnd)) await atm.pushed(atm.pushes.length + 1);
      const later = await running.visit("alice", running.keys.mall);
      assertEquals((await later.authorise("withdrawal", movement, "2000")).outcome, "ok");
      const entries = await running.entries();
      // Where servers share the database, the visit may have ended before the request.
      const refused = "alice | authorise failed - not logged in";
      assertEquals(
        entries.filter((entry) => entry.startsWith("alice | ") && entry !== refused),
        [
          "alice | deposit €1,000.00 - opening balance",
          "alice | log in",
          "alice | log out - password changed or account locked",
          "alice | log in",
          "alice | withdraw €20.00 authorised",
        ],
      );
    }),
);

onEachBank(
  "a customer reaches their own account and their own history alone",
  (withBank) =>
    withBank(async (running) => {
      const alice = await running.visit("alice", running.keys.lobby);
      const bob = await running.visit("bob", running.keys.mall);
      assertEquals((await bob.authorise("withdrawal", newId(), "7777")).outcome, "ok");
      for (
        const account of [
          bob.account,
          "vault",
          "differences",
          `cash ${running.keys.lobby.terminal.toHex()}`,
          "1",
          "0",
          "123456789012",
          "-1",
          "1e1",
          "",
          "x",
          `0${alice.account}`,
        ]
      ) {
        const { outcome } = await alice.authorise("withdrawal", newId(), "100", account);
        assertEquals(outcome, "unknown_account", account);
      }
      const { entries } = await alice.ask({ op: "history", filter: {} });
      const actions = entries!.map(({ action }) => action);
      assert(actions.includes("withdraw €1.00 failed - unknown account"));
      assert(!actions.some((action) => action.includes("77.77")));
      assertEquals(actions.at(-1), "deposit €1,000.00 - opening balance");
    }),
);

onEachBank(
  "settling needs no visit, and reaches the terminal's own movements alone",
  (withBank) =>
    withBank(async (running) => {
      const [withdrawal, deposit] = [newId(), newId()];
      const alice = await running.visit("alice");
      assertEquals((await alice.authorise("withdrawal", withdrawal, "4000")).outcome, "ok");
      assertEquals((await alice.authorise("deposit", deposit, "500")).outcome, "ok");
      await alice.client.close();

      const mall = await running.connect(running.keys.mall);
      const foreign = ["complete", "reverse", "void"] as const;
      for (const op of foreign) {
        const ask = op === "complete"
          ? { op, movement: withdrawal, amount: "4000" }
          : { op, movement: withdrawal };
        assertEquals(await mall.outcomeOf(ask), "unknown_movement", op);
      }
      const lobby = await running.connect(running.keys.lobby);
      const complete = { op: "complete", movement: withdrawal, amount: "4000" } as const;
      const first = await lobby.ask(complete);
      assertEquals([first.outcome, first.booked], ["ok", "4000"]);
      assertEquals(first.account!.booked, "96000");
      const again = await lobby.ask(complete);
      assertEquals([again.outcome, again.booked], ["ok", "4000"]);
      assertEquals(await lobby.outcomeOf({ op: "void", movement: deposit }), "ok");
      assertEquals(await lobby.outcomeOf({ ...complete, movement: deposit }), "already_reversed");
    }),
);

onEachBank(
  "a receipt is given of the customer's own movements, and of nothing else",
  (withBank) =>
    withBank(async (running) => {
      const alice = await running.visit("alice");
      const movement = newId();
      await alice.authorise("withdrawal", movement, "4000");
      const { logged } = await alice.ask({ op: "complete", movement, amount: "4000" });
      const { place } = logged!;
      const { receipt } = await alice.ask({ op: "receipt", place });
      const { text, signatures } = parseNote(receipt!)!;
      const [first, words, terminal, reference, origin, index] = text.split("\n");
      assertEquals(
        [first, words!.split(" | ")[0], terminal, reference, index],
        [
          "strongroom receipt 1",
          "withdraw €40.00",
          "lobby",
          movement,
          `${placeOfText(place)!.sequence - 1}`,
        ],
      );
      assertEquals(signatures.map(({ name }) => name), [origin]);
      assertEquals((await alice.ask({ op: "receipt", place })).receipt, receipt);
      const refused = await alice.authorise("withdrawal", newId(), "99900000");
      const failed = await alice.ask({ op: "receipt", place: refused.logged!.place });
      assert(failed.receipt!.includes("\nwithdraw €999,000.00 failed - insufficient funds | "));

      const bob = await running.visit("bob", running.keys.mall);
      const own = await alice.ask({
        op: "refused",
        kind: "deposit",
        amount: "5",
        why: "device_fault",
      });
      const [logIn] = (await alice.ask({ op: "history", filter: { kind: "log-in" } })).entries!;
      const none: [atm: Atm, place: string][] = [
        [bob, place],
        [bob, refused.logged!.place],
        [alice, own.logged!.place],
        [alice, logIn!.place],
        [alice, "1.1"],
        [alice, "1.9999"],
        [alice, "2.1"],
        [alice, ""],
        [alice, "0.0"],
        [alice, movement],
      ];
      for (const [atm, place] of none) {
        assertEquals(
          await atm.ask({ op: "receipt", place }),
          { outcome: "unknown_movement" },
          place,
        );
      }
      await alice.ask({ op: "log_out", reason: "customer" });
      assertEquals(await alice.outcomeOf({ op: "receipt", place }), "not_logged_in");
    }),
);

onEachBank(
  "a balance that changes at one ATM is pushed to the other",
  (withBank) =>
    withBank(async (running) => {
      const here = await running.visit("alice", running.keys.lobby);
      const there = await running.visit("alice", running.keys.mall);
      const movement = newId();
      await here.authorise("withdrawal", movement, "4000");
      await here.ask({ op: "complete", movement, amount: "4000" });
      const views = (await there.pushed(2)).flatMap((push) =>
        push.push === "account" ? [[push.account.booked, push.account.available]] : []
      );
      assertEquals(views, [["100000", "96000"], ["96000", "96000"]]);
    }),
);

onEachBank(
  "amounts that are invalid are refused by name, whatever the ATM checked",
  (withBank) =>
    withBank(async (running) => {
      const alice = await running.visit("alice");
      const table: [amount: string, outcome: string][] = [
        ["0", "amount_not_positive"],
        ["-4000", "amount_not_positive"],
        ["1000000000000001", "amount_too_large"],
        ["9223372036854775807", "amount_too_large"],
        ["-9223372036854775808", "amount_not_positive"],
        ["100001", "insufficient_funds"],
      ];
      for (const [amount, outcome] of table) {
        const movement = newId();
        assertEquals(
          (await alice.authorise("withdrawal", movement, amount)).outcome,
          outcome,
          amount,
        );
        assertEquals((await alice.authorise("withdrawal", movement, amount)).outcome, outcome);
      }
    }),
);

onEachBank(
  "everything is there when the bank is opened again",
  (withBank) =>
    withBank(async (running) => {
      const movement = newId();
      const before = await running.visit("alice");
      await before.authorise("withdrawal", movement, "4000");
      await running.reopen();
      const after = await running.visit("alice");
      const again = await after.authorise("withdrawal", movement, "4000");
      assertEquals([again.outcome, again.account!.booked, again.account!.available], [
        "ok",
        "100000",
        "96000",
      ]);
    }),
);

onEachBank(
  "no password, and no name that nobody has, is ever written down",
  (withBank) =>
    withBank(async (running) => {
      const typed = "Tr0ub4dor&3 typed as a name";
      const atm = await running.connect();
      await atm.ask({ op: "log_in", username: typed, password: "some other secret" });
      await atm.ask({ op: "log_in", username: "alice", password: "a mistyped secret" });
      await atm.client.close();
      await running.visit("alice");
      const entries = await running.entries();
      assert(entries.some((entry) => /^unknown [0-9a-f]{16} \| log in failed/.test(entry)));
      await running.stop();
      const secrets = [typed, "some other secret", "a mistyped secret", passwords.alice];
      const files = [...Deno.readDirSync(running.folder)].filter(({ isFile }) => isFile);
      const kept = files.map(({ name }) =>
        new TextDecoder("latin1").decode(Deno.readFileSync(`${running.folder}/${name}`))
      ).join("\n");
      const rows = running.url ? await allRowsOf(running.url) : "";
      const written = kept + rows + entries.join("\n") + running.log.join("\n");
      assert((running.url ? rows : kept).includes("alice"), "the database was read");
      for (const secret of secrets) {
        assert(!written.includes(secret), secret);
        assert(!rows.includes(hex(new TextEncoder().encode(secret))), `${secret}, as bytes`);
      }
    }),
);

/** Returns every row of every table of a PostgreSQL database; bytes are in hex there. */
async function allRowsOf(url: string): Promise<string> {
  const tables = await runAsAdmin(
    url,
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
  );
  let all = "";
  for (const { name } of tables) {
    const rows = await runAsAdmin(url, `SELECT "${name}"::text AS text FROM "${name}"`);
    all += rows.map(({ text }) => text).join("\n");
  }
  return all;
}
