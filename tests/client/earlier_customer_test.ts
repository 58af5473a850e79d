/**
 * What an earlier customer left in the devices is not handed to the next one: the ATM has restarted,
 * the next customer is logged in, and then the devices answer again.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Cards, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { cardNumberHash, newCardNumber } from "../../lib/card.ts";
import { system } from "../../lib/system.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, type BranchAtm, logIn, password, until } from "./branch.ts";

const served = { byService: true, patient: true };

/** Opens the ATM whose devices are away, logs a customer in, if any, and then the devices return. */
async function nextCustomer(
  branch: Branch,
  username: string | null,
  options: Parameters<Branch["atm"]>[1] = {},
) {
  const next = branch.atm("lobby", { ...served, ...options, devicesAway: true });
  const { atm } = next;
  const asked = { notes: false, card: false };
  atm.watch(({ presented, card }) => {
    asked.notes ||= presented !== null;
    asked.card ||= card === "returned";
  });
  await until("online", () => atm.view().bank === "online");
  if (username) assertEquals((await atm.logIn(username, password)).outcome, "ok");
  next.served!.restart();
  await until("they answer", () => !atm.view().devices.away);
  return { next, asked };
}

async function insertNotes(lobby: BranchAtm): Promise<void> {
  await logIn(lobby);
  assertEquals((await lobby.atm.depositOpen()).outcome, "ok");
  for (const _ of "12") await lobby.atm.insertNote("5000");
  await until("counted", () => lobby.atm.view().escrow?.total === "10000");
}

for (
  const [what, end] of [
    ["counted, and the devices died before the ATM", "in order"],
    ["counted, and the devices died before the ATM", "killed"],
    ["counted, and all died at once", "killed"],
    ["confirmed at a bank that does not answer", "killed"],
    ["to be taken from the mouth", "killed"],
    ["to be taken from the mouth", "in order"],
  ] as const
) {
  for (const username of ["bob", null]) {
    const who = username ?? "nobody";
    Deno.test(`notes that were ${what}, ATM ${end}, ${who} logged in: they are kept, and named`, async () => {
      const branch = await Branch.open();
      try {
        const lobby = branch.atm("lobby", served);
        await insertNotes(lobby);
        const { account } = lobby.atm.view().visit!;
        let confirmed: Promise<unknown> = Promise.resolve();
        const stalled = Promise.withResolvers<void>();
        if (what === "counted, and the devices died before the ATM") {
          lobby.served!.switchOff();
          await until("asked", () => lobby.journal.open()[0]?.state === "acting");
        } else if (what === "confirmed at a bank that does not answer") {
          const { ledger } = branch.bank;
          const submit = ledger.submit.bind(ledger);
          ledger.submit = async (command) => {
            if (command.op === "authorise" || command.op === "void") await stalled.promise;
            return await submit(command);
          };
          confirmed = lobby.atm.depositConfirm();
          await until("asked", () => lobby.journal.open().length > 0);
        } else if (what === "to be taken from the mouth") {
          void lobby.atm.depositCancel();
          await until("returned", () => lobby.atm.view().presented !== null);
        }
        const movement = lobby.journal.open()[0]?.movement;
        lobby.served!.switchOff();
        if (what === "confirmed at a bank that does not answer") {
          const killed = [branch.killBank(), lobby.kill()];
          stalled.resolve(); // both folders are copied already
          await Promise.all(killed);
          await confirmed;
        } else await (end === "killed" ? lobby.kill() : lobby.close());

        const { next, asked } = await nextCustomer(branch, username);
        await until("kept", () => next.journal.flagged().length === 1);
        await until("settled", () => next.journal.open().length === 0);
        assertEquals([asked.notes, next.atm.view().presented], [false, null]);
        assertEquals(next.devices.at("left"), new Map([[5_000n, 2]]));
        const { amount, why, account: whose } = next.journal.flagged()[0]!;
        assertEquals([amount, whose], [10_000n, account.id]);
        assertStringIncludes(why!, movement ? `deposit ${movement}` : "no deposit was confirmed");
        const logged = branch.logged.filter((line) => line.includes("were not returned"));
        assertEquals(logged, [`${why}, 10000 minor units`]);
        assertStringIncludes(why!, `account ${account.id}`);
        await branch.requireAllSettled(next);
        if (username) {
          assertEquals((await next.atm.depositOpen()).outcome, "ok", "the visit goes on");
          await next.atm.insertNote("2000");
          assertEquals((await next.atm.depositConfirm()).outcome, "ok");
          assertEquals(await branch.balanceOf("bob"), 102_000n);
        }
        const isAtBank = what !== "confirmed at a bank that does not answer";
        if (movement && isAtBank) {
          const correct = { command: "correct_movement", operator: "t", movement } as const;
          const request = { ...correct, amount: "100.00", reason: "notes left" };
          await Array.fromAsync(runOperatorCommand(branch.bank, request));
          assertEquals(await branch.balanceOf("alice"), 110_000n);
        }
        await next.close();
      } finally {
        await branch.close();
      }
    });
  }
}

