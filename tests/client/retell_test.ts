/** A restored bank that books nothing yet, since its clock is not trusted: the ATM's log says so. */
import { assertEquals, assertRejects } from "@std/assert";
import { BankNotReady } from "../../client/bank_client.ts";
import { retell } from "../../client/retell.ts";
import type { Settling } from "../../client/settle.ts";

Deno.test("a bank that books nothing yet is named in the ATM's log, and the line ends", async () => {
  const lines: string[] = [];
  const load = { movement: "m", kind: "load", account: null, uid: null, bankTimeMs: null };
  const journal = {
    open: () => [],
    since: () => [{ ...load, amount: 100n, currency: "EUR", state: "settled", done: null }],
  };
  const settling = {
    journal,
    devices: { away: () => false },
    ask: () => Promise.resolve({ outcome: "try_later" }),
    log: (line: string) => lines.push(line),
  } as unknown as Settling;
  await assertRejects(() => retell(settling, 0), BankNotReady);
  assertEquals(lines, [
    "the restored bank books nothing yet, see 'bank status': the movements are repeated later",
  ]);
});
