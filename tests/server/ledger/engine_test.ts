import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ChainVerifier } from "../../../server/audit/chain.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { SqliteStore } from "../../../server/ledger/sqlite_store.ts";
import {
  addCustomer,
  chainId,
  chainKey,
  engineOn,
  enrolTerminal,
  logOf,
} from "../helpers/engine.ts";
import { idOf, settings } from "../helpers/small_bank.ts";

const opening = 10_000n;

/** A step of a random history: `slot` names the movement, so that ids come again. */
interface Step {
  op: "withdrawal" | "deposit" | "complete" | "reverse" | "void";
  slot: number;
  amount: bigint;
}

/** The same in ten lines: each movement's amount and fate, and what follows from them. */
class Model {
  balance = opening;
  held = 0n;
  movements = new Map<number, { kind: string; amount: bigint; fate: string; booked: bigint }>();

  apply({ op, slot, amount }: Step): string {
    const known = this.movements.get(slot);
    if (op === "withdrawal" || op === "deposit") {
      if (known?.kind === "voided") return "voided";
      if (known && (known.kind !== op || known.amount !== amount)) return "id_reused";
      if (known) return known.fate === "refused" ? "insufficient_funds" : "ok";
      const fits = op === "deposit" || amount <= this.balance - this.held;
      this.movements.set(slot, { kind: op, amount, fate: fits ? "open" : "refused", booked: 0n });
      if (fits && op === "withdrawal") this.held += amount;
      return fits ? "ok" : "insufficient_funds";
    }
    if (!known && op === "void") {
      this.movements.set(slot, { kind: "voided", amount: 0n, fate: "ended", booked: 0n });
      return "ok";
    }
    if (!known) return "unknown_movement";
    if (op !== "complete") {
      if (known.fate === "completed") return "already_completed";
      if (known.fate === "open") this.#end(known, "ended", 0n);
      return "ok";
    }
    if (known.kind === "voided") return "voided";
    if (known.fate === "completed") return known.booked === amount ? "ok" : "already_completed";
    if (known.fate === "ended") return "already_reversed";
    if (known.fate === "refused") return "unknown_movement";
    if (amount > known.amount) return "amount_too_large";
    this.#end(known, "completed", amount);
    return "ok";
  }

  #end(
    movement: { kind: string; amount: bigint; fate: string; booked: bigint },
    fate: string,
    booked: bigint,
  ) {
    if (movement.kind === "withdrawal") this.held -= movement.amount;
    this.balance += movement.kind === "withdrawal" ? -booked : booked;
    Object.assign(movement, { fate, booked });
  }
}

function commandOf({ op, slot, amount }: Step): Command {
  const ids = { movement: idOf(`m${slot}`), terminal: idOf("lobby") };
  if (op === "complete") return { op, ...ids, amount };
  if (op === "reverse" || op === "void") return { op, ...ids };
  return {
    op: "authorise",
    kind: op,
    customer: "alice",
    account: 4,
    amount,
    currency: "EUR",
    ...ids,
  };
}

const anyStep: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom("withdrawal", "deposit", "complete", "reverse", "void"),
  slot: fc.nat(3),
  amount: fc.constantFrom(2_000n, 3_000n, 8_000n),
});

async function smallBank() {
  const store = SqliteStore.open(":memory:", settings);
  const engine = await engineOn(store);
  await engine.run(enrolTerminal("lobby"), addCustomer("alice", opening));
  return { store, engine };
}

Deno.test("any history, in batches of any size, comes to what the model says", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyStep, { minLength: 1, maxLength: 6 }), { maxLength: 5 }),
      async (batches) => {
        const { store, engine } = await smallBank();
        const model = new Model();
        try {
          for (const batch of batches) {
            const expected = batch.map((step) => model.apply(step));
            const replies = await engine.run(...batch.map(commandOf));
            assertEquals(replies.map(({ outcome }) => outcome), expected);
            const accounts = store.accounts();
            const alice = accounts.find(({ owner }) => owner === "alice")!;
            assertEquals([alice.balance, alice.held], [model.balance, model.held]);
            assert(alice.held >= 0n && alice.balance >= alice.held);
            assertEquals(accounts.reduce((sum, { balance }) => sum + balance, 0n), 0n);
            const open = model.movements.values().filter(({ fate }) => fate === "open");
            assertEquals(store.holds().length, [...open].length);
          }
          assertEquals(engine.errors, []);
        } finally {
          store.close();
        }
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("the same batch run twice changes the books once", async () => {
  const { store, engine } = await smallBank();
  const steps: Step[] = [
    { op: "withdrawal", slot: 1, amount: 2_000n },
    { op: "complete", slot: 1, amount: 2_000n },
    { op: "deposit", slot: 2, amount: 3_000n },
    { op: "complete", slot: 2, amount: 3_000n },
    { op: "void", slot: 3, amount: 0n },
  ];
  const first = await engine.run(...steps.map(commandOf));
  const books = store.accounts();
  const second = await engine.run(...steps.map(commandOf));
  assertEquals(second.map(({ outcome }) => outcome), first.map(({ outcome }) => outcome));
  assertEquals(store.accounts(), books);
  store.close();
});

Deno.test("the log is one chain over batches, refused ones left out", async () => {
  const { store, engine } = await smallBank();
  const again = enrolTerminal("another name", "lobby"); // an id that the database has already
  const [note, refused] = await engine.run(
    { op: "note", who: "bank", action: "before", kind: "other", outcome: "ok" },
    again,
    { op: "note", who: "bank", action: "after", kind: "other", outcome: "ok" },
  );
  assertEquals([note!.outcome, refused!.outcome], ["ok", "try_later"]);
  assertEquals(engine.errors.length, 2); // the batch, then its one bad member
  const actions = (await logOf(store)).map(({ action }) => action);
  assertEquals(actions.slice(-2), ["before", "after"]);
  const verifier = new ChainVerifier(chainKey, chainId);
  for (const entry of store.entriesAfter(0, 100)) assertEquals(verifier.next(entry), null);
  assertEquals(verifier.goodCount, actions.length);
  store.close();
});

Deno.test("time never goes back, whatever the clock does", async () => {
  const { store, engine } = await smallBank();
  const note: Command = { op: "note", who: "bank", action: "x", kind: "other", outcome: "ok" };
  const times: number[] = [];
  for (const nowMs of [2_000_000, 1_500_000, 2_000_001]) {
    engine.clock.nowMs = nowMs;
    times.push((await engine.run(note))[0]!.timeMs);
  }
  assertEquals(times, [2_000_000, 2_000_000, 2_000_001]);
  const later = await engineOn(store, 0);
  assertEquals((await later.run(note))[0]!.timeMs, 2_000_001);
  store.close();
});
