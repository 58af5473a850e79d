/**
 * Commits in doubt, under every kind of command: whichever way they end, nobody is answered before
 * that is known, and the answer is true.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { batchTriesMsMax } from "../../../lib/limits.ts";
import type { AuditEntry } from "../../../server/audit/entry.ts";
import { type Command, logCommand, type Reply } from "../../../server/ledger/command.ts";
import { OutcomeUnknown } from "../../../server/ledger/ledger.ts";
import type { LedgerLink } from "../../../server/ledger/link.ts";
import { InDoubt, Refused, type Store } from "../../../server/ledger/store.ts";
import { filled } from "../../lib/helpers.ts";
import { addCustomer, engineOn, enrolTerminal, identityFor, logOf } from "../helpers/engine.ts";
import { ledgerOver } from "../helpers/ledger.ts";
import { commandOf, identityOf, idOf, settings } from "../helpers/small_bank.ts";
import { type MakeStore, onEachStore } from "../helpers/stores.ts";

/** How the next commit ends: as it is, refused by the store, in doubt and committed, or in doubt and lost. */
type Ending = "durable" | "refused" | "kept" | "lost";

/**
 * Returns a store whose commits end as a test says, and whose doubts last until the test ends them.
 */
function doubtful(store: Store) {
  const endings: Ending[] = [];
  const control = {
    endings,
    doubts: 0,
    /** Awaited before the outcome of a doubt is given. */
    beforeOutcome: () => Promise.resolve(),
  };
  let committed = false;
  const over: Pick<Store, "commit" | "outcomeOf"> = {
    async commit(changes, entries) {
      const ending = endings[0] ?? "durable";
      if (ending === "durable" || ending === "kept") await store.commit(changes, entries);
      endings.shift(); // a batch that others got in the way of is run again, and ends so then
      if (ending === "refused") throw new Refused("a constraint");
      if (ending === "durable") return;
      committed = ending === "kept";
      control.doubts++;
      throw new InDoubt(filled(7, 16), new Error("no answer"));
    },
    async outcomeOf() {
      await control.beforeOutcome();
      return committed ? "committed" : "not_committed";
    },
  };
  const doubtful = new Proxy(store, {
    get(target, name) {
      if (name === "commit" || name === "outcomeOf") return over[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { store: doubtful, control };
}

const who = { username: "alice", nameHash: idOf("alice"), terminal: idOf("lobby") };
const administer = (...words: string[]) => words.map((text) => commandOf(`root ${text}`));

/** One of each kind, in an order in which all of them are done. */
const commands: readonly Command[] = [
  addCustomer("alice", 10_000n),
  addCustomer("bob", 5_000n),
  enrolTerminal("lobby"),
  enrolTerminal("mall"),
  {
    op: "open_account",
    operator: "root",
    username: "bob",
    name: "savings",
    opening: 100n,
    movement: idOf("o carol"),
    ...identityFor("carol"),
  },
  ...administer("limit withdrawalMax 9000", "own alice dayOutMax 8000", "lock carol"),
  ...[
    "lobby load l1 50000 EUR",
    "lobby count c1 -100 EUR",
    "lobby alice withdraw w1 alice 2000 EUR",
    "lobby complete w1 2000",
    "lobby alice deposit d1 alice 3000 EUR",
    "lobby complete d1 3000",
    "lobby alice withdraw w2 alice 1000 EUR",
    "lobby reverse w2",
    "lobby void v1",
    "lobby alice transfer t1 alice bob 500 EUR",
    "lobby alice withdraw w3 alice 700 EUR",
    "root settle w3 700",
    "lobby complete w3 600",
  ].map(commandOf),
  {
    op: "look_up",
    customer: "alice",
    passwordVersion: 1,
    terminal: idOf("lobby"),
    account: identityOf("bob").number,
    from: identityOf("alice").number,
  },
  { op: "begin_log_in", ...who },
  { op: "end_log_in", ...who, passed: true, passwordVersion: 1 },
  { op: "begin_password_change", ...who, passwordVersion: 1 },
  {
    op: "end_password_change",
    ...who,
    passwordVersion: 1,
    passed: true,
    refused: null,
    passwordHash: "another",
  },
  {
    op: "rotate_terminal",
    operator: "root",
    terminal: idOf("lobby"),
    keyVersion: 2,
    sealedKey: filled(1, 80),
    now: false,
  },
  { op: "confirm_key", terminal: idOf("lobby"), keyVersion: 2 },
  {
    op: "reseal_terminals",
    operator: "root",
    keys: [
      { terminal: idOf("lobby"), keyVersion: 2, sealedKey: filled(2, 80), was: filled(1, 80) },
    ],
  },
  { op: "confirm_clock", operator: "root" },
  logCommand("bank", "something else"),
  ...administer("revoke mall"),
];

interface Ended {
  replies: Partial<Reply>[];
  accounts: unknown;
  entries: Pick<AuditEntry, "who" | "action" | "outcome">[];
}

/** Runs all commands, a batch each, every one of which ends so first. */
async function runAll(make: MakeStore, ending: Ending): Promise<Ended> {
  const { store, control } = doubtful(await make(settings));
  const engine = await engineOn(store);
  const replies: Partial<Reply>[] = [];
  for (const command of commands) {
    control.endings.push(ending);
    let [reply] = await engine.run(command);
    if (ending === "refused") {
      assertEquals(reply!.outcome, "try_later");
      [reply] = await engine.run(command);
    }
    const { logged: _, ...rest } = reply!;
    replies.push(rest);
  }
  assertEquals(control.doubts, ending === "kept" || ending === "lost" ? commands.length : 0);
  return { replies, accounts: await store.accounts(), entries: await entriesOf(store) };
}

async function entriesOf(store: Store): Promise<Ended["entries"]> {
  return (await logOf(store)).map(({ who, action, outcome }) => ({ who, action, outcome }));
}

onEachStore("each kind of command is done once, however its commit ends first", async (make) => {
  const plain = await runAll(make, "durable");
  assertEquals([...new Set(plain.replies.map(({ outcome }) => outcome))], ["ok"]);
  for (const ending of ["refused", "kept", "lost"] as const) {
    assertEquals(await runAll(make, ending), plain, ending);
  }
});

/** Repeats after a crash, with the same ids, what its sender repeats; the rest only if it is lost. */
const repeated = new Set<Command["op"]>([
  ...["add_customer", "enrol_terminal", "rotate_terminal", "load_cash", "count_cash"] as const,
  ...["authorise", "complete", "reverse", "void", "transfer"] as const,
]);

onEachStore(
  "each kind of command is done once, however its commit ended at a crash",
  async (make) => {
    const plain = await runAll(make, "durable");
    const outcomes = plain.replies.map(({ outcome, booked }) => ({ outcome, booked }));
    for (const ending of ["kept", "lost"] as const) {
      const { store, control } = doubtful(await make(settings));
      control.beforeOutcome = () => Promise.reject(new Error("a crash"));
      const found: unknown[] = [];
      for (const [index, command] of commands.entries()) {
        control.endings.push(ending);
        const before = await engineOn(store);
        await assertRejects(() => before.run(command), Error, "a crash");
        const again = ending === "lost" || repeated.has(command.op);
        const [reply] = again ? await (await engineOn(store)).run(command) : [outcomes[index]!];
        found.push({ outcome: reply!.outcome, booked: reply!.booked });
      }
      assertEquals(found, outcomes, ending);
      assertEquals(await entriesOf(store), plain.entries, ending);
      assertEquals(await store.accounts(), plain.accounts, ending);
    }
  },
);

onEachStore(
  "a batch that is lost is run again, and its members are answered",
  async (make) => {
    const { store, control } = doubtful(await make(settings));
    const engine = await engineOn(store);
    control.endings.push("lost");
    const replies = await engine.run(...commands);
    assertEquals(replies.map(({ outcome }) => outcome), commands.map(() => "ok"));
    assertEquals(control.doubts, 1);
  },
);

onEachStore("a batch that is lost late is not run again: try later is true of it", async (make) => {
  const { store, control } = doubtful(await make(settings));
  const engine = await engineOn(store);
  control.endings.push("lost");
  control.beforeOutcome = () => {
    engine.clock.nowMs += batchTriesMsMax + 1;
    return Promise.resolve();
  };
  const replies = await engine.run(...commands);
  assertEquals(replies.map(({ outcome }) => outcome), commands.map(() => "try_later"));
  assertEquals(await logOf(store), []);
});

onEachStore("time is that of the last batch that was committed, however it ended", async (make) => {
  const { store, control } = doubtful(await make(settings));
  const engine = await engineOn(store);
  const timeAt = async (nowMs: number, ending: Ending) => {
    control.endings.push(ending);
    engine.clock.nowMs = nowMs;
    return (await engine.run(logCommand("bank", "now")))[0]!;
  };
  const now = 1_000_000;
  assertEquals((await timeAt(now + 60_000, "refused")).outcome, "try_later");
  assertEquals((await timeAt(now, "durable")).timeMs, now);
  for (const [late, ending] of [[10_000, "kept"], [20_000, "lost"]] as const) {
    assertEquals((await timeAt(now + late, ending)).timeMs, now + late);
    assertEquals((await timeAt(now, "durable")).timeMs, now + late, ending);
  }
});

onEachStore("an epoch's end in doubt ends the epoch, once it is known", async (make) => {
  for (const ending of ["kept", "lost", "refused"] as const) {
    const { store, control } = doubtful(await make(settings));
    const engine = await engineOn(store);
    await engine.run(logCommand("bank", "before"));
    control.endings.push(ending);
    await engine.endEpoch();
    await engine.run(logCommand("bank", "after"));
    await engine.endEpoch();
    assertEquals((await logOf(store)).map(({ action }) => action), ["before", "after"], ending);
  }
});

const withdrawal = commandOf("lobby alice withdraw w1 alice 4000 EUR");
const another = commandOf("lobby alice withdraw w2 alice 4000 EUR");
const entry = logCommand("bank", "x");

/** Returns a ledger whose link has one batch in doubt. */
async function ledgerInDoubt() {
  const outcome = Promise.withResolvers<void>();
  const batches: Command[][] = [];
  const run: LedgerLink["run"] = async (commands) => {
    batches.push([...commands]);
    if (batches.length === 1) await outcome.promise;
    const replies = commands.map(() => ({ outcome: "ok", timeMs: 1 }) as const);
    return { replies, repeated: [], accounts: [], epochOpen: false };
  };
  const given = await ledgerOver({ run });
  const first = given.ledger.submit(withdrawal);
  await Promise.resolve();
  return { ...given, outcome, batches, first };
}

Deno.test("while a commit is in doubt newcomers get try_later, who waited too; its own movement waits", async () => {
  const { ledger, events, outcome, batches, first } = await ledgerInDoubt();
  const waited = ledger.submit(another);
  events.onDoubt(true);
  assertEquals((await waited).outcome, "try_later");
  assertEquals((await ledger.submit(another)).outcome, "try_later");
  const [again, logged] = [ledger.submit(withdrawal), ledger.submit(entry)];
  events.onDoubt(false);
  outcome.resolve();
  assertEquals((await first).outcome, "ok");
  assertEquals((await again).outcome, "ok");
  assertEquals((await logged).outcome, "ok");
  assertEquals((await ledger.submit(another)).outcome, "ok");
  assertEquals(batches, [[withdrawal], [withdrawal, entry], [another]]);
  await ledger.close();
});

Deno.test("a ledger that stops answers nobody whose commit is in doubt", async () => {
  for (const stopsFirst of [false, true]) {
    const { ledger, events, first } = await ledgerInDoubt();
    if (stopsFirst) ledger.stopWaiting();
    events.onDoubt(true);
    const logged = ledger.submit(entry).catch((error: unknown) => error);
    if (!stopsFirst) ledger.stopWaiting();
    await assertRejects(() => first, OutcomeUnknown);
    assertEquals(await logged instanceof OutcomeUnknown, true);
    await assertRejects(() => ledger.submit(entry), OutcomeUnknown);
    await ledger.close();
  }
});