const number = newCardNumber(system.randomBytes);
const cards: Cards = { names: () => ["alice"], numberOf: () => number };
const equipReader = (database: BranchAtm["database"]) => new SimulatedCardReader(database, cards);

/** Logs alice in with a card, which stays in the reader. */
async function logInWithCard(branch: Branch): Promise<BranchAtm> {
  const issue = { command: "issue_card", operator: "t", customer: "alice" } as const;
  const request = { ...issue, numberHash: cardNumberHash(number) };
  for await (const _ of runOperatorCommand(branch.bank, request));
  const lobby = branch.atm("lobby", { ...served, equipReader });
  await logIn(lobby);
  assertEquals(await lobby.atm.setPin("4711"), { outcome: "ok" });
  await lobby.atm.logOut();
  await until("a card is waited for", () => {
    return lobby.atm.view().bank === "online" && lobby.served!.simulatedReader()!.accepting();
  });
  lobby.served!.simulatedReader()!.insert("alice");
  await until("the card is read", () => lobby.atm.view().card === "inserted");
  assertEquals((await lobby.atm.logInWithCard("4711")).outcome, "ok");
  return lobby;
}

Deno.test("a card that was in the reader before the ATM restarted is retained in another's visit", async () => {
  for (const atExit of [false, true]) {
    const branch = await Branch.open();
    try {
      const lobby = await logInWithCard(branch);
      if (atExit) {
        await lobby.atm.logOut();
        await until("at the exit", () => lobby.atm.view().card === "returned");
      }
      lobby.served!.switchOff();
      await lobby.kill();
      const { next, asked } = await nextCustomer(branch, "bob", { equipReader });
      const reader = () => next.served!.simulatedReader()!;
      await until("retained", () => reader().retained() === 1);
      assertEquals([asked.card, reader().media()], [false, "notPresent"]);
      assertEquals((await next.atm.history({})).outcome, "ok", "the visit goes on");
      await until("reported", async () => {
        const list = runOperatorCommand(branch.bank, { command: "list_terminals", operator: "t" });
        return JSON.stringify(await Array.fromAsync(list)).includes("cards retained: 1");
      });
      await next.close();
    } finally {
      await branch.close();
    }
  }
});

Deno.test("a card that the devices return when its visit is over is retained in another's visit", async () => {
  const branch = await Branch.open();
  try {
    const lobby = await logInWithCard(branch);
    let asked = false;
    lobby.served!.switchOff();
    await until("away", () => lobby.atm.view().card === null);
    await lobby.atm.logOut();
    await logIn(lobby, "bob");
    lobby.atm.watch(({ card }) => asked ||= card === "returned");
    lobby.served!.restart();
    await until("retained", () => lobby.served!.simulatedReader()!.retained() === 1);
    assertEquals(asked, false);
    assertEquals(lobby.atm.view().visit?.username, "bob");
    await lobby.close();
  } finally {
    await branch.close();
  }
});

Deno.test("a card at the exit is retained when another customer logs in", async () => {
  const branch = await Branch.open();
  try {
    const lobby = await logInWithCard(branch);
    await lobby.atm.logOut();
    await until("at the exit", () => lobby.atm.view().card === "returned");
    await logIn(lobby, "bob");
    const reader = lobby.served!.simulatedReader()!;
    await until("retained", () => reader.retained() === 1);
    assertEquals(lobby.atm.view().card, "none");
    const withdrawal = lobby.atm.withdraw("5000");
    await until("presented", () => lobby.atm.view().presented !== null);
    await lobby.atm.takeNotes();
    assertEquals((await withdrawal).outcome, "ok");
    await lobby.close();
  } finally {
    await branch.close();
  }
});
