import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat, utf8 } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  type Answer,
  type Ask,
  encodeRequest,
  encodeServerMessage,
  parseRequest,
  parseServerMessage,
  type ServerMessage,
} from "../../../lib/protocol/message.ts";

const movement = "0123456789abcdef0123456789abcdef";
const cash = { movement, amount: "4000", currency: "EUR" };

const asks: Ask[] = [
  { op: "hello" },
  { op: "log_in", username: "alice", password: "correct horse 🐎" },
  { op: "log_in_with_card", card: "1".repeat(37), pin: "4711" },
  { op: "set_pin", pin: "471100" },
  { op: "log_out", reason: "customer" },
  { op: "touch" },
  { op: "history", filter: {} },
  {
    op: "history",
    filter: {
      kind: "log-in",
      outcome: "refused",
      text: "funds",
      from: "2026-11-23T15:16:02Z",
      before: "2026-11-24T00:00:00.000Z",
    },
    cursor: "17",
  },
  { op: "authorise", kind: "withdrawal", account: "3", ...cash },
  { op: "transfer", account: "3", to: "4", ...cash },
  { op: "recipient", account: "4", from: "5" },
  { op: "receipt", place: "1.4711" },
  {
    op: "report",
    cassettes: [{ value: "2000", count: 3 }, { value: "1000", count: 2, unfilled: true }],
    jammed: ["acceptor"],
    counted: false,
    left: "7000",
    stopped: "journal_lost",
  },
  { op: "complete", movement, amount: "4000" },
  { op: "reverse", movement },
  { op: "void", movement },
  { op: "doubt", movement, status: "NONCE=A1" },
  { op: "attest", status: "NONCE=A1" },
  { op: "load_cash", ...cash },
  {
    op: "retell",
    kind: "deposit",
    account: "3",
    uid: "cd".repeat(16),
    time: "2026-11-23T15:16:02.249Z",
    ...cash,
  },
  { op: "retell", kind: "load", ...cash },
  { op: "retell", kind: "withdrawal", open: true, ...cash },
  { op: "retold" },
  { op: "count_cash", ...cash, amount: "-4000" },
];

const account = { id: "3", booked: "-5", available: "0", version: 7 };
const own = { ...account, uid: "cd".repeat(16) };
const answers: Answer[] = [
  { outcome: "ok" },
  { outcome: "throttled", retryAfterMs: 4_000 },
  { outcome: "ok", account, accounts: [own, { ...own, id: "4", name: "savings" }] },
  { outcome: "ok", recipient: "b•••b" },
  { outcome: "ok", receipt: "strongroom receipt 1\n" },
  { outcome: "ok", account, elsewhere: ["hall", "mall"] },
  { outcome: "ok", account, time: "2026-11-23T15:16:02.249Z", booked: "4000" },
  {
    outcome: "ok",
    bank: {
      name: "Bank",
      currency: { code: "EUR", exponent: 2 },
      timeZone: "Europe/Berlin",
      terminal: "lobby",
      retell: "2026-11-23T15:16:02.249Z",
      books: { movement, cash: "70000" },
    },
  },
  {
    outcome: "ok",
    entries: [{
      tag: "ab".repeat(32),
      place: "12",
      action: "withdraw €40.00",
      kind: "withdrawal",
      outcome: "done",
      time: "2026-11-23T15:16:02.249Z",
      terminal: "lobby",
      amount: "4000",
    }],
    cursor: "12",
  },
];
const serverMessages: ServerMessage[] = [
  ...answers.map((answer, id) => ({ id, answer })),
  { push: "account", account },
  { push: "visit_ended", reason: "idle" },
  { push: "elsewhere", terminals: ["hall"] },
];

const json = (value: unknown) => utf8(JSON.stringify(value));

function refusesRequest(text: string | Uint8Array, name = String(text)): void {
  const bytes = typeof text === "string" ? utf8(text) : text;
  assertThrows(() => parseRequest(bytes), ProtocolError, "message", name);
}

Deno.test("every request comes out as it went in", () => {
  for (const ask of asks) {
    const request = { id: 41, ask };
    assertEquals(parseRequest(encodeRequest(request)), request);
  }
});

Deno.test("every answer and push comes out as it went in", () => {
  for (const message of serverMessages) {
    assertEquals(parseServerMessage(encodeServerMessage(message)), message);
  }
});

