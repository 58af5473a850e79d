/** Cards and PINs in the rules: what is counted, what blocks, and what ends a visit. */
import { assertEquals } from "@std/assert";
import { Books } from "../../../../server/ledger/books.ts";
import type { Command, Reply } from "../../../../server/ledger/command.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { idOf, smallBank } from "../../helpers/small_bank.ts";

const hashOf = (name: string) => idOf(name).repeat(2);
const operator = "root";

/** Runs commands of a bank's counter and of terminals, at which a PIN is right or wrong. */
class Counter {
  readonly books = new Books(smallBank());
  readonly log: string[] = [];
  nowMs = 1_000_000;

  run(command: Command): Reply {
    const { replies: [reply], entries } = applyCommands(this.books, [command], this.nowMs);
    this.log.push(...entries.map(({ who, action }) => `${who} | ${action}`));
    return reply!;
  }

  issue = (username: string, card = username) =>
    this.run({ op: "issue_card", operator, username, cardHash: hashOf(card) }).outcome;
  revoke = (username: string) => this.run({ op: "revoke_card", operator, username }).outcome;

  setPin(username: string, refused: "pin_weak" | null = null, version = this.version(username)) {
    return this.run({
      ...{ op: "set_pin", username, terminal: idOf("lobby"), passwordVersion: version },
      ...{ refused, pinHash: "hash of a PIN" },
    }).outcome;
  }

  version = (username: string) => this.books.customer(username)?.passwordVersion ?? 0;

  begin(card: string, at = "lobby", username = card): Reply {
    const who = { username, cardHash: hashOf(card), terminal: idOf(at) };
    return this.run({ op: "begin_card_log_in", ...who });
  }

  end(
    card: string,
    passed: boolean,
    { passwordVersion = 0 }: Reply,
    at = "lobby",
    username = card,
  ) {
    const who = { username, cardHash: hashOf(card), terminal: idOf(at) };
    return this.run({ op: "end_card_log_in", ...who, passed, passwordVersion });
  }

  card(card: string, passed: boolean, at = "lobby", username = card): string {
    const begun = this.begin(card, at, username);
    return begun.outcome === "ok"
      ? this.end(card, passed, begun, at, username).outcome
      : begun.outcome;
  }

  password(username: string, passed: boolean): Reply {
    const who = { username, nameHash: idOf(username), terminal: idOf("mall") };
    const { passwordVersion = 0 } = this.run({ op: "begin_log_in", ...who });
    return this.run({ op: "end_log_in", ...who, passed, passwordVersion });
  }
}

/** Returns a bank in which alice has a card with a PIN. */
function withCard(): Counter {
  const counter = new Counter();
  assertEquals([counter.issue("alice"), counter.setPin("alice")], ["ok", "ok"]);
  return counter;
}

Deno.test("a customer has one card, which works once a PIN is set", () => {
  const counter = new Counter();
  assertEquals(counter.password("alice", true).card, undefined);
  assertEquals(counter.issue("nobody"), "unknown_name");
  assertEquals(counter.setPin("alice"), "no_card");
  assertEquals(counter.issue("alice"), "ok");
  assertEquals(counter.issue("alice"), "ok", "the same number, asked again");
  assertEquals(counter.issue("alice", "another"), "has_card");
  assertEquals(counter.card("alice", true), "pin_not_set");
  assertEquals(counter.password("alice", true).card, "without_pin");
  assertEquals(counter.setPin("alice", "pin_weak"), "pin_weak");
  assertEquals(counter.setPin("alice"), "ok");
  assertEquals(counter.setPin("alice", null, 1), "not_logged_in", "the visit is an earlier one");
  assertEquals(counter.password("alice", true).card, "with_pin");
  assertEquals(counter.card("alice", true), "ok");
  assertEquals(counter.revoke("bob"), "no_card");
  assertEquals(counter.revoke("alice"), "ok");
  assertEquals(counter.card("alice", true), "wrong_credentials");
  assertEquals(counter.log.filter((line) => line.startsWith("operator")), [
    "operator root | issue a card to nobody failed - unknown name",
    "operator root | issue a card to alice",
    "operator root | issue a card to alice failed - has card",
    "operator root | revoke the card of bob failed - no card",
    "operator root | revoke the card of alice",
  ]);
  assertEquals(counter.log.filter((line) => line.includes("PIN")), [
    "alice | set the PIN failed - no card",
    "alice | set the PIN failed - pin weak",
    "alice | set the PIN",
    "alice | set the PIN failed - not logged in",
  ]);
});

