/**
 * The ledger against a short model of it: random histories in random batches, with ids that come
 * again, a bank that dies before or after a commit, and a disk that refuses or does more than it says.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { checkStore } from "../../../server/ledger/check.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { InDoubt, Refused, type Store } from "../../../server/ledger/store.ts";
import { addCustomer, engineOn, enrolTerminal, keyRing } from "../helpers/engine.ts";
import { accountIdOf, commandOf, idOf, settings } from "../helpers/small_bank.ts";
import { onEachStore } from "../helpers/stores.ts";

const opening = 10_000n;

/** A step of a random history: `slot` names the movement, so that ids come again. */
interface Step {
  op: "withdraw" | "deposit" | "transfer" | "complete" | "reverse" | "void";
  slot: number;
  amount: bigint;
}

/** Alice's movements: how each began, and what moved once it had ended. All else follows. */
class Model {
  begun = new Map<number, Step & { outcome: string }>();
  ended = new Map<number, bigint>();

  apply({ op, slot, amount }: Step): string {
    const first = this.begun.get(slot), end = this.ended.get(slot);
    if (op === "withdraw" || op === "deposit" || op === "transfer") {
      if (first?.op === "void") return "voided";
      if (first) return first.op === op && first.amount === amount ? first.outcome : "id_reused";
      const short = op !== "deposit" && amount > this.balance - this.held;
      const outcome = short ? "insufficient_funds" : "ok";
      this.begun.set(slot, { op, slot, amount, outcome });
      if (op === "transfer" && !short) this.ended.set(slot, amount);
      return outcome;
    }
    if (!first && op === "void") this.begun.set(slot, { op, slot, amount: 0n, outcome: "voided" });
    if (!first) return op === "void" ? "ok" : "unknown_movement";
    const settling = op === "complete";
    if (first.op === "void") return settling ? "voided" : "ok";
    if (first.outcome !== "ok" || (first.op === "transfer" && settling)) {
      return settling ? "unknown_movement" : "ok";
    }
    if (end === undefined && settling && amount > first.amount) return "amount_too_large";
    if (end === undefined) this.ended.set(slot, settling ? amount : 0n);
    if (end === undefined || end === (settling ? amount : 0n)) return "ok";
    return end > 0n ? "already_completed" : "already_reversed";
  }

  get balance(): bigint {
    return [...this.ended].reduce(
      (sum, [slot, moved]) => sum + (this.begun.get(slot)!.op === "deposit" ? moved : -moved),
      opening,
    );
  }

  get open(): Step[] {
    return [...this.begun.values()].filter(({ op, slot, outcome }) =>
      outcome === "ok" && op !== "void" && !this.ended.has(slot)
    );
  }

  get held(): bigint {
    return this.open.reduce((sum, { op, amount }) => op === "withdraw" ? sum + amount : sum, 0n);
  }
}

/** What happens to a batch: death before or after its commit, or a commit that fails, or says so. */
const fates = ["good", "good", "dies before", "dies after", "refused", "in doubt"] as const;
type Fate = typeof fates[number];

const anyStep: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom("withdraw", "deposit", "transfer", "complete", "reverse", "void"),
  slot: fc.nat(3),
  amount: fc.constantFrom(2_000n, 3_000n, 8_000n),
});
const anyBatch = fc.record({
  fate: fc.constantFrom(...fates),
  steps: fc.array(anyStep, { minLength: 1, maxLength: 6 }),
});

function commandOfStep({ op, slot, amount }: Step): Command {
  if (op === "complete") return commandOf(`lobby complete m${slot} ${amount}`);
  if (op === "reverse" || op === "void") return commandOf(`lobby ${op} m${slot}`);
  const to = op === "transfer" ? "bob " : "";
  return commandOf(`lobby alice ${op} m${slot} alice ${to}${amount} EUR`);
}

/** Returns a store whose commits end as the test says. */
function mortal(store: Store) {
  const state = { fate: "good" as Fate, died: Promise.withResolvers<void>() };
  const commit: Store["commit"] = async (...args) => {
    const { fate } = state;
    if (fate === "refused") throw new Refused("disk full");
    if (fate !== "dies before") await store.commit(...args);
    if (fate === "in doubt") {
      state.fate = "good";
      throw new InDoubt(new Uint8Array(16), new Error("I/O error"));
    }
    if (fate === "good") return;
    state.died.resolve();
    await new Promise(() => {}); // nobody is there any more
  };
  const proxy = new Proxy(store, {
    get(_, name: keyof Store) {
      if (name === "outcomeOf") return () => Promise.resolve("committed");
      return name === "commit" ? commit : (store[name] as () => unknown).bind(store);
    },
  }) as unknown as Store;
  return { store: proxy, state };
}

onEachStore(
  "any history, with retries, crashes and faults, comes to what the model says",
  async (make, runs) => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyBatch, { maxLength: 6 }), async (batches) => {
        const disk = await make(settings);
        const { store, state } = mortal(disk);
        const model = new Model();
        let engine = await engineOn(store);
        await engine.run(addCustomer("alice", opening), addCustomer("bob", 0n));
        await engine.run(enrolTerminal("lobby"));
        const outcomes = async (commands: Command[]) =>
          (await engine.run(...commands)).map(({ outcome }) => outcome);
        const expected = (steps: Step[]) => steps.map((step) => model.apply(step));
        for (const { fate, steps } of batches) {
          const commands = steps.map(commandOfStep);
          state.fate = fate;
          if (fate.startsWith("dies")) {
            state.died = Promise.withResolvers();
            engine.run(...commands);
            await state.died.promise;
            engine = await engineOn(store);
          }
          if (fate === "refused") {
            assertEquals(await outcomes(commands), steps.map(() => "try_later"));
          }
          if (fate === "dies after") expected(steps);
          if (fate === "in doubt") {
            assertEquals(await outcomes(commands), expected(steps));
          }
          state.fate = "good";
          // whatever the outcome, all of it is asked again.
          assertEquals(await outcomes(commands), expected(steps));
          const alice = (await disk.accounts()).find(({ id }) => id === accountIdOf("alice"))!;
          assertEquals([alice.balance, alice.held], [model.balance, model.held]);
          const open = model.open.map(({ slot }) => idOf(`m${slot}`));
          const holds = await disk.holdsAfter("00".repeat(16), 100);
          assertEquals(holds.map(({ id }) => id), open.sort());
        }
        const checked = await checkStore(disk, keyRing, () => {});
        assertEquals(checked.problem, null);
        assert(checked.entries >= checked.movements);
        await disk.close();
      }),
      { numRuns: runs(150) },
    );
  },
);
