/** Cards at an ATM with a bank: the way from the slot to the notes, and what is left in the slot. */
import { assertEquals } from "@std/assert";
import { type Cards, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { cardNumberHash, newCardNumber } from "../../lib/card.ts";
import { system } from "../../lib/system.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

const pin = "4711";
const number = newCardNumber(system.randomBytes);
const cards: Cards = {
  names: () => ["alice", "unreadable"],
  numberOf: (name) => name === "alice" ? number : "12",
};

interface CardBranch {
  branch: Branch;
  /** Opens the ATM; alice has a card with a PIN. */
  open: (takeCardMsMax?: number) => BranchAtm & { reader: SimulatedCardReader };
}

async function withCards(run: (all: CardBranch) => Promise<void>): Promise<void> {
  const branch = await Branch.open();
  const open = (takeCardMsMax?: number) => {
    let reader!: SimulatedCardReader;
    const equipReader = (database: BranchAtm["database"]) =>
      reader = new SimulatedCardReader(database, cards);
    return { ...branch.atm("lobby", { equipReader, takeCardMsMax }), reader };
  };
  const issue = { command: "issue_card", operator: "t", customer: "alice" } as const;
  const request = { ...issue, numberHash: cardNumberHash(number) };
  for await (const _ of runOperatorCommand(branch.bank, request));
  const opened = open();
  await logIn(opened);
  assertEquals(opened.atm.view().visit?.card, "without_pin");
  assertEquals(await opened.atm.setPin("12"), { outcome: "pin_weak" });
  assertEquals(await opened.atm.setPin("1234"), { outcome: "pin_weak" });
  assertEquals(await opened.atm.setPin(pin), { outcome: "ok" });
  await opened.atm.logOut();
  await opened.close();
  try {
    await run({ branch, open });
  } finally {
    await branch.close();
  }
}

const insert = async (
  { atm, reader }: Pick<BranchAtm, "atm"> & { reader: SimulatedCardReader },
) => {
  await until("a card is waited for", () => atm.view().bank === "online" && reader.accepting());
  await atm.insertCard("alice");
  await until("the card is read", () => atm.view().card === "inserted");
};

Deno.test("the card comes back and is taken before notes are handed out", () =>
  withCards(async ({ branch, open }) => {
    const opened = open();
    const { atm, devices } = opened;
    await insert(opened);
    assertEquals(await atm.logInWithCard("4712"), {
      outcome: "wrong_credentials",
      retryAfterMs: undefined,
    });
    assertEquals(await atm.logInWithCard("12"), { outcome: "wrong_credentials" });
    assertEquals((await atm.logInWithCard(pin)).outcome, "ok");
    assertEquals([atm.view().visit?.username, atm.view().visit?.byCard], ["alice", true]);
    assertEquals((await atm.setPin("8154")).outcome, "password_needed");
    const inside = devices.inside();
    const withdrawal = atm.withdraw("5000");
    await until("the card is at the exit", () => atm.view().card === "returned");
    assertEquals(devices.inside(), inside, "no note has moved");
    await atm.takeCard();
    assertEquals((await withdrawal).outcome, "ok");
    assertEquals(await branch.balanceOf("alice"), 95_000n);
    await atm.logOut();
    assertEquals(atm.view().card, "none");
    await branch.requireAllSettled(opened);
    await opened.close();
  }));

Deno.test("a card that is not taken is retained and reported, and nothing is booked", () =>
  withCards(async ({ branch, open }) => {
    const opened = open(100);
    const { atm, reader } = opened;
    await insert(opened);
    assertEquals((await atm.logInWithCard(pin)).outcome, "ok");
    assertEquals((await atm.withdraw("5000")).outcome, "card_not_taken");
    assertEquals([reader.media(), reader.retained()], ["notPresent", 1]);
    assertEquals(await branch.balanceOf("alice"), 100_000n);
    await atm.logOut();
    await branch.requireAllSettled(opened);
    await until("the bank has the report", async () => {
      const list = runOperatorCommand(branch.bank, { command: "list_terminals", operator: "t" });
      const lines = (await Array.fromAsync(list)).map((answer) => JSON.stringify(answer));
      return lines.some((line) => line.includes("cards retained: 1"));
    });
    await opened.close();
  }));

Deno.test("a card reader that jams with a card is reported, dispenses nothing, and returns the card once cleared", () =>
  withCards(async ({ branch, open }) => {
    const opened = open();
    const { atm, reader } = opened;
    const isListed = (what: string) =>
      until(what, async () => {
        const list = runOperatorCommand(branch.bank, { command: "list_terminals", operator: "t" });
        const lines = (await Array.fromAsync(list)).map((answer) => JSON.stringify(answer));
        return lines.some((line) => line.includes("card reader jammed")) === (what === "jammed");
      });
    await insert(opened);
    assertEquals((await atm.logInWithCard(pin)).outcome, "ok");
    reader.jam();
    assertEquals(atm.view().card, null, "no card can be used");
    await isListed("jammed");
    assertEquals((await atm.withdraw("5000")).outcome, "card_not_taken");
    await atm.logOut();
    await logIn(opened); // with the password
    assertEquals((await atm.withdraw("5000")).outcome, "ok");
    await atm.logOut();
    await atm.clearJams();
    await until("it is at the exit", () => atm.view().card === "returned");
    await atm.takeCard();
    await isListed("cleared");
    assertEquals(await branch.balanceOf("alice"), 95_000n);
    await branch.requireAllSettled(opened);
    await opened.close();
  }));

Deno.test("a card comes back at the end of a visit, when it cannot be read, and when it is blocked", () =>
  withCards(async ({ open }) => {
    const opened = open();
    const { atm, reader } = opened;
    await insert(opened);
    assertEquals((await atm.logInWithCard(pin)).outcome, "ok");
    await atm.logOut();
    await until("it is at the exit", () => atm.view().card === "returned");
    await atm.takeCard();
    await until("the next is waited for", () => reader.accepting());
    await atm.insertCard("unreadable");
    await until("it is at the exit, unread", () => atm.view().card === "returned");
    await atm.takeCard();
    await insert(opened);
    const outcomes = [];
    for (const guess of ["1110", "2220", "3330"]) {
      outcomes.push((await atm.logInWithCard(guess)).outcome);
    }
    assertEquals(outcomes, ["wrong_credentials", "wrong_credentials", "card_blocked"]);
    await until("it is at the exit, blocked", () => atm.view().card === "returned");
    await atm.takeCard();
    await logIn(opened);
    await atm.logOut();
    await insert(opened);
    assertEquals((await atm.logInWithCard(pin)).outcome, "ok");
    await opened.close();
  }));

Deno.test("an ATM that was killed with a card inside returns it at its next start", () =>
  withCards(async ({ branch, open }) => {
    const killed = open();
    await insert(killed);
    assertEquals((await killed.atm.logInWithCard(pin)).outcome, "ok");
    const withdrawal = killed.atm.withdraw("5000");
    await until("the card is at the exit", () => killed.atm.view().card === "returned");
    await killed.kill();
    await withdrawal;
    const opened = open();
    await until("the card is at the exit", () => opened.atm.view().card === "returned");
    await opened.atm.takeCard();
    await insert(opened);
    assertEquals(await branch.balanceOf("alice"), 100_000n);
    await until("nothing is open", () => opened.journal.open().length === 0);
    await branch.requireAllSettled(opened);
    await opened.close();
  }));

Deno.test("a line that is cut, or a bank that is killed, while the card waits leaves books and notes equal", () =>
  withCards(async ({ branch, open }) => {
    const opened = open();
    const { atm, journal, reader } = opened;
    for (const what of ["line", "bank"]) {
      await insert(opened);
      assertEquals((await atm.logInWithCard(pin)).outcome, "ok", what);
      const withdrawal = atm.withdraw("5000");
      await until("the card is at the exit", () => atm.view().card === "returned");
      if (what === "line") opened.socket().close();
      else await branch.killBank();
      await atm.takeCard();
      await withdrawal;
      await until("the visit is over", () => atm.view().visit === null);
      await until(
        "all is settled",
        () => atm.view().bank === "online" && journal.open().length === 0,
      );
      await branch.requireAllSettled(opened);
      assertEquals(reader.media(), "notPresent", what);
    }
    await opened.close();
  }));
