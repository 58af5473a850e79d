import { assertEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import {
  type NamedTerminalKey,
  parseTerminalKey,
  type TerminalKey,
} from "../../lib/terminal_key.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import type { OperatorAnswer } from "../../server/operator/request.ts";
import { Branch, logIn, until } from "./branch.ts";

function operate(
  branch: Branch,
  command: "rotate_terminal" | "revoke_terminal",
  now = false,
): Promise<OperatorAnswer[]> {
  const request = { command, name: "lobby", now, operator: "t" } as const;
  return Array.fromAsync(runOperatorCommand(branch.bank, request));
}

function keyFileOf(answers: OperatorAnswer[]): string {
  return answers.flatMap((answer) => "keyFile" in answer ? [answer.keyFile] : [])[0]!;
}

async function terminalOf(branch: Branch) {
  return (await branch.bank.ledger.read.terminals()).find(({ name }) => name === "lobby")!;
}

async function withBranch(run: (branch: Branch) => Promise<void>): Promise<void> {
  const branch = await Branch.open();
  try {
    await run(branch);
  } finally {
    await branch.close();
  }
}

Deno.test("a new key is stored before it is used, and a visit goes on under the old one", () =>
  withBranch(async (branch) => {
    const stored: TerminalKey[] = [];
    const lobby = branch.atm("lobby", { keepKey: (key) => stored.push(key) });
    await logIn(lobby);
    await operate(branch, "rotate_terminal");
    await until("stored", () => stored.length > 0);
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
    assertEquals([stored[0]!.version, (await terminalOf(branch)).keyVersion], [2, 1]);
    await lobby.atm.logOut();
    await until("the old key has ended", async () => (await terminalOf(branch)).keyVersion === 2);
    await until("online", () => lobby.atm.view().bank === "online");
    await branch.requireAllSettled(lobby);
    await lobby.close();
    assertEquals(stored.length, 1);
  }));

Deno.test("a new key that cannot be stored is not used, and is offered again", () =>
  withBranch(async (branch) => {
    let tries = 0;
    const keepKey = () => {
      tries++;
      throw new Error("disk full");
    };
    await operate(branch, "rotate_terminal");
    const lobby = branch.atm("lobby", { keepKey });
    for (const visit of [1, 2]) {
      await logIn(lobby);
      await until("offered", () => tries >= visit);
      await lobby.atm.logOut();
    }
    assertEquals((await terminalOf(branch)).keyVersion, 1);
    assertEquals(branch.logged[0]?.includes("could not be stored"), true);
    await lobby.close();
  }));

Deno.test("an ATM says that its key was revoked only on the bank's word", () =>
  withBranch(async (branch) => {
    const revocations = () =>
      branch.logged.filter((line) => line.includes("no longer accepts")).length;
    const lobby = branch.atm();
    await until("online", () => lobby.atm.view().bank === "online");
    await branch.unserve();
    await until("lost", () => lobby.atm.view().bank === "lost");
    assertEquals(revocations(), 0);
    await branch.serve();
    await until("online again", () => lobby.atm.view().bank === "online");
    await operate(branch, "revoke_terminal");
    await until("notified", () => revocations() === 1);
    await until("not accepted", () => lobby.atm.view().bank === "not_accepted");
    await lobby.close();
    let tries = 0;
    const late = branch.atm("lobby", { findKey: (key) => (tries++, key!) });
    await until("refused twice", () => tries > 2);
    assertEquals(
      [revocations(), late.atm.view().bank],
      [1, "connecting"],
      "it may have any reason",
    );
    await late.close();
  }));

Deno.test("an ATM without a key waits for one, and takes a newer one that is brought to it", () =>
  withBranch(async (branch) => {
    const key = branch.keys.get("lobby")!;
    let brought: NamedTerminalKey | null = null;
    let looked = 0;
    const findKey = () => {
      looked++;
      if (!brought) throw new UsageError("lobby.key cannot be read");
      return brought;
    };
    const lobby = branch.atm("lobby", { findKey });
    const bank = () => lobby.atm.view().bank;
    await until("no key", () => bank() === "no_key");
    assertEquals(lobby.atm.view().terminal, "");
    brought = key;
    await until("online", () => bank() === "online");
    assertEquals(lobby.atm.view().terminal, "lobby");
    assertEquals(branch.logged.filter((line) => line.includes("cannot be read")).length, 1);

    const answers = await operate(branch, "rotate_terminal", true);
    await until("not accepted", () => bank() === "not_accepted");
    brought = { ...branch.keys.get("hall")!, version: 9 };
    const reopened = parseTerminalKey(keyFileOf(answers), "lobby");
    const before = looked;
    await until("tried again", () => looked > before + 1);
    assertEquals(bank(), "not_accepted", "another terminal's key is not taken");
    brought = reopened;
    await until("accepted again", () => bank() === "online");
    await branch.requireAllSettled(lobby);
    await lobby.close();
  }));
