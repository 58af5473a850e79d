/**
 * Requests without a certain answer: lost on the way, lost on the way back, or "try later" from a bank
 * that did it or did not, or that moves no money while a clock is in doubt. The ATM voids a movement before it says that nothing was booked, and says
 * that it is in doubt where the bank does not confirm it in time.
 */
import { assert, assertEquals } from "@std/assert";
import type { Receipt } from "../../lib/atm.ts";
import type { Command, Reply } from "../../server/ledger/command.ts";
import type { Ledger } from "../../server/ledger/ledger.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

/** What happens to a request on its way to the ledger, and to its answer. */
type Fate =
  | "lost on the way"
  | "answer lost"
  | "try later, not done"
  | "try later, done"
  | "money stopped";
type Operation = "transfer" | "withdrawal" | "deposit";

/** Each fate by operation: the receipt's outcome, and by how much alice's balance changes, in euro. */
const expected: [Operation, Fate, Receipt["outcome"], number][] = [
  ["transfer", "lost on the way", "bank_unreachable", 0],
  ["transfer", "answer lost", "ok", -25],
  ["transfer", "try later, not done", "try_later", 0],
  ["transfer", "try later, done", "ok", -25],
  ["transfer", "money stopped", "money_stopped", 0],
  ["withdrawal", "lost on the way", "bank_unreachable", 0],
  ["withdrawal", "answer lost", "bank_unreachable", 0],
  ["withdrawal", "try later, not done", "try_later", 0],
  ["withdrawal", "try later, done", "try_later", 0],
  ["withdrawal", "money stopped", "money_stopped", 0],
  ["deposit", "lost on the way", "bank_unreachable", 0],
  ["deposit", "answer lost", "bank_unreachable", 0],
  ["deposit", "try later, not done", "try_later", 0],
  ["deposit", "try later, done", "try_later", 0],
  ["deposit", "money stopped", "money_stopped", 0],
];

/** A branch whose bank records the commands on movements, and whose fates a test decides. */
class UncertainBranch {
  readonly commands: string[] = [];
  /** Decides the fate of each command on a movement; undefined for an ordinary one. */
  fate: (command: Command) => Fate | undefined = () => undefined;
  bobs = "";
  lobby!: BranchAtm;

  private constructor(readonly branch: Branch) {}

  static async with(
    run: (uncertain: UncertainBranch) => Promise<void>,
    options: { outcomeMsMax?: number } = {},
  ): Promise<void> {
    const branch = await Branch.open();
    const uncertain = new UncertainBranch(branch);
    try {
      const accounts = await branch.bank.ledger.read.accounts();
      uncertain.bobs = accounts.find(({ owner }) => owner === "bob")!.number;
      uncertain.lobby = branch.atm("lobby", options);
      await logIn(uncertain.lobby);
      uncertain.watch();
      await run(uncertain);
      await uncertain.lobby.close();
    } finally {
      await branch.close();
    }
  }

  /** Answers the commands of the bank as it is now by `answer`, which may submit them. */
  intercept(answer: (command: Command, submit: Ledger["submit"]) => Promise<Reply>): void {
    const { ledger } = this.branch.bank;
    const submit = ledger.submit.bind(ledger);
    ledger.submit = (command) => answer(command, submit);
  }

  /** Takes the commands of the bank as it is now. */
  watch(): void {
    this.intercept(async (command, submit) => {
      if (!("movement" in command)) return await submit(command);
      this.commands.push(command.op);
      const fate = this.fate(command);
      const done = fate === undefined || fate === "answer lost" || fate === "try later, done";
      const refused = fate === "money stopped" ? "money_stopped" : "try_later";
      const tryLater = (): Reply => ({ outcome: refused, timeMs: Date.now() });
      const reply = done ? await submit(command) : tryLater();
      if (fate === "lost on the way" || fate === "answer lost") this.lobby.socket().close();
      return fate === undefined ? reply : tryLater();
    });
  }

