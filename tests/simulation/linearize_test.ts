/** The checker itself: histories known good and bad, and random ones against trying every order. */
import { assert, assertEquals } from "@std/assert";
import { linearize, type Model, type Operation } from "./linearize.ts";
import { Random } from "./random.ts";

interface RegisterOperation extends Operation {
  readonly name: string;
  readonly write?: number;
  /** What a read gave. */
  readonly read?: number;
}

const register: Model<number, RegisterOperation> = {
  initial: 0,
  step: (state, { write, read, returnMs }) =>
    write ?? (read === state || returnMs === null ? state : null),
  keyOf: String,
};

/** Returns "w1 0-5": writes 1 from 0 to 5; "r1 2-?": a read without a known end or result. */
function registerHistory(text: string): RegisterOperation[] {
  return text.split(", ").map((name) => {
    const [, op, value, call, end] = /^([wr])(\d+) (\d+)-(\d+|\?)$/.exec(name)!;
    const returnMs = end === "?" ? null : Number(end);
    return {
      name,
      callMs: Number(call),
      returnMs,
      [op === "w" ? "write" : "read"]: Number(value),
    };
  });
}

const registerHistories: [history: string, linearizable: boolean][] = [
  // one after the other
  ["w1 0-1, r1 2-3", true],
  ["w1 0-1, r0 2-3", false],
  ["r0 0-1, w1 2-3, r1 4-5", true],
  ["r1 0-1, w1 2-3", false],
  // overlapping: either order may be
  ["w1 0-9, r0 1-2, r1 3-4", true],
  ["w1 0-9, r1 1-2, r0 3-4", false], // new, then old: the inversion that atomic registers forbid
  ["w1 0-4, w2 0-4, r1 5-6, r1 7-8", true],
  ["w1 0-4, w2 0-4, r1 5-6, r2 7-8", false],
  ["w1 0-9, w2 1-8, r2 2-3, r1 4-5", true],
  ["w1 0-9, r1 2-3, w2 4-8, r1 5-6, r2 7-8", true],
  // a return and a call at the same time overlap
  ["w1 0-2, r0 2-3", true],
  // the result is unknown: it took effect later, or never, but not before its call
  ["w1 0-?, r0 1-2, r1 3-4", true],
  ["w1 0-?, r0 1-2, r0 3-4", true],
  ["w1 0-?, r1 1-2, r0 3-4", false],
  ["r1 0-1, w1 2-?", false],
  ["w1 0-?, w2 0-?, r2 1-2, r1 3-4", true],
  ["w1 0-?, r1 1-2, w2 3-4, r1 5-6", false],
  ["r7 0-?, r0 1-2", true],
];

const resultOf = (linearizable: boolean) => linearizable ? "linearizable" : "not linearizable";

Deno.test("linearize() distinguishes histories of a register that are known good and bad", () => {
  for (const [history, expected] of registerHistories) {
    const { result } = linearize(register, registerHistory(history));
    assertEquals(result, resultOf(expected), history);
  }
});

Deno.test("payments whose outcome nobody learned do not make the search long", () => {
  interface Payment extends Operation {
    readonly change?: number;
    readonly seen?: number;
  }
  const account: Model<number, Payment> = {
    initial: 0,
    step: (state, { change = 0, seen }) =>
      seen === undefined || seen === state ? state + change : null,
    keyOf: String,
  };
  const payments = Array.from({ length: 40 }, (_, index) => ({
    callMs: index,
    returnMs: null,
    change: 2 ** index,
  }));
  const looks = Array.from({ length: 200 }, (_, index) => ({
    callMs: 100 + index,
    returnMs: 100.5 + index,
    seen: index < 150 ? 0 : 1,
  }));
  const { result } = linearize(account, [...payments, ...looks]);
  assertEquals(result, "linearizable");
});

interface QueueOperation extends Operation {
  readonly put?: string;
  readonly got?: string;
}