Deno.test("every request is refused with a field missing, added, or of another type", () => {
  const wrong = [null, true, -1, 1.5, 1e300, [], {}, "", "\ud800", "x".repeat(70_000)];
  // What is no wrong value for some field: an empty text, an empty filter, an empty list, a yes.
  const texts = ["username", "password", "account", "from", "to", "cursor", "place", "status"];
  const allowed = ({ op }: Ask, field: string, value: unknown) =>
    (value === "" && texts.includes(field)) ||
    // A customer's amount is refused by name.
    (value === "" && field === "amount" && (op === "authorise" || op === "transfer")) ||
    (field === "filter" && JSON.stringify(value) === "{}") ||
    (["cassettes", "jammed"].includes(field) && JSON.stringify(value) === "[]") ||
    (["counted", "open"].includes(field) && value === true);
  for (const ask of asks) {
    const whole: Record<string, unknown> = { id: 1, ...ask };
    for (const field of Object.keys(whole)) {
      const { [field]: _, ...without } = whole;
      const optional = ask.op === "retell"
        ? ["account", "uid", "time", "open"]
        : ["cursor", "stopped"];
      if (!optional.includes(field)) {
        refusesRequest(json(without), `${ask.op} without ${field}`);
      }
      for (const value of wrong) {
        if (allowed(ask, field, value)) continue;
        refusesRequest(json({ ...whole, [field]: value }), `${ask.op} with ${field} ${value}`);
      }
    }
    for (const extra of ["extra", "toString", "constructor", "hasOwnProperty", "terminal"]) {
      refusesRequest(json({ ...whole, [extra]: 1 }), `${ask.op} with ${extra}`);
    }
    refusesRequest(`{"__proto__":{},${JSON.stringify(whole).slice(1)}`, `${ask.op}, __proto__`);
  }
});

Deno.test("names that every object has are no operations, choices or filters", () => {
  for (const name of ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"]) {
    refusesRequest(json({ id: 1, op: name }));
    refusesRequest(json({ id: 1, op: "log_out", reason: name }));
    refusesRequest(`{"id":1,"op":"history","filter":{"${name}":"x"}}`);
  }
  refusesRequest('{"id":1,"__proto__":{"op":"hello"}}');
  refusesRequest('{"op":"hello","__proto__":{"id":1}}');
});

Deno.test("numbers that are not exact are refused", () => {
  const ids = ["-1", "1.5", "9007199254740992", "1e400", '"1"', "null"];
  // JavaScript would round these to whole numbers, or take them for some.
  const rounded = [
    "9007199254740991.4",
    "1.00000000000000001",
    "1.0",
    "1e3",
    "10E-1",
    "-0",
    "-0.0",
  ];
  for (const id of [...ids, ...rounded]) refusesRequest(`{"id":${id},"op":"hello"}`);
  assertEquals(parseRequest(utf8('{"id":9007199254740991,"op":"hello"}')).id, 2 ** 53 - 1);
  const count = (value: string) =>
    `{"id":1,"op":"report","cassettes":[{"value":"1","count":${value}}],"jammed":[],"counted":true,"left":"0"}`;
  parseRequest(utf8(count("0")));
  for (const value of rounded) refusesRequest(count(value));
  const amounts = ['"1e3"', '"040"', '"-0"', '"1.5"', '"9223372036854775808"', "4000", '""'];
  for (const amount of amounts) {
    refusesRequest(`{"id":1,"op":"complete","movement":"${movement}","amount":${amount}}`);
  }
});

Deno.test("movement ids are 32 lower-case hex digits", () => {
  for (
    const id of [
      "",
      movement.slice(1),
      `${movement}0`,
      movement.toUpperCase(),
      `${movement.slice(1)}g`,
    ]
  ) {
    refusesRequest(json({ id: 1, op: "void", movement: id }));
  }
});

Deno.test("texts are taken up to their limit, counted as JavaScript counts", () => {
  const logIn = (username: string, password: string) =>
    json({ id: 1, op: "log_in", username, password });
  parseRequest(logIn("u".repeat(32), "p".repeat(128)));
  refusesRequest(logIn("u".repeat(33), "p"), "username");
  refusesRequest(logIn("u", "p".repeat(129)), "password");
  refusesRequest(logIn("u", "🐎".repeat(65)), "a password of 130 code units");
  const history = (text: string, cursor: string) =>
    json({ id: 1, op: "history", filter: { text }, cursor });
  parseRequest(history("t".repeat(64), "c".repeat(64)));
  refusesRequest(history("t".repeat(65), "c"), "text");
  refusesRequest(history("t", "c".repeat(65)), "cursor");
});

Deno.test("a report of devices is as long as a machine can be", () => {
  const report = (cassettes: unknown[], jammed: unknown[]) =>
    json({ id: 1, op: "report", cassettes, jammed, counted: true, left: "0" });
  const cassettes = Array.from({ length: 17 }, () => ({ value: "1000", count: 1 }));
  parseRequest(report(cassettes.slice(1), ["dispenser", "acceptor", "card_reader"]));
  refusesRequest(report(cassettes, []), "17 cassettes");
  const four = ["acceptor", "dispenser", "card_reader", "acceptor"];
  refusesRequest(report([], four), "four devices");
  for (const odd of [{ value: "1000" }, { value: "1e3", count: 1 }, { value: "1", count: -1 }]) {
    refusesRequest(report([odd], []), JSON.stringify(odd));
  }
  refusesRequest(report([], ["printer"]), "a device that there is not");
});