  async move(operation: Operation): Promise<Receipt> {
    const { atm } = this.lobby;
    if (operation === "transfer") return await atm.transfer(this.bobs, "2500");
    if (operation === "withdrawal") return await atm.withdraw("2000");
    await atm.depositOpen();
    await atm.insertNote("2000");
    return await atm.depositConfirm();
  }

  async settled(): Promise<void> {
    const { lobby, branch } = this;
    await until("settled", () => lobby.journal.open().length === 0);
    assertEquals(lobby.journal.flagged(), []);
    await branch.requireAllSettled(lobby);
  }
}

for (const [operation, fate, outcome, booked] of expected) {
  Deno.test(`${operation}, ${fate}: ${outcome}`, () =>
    UncertainBranch.with(async (uncertain) => {
      const { branch, lobby } = uncertain;
      const notes = lobby.devices.everywhere();
      let once: Fate | undefined = fate;
      uncertain.fate = () => {
        const now = once;
        once = undefined;
        return now;
      };
      const receipt = await uncertain.move(operation);
      assertEquals(receipt.outcome, outcome);
      assertEquals(lobby.journal.open(), [], "the bank has confirmed it");
      assertEquals(uncertain.commands[1], "void", "at once");
      assertEquals(receipt.amount, operation === "transfer" ? "2500" : "2000");
      assertEquals(await branch.balanceOf("alice") - 100_000n, BigInt(booked) * 100n);
      assertEquals(lobby.devices.everywhere(), notes, "no note has moved");
      if (fate === "try later, done" && booked !== 0) {
        assertEquals(receipt.account!.booked, "97500", "the real receipt");
        assert(receipt.logged, "with its entry of the log");
      }
      await uncertain.settled();
      if (fate.startsWith("try later")) {
        assertEquals((await uncertain.move(operation)).outcome, "ok", "nothing is in doubt");
      }
    }));
}

Deno.test("what the bank does not confirm in time is in doubt, and no more money moves in the visit", () =>
  UncertainBranch.with(async (uncertain) => {
    const { branch, lobby: { atm, journal } } = uncertain;
    uncertain.fate = ({ op }) => op === "transfer" ? "try later, done" : "try later, not done";
    const receipt = await uncertain.move("transfer");
    assertEquals([receipt.outcome, receipt.to], ["in_doubt", uncertain.bobs]);
    assertEquals(journal.open().map(({ movement }) => movement), [receipt.movement]);
    for (const operation of ["transfer", "withdrawal"] as const) {
      assertEquals((await uncertain.move(operation)).outcome, "earlier_in_doubt");
    }
    assertEquals((await atm.depositOpen()).outcome, "earlier_in_doubt");
    assertEquals((await atm.history({})).outcome, "ok", "the customer can look what was booked");
    const voids = uncertain.commands.filter((op) => op === "void").length;
    uncertain.fate = () => undefined;
    await until("settled in the same session", () => journal.open().length === 0);
    assert(uncertain.commands.filter((op) => op === "void").length > voids);
    assertEquals(await branch.balanceOf("alice"), 97_500n);
    assertEquals((await uncertain.move("withdrawal")).outcome, "earlier_in_doubt", "in this visit");
    await uncertain.settled();
    await atm.logOut();
    await logIn(uncertain.lobby);
    assertEquals((await uncertain.move("withdrawal")).outcome, "ok", "in the next one");
  }, { outcomeMsMax: 600 }));

Deno.test("a bank that is away too long leaves a movement in doubt, and settles it when it is back", () =>
  UncertainBranch.with(async (uncertain) => {
    const { branch, lobby } = uncertain;
    const gone = Promise.withResolvers<void>();
    uncertain.fate = () => {
      branch.unserve().then(gone.resolve);
      return "answer lost";
    };
    assertEquals((await uncertain.move("transfer")).outcome, "in_doubt");
    await until("the visit has ended", () => lobby.atm.view().ended === "connection_lost");
    await gone.promise;
    assertEquals(lobby.journal.open().length, 1);
    await branch.serve();
    await until("online", () => lobby.atm.view().bank === "online");
    await uncertain.settled();
    assertEquals(await branch.balanceOf("alice"), 97_500n, "once");
  }, { outcomeMsMax: 600 }));