const queue: Model<string, QueueOperation> = {
  initial: "",
  step: (state, { put, got }) =>
    put !== undefined ? state + put : state[0] === got ? state.slice(1) : null,
  keyOf: (state) => state,
};

/** Four histories of a queue in the manner of Herlihy and Wing: the second and the fourth are not linearizable. */
Deno.test("linearize() distinguishes four histories of a queue", () => {
  const put = (value: string, callMs: number, returnMs: number) => ({
    put: value,
    callMs,
    returnMs,
  });
  const got = (value: string, callMs: number, returnMs: number) => ({
    got: value,
    callMs,
    returnMs,
  });
  const histories: [QueueOperation[], boolean][] = [
    [[put("x", 0, 4), put("y", 2, 5), got("y", 6, 8), got("x", 7, 10), put("z", 9, 11)], true],
    [[put("x", 0, 1), put("y", 2, 4), got("y", 5, 6)], false],
    [[put("x", 0, 4), got("x", 2, 6)], true],
    [[put("x", 0, 4), put("y", 2, 6), got("y", 7, 9), got("y", 8, 10)], false],
  ];
  for (const [index, [history, expected]] of histories.entries()) {
    assertEquals(linearize(queue, history).result, resultOf(expected), `history ${index + 1}`);
  }
});

Deno.test("linearize() names the order that it found, or what could not follow", () => {
  const good = linearize(register, registerHistory("w1 0-9, r0 1-2, r1 3-4"));
  assertEquals("order" in good && good.order.map(({ name }) => name), [
    "r0 1-2",
    "w1 0-9",
    "r1 3-4",
  ]);
  const bad = linearize(register, registerHistory("w1 0-1, w2 2-3, r1 4-5"));
  assertEquals("stuck" in bad && bad.stuck.name, "r1 4-5");
});

/**
 * Returns every order of every subset that has all completed operations, as the definition has it.
 */
function isLinearizable(operations: RegisterOperation[]): boolean {
  const search = (state: number, left: RegisterOperation[]): boolean => {
    if (left.every(({ returnMs }) => returnMs === null)) return true;
    return left.some((operation) => {
      const others = left.filter((other) => other !== operation);
      const isFirst = others.every(({ returnMs }) =>
        returnMs === null || returnMs >= operation.callMs
      );
      const next = isFirst ? register.step(state, operation) : null;
      return next !== null && search(next, others);
    });
  };
  return search(0, operations);
}

Deno.test("linearize() says what trying every order says, on 5,000 random histories", () => {
  const random = Random.of(1).split("histories");
  const counts = { good: 0, bad: 0 };
  for (let run = 0; run < 5_000; run++) {
    const history = Array.from({ length: random.between(1, 7) }, (_, index) => {
      const callMs = random.below(12);
      const returnMs = random.chance(0.2) ? null : callMs + random.below(6);
      const value = random.below(3);
      const what = random.chance(0.5) ? { write: value } : { read: value };
      return { name: String(index), callMs, returnMs, ...what };
    });
    const expected = isLinearizable(history);
    const { result } = linearize(register, history);
    assertEquals(result, resultOf(expected), JSON.stringify(history));
    counts[expected ? "good" : "bad"]++;
  }
  assert(Math.min(counts.good, counts.bad) > 1_000, JSON.stringify(counts));
});

Deno.test("linearize() is done in time with long histories of many at once", () => {
  const random = Random.of(2).split("long");
  const history: RegisterOperation[] = [];
  let value = 0;
  for (let at = 0; at < 2_000; at++) {
    const writes = random.chance(0.3);
    if (writes) value = at;
    const [before, after] = [random.below(4), random.below(4)];
    const what = writes ? { write: at } : { read: value };
    history.push({ name: String(at), callMs: at - before, returnMs: at + after, ...what });
  }
  assertEquals(linearize(register, history).result, "linearizable");
});
