/** The rows that a store keeps: never other than the database's own. */
import { assertEquals, assertThrows } from "@std/assert";
import { systemWithFiles } from "../../../../lib/system.ts";
import { KeptRows } from "../../../../server/ledger/sqlite/kept_rows.ts";
import { SqliteStore } from "../../../../server/ledger/sqlite/store.ts";
import { type Account, newAccount } from "../../../../server/ledger/model.ts";
import { addCustomer, engineOn, enrolTerminal, noChanges } from "../../helpers/engine.ts";
import { commandOf, identityOf, idOf, settings } from "../../helpers/small_bank.ts";
import { inTemporaryFolder } from "../../helpers/temporary.ts";

const account = (id: number, owner: string): Account => ({
  ...newAccount,
  ...identityOf(owner),
  id,
  owner,
  kind: "customer",
  name: "",
  currency: "EUR",
});

Deno.test("what was read once is not read again, until a commit changes it or something fails", () => {
  const kept = new KeptRows();
  let reads = 0;
  const read = () => (reads++, [account(7, "alice")]);
  kept.accountsOf("alice", read);
  kept.accountsOf("alice", read);
  assertEquals(kept.account(7, () => undefined)?.owner, "alice");
  assertEquals(reads, 1);
  const { number } = account(7, "alice");
  kept.accountNumbered(number, () => read()[0]);
  kept.committed({ ...noChanges, accounts: [{ ...account(7, "alice"), version: 4 }] });
  assertEquals(kept.accountNumbered(number, () => undefined)?.version, 4);
  assertEquals(kept.accountsOf("alice", read).map(({ version }) => version), [4]);
  assertEquals(reads, 2);
  kept.committed({ ...noChanges, accounts: [account(8, "alice")] });
  kept.accountsOf("alice", read);
  assertEquals(reads, 3, "an account was opened: the owner's are asked for again");
  kept.clear();
  kept.accountsOf("alice", read);
  assertEquals(reads, 4);
});

Deno.test("what is nowhere is asked for each time", () => {
  const kept = new KeptRows();
  assertEquals(kept.account(9, () => undefined), undefined);
  assertEquals(kept.account(9, () => account(9, "bob"))?.owner, "bob");
  assertEquals(kept.accountNumbered("0", () => undefined), undefined);
});

Deno.test("after any batch, refused by the database too, a batch finds what the tables have", async () => {
  await inTemporaryFolder(async (folder) => {
    const store = SqliteStore.open(systemWithFiles, `${folder}/bank.sqlite`, settings);
    const { run } = await engineOn(store);
    await run(addCustomer("alice", 100_000n), enrolTerminal("lobby"));
    await run(commandOf("lobby alice withdraw m1 alice 2000 EUR"));
    await run({ op: "complete", movement: idOf("m1"), terminal: idOf("lobby"), amount: 2_000n });
    const touch = {
      accountNumbers: new Set(store.accounts().map(({ number }) => number)),
      accounts: new Set<number>(),
      closing: new Set<string>(),
      movements: new Set<string>(),
      terminals: new Set([idOf("lobby")]),
      terminalNames: new Set<string>(),
      customers: new Set(["alice"]),
      failureSources: new Set<string>(),
      devices: new Set<string>(),
    };
    const agree = () => {
      const byId = new Map(store.load(touch).accounts.map((each) => [each.id, each]));
      for (const each of store.accounts()) assertEquals(byId.get(each.id), each);
      assertEquals(store.load(touch).terminals, store.terminals());
    };
    agree();
    const changes: Partial<Account>[] = [
      { state: "locked" },
      { state: "open", name: "savings" },
      { withdrawalMax: 1n },
      { dayOutMax: 2n, day: 20_001 },
      { dayInMax: 3n },
      { dayOut: 4n, dayIn: 5n },
      { withdrawalMax: null },
    ];
    for (const change of changes) {
      const changed = { ...store.accounts()[2]!, ...change };
      store.commit({ ...noChanges, accounts: [changed] }, []);
      assertEquals(store.accounts()[2], changed);
      agree();
    }
    const changed = { ...store.accounts()[2]!, version: 99 };
    const movement = { ...store.movementsAfter("00".repeat(16), 0, 1)[0]! };
    // the movement is there already: the whole batch is refused, its account with it
    const refused = { ...noChanges, accounts: [changed], movements: [movement] };
    assertThrows(() => store.commit(refused, []), Error, "UNIQUE");
    agree();
    store.close();
  });
});