Deno.test("a report has no value below zero", () => {
  const report = (value: string, left: string) =>
    json({
      ...{ id: 1, op: "report", cassettes: [{ value, count: 1 }], jammed: [], counted: true },
      left,
    });
  parseRequest(report("5000", "0"));
  refusesRequest(report("-5000", "0"), "the value of notes");
  refusesRequest(report("5000", "-1"), "left by customers");
});

Deno.test("of a repeated name the last value counts; in the text each number has digits alone", () => {
  assertEquals(parseRequest(utf8('{"id":true,"id":1,"op":"void","op":"hello"}')).id, 1);
  assertEquals(parseRequest(utf8('{"id":-1,"id":1,"op":"\\ud800","op":"hello"}')).id, 1);
  refusesRequest('{"id":1.0,"id":1,"op":"hello"}');
  refusesRequest('{"id":1e0,"id":1,"op":"hello"}');
  refusesRequest('{"id":1,"id":true,"op":"hello"}');
});

Deno.test("times are RFC 3339 in UTC", () => {
  const history = (from: unknown) => json({ id: 1, op: "history", filter: { from } });
  for (const from of ["2026-11-23T15:16:02.2Z", "2028-02-29T23:59:59Z"]) {
    parseRequest(history(from));
  }
  const bad = [
    "2026-11-23",
    "2026-11-23T15:16Z",
    "2026-11-23T15:16:02",
    "2026-11-23T15:16:02+01:00",
    "2026-13-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-11-31T00:00:00.000Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:00:60Z",
    "now",
    0,
  ];
  for (const from of bad) refusesRequest(history(from), String(from));
});

Deno.test("bytes that are not one JSON object in strict UTF-8 are refused", () => {
  const hello = json({ id: 1, op: "hello" });
  const cases: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    "a text": utf8('"hello"'),
    "a list": utf8('[{"id":1,"op":"hello"}]'),
    null: utf8("null"),
    "two objects": concat(hello, hello),
    "a byte order mark": concat(Uint8Array.of(0xef, 0xbb, 0xbf), hello),
    "a broken sequence": concat(
      utf8('{"id":1,"op":"hello","x":"'),
      Uint8Array.of(0xc3),
      utf8('"}'),
    ),
    "an overlong slash": concat(utf8('{"id":1,"op":"'), Uint8Array.of(0xc0, 0xaf), utf8('"}')),
    "a hundred thousand brackets": utf8("[".repeat(100_000)),
    "zeros behind it": concat(hello, new Uint8Array(3)),
  };
  for (const [name, bytes] of Object.entries(cases)) refusesRequest(bytes, name);
});

Deno.test("a server's message with a field missing, added or of another type is refused", () => {
  const cases = [
    {},
    { id: 1 },
    { answer: { outcome: "ok" } },
    { id: 1, answer: {} },
    { id: 1, answer: null },
    { id: 1, answer: { outcome: "ok" }, extra: 1 },
    { id: 1, answer: { outcome: "ok", extra: 1 } },
    { id: 1, answer: { outcome: "ok", entries: {} } },
    { id: 1, answer: { outcome: "ok", entries: [{}] } },
    { id: 1, answer: { outcome: "ok", account: { ...account, version: -1 } } },
    { id: 1, push: "account", account },
    { push: "account" },
    { push: "account", account: { ...account, extra: 1 } },
    { push: "visit_ended", reason: "other" },
    { push: "elsewhere", terminals: "hall" },
    { push: "elsewhere", terminals: [7] },
    { push: "other" },
    { push: ["account"], account },
  ];
  for (const value of cases) {
    assertThrows(() => parseServerMessage(json(value)), ProtocolError, "message");
  }
});

Deno.test("an error about a message repeats nothing of it", () => {
  const error = assertThrows(
    () => parseRequest(utf8('{"id":1,"op":"hello","hunter2\\n":1}')),
    ProtocolError,
  );
  assert(!error.message.includes("hunter2"));
});

Deno.test("any bytes give a message or the one error", () => {
  const almost = fc.constantFrom(...asks).chain((ask) =>
    fc.dictionary(
      fc.constantFrom("id", "op", "filter", "amount", "movement", "__proto__", "x"),
      fc.jsonValue(),
    ).map((spoiled) => json({ id: 1, ...ask, ...spoiled }))
  );
  const anything = fc.oneof(fc.uint8Array(), fc.json().map(utf8), almost);
  fc.assert(
    fc.property(anything, (bytes) => {
      for (const parse of [parseRequest, parseServerMessage]) {
        try {
          parse(bytes);
        } catch (error) {
          assert(error instanceof ProtocolError);
        }
      }
    }),
    { numRuns: 500 },
  );
});
