/** What the rules would decide about an operator's command, without a batch. */
import { assertEquals, assertRejects } from "@std/assert";
import { commandNonceMsMax } from "../../../lib/limits.ts";
import type { Outcome } from "../../../lib/errors.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { rehearse } from "../../../server/ledger/rehearse.ts";
import type { Store } from "../../../server/ledger/store.ts";
import { filled } from "../../lib/helpers.ts";
import {
  addCustomer,
  byClock,
  engineOn,
  enrolTerminal,
  identityFor,
  logOf,
} from "../helpers/engine.ts";
import { commandOf, idOf, settings } from "../helpers/small_bank.ts";
import { onEachStore } from "../helpers/stores.ts";

const operator = "root";
const hour = 3_600_000;

const correct = (movement: string, amount: bigint): Command => ({
  op: "correct_movement",
  operator,
  movement: idOf(movement),
  amount,
  reason: "seen",
});

const savings = (movement: string, opening: bigint): Command => ({
  op: "open_account",
  operator,
  username: "bob",
  name: "savings",
  opening,
  movement: idOf(movement),
  ...identityFor("carol"),
});

const device = (terminal: string, name: string): Command => ({
  op: "enrol_device",
  operator,
  terminal: idOf(terminal),
  name,
  keyVersion: 1,
  sealedKeys: filled(3, 112),
});

const writeOff = (terminal: string, movement: string): Command => ({
  op: "write_off_terminal",
  operator,
  terminal: idOf(terminal),
  movement: idOf(movement),
  reason: "flooded",
});

const withToken: Command = {
  ...commandOf("lobby alice withdraw w4 alice 1000 EUR") as Command & { op: "authorise" },
  dispense: { keyVersion: 1, token: "NONCE=0" },
};

const publicKey = "ab".repeat(32);

/** Those after which the bank is as before. */
const end = commandOf("root end");
const revoke = commandOf("root revoke lobby");
const resume: Command = { op: "resume_terminal", operator, terminal: idOf("mall") };
const addRoot: Command = { op: "add_operator", operator, name: operator, role: "admin", publicKey };
const changeless: ReadonlySet<Command> = new Set([end, revoke, resume, addRoot]);

/** Commands in order, each with its outcome, or what passes before the next one. */
const steps: readonly (readonly [Command | string, Outcome] | number)[] = [
  ["lobby alice withdraw w1 alice 2000 EUR", "ok"],
  ["root settle w1 2001", "amount_too_large"],
  [correct("w1", 0n), "not_ended"],
  ["root settle w1 2000", "ok"],
  ["root settle w1 2000", "already_completed"],
  ["lobby alice withdraw w2 alice 1000 EUR", "ok"],
  ["root settle w2 0", "ok"],
  ["root settle w2 1000", "already_reversed"],
  ["root settle w9 1000", "unknown_movement"],
  [correct("w9", 1_000n), "unknown_movement"],
  [correct("w1", 2_000n), "nothing_to_correct"],
  [correct("w1", 900_000n), "insufficient_funds"],
  [correct("w1", 500n), "ok"],
  [correct("w1", 500n), "nothing_to_correct"],
  ["lobby alice transfer t1 alice bob 500 EUR", "ok"],
  [correct("t1", 0n), "ok"],
  ["lobby count c1 -100 EUR", "ok"],
  [correct("c1", 0n), "is_a_count"],
  [savings("o1", -1n), "amount_not_positive"],
  [savings("o1", 500n), "ok"],
  [savings("o2", 500n), "name_taken"],
  [{ ...savings("o2", 500n), username: "eve" } as Command, "unknown_name"],
  [{ ...addCustomer("bob", 0n), passwordHash: "another" } as Command, "name_taken"],
  ["root own alice dayOutMax 8000", "ok"],
  [
    { op: "set_own_limits", operator, account: "100000000000", dayOutMax: 1n },
    "unknown_account",
  ],
  ["root limit withdrawalMax -1", "amount_not_positive"],
  [{ ...enrolTerminal("lobby"), terminal: idOf("far") } as Command, "name_taken"],
  [device("far", "cash"), "unknown_name"],
  [device("lobby", "cash"), "ok"],
  [device("lobby", "other"), "device_enrolled"],
  [device("mall", "cash"), "name_taken"],
  [withToken, "ok"],
  ["root settle w4 0", "try_later"],
  commandNonceMsMax,
  ["root settle w4 0", "ok"],
  [writeOff("mall", "o3"), "not_revoked"],
  ["root revoke lobby", "ok"],
  [device("lobby", "other"), "terminal_revoked"],
  [{ op: "resume_terminal", operator, terminal: idOf("lobby") }, "terminal_revoked"],
  [writeOff("lobby", "o3"), "ok"],
  [writeOff("lobby", "o4"), "no_notes"],
  [end, "ok"],
  [revoke, "ok"],
  [resume, "ok"],
  [addRoot, "ok"],
  [{ op: "rotate_audit_key", operator, version: 2 }, "ok"],
  [{ op: "rotate_audit_key", operator, version: 2 }, "key_superseded"],
  [{ op: "confirm_clock", operator }, "ok"],
  [{ op: "remove_operator", operator, name: "eve" }, "unknown_name"],
  [{ op: "set_back_clock", operator }, "clock_not_ahead"],
  -hour,
  [{ op: "set_back_clock", operator }, "ok"],
  [{ op: "set_back_clock", operator }, "clock_not_ahead"],
];

