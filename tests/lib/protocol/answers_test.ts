/** PROTOCOL.md's tables of answers against the parser. Servers' answers are held against them in `running_bank`. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  type Answer,
  encodeServerMessage,
  parseServerMessage,
} from "../../../lib/protocol/message.ts";
import { answerFields, answerRows, assertSpecified, operations } from "./answers.ts";

const account = { id: "3", booked: "-5", available: "0", version: 7 };
const time = "2026-11-23T15:16:02.249Z";
const examples: Required<Omit<Answer, "outcome">> = {
  retryAfterMs: 4_000,
  bank: {
    name: "Bank",
    currency: { code: "EUR", exponent: 2 },
    timeZone: "Europe/Berlin",
    terminal: "lobby",
  },
  account,
  accounts: [{ ...account, uid: "cd".repeat(16) }],
  recipient: "b•••b",
  receipt: "strongroom receipt 1\n",
  elsewhere: ["hall"],
  displayName: "Alice Martin",
  username: "alice",
  card: "with_pin",
  oneTime: true,
  usual: { lastWithdrawal: "4000", recipients: [{ account: "3", name: "b•••b" }] },
  time,
  booked: "4000",
  token: "NONCE=00,TOKENFORMAT=1",
  statusNonce: "AB".repeat(16),
  voucher: `990239871882 ${"04".repeat(16)} ${"ab".repeat(32)}`,
  logged: { place: "1.12", tag: "ab".repeat(32) },
  entries: [{
    place: "1.12",
    action: "log in",
    kind: "log-in",
    outcome: "done",
    time,
    terminal: "lobby",
    tag: "ab".repeat(32),
  }],
  cursor: "1.12",
  days: [{ day: "2026-11-23", booked: "4000" }],
  moneyIn: "4000",
  moneyOut: "0",
  cash: "-5",
};

Deno.test("the parser takes each answer that PROTOCOL.md lists, and each of its fields", () => {
  for (const { outcomes, fields } of answerRows) {
    for (const outcome of outcomes) {
      for (const all of [true, false]) {
        const given = fields.filter(({ optional }) => all || !optional);
        const entries = given.map(({ name }) => [name, examples[name as keyof typeof examples]]);
        const message = { id: 1, answer: { outcome, ...Object.fromEntries(entries) } };
        assertEquals(parseServerMessage(encodeServerMessage(message)), message);
      }
    }
  }
  assertEquals([...answerFields].sort(), ["outcome", ...Object.keys(examples)].sort());
  const unknown = { id: 1, answer: { outcome: "ok", other: 1 } } as { id: number; answer: Answer };
  assertThrows(() => parseServerMessage(encodeServerMessage(unknown)), ProtocolError);
});

Deno.test("each operation has its answers, once, of fields that there are", () => {
  assert(operations.size > 15 && answerRows.length > 20, "the tables were not found");
  for (const [op, needsVisit] of operations) {
    const rows = answerRows.filter(({ operations }) => operations.includes(op));
    const outcomes = rows.flatMap(({ outcomes }) => outcomes);
    assert(outcomes.includes("ok"), `${op} is never ok`);
    assertEquals(outcomes.length, new Set(outcomes).size, `${op} has an outcome twice`);
    assertEquals(outcomes.includes("not_logged_in"), needsVisit, op);
  }
  for (const { operations: ops, fields } of answerRows) {
    for (const op of ops) assert(operations.has(op), op);
    for (const { name } of fields) assert(answerFields.includes(name), name);
  }
});

Deno.test("an answer with other fields than PROTOCOL.md lists is noticed", () => {
  assertSpecified("log_in", { outcome: "throttled", retryAfterMs: 1 });
  assertThrows(() => assertSpecified("log_in", { outcome: "throttled" }), Error, "retryAfterMs");
  assertThrows(() => assertSpecified("touch", { outcome: "ok", time }), Error, "with time");
  assertThrows(() => assertSpecified("touch", { outcome: "voided" }), Error, "no answer voided");
});
