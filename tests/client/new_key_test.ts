import { assertEquals } from "@std/assert";
import type { TerminalKey } from "../../lib/protocol/handshake.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, logIn, until } from "./branch.ts";

async function operate(branch: Branch, command: "rotate_terminal" | "revoke_terminal") {
  const request = { command, name: "lobby", now: false, operator: "t" } as const;
  await Array.fromAsync(runOperatorCommand(branch.bank, request));
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
    await until("lost for good", () => atm.machine.view().bank === "lost");
    await atm.close();
    const late = branch.machine("lobby");
    await late.close();
    assertEquals(told(), 1, "a refused handshake may have any reason");
  }));
