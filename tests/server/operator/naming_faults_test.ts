/** An operator's command that a fault of the database delays or fails: the answer names the fault. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { operatorFaultMsMax } from "../../../lib/limits.ts";
import { system } from "../../../lib/system.ts";
import { OutcomeUnknown } from "../../../server/ledger/ledger.ts";
import { namingFaults } from "../../../server/operator/naming_faults.ts";
import { type Answers, CommandRefused } from "../../../server/operator/request.ts";

const full = "the disk is full: make room";

/** Returns a bank with a fault, whose clock a test moves on. */
function faulty(fault: string | null) {
  const due: (() => void)[] = [];
  const after = (ms: number, act: () => void) => {
    assertEquals(ms, operatorFaultMsMax);
    due.push(act);
    return () => {};
  };
  const bank = { ledger: { fault }, world: { ...system, after } };
  return {
    bank: bank as Parameters<typeof namingFaults>[0] & { ledger: { fault: string | null } },
    due,
  };
}

async function* answers(...pieces: (string | Error | Promise<void>)[]): Answers {
  for (const piece of pieces) {
    if (piece instanceof Error) throw piece;
    if (typeof piece === "string") yield { line: piece };
    else await piece;
  }
}

Deno.test("answers pass, and errors too while commits succeed", async () => {
  const { bank } = faulty(null);
  assertEquals(await Array.fromAsync(namingFaults(bank, answers("one", "two"))), [
    { line: "one" },
    { line: "two" },
  ]);
  const failing = namingFaults(bank, answers("one", new Error("broken")));
  await assertRejects(() => Array.fromAsync(failing), Error, "broken");
});

Deno.test("an error of a full disk is named while commits succeed", async () => {
  const { bank } = faulty(null);
  const error = new Error("No space left on device (os error 28): write 'bank.keys'");
  await assertRejects(
    () => Array.fromAsync(namingFaults(bank, answers(error))),
    UsageError,
    `the command failed: the disk is full (${error.message})`,
  );
});

Deno.test("a command that fails while nothing can be committed fails with the fault's name", async () => {
  const { bank } = faulty(full);
  const cases = [
    [new Error("the database is closed"), UsageError, `the command failed: ${full}`],
    [new UsageError("nothing was done: try later"), UsageError, `try later: ${full}`],
    [new CommandRefused("not your key"), CommandRefused, "not your key"],
    [new OutcomeUnknown("stopped"), OutcomeUnknown, "stopped"],
  ] as const;
  for (const [error, type, words] of cases) {
    const thrown = await assertRejects(
      () => Array.fromAsync(namingFaults(bank, answers(error))),
      type,
    );
    assertEquals(thrown.message.endsWith(words), true, thrown.message);
  }
});

Deno.test("a command that waits for a fault is answered in time, and its rest is ended later", async () => {
  const { bank, due } = faulty(null);
  const room = Promise.withResolvers<void>();
  let ended = false;
  async function* waiting(): Answers {
    try {
      yield* answers("one", room.promise, "two", "three");
    } finally {
      ended = true;
    }
  }
  const answered = namingFaults(bank, waiting());
  assertEquals((await answered.next()).value, { line: "one" });
  const next = answered.next();
  await new Promise((resolve) => setTimeout(resolve));
  due.pop()!(); // no fault: the command is a long one
  await new Promise((resolve) => setTimeout(resolve));
  bank.ledger.fault = full;
  due.pop()!();
  const { message } = await assertRejects(() => next, UsageError);
  assertStringIncludes(message, `no answer within 5 s: ${full}`);
  assertEquals(ended, false);
  room.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(ended, true);
});
