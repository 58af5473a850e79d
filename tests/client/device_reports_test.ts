/** What people must see to at an ATM reaches the bank's log and its operators, once each time. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Cards, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { isInClear } from "../../server/audit/entry.ts";
import { reportInWords, reportPrefix } from "../../server/device_words.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

/** Returns all reports in the bank's log, oldest first. */
async function reports({ bank }: Branch): Promise<string[]> {
  const { auditKeys, keys: { chainId }, ledger } = bank;
  return (await ledger.read.entriesAfter(1, 0, 10_000)).filter((entry) => !isInClear(entry))
    .map((entry) => auditKeys.open(entry, chainId)!)
    .filter(({ action }) => action.startsWith(reportPrefix))
    .map(({ who, action }) => `${who}: ${action.slice(reportPrefix.length)}`);
}

async function listed({ bank }: Branch): Promise<string> {
  const request = { command: "list_terminals", operator: "t" } as const;
  const answers = await Array.fromAsync(runOperatorCommand(bank, request));
  return answers.map((answer) => "line" in answer ? answer.line : "").join("\n");
}

Deno.test("low and empty cassettes, jams and notes left behind are reported when they change", async () => {
  const branch = await Branch.open();
  const lobby = branch.atm();
  const { atm } = lobby;
  const next = async (count: number, text: string) => {
    await until(text, async () => (await reports(branch)).length >= count);
    const all = await reports(branch);
    assertEquals([all.length, all.at(-1)], [count, `terminal lobby: ${text}`]);
  };
  try {
    await logIn(lobby);
    await next(1, "€50.00 low (10), €20.00 low (10), €10.00 low (10)");
    assertEquals((await atm.withdraw("2000")).outcome, "ok");
    assertEquals((await atm.withdraw("50000")).outcome, "ok");
    await next(2, "€50.00 empty, €20.00 low (9), €10.00 low (10)");
    await atm.armFault("jam before dispense");
    assertEquals((await atm.withdraw("2000")).outcome, "device_fault");
    await next(3, "€50.00 empty, €20.00 low (9), €10.00 low (10), dispenser jammed");
    await atm.clearJams();
    await next(4, "€50.00 empty, €20.00 low (9), €10.00 low (10)");

    await atm.depositOpen();
    for (const note of ["2000", "5000"]) await atm.insertNote(note);
    await atm.armFault("jam before cashInRollback");
    await atm.logOut();
    const all = "€50.00 empty, €20.00 low (9), €10.00 low (10), " +
      "acceptor jammed, €70.00 left by customers";
    await next(5, all);
    assertStringIncludes(await listed(branch), `${all}, since 20`);
  } finally {
    await lobby.close();
  }
  // A new start reports the same state: the bank has it, and its log has it once.
  const again = branch.atm();
  const { monitor } = branch.bank;
  const contacts = () => [...monitor.terminals.values()];
  const sinceMs = branch.bank.world.nowMs();
  await until("reported", () => contacts().some(({ lastMs }) => lastMs > sinceMs));
  assertEquals(contacts()[0]!.report!.cassettes.map(({ count }) => count), [0, 9, 10]);
  await again.close();
  assertEquals((await reports(branch)).length, 5);
  await branch.close();
});

Deno.test("devices that do not answer are reported as such, at once, and not as jammed", async () => {
  const branch = await Branch.open();
  try {
    const lobby = branch.atm("lobby", { byService: true });
    await logIn(lobby);
    const last = async () => (await reports(branch)).at(-1);
    const filled = "terminal lobby: €50.00 low (10), €20.00 low (10), €10.00 low (10)";
    await until("reported", async () => await last() === filled);
    lobby.served!.switchOff();
    await until("away", async () => await last() === `${filled}, cash devices not reachable`);
    assertEquals(lobby.atm.view().devices.away, true);
    lobby.served!.restart();
    await until("back", async () => await last() === filled);
    assertEquals(lobby.atm.view().devices.away, undefined);
    await lobby.close();
  } finally {
    await branch.close();
  }
});

