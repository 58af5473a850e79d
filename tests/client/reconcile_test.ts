/** At its start, and each day, an ATM's notes and movements are compared with the books. */
import { assertEquals } from "@std/assert";
import { Branch, logIn, until } from "./branch.ts";

Deno.test("an honest ATM has no difference from the books, after each kind of movement", async () => {
  const branch = await Branch.open();
  const first = branch.atm();
  try {
    await logIn(first);
    assertEquals((await first.atm.withdraw("2000")).outcome, "ok");
    await first.atm.depositOpen();
    await first.atm.insertNote("5000");
    assertEquals((await first.atm.depositConfirm()).outcome, "ok");
    await first.atm.armFault("jam before dispense");
    assertEquals((await first.atm.withdraw("2000")).outcome, "device_fault");
    await first.atm.clearJams();
    await first.atm.logOut();
  } finally {
    await first.close();
  }
  // The next start reports all of it.
  const { monitor, world } = branch.bank;
  const sinceMs = world.nowMs();
  const again = branch.atm();
  const reconciled = () => [...monitor.terminals.values()][0]?.reconciled;
  await until("reconciled", () => (reconciled()?.ms ?? 0) >= sinceMs);
  assertEquals(reconciled()!.differences, []);
  await again.close();
  await branch.close();
});