Deno.test("notes of a deposit in doubt are returned", () =>
  UncertainBranch.with(async (uncertain) => {
    const { lobby } = uncertain;
    uncertain.fate = () => "try later, not done";
    assertEquals((await uncertain.move("deposit")).outcome, "in_doubt");
    assertEquals([lobby.atm.view().escrow, lobby.devices.withheld().size], [null, 0]);
    uncertain.fate = () => undefined;
    await uncertain.settled();
  }, { outcomeMsMax: 600 }));

for (
  const [operation, fault, op, outcome] of [
    ["withdrawal", null, "complete", "ok"],
    ["deposit", null, "complete", "ok"],
    ["withdrawal", "jam before dispense", "reverse", "device_fault"],
  ] as const
) {
  Deno.test(`${op} of a ${operation} is repeated with the same id, and never voided`, () =>
    UncertainBranch.with(async (uncertain) => {
      const { lobby } = uncertain;
      if (fault) await lobby.atm.armFault(fault);
      let left = 3;
      uncertain.fate = (command) =>
        command.op === op && left-- > 0 ? "try later, not done" : undefined;
      const receipt = await uncertain.move(operation);
      assertEquals(receipt.outcome, outcome);
      await uncertain.settled();
      assertEquals(uncertain.commands, ["authorise", op, op, op, op]);
    }));
}

Deno.test("a load of notes is repeated with the same id, and never voided", () =>
  UncertainBranch.with(async (uncertain) => {
    const { branch, lobby } = uncertain;
    await lobby.close();
    let left = 2;
    uncertain.fate = ({ op }) =>
      op === "load_cash" && left-- > 0 ? "try later, not done" : undefined;
    uncertain.lobby = branch.atm("hall");
    await until("online", () => uncertain.lobby.atm.view().bank === "online");
    await until("settled", () => uncertain.lobby.journal.open().length === 0);
    assertEquals(uncertain.commands, ["load_cash", "load_cash", "load_cash"]);
    await branch.requireAllSettled(uncertain.lobby, "hall");
  }));

for (const kind of ["withdrawal", "deposit"] as const) {
  Deno.test(`a ${kind} that an operator completed while its ATM voids it is shown as booked`, () =>
    UncertainBranch.with(async (uncertain) => {
      const { branch, lobby } = uncertain;
      uncertain.intercept(async (command, submit) => {
        const reply = await submit(command);
        if (command.op !== "authorise") return reply;
        const { movement, amount } = command;
        await submit({ op: "settle_hold", operator: "root", movement, amount, reason: "a test" });
        return { outcome: "try_later", timeMs: reply.timeMs };
      });
      const notes = lobby.devices.everywhere();
      const receipt = await uncertain.move(kind);
      assertEquals(receipt.outcome, "already_completed");
      assertEquals(lobby.devices.everywhere(), notes, "no note has moved");
      const balance = await branch.balanceOf("alice");
      assertEquals(receipt.account?.booked, `${balance}`);
      assertEquals(balance - 100_000n, BigInt(receipt.amount) * (kind === "deposit" ? 1n : -1n));
      assertEquals(lobby.journal.open(), []);
    }));
}

Deno.test("an authorisation whose movement is settled already moves no notes", () =>
  UncertainBranch.with(async (uncertain) => {
    const { branch, lobby } = uncertain;
    uncertain.intercept(async (command, submit) => {
      const reply = await submit(command);
      if (command.op !== "authorise") return reply;
      const { movement } = command;
      await submit({ op: "settle_hold", operator: "root", movement, amount: 0n, reason: "a test" });
      return await submit(command); // the first outcome again, and what was booked since
    });
    const notes = lobby.devices.everywhere();
    assertEquals((await uncertain.move("withdrawal")).outcome, "in_doubt");
    assertEquals(lobby.devices.everywhere(), notes, "no note has moved");
    await uncertain.settled();
    assertEquals(await branch.balanceOf("alice"), 100_000n);
  }));