Deno.test("three wrong PINs in a row block a card until its customer logs in with the password", () => {
  const counter = withCard();
  assertEquals(counter.card("alice", false), "wrong_credentials");
  assertEquals(counter.card("alice", false, "mall"), "wrong_credentials");
  assertEquals(counter.card("alice", true), "ok", "which clears the two");
  assertEquals(counter.card("alice", false), "wrong_credentials");
  assertEquals(counter.card("alice", false, "mall"), "wrong_credentials");
  assertEquals(counter.card("alice", false), "card_blocked", "the third says so");
  counter.nowMs += 365 * 24 * 3_600_000;
  assertEquals(counter.card("alice", true), "card_blocked", "a year later, with the right PIN");
  assertEquals(counter.password("alice", false).outcome, "wrong_credentials");
  assertEquals(counter.card("alice", true), "card_blocked");
  assertEquals(counter.password("alice", true).outcome, "ok");
  assertEquals(counter.card("alice", true), "ok");
});

Deno.test("two terminals that try one card at the same time have three tries in all", () => {
  const counter = withCard();
  const begun = [0, 1, 2, 3, 4, 5].map((each) =>
    counter.begin("alice", ["lobby", "mall"][each % 2])
  );
  const outcomes = begun.map(({ outcome }) => outcome);
  assertEquals(outcomes, ["ok", "ok", "ok", "card_blocked", "card_blocked", "card_blocked"]);
  // A terminal that ends between count and check has used its try up, too.
  assertEquals(counter.card("alice", true), "card_blocked");
  assertEquals(counter.end("alice", true, begun[0]!).outcome, "ok", "the right PIN was among them");
});

Deno.test("a PIN that was set, or a card that was revoked, between count and check passes nobody", () => {
  for (const change of ["setPin", "revoke"] as const) {
    const counter = withCard();
    const begun = counter.begin("alice");
    assertEquals(counter[change]("alice"), "ok");
    assertEquals(counter.end("alice", true, begun).outcome, "wrong_credentials", change);
  }
});

Deno.test("a new PIN, a new password and a revoked card end the visits that began before", () => {
  const counter = withCard();
  const lookUp = (passwordVersion: number) =>
    counter.run({
      ...{ op: "log", who: "alice", action: "view balance", kind: "other", outcome: "ok" },
      passwordVersion,
    }).outcome;
  for (const end of ["setPin", "revoke"] as const) {
    const { passwordVersion: version = 0 } = counter.begin("alice");
    assertEquals(counter.end("alice", true, { passwordVersion: version } as Reply).outcome, "ok");
    assertEquals(lookUp(version), "ok");
    assertEquals(counter[end]("alice"), "ok");
    assertEquals(lookUp(version), "not_logged_in", end);
  }
});

Deno.test("a card that the bank does not have is counted at its terminal, and no customer is named", () => {
  const counter = withCard();
  const outcomes = Array.from({ length: 12 }, () => counter.card("stolen", true, "lobby", ""));
  assertEquals(new Set(outcomes.slice(0, 10)), new Set(["wrong_credentials"]));
  assertEquals(outcomes.slice(10), ["throttled", "throttled"]);
  assertEquals(counter.card("alice", true, "mall"), "ok", "another terminal is free");
  assertEquals(
    counter.log.at(-2),
    `unknown ${hashOf("stolen").slice(0, 16)} | log in with a card failed - throttled`,
  );
  assertEquals(counter.card("stolen", true, "mall", "alice"), "wrong_credentials");
});

Deno.test("no card is accepted while a restored bank waits for its terminals", () => {
  const counter = withCard();
  const restoring = { sinceMs: 0, waiting: [idOf("lobby")], unattested: [], unknown: [] };
  counter.run({ op: "restore", operator, terminals: [], restoring, missing: "all" });
  assertEquals(counter.card("alice", true), "try_later");
});
