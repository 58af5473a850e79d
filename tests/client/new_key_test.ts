import { assertEquals } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import {
  type NamedTerminalKey,
  parseTerminalKey,
  type TerminalKey,
} from "../../lib/terminal_key.ts";
import { type OperatorAnswer, runOperatorCommand } from "../../server/operator/commands.ts";
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
    const atm = branch.machine("lobby", { keepKey: (key) => stored.push(key) });
    await logIn(atm);
    await operate(branch, "rotate_terminal");
    await until("stored", () => stored.length > 0);
    assertEquals((await atm.machine.withdraw("2000")).outcome, "ok");
    assertEquals([stored[0]!.version, (await terminalOf(branch)).keyVersion], [2, 1]);
    await atm.machine.logOut();
    await until("the old key has ended", async () => (await terminalOf(branch)).keyVersion === 2);
    await until("online", () => atm.machine.view().bank === "online");
    await branch.requireAllSettled(atm);
    await atm.close();
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
    const atm = branch.machine("lobby", { keepKey });
    for (const visit of [1, 2]) {
      await logIn(atm);
      await until("offered", () => tries >= visit);
      await atm.machine.logOut();
    }
    assertEquals((await terminalOf(branch)).keyVersion, 1);
    assertEquals(branch.logged[0]?.includes("could not be stored"), true);
    await atm.close();
  }));

Deno.test("a machine says that its key was revoked only on the bank's word", () =>
  withBranch(async (branch) => {
    const told = () => branch.logged.filter((line) => line.includes("no longer accepts")).length;
    const atm = branch.machine();
    await until("online", () => atm.machine.view().bank === "online");
    await branch.unserve();
    await until("lost", () => atm.machine.view().bank === "lost");
    assertEquals(told(), 0);
    await branch.serve();
    await until("online again", () => atm.machine.view().bank === "online");
    await operate(branch, "revoke_terminal");
    await until("told", () => told() === 1);
    await until("not accepted", () => atm.machine.view().bank === "not_accepted");
    await atm.close();
    let tries = 0;
    const late = branch.machine("lobby", { findKey: (key) => (tries++, key!) });
    await until("refused twice", () => tries > 2);
    assertEquals([told(), late.machine.view().bank], [1, "connecting"], "it may have any reason");
    await late.close();
  }));

Deno.test("a machine without a key waits for one, and takes a newer one that is brought to it", () =>
  withBranch(async (branch) => {
    const key = branch.keys.get("lobby")!;
    let brought: NamedTerminalKey | null = null;
    let looked = 0;
    const findKey = () => {
      looked++;
      if (!brought) throw new UsageError("lobby.key cannot be read");
      return brought;
    };
    const atm = branch.machine("lobby", { findKey });
    const bank = () => atm.machine.view().bank;
    await until("no key", () => bank() === "no_key");
    assertEquals(atm.machine.view().terminal, "");
    brought = key;
    await until("online", () => bank() === "online");
    assertEquals(atm.machine.view().terminal, "lobby");
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
    await branch.requireAllSettled(atm);
    await atm.close();
  }));
