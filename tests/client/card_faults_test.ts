/** Faults of a withdrawal by card that come together: of the card, the dispenser and the line; then the ATM is killed. */
import { assert, assertEquals } from "@std/assert";
import { type Cards, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import type { DeviceFault } from "../../lib/atm.ts";
import { cardNumberHash, newCardNumber } from "../../lib/card.ts";
import { system } from "../../lib/system.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

const pin = "4711";
const number = newCardNumber(system.randomBytes);
const cards: Cards = { names: () => ["alice"], numberOf: () => number };

const cardFaults = ["taken", "left at the exit", "in a jammed reader"] as const;
const deviceFaults: (DeviceFault | null)[] = [
  null,
  "jam before dispense",
  "jam between present",
  "power cut between dispense",
  "power cut after present",
];
const lines = ["whole", "without the next reply"] as const;

interface CardAtm extends BranchAtm {
  reader: SimulatedCardReader;
}

function open(branch: Branch): CardAtm {
  let reader!: SimulatedCardReader;
  const equipReader = (database: BranchAtm["database"]) =>
    reader = new SimulatedCardReader(database, cards);
  const opened = branch.atm("lobby", { equipReader, takeCardMsMax: 150 });
  return { ...opened, reader };
}

/** Takes each card at the exit, as customers do. */
async function takeCard({ atm, reader }: CardAtm): Promise<void> {
  await until("no card is left", async () => {
    await atm.takeCard();
    return reader.media() === "notPresent";
  });
}

Deno.test("any faults of card, dispenser and line together leave notes and books equal, and no note without its card", async (t) => {
  const branch = await Branch.open();
  try {
    const issue = { command: "issue_card", operator: "t", customer: "alice" } as const;
    const request = { ...issue, numberHash: cardNumberHash(number) };
    for await (const _ of runOperatorCommand(branch.bank, request));
    const first = open(branch);
    await logIn(first);
    assertEquals(await first.atm.setPin(pin), { outcome: "ok" });
    await first.atm.logOut();
    await first.close();
    for (const card of cardFaults) {
      for (const fault of deviceFaults) {
        for (const line of lines) {
          await t.step(`card ${card}, ${fault ?? "no fault"}, line ${line}`, async () => {
            const balance = await branch.balanceOf("alice");
            const opened = open(branch);
            const { atm, reader, socket } = opened;
            await until("ready", () => atm.view().bank === "online" && reader.accepting());
            await atm.insertCard("alice");
            await until("the card is read", () => atm.view().card === "inserted");
            assertEquals((await atm.logInWithCard(pin)).outcome, "ok");
            if (fault) await atm.armFault(fault);
            if (card === "in a jammed reader") reader.jam();
            if (line !== "whole") socket().losesNext = true;
            const withdrawing = atm.withdraw("2000").catch(() => null);
            if (card === "taken") {
              const over = withdrawing.then(() => true);
              await until("it is over, or the card is taken", async () => {
                await atm.takeCard();
                return await Promise.race([over, new Promise((yes) => setTimeout(yes, 20))]) ===
                    true || reader.media() === "notPresent";
              });
            }
            await withdrawing;
            await opened.kill();
            const again = open(branch);
            await again.atm.clearJams();
            await takeCard(again);
            await until("settled", () => again.journal.open().length === 0);
            await branch.requireAllSettled(again);
            const paid = balance - await branch.balanceOf("alice");
            assert(paid === 0n || paid === 2_000n, `${paid}`);
            if (card !== "taken") assertEquals(paid, 0n, "no note without its card");
            if (card === "taken" && !fault && line === "whole") assertEquals(paid, 2_000n);
            await again.close();
          });
        }
      }
    }
  } finally {
    await branch.close();
  }
});