onEachStore(
  "a rehearsed command changes nothing, and has the outcome of the approved one that follows, which ends its proposal and is refused where it would change nothing",
  async (make) => {
    const store = await make(settings);
    const { clock, run } = await engineOn(store, 1_000 * hour);
    await run(addCustomer("alice", 100_000n), addCustomer("bob", 0n));
    await run(enrolTerminal("lobby"), enrolTerminal("mall"));
    await run({ ...addRoot, operator: "" });
    const { times } = byClock(store, () => clock.nowMs);
    const read = new Proxy(store, {
      get(target, name) {
        if (name === "times") return times;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    for (const [index, step] of steps.entries()) {
      if (typeof step === "number") {
        clock.nowMs += step;
        continue;
      }
      const [given, outcome] = step;
      const command = typeof given === "string" ? commandOf(given) : given;
      const words = typeof given === "string" ? given : JSON.stringify(given, inDigits);
      if ("operator" in command) {
        const before = await everythingIn(store);
        const rehearsal = await rehearse(read, command, clock.nowMs);
        assertEquals(rehearsal.outcome, outcome, words);
        assertEquals(await everythingIn(store), before, words);
        if (outcome === "ok") assertEquals(rehearsal.isChange, !changeless.has(command), words);
        const approval = { proposal: `${index}`, lapseMs: 24 * hour };
        await run({ op: "propose", operator, id: approval.proposal, command: "", words });
        const [reply] = await run({ ...command, approval });
        const approved = changeless.has(command) ? "changed_nothing" : outcome;
        assertEquals(reply!.outcome, approved, words);
        const open = (await store.staff()).proposals.map(({ id }) => id);
        assertEquals(open.includes(approval.proposal), outcome === "try_later", words);
        continue;
      }
      const [reply] = await run(command);
      assertEquals(reply!.outcome, outcome, words);
    }
    const lock = commandOf("root close alice");
    await assertRejects(() => rehearse(read, lock, clock.nowMs), Error, "is not rehearsed");
  },
);

const inDigits = (_: string, value: unknown) => typeof value === "bigint" ? `${value}` : value;

async function everythingIn(store: Store): Promise<unknown> {
  return [
    await store.accounts(),
    await store.customers(),
    await store.terminals(),
    await store.limits(),
    await store.staff(),
    await store.holds(),
    await store.movementsAfter("0".repeat(32), 0, 1_000),
    (await logOf(store)).length,
    (await store.times()).lastMs,
  ];
}
