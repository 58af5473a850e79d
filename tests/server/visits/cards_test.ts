/** Cards at a running bank: from the operator's command to a visit, on both kinds of store. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { cardNumberHash, newCardNumber } from "../../../lib/card.ts";
import { UsageError } from "../../../lib/errors.ts";
import { system } from "../../../lib/system.ts";
import { cardKeysOf } from "../../../server/credentials/card_keys.ts";
import { until } from "../../client/branch.ts";
import { type Atm, newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

async function issue(running: RunningBank, customer = "alice"): Promise<string> {
  const number = newCardNumber(system.randomBytes);
  const numberHash = cardNumberHash(number);
  await Array.fromAsync(running.operate({ command: "issue_card", customer, numberHash }));
  return number;
}

async function list(running: RunningBank): Promise<string[][]> {
  const answers = await Array.fromAsync(running.operate({ command: "list_cards" }));
  const lines = answers.map((answer) => "line" in answer ? answer.line : "");
  return lines.slice(1).map((line) => line.trim().split(/ {2,}/));
}

const logIn = (atm: Atm, card: string, pin: string) =>
  atm.ask({ op: "log_in_with_card", card, pin });

const pin = "4711";

/** Gives alice a card and a PIN; returns its number. */
async function withPin(running: RunningBank): Promise<string> {
  const card = await issue(running);
  const atm = await running.visit("alice");
  assertEquals(await atm.outcomeOf({ op: "set_pin", pin }), "ok");
  await atm.outcomeOf({ op: "log_out", reason: "customer" });
  return card;
}

onEachBank(
  "a card and its PIN begin a visit, in which money moves",
  (withBank) =>
    withBank(async (running) => {
      const card = await issue(running);
      const early = await running.connect(running.keys.mall);
      assertEquals((await logIn(early, card, pin)).outcome, "pin_not_set");
      const before = await running.visit("alice");
      assertEquals(before.logIn.card, "without_pin");
      assertEquals(await before.outcomeOf({ op: "set_pin", pin: "1234" }), "pin_weak");
      assertEquals(await before.outcomeOf({ op: "set_pin", pin }), "ok");
      assertEquals(await before.outcomeOf({ op: "touch" }), "ok", "the one who set it goes on");
      const atm = await running.connect(running.keys.mall);
      const { outcome, username, account } = await logIn(atm, card, pin);
      assertEquals([outcome, username, account?.booked], ["ok", "alice", "100000"]);
      assertEquals(await atm.outcomeOf({ op: "set_pin", pin: "8154" }), "password_needed");
      const withdrawal = await atm.authorise("withdrawal", newId(), "4000", account!.id);
      assertEquals(withdrawal.outcome, "ok");
      assertEquals((await list(running)).map(([name, , ...rest]) => [name, ...rest]), [
        ["alice", "set", "active"],
      ]);
      const nobodys = await running.connect(running.keys.mall);
      assertEquals((await logIn(nobodys, "1".repeat(37), pin)).outcome, "wrong_credentials");
      const entries = await running.entries();
      for (
        const entry of [
          "operator test | issue a card to alice",
          "alice | log in with a card failed - pin not set",
          "alice | set the PIN failed - pin weak",
          "alice | set the PIN",
          "alice | log in with a card",
          "alice | set the PIN failed - password needed",
        ]
      ) assert(entries.includes(entry), entry);
      const written = [...entries, JSON.stringify(await running.bank.ledger.read.customers())];
      assert(!written.some((line) => line.includes(card)), "the bank has the card's number");
    }),
);

onEachBank(
  "two terminals guess three times in all, and a password log-in lets the customer try again",
  (withBank) =>
    withBank(async (running) => {
      const card = await withPin(running);
      const [lobby, mall] = [await running.connect(), await running.connect(running.keys.mall)];
      const guesses = await Promise.all(
        [lobby, mall].flatMap(async (atm, index) => {
          const outcomes = [];
          for (const guess of ["9999", "8888", "7777"]) {
            outcomes.push((await logIn(atm, card, `${guess}${index}`)).outcome);
          }
          return outcomes;
        }),
      );
      const outcomes = guesses.flat();
      const begun = (await running.entries()).filter((entry) =>
        entry === "alice | log in with a card failed - wrong credentials"
      );
      // The last of three may see the block that the third count has made, or cause it.
      assert(outcomes.includes("card_blocked") && begun.length <= 3, outcomes.join());
      assertEquals((await logIn(lobby, card, pin)).outcome, "card_blocked");
      assertEquals((await list(running))[0]!.at(-1), "blocked");
      const visit = await running.visit("alice", await running.enrol("hall"));
      assertEquals(visit.logIn.card, "with_pin");
      assertEquals((await logIn(mall, card, pin)).outcome, "ok");
    }),
);

onEachBank(
  "a bank that ends between count and check has counted",
  (withBank) =>
    withBank(async (running) => {
      const card = await withPin(running);
      const { username, cardHash } = {
        username: "alice",
        cardHash: cardKeysOf(running.bank.keys.audit).cardHash(cardNumberHash(card)),
      };
      for (let tries = 0; tries < 3; tries++) {
        const terminal = running.keys.lobby.terminal.toHex();
        const begin = { op: "begin_card_log_in", username, cardHash, terminal } as const;
        assertEquals((await running.bank.ledger.submit(begin)).outcome, "ok");
        await running.reopen();
      }
      const atm = await running.connect();
      assertEquals((await logIn(atm, card, pin)).outcome, "card_blocked");
    }),
);

onEachBank(
  "a new PIN and a revoked card end the card's visits; a new card needs another PIN",
  (withBank) =>
    withBank(async (running) => {
      const card = await withPin(running);
      const atm = await running.connect(running.keys.mall);
      assertEquals((await logIn(atm, card, pin)).outcome, "ok");
      const lobby = await running.visit("alice");
      assertEquals(await lobby.outcomeOf({ op: "set_pin", pin: "0815" }), "ok");
      const hasEnded = (each: Atm) => each.pushes.some(({ push }) => push === "visit_ended");
      await until("the card's visit has ended", () => hasEnded(atm));
      assertEquals(await atm.outcomeOf({ op: "touch" }), "not_logged_in");
      const again = await running.connect(running.keys.mall);
      assertEquals((await logIn(again, card, pin)).outcome, "wrong_credentials");
      assertEquals((await logIn(again, card, "0815")).outcome, "ok");
      await Array.fromAsync(running.operate({ command: "revoke_card", customer: "alice" }));
      assertEquals(await again.outcomeOf({ op: "touch" }), "not_logged_in");
      assertEquals(await again.outcomeOf({ op: "balance", account: "1" }), "not_logged_in");
      assertEquals(await lobby.outcomeOf({ op: "balance", account: "1" }), "not_logged_in");
      const next = await issue(running);
      await assertRejects(() => issue(running), UsageError, "has card");
      await assertRejects(() => issue(running, "nobody"), UsageError, "unknown name");
      const late = await running.connect(running.keys.mall);
      assertEquals((await logIn(late, card, "0815")).outcome, "wrong_credentials");
      assertEquals((await logIn(late, next, "0815")).outcome, "pin_not_set");
      const checked = await Array.fromAsync(running.operate({ command: "check_ledger" }));
      assertEquals(checked.filter((answer) => "bad" in answer), [], "the log has every change");
    }),
);