const cards: Cards = { names: () => ["alice"], numberOf: () => "1234567890".repeat(3) };
const equipReader = (database: BranchAtm["database"]) => new SimulatedCardReader(database, cards);

Deno.test("retained cards stay in the reports of an ATM that starts before its reader answers", async () => {
  const branch = await Branch.open();
  const filled = "terminal lobby: €50.00 low (10), €20.00 low (10), €10.00 low (10)";
  const options = { byService: true, equipReader };
  try {
    const lobby = branch.atm("lobby", { ...options, takeCardMsMax: 0 });
    await until("filled", async () => (await reports(branch)).includes(filled));
    const reader = lobby.served!.simulatedReader()!;
    await until("a card is waited for", () => reader.accepting());
    reader.insert("alice");
    await until("reported", async () => {
      return (await reports(branch)).at(-1) === `${filled}, cards retained: 1`;
    });
    await lobby.close();
    await branch.unserve();
    await branch.serve(); // its monitor has no reports

    const count = (await reports(branch)).length;
    const next = branch.atm("lobby", { ...options, devicesAway: true });
    await until("reported", async () => (await reports(branch)).length > count);
    next.served!.restart();
    await until("they answer", () => !next.atm.view().devices.away);
    const cardsOf = async () => (await reports(branch)).slice(count);
    await until("back", async () => !(await cardsOf()).at(-1)!.includes("not reachable"));
    for (const line of await cardsOf()) assertStringIncludes(line, "cards retained: 1");
    next.served!.simulatedReader()!.empty();
    await until("emptied", async () => (await reports(branch)).at(-1) === filled);
    await next.close();
  } finally {
    await branch.close();
  }
});

Deno.test("what changes at the reader while the ATM connects is reported at once", async () => {
  const branch = await Branch.open();
  try {
    const { ledger } = branch.bank;
    const submit = ledger.submit.bind(ledger);
    const [asked, stalled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    ledger.submit = async (command) => {
      if (command.op === "log" && command.action.startsWith(reportPrefix)) {
        asked.resolve();
        await stalled.promise;
      }
      return await submit(command);
    };
    let reader!: SimulatedCardReader;
    const lobby = branch.atm("lobby", {
      equipReader: (database) => reader = equipReader(database),
    });
    await asked.promise;
    reader.jam();
    stalled.resolve();
    await until("reported", async () => (await listed(branch)).includes("card reader jammed"));
    await lobby.close();
  } finally {
    await branch.close();
  }
});

Deno.test("a report in words names what is to be seen to, and nothing else", () => {
  const euro = { code: "EUR", exponent: 2 };
  const well = {
    op: "report",
    cassettes: [{ value: "2000", count: 11 }, { value: "1000", count: 400 }],
    jammed: [],
    counted: true,
    left: "0",
  } as const;
  const rows: [change: Partial<Parameters<typeof reportInWords>[0]>, words: string][] = [
    [{}, "all well"],
    [{ cassettes: [] }, "no cash"],
    [{ jammed: ["card_reader"], retained: 2 }, "card reader jammed, cards retained: 2"],
    [{ cassettes: [{ value: "2000", count: 0 }] }, "no cash, €20.00 empty"],
    [{ cassettes: [{ value: "2000", count: 10 }] }, "€20.00 low (10)"],
    [{ cassettes: [{ value: "2000", count: 1, unfilled: true }, well.cassettes[1]] }, "all well"],
    [{ jammed: ["dispenser", "acceptor"] }, "dispenser jammed, acceptor jammed"],
    [{ away: true, cassettes: [] }, "cash devices not reachable"],
    [{ keyless: true }, "all well"],
    [{ counted: false }, "count lost"],
    [{ left: "7000" }, "€70.00 left by customers"],
  ];
  for (const [change, words] of rows) {
    const report = { ...well, cassettes: [...well.cassettes], jammed: [], ...change };
    assertEquals(reportInWords(report, euro), reportPrefix + words);
  }
});
