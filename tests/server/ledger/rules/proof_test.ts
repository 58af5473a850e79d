/** What a device's status proves: a row a status, then the same withdrawals after operators and restores. */
import { assert, assertEquals } from "@std/assert";
import { makeToken } from "../../../../lib/device_token.ts";
import { commandNonceMsMax } from "../../../../lib/limits.ts";
import { Books } from "../../../../server/ledger/books.ts";
import type { Command, DeviceStatus, Retell } from "../../../../server/ledger/command.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { holdKey, provedAmount, statusKey } from "../../../../server/ledger/rules/proof.ts";
import { identityOf, idOf, numberOf, smallBank } from "../../helpers/small_bank.ts";

const [nonce, statusNonce] = ["A1".repeat(16), "B2".repeat(16)];
const movement = idOf("w1");
const token = makeToken(new Uint8Array(32), nonce, [
  ["DISPENSE1", "40.00EUR"],
  [holdKey, movement.toUpperCase()],
  [statusKey, statusNonce],
]);
const id = token.slice(-64);
const [other, otherNonce] = ["C3".repeat(32), "D4".repeat(16)];

/** The nonce of the status · the last token · dispensed · presented · cleared, under it · what it proves. */
const rows: [string, string | null, bigint, bigint, [string, bigint] | null, bigint | null][] = [
  [statusNonce, id, 4_000n, 4_000n, null, 4_000n],
  [statusNonce, id, 4_000n, 2_000n, null, 2_000n], // the rest was drawn in unpresented
  [statusNonce, id, 4_000n, 0n, null, 0n],
  [statusNonce, id, 2_000n, 2_000n, null, null], // the rest can be dispensed
  [statusNonce, id, 0n, 0n, null, null],
  [statusNonce, id, 2_000n, 2_000n, [nonce, 2_000n], 2_000n],
  [statusNonce, id, 0n, 0n, [nonce, 0n], 0n],
  [statusNonce, id, 2_000n, 2_000n, [nonce, 0n], null], // it contradicts itself
  [statusNonce, id, 2_000n, 2_000n, [otherNonce, 2_000n], null],
  [statusNonce, id, 4_000n, 6_000n, [nonce, 6_000n], null], // more than the token allows
  [statusNonce, other, 0n, 0n, [nonce, 0n], 0n],
  [statusNonce, null, 0n, 0n, [nonce, 0n], 0n],
  [statusNonce, other, 4_000n, 4_000n, null, null], // another token pushed it out
  [statusNonce, other, 4_000n, 4_000n, [nonce, 4_000n], null],
  [otherNonce, id, 4_000n, 4_000n, null, null], // an old one
];

function statusOf([nonce, id, dispensed, presented, cleared]: typeof rows[number]): DeviceStatus {
  return {
    ...{ text: "a status", keyVersion: 2, nonce, id, dispensed, presented },
    cleared: cleared && { nonce: cleared[0], presented: cleared[1] },
  };
}
const paid = statusOf(rows[0]!), dead = statusOf(rows[6]!), live = statusOf(rows[4]!);

Deno.test("a status proves the end of a token, or nothing", () => {
  for (const [index, row] of rows.entries()) {
    assertEquals(provedAmount({ token, amount: 4_000n }, statusOf(row)), row[5], `row ${index}`);
  }
  assertEquals(provedAmount({ token, amount: 4_000n }, undefined), null);
  assertEquals(provedAmount({ token: "", amount: 4_000n }, paid), null);
});

type Further = ReturnType<typeof further>;
const sealedKeys = new Uint8Array(112);
const terminal = idOf("lobby");
const withdraw: Command = {
  op: "authorise",
  kind: "withdrawal",
  movement,
  terminal,
  customer: "alice",
  passwordVersion: 1,
  account: numberOf("alice"),
  amount: 4_000n,
  currency: "EUR",
  dispense: { keyVersion: 2, token },
};
const complete = (amount: bigint, status?: DeviceStatus): Command => ({
  ...{ op: "complete", movement, terminal, amount },
  ...(status && { status }),
});
const reported = (amount: bigint, more: Partial<Retell>): Command => ({
  ...{ op: "retell", movement, terminal, kind: "withdrawal", amount, currency: "EUR" },
  ...{ account: numberOf("alice"), uid: identityOf("alice").uid, open: false, timeMs: 800 },
  ...more,
});
const settle = (amount: bigint): Command => ({
  ...{ op: "settle_hold", operator: "op", movement, amount, reason: "counted" },
});

/** Returns a bank whose lobby has a device, to give commands to. */
function bank(restoring = false) {
  const loaded = smallBank();
  const device = {
    ...{ name: "cash", state: "active", sinceMs: 500, keyVersion: 2, sealedKeys } as const,
    previous: { keyVersion: 1, sealedKeys },
  };
  loaded.terminals = loaded.terminals.map((row) => row.id === terminal ? { ...row, device } : row);
  const books = new Books({
    ...loaded,
    ...(restoring && {
      restoring: {
        ...{ sinceMs: 0, waiting: [terminal], unknown: [] },
        unattested: [{ terminal, nonce: otherNonce }],
      },
    }),
  });
  const words: string[] = [];
  const get = (command: Command, timeMs = 1_000) => {
    const { replies, entries } = applyCommands(books, [command], timeMs);
    words.push(...entries.map(({ who, action }) => `${who} | ${action}`));
    const { outcome, booked } = replies[0]!;
    return booked === undefined ? outcome : `${outcome} ${booked}`;
  };
  const alice = () => books.accountNumbered(numberOf("alice"))!;
  return { get, books, words, alice };
}

Deno.test("an operator settles once the token's nonce has ended, and a later proof is reported", () => {
  const { get, alice, books, words } = bank();
  assertEquals(get(withdraw), "ok");
  assertEquals(get(complete(4_000n, live)), "unproven");
  assertEquals(get(settle(0n), 1_000 + commandNonceMsMax - 1), "try_later");
  assertEquals(get(settle(0n), 1_000 + commandNonceMsMax), "ok 0");
  assertEquals([alice().balance, alice().held], [10_000n, 0n]);
  assertEquals(get(complete(4_000n)), "unproven");
  assertEquals(get(complete(2_000n, paid)), "ok 4000");
  assertEquals(books.accountOf("differences")!.balance, -4_000n);
  assert(words.includes("terminal lobby | reports €20.00, its device attests €40.00"));
});

/** Returns what withdraws 10.00 under this name, and a status of its token that proves nothing. */
function further(name: string): { begin: Command; id: string; live: DeviceStatus } {
  const own = name.toUpperCase().repeat(16);
  const [id, statusNonce] = [idOf(name), own.replaceAll("E", "F")];
  const token = makeToken(new Uint8Array(32), own, [
    ["DISPENSE1", "10.00EUR"],
    [holdKey, id.toUpperCase()],
    [statusKey, statusNonce],
  ]);
  const begin = { ...withdraw, movement: id, amount: 1_000n, dispense: { keyVersion: 2, token } };
  const row: typeof rows[number] = [statusNonce, token.slice(-64), 0n, 0n, null, null];
  return { begin, id, live: statusOf(row) };
}

Deno.test("a withdrawal without a proof is in doubt: then another begins, up to three of them", () => {
  const { get, alice, words } = bank();
  const doubt = (movement: string, status?: DeviceStatus, at = terminal): Command => ({
    ...{ op: "doubt", movement, terminal: at },
    ...(status && { status }),
  });
  const [second, third, fourth] = ["e2", "e3", "e4"].map(further) as [Further, Further, Further];
  assertEquals(get(withdraw), "ok");
  assertEquals(get(second.begin), "try_later");
  assertEquals(get(doubt(movement)), "unproven");
  assertEquals(get(doubt(movement, second.live)), "unproven");
  assertEquals(get(doubt(movement, paid)), "try_later", "it is proved");
  assertEquals(get(doubt(movement, live, idOf("mall"))), "unknown_movement");
  assertEquals(get(doubt(movement, live)), "ok");
  assertEquals(get(doubt(movement, live)), "ok");
  assertEquals(words.filter((line) => line.includes("is in doubt")), [
    "terminal lobby | withdraw €40.00 is in doubt: its device gives no proof - count the notes",
  ]);
  // An operator alone frees it, or books it.
  assertEquals(get({ op: "reverse", movement, terminal, status: dead }), "unproven");
  assertEquals(get({ op: "void", movement, terminal, status: dead }), "unproven");
  assertEquals(get(complete(4_000n, paid)), "unproven");
  for (const { begin, id, live } of [second, third]) {
    assertEquals(get(begin), "ok");
    assertEquals(get(doubt(id, live)), "ok");
  }
  assertEquals([alice().balance, alice().held], [10_000n, 6_000n]);
  assertEquals(get(fourth.begin), "withdrawals_stopped");
  const stopped = "terminal lobby | withdraw failed - withdrawals stopped: 3 are in doubt";
  assertEquals(words.at(-2), stopped);
  assertEquals(get(settle(4_000n), 1_000 + commandNonceMsMax), "ok 4000");
  assertEquals([alice().balance, alice().held], [6_000n, 2_000n]);
  assertEquals(get(complete(4_000n)), "unproven");
  assertEquals(get(doubt(movement, live)), "already_completed 4000");
  assertEquals(get(fourth.begin, 1_000 + commandNonceMsMax), "withdrawals_stopped", "it is over");
  const fifth = { ...fourth.begin, movement: idOf("w5") };
  assertEquals(get(fifth, 1_000 + commandNonceMsMax), "ok");
});

Deno.test("a status under new keys ends the earlier ones", () => {
  const { get, books, words } = bank();
  assertEquals(get(withdraw), "ok");
  assertEquals(get(complete(4_000n, { ...paid, keyVersion: 1 })), "ok 4000");
  assert(books.terminal(terminal)!.device!.previous);
  assertEquals(get({ ...withdraw, movement: idOf("w2") }), "ok");
  assertEquals(get({ op: "reverse", movement: idOf("w2"), terminal, status: dead }), "ok 0");
  assertEquals(books.terminal(terminal)!.device!.previous, null);
  assert(words.join().includes("device cash has used keys 2 - earlier ones have ended"));
});

Deno.test("without a nonce and for a revoked device a withdrawal is refused for good; with other keys it may come again", () => {
  const { get } = bank();
  const { begin } = further("e2");
  assertEquals(get({ ...begin, dispense: undefined } as Command), "withdrawals_stopped");
  assertEquals(get(begin), "withdrawals_stopped", "it is recorded");
  assertEquals(get({ ...withdraw, dispense: { keyVersion: 1, token } }), "try_later");
  assertEquals(get(withdraw), "ok", "it is not recorded");
  assertEquals(get({ op: "revoke_device", operator: "op", terminal }), "ok");
  const revoked = further("e3").begin;
  assertEquals(get(revoked), "withdrawals_stopped");
  assertEquals(get(revoked), "withdrawals_stopped");
});

Deno.test("a withdrawal whose device was revoked is in doubt, and another device goes on", () => {
  const settlings: Command[] = [
    { op: "reverse", movement, terminal },
    { op: "void", movement, terminal },
    complete(4_000n),
  ];
  for (const settling of settlings) {
    for (const restored of [false, true]) {
      const { get, alice, books, words } = bank(restored);
      const revoke: Command = { op: "revoke_device", operator: "op", terminal };
      if (restored) assertEquals(get(revoke), "ok");
      assertEquals(get(restored ? reported(4_000n, { token, open: true }) : withdraw), "ok");
      if (!restored) assertEquals(get(revoke), "ok");
      assertEquals(books.movement(movement, 3), undefined, "the terminal may have been off");
      assertEquals(get(settling), "unproven");
      assertEquals(books.movement(movement, 3)?.action, "doubt");
      assertEquals(words.filter((line) => line.includes("is in doubt")), [
        "terminal lobby | withdraw €40.00 is in doubt: its device is revoked - count the notes",
      ]);
      assertEquals(get(settling), "unproven");
      const keys = { sealedKeys: new Uint8Array(112), keyVersion: 3 };
      const enrol = {
        op: "enrol_device",
        operator: "op",
        terminal,
        name: "next",
        ...keys,
      } as const;
      assertEquals(get(enrol), "ok");
      const { begin } = further("e2");
      const next = {
        ...begin,
        dispense: { ...(begin as typeof withdraw).dispense!, keyVersion: 3 },
      };
      if (!restored) assertEquals(get(next as Command), "ok", "the next device's");
      assertEquals(get(settle(4_000n), 1_000 + commandNonceMsMax), "ok 4000");
      assertEquals(alice().balance, 6_000n);
    }
  }
});

Deno.test("after a restore a withdrawal is booked as far as its token and status prove it", () => {
  // What the terminal reports · the outcome · the balance and what is held afterwards · in doubt.
  const lines: [Command, string, bigint, bigint, boolean?][] = [
    [reported(4_000n, {}), "ok", 10_000n, 4_000n, true], // its token is under keys that are gone
    [reported(4_000n, { timeMs: null }), "ok", 10_000n, 4_000n, true],
    [reported(0n, { unchecked: token }), "ok", 10_000n, 4_000n, true],
    [reported(2_000n, { unchecked: token }), "ok", 10_000n, 4_000n, true],
    [reported(0n, { unchecked: "no token" }), "ok", 10_000n, 0n],
    [reported(0n, {}), "ok", 10_000n, 0n],
    [reported(4_000n, { timeMs: 499 }), "ok", 10_000n, 4_000n, true],
    [reported(4_000n, { timeMs: 499, open: true }), "ok", 10_000n, 4_000n, true],
    [reported(0n, { timeMs: 499 }), "ok", 10_000n, 0n],
    [reported(4_000n, { token, status: paid }), "ok", 6_000n, 0n],
    [reported(4_000n, { token, status: dead }), "ok", 10_000n, 0n],
    [reported(0n, { token, status: live }), "ok", 10_000n, 4_000n, true],
    [reported(0n, { token }), "ok", 10_000n, 4_000n, true],
    [reported(4_000n, { token, open: true }), "ok", 10_000n, 4_000n],
  ];
  for (const [index, [command, outcome, balance, held, inDoubt = false]] of lines.entries()) {
    const { get, alice, books } = bank(true);
    assertEquals(get(command), outcome, `line ${index}`);
    assertEquals(get(command).split(" ")[0], outcome, `line ${index}, again`);
    assertEquals([alice().balance, alice().held], [balance, held], `line ${index}`);
    assertEquals(books.movement(movement, 3)?.action === "doubt", inDoubt, `line ${index}`);
    if (!inDoubt) continue;
    // Whatever the terminal reports, the money is as an operator settles it.
    assertEquals(get(complete(4_000n, paid)), "unproven");
    assertEquals(get({ op: "reverse", movement, terminal, status: dead }), "unproven");
    assertEquals(get(settle(4_000n), 1_000 + commandNonceMsMax), "ok 4000");
  }
});

Deno.test("a withdrawal that the backup has open is booked by its proof, or is in doubt", () => {
  // The terminal's report · the outcome · the balance and what is held afterwards.
  const lines: [Command, string, bigint, bigint][] = [
    [reported(4_000n, { token, status: paid }), "ok 4000", 6_000n, 0n],
    [reported(4_000n, { token, open: true }), "ok", 10_000n, 4_000n],
    [reported(0n, { token, status: live }), "ok", 10_000n, 4_000n],
    [reported(0n, {}), "ok", 10_000n, 4_000n],
  ];
  for (const [command, outcome, balance, held] of lines) {
    const { get, alice } = bank(false);
    assertEquals(get(withdraw), "ok");
    const restoring = { sinceMs: 0, waiting: [terminal], unattested: [], unknown: [] };
    const none = { terminals: [], restoring, missing: "" };
    assertEquals(get({ op: "restore", operator: "op", ...none }), "ok");
    assertEquals(get(command), outcome);
    assertEquals([alice().balance, alice().held], [balance, held]);
  }
});

Deno.test("a withdrawal that the backup has open is in doubt once, where its device is revoked", () => {
  const { get, books, words } = bank(false);
  assertEquals(get(withdraw), "ok");
  assertEquals(get({ op: "revoke_device", operator: "op", terminal }), "ok");
  const restoring = { sinceMs: 0, waiting: [terminal], unattested: [], unknown: [] };
  const none = { terminals: [], restoring, missing: "" };
  assertEquals(get({ op: "restore", operator: "op", ...none }), "ok");
  for (const _ of [1, 2]) assertEquals(get(reported(4_000n, { token })), "ok");
  assertEquals(books.movement(movement, 3)?.action, "doubt");
  assertEquals(words.filter((line) => line.includes("is in doubt")).length, 1);
});

Deno.test("a payment that a restored bank has open is no unknown one, though the journal is lost", () => {
  const { get, alice, books } = bank(true);
  assertEquals(get(reported(4_000n, { token, open: true })), "ok");
  const status: DeviceStatus = { ...paid, nonce: otherNonce };
  assertEquals(get({ op: "attest", terminal, movement: idOf("unknown"), status }), "ok 0");
  assertEquals([alice().balance, alice().held], [10_000n, 4_000n]);
  assertEquals(get(settle(4_000n), 1_000 + commandNonceMsMax), "ok 4000");
  assertEquals(books.accountOf("differences")!.balance, 0n);
});

Deno.test("a payment that its device has named may be what it reports later: an operator decides", () => {
  const status: DeviceStatus = { ...paid, nonce: otherNonce };
  const reports: [Command, bigint][] = [
    [reported(4_000n, { token, status: paid }), 4_000n],
    [reported(4_000n, { token, open: true }), 4_000n],
    [reported(0n, { token, status: live }), 4_000n],
    [reported(0n, { token, status: dead }), 0n],
  ];
  for (const [index, [report, held]] of reports.entries()) {
    const { get, alice, books, words } = bank(true);
    assertEquals(get({ op: "attest", terminal, movement: idOf("unknown"), status }), "ok 4000");
    for (const times of [1, 2]) assertEquals(get(report), "ok", `line ${index}, ${times}`);
    assertEquals([alice().balance, alice().held], [10_000n, held], `line ${index}`);
    assertEquals(books.accountOf("differences")!.balance, -4_000n);
    const why = "is in doubt: its device has named a payment that may be this one";
    assertEquals(words.filter((line) => line.includes(why)).length, held > 0n ? 1 : 0);
    if (held === 0n) continue;
    assertEquals(get(complete(4_000n, paid)), "unproven");
    assertEquals(get(settle(4_000n), 1_000 + commandNonceMsMax), "ok 4000");
    assertEquals([alice().balance, alice().held], [6_000n, 0n]);
  }
});

Deno.test("a restored bank makes no token before the device has attested its state", () => {
  const shown = (changes: Partial<DeviceStatus> = {}): DeviceStatus => ({
    ...{ text: "a status", keyVersion: 2, nonce: otherNonce, id, cleared: null },
    ...{ dispensed: 4_000n, presented: 4_000n },
    ...changes,
  });
  const attest = (status?: DeviceStatus, of?: string): Command => ({
    ...{ op: "attest", terminal, movement: idOf("unknown") },
    ...(status && { status }),
    ...(of && { of }),
  });
  const first = reported(4_000n, { token, status: paid });
  const refused = "its device has not attested its state since the restore";
  // What the terminal retells · what the device attests · the outcome · the differences account.
  const lines: [Command[], Command, string, bigint][] = [
    [[first], attest(shown(), movement), "ok 0", 0n],
    [[first], attest(shown({ id: null, presented: 0n })), "ok 0", 0n],
    [[first], attest(shown()), "ok 4000", -4_000n], // the terminal names no withdrawal
    [[first], attest(shown({ id: other }), movement), "ok 4000", -4_000n],
    [[], attest(shown(), movement), "ok 4000", -4_000n],
    // the movement that the terminal names is in doubt, since its token cannot be checked
    [[reported(4_000n, {})], attest(shown(), movement), "ok 0", 0n],
    [[reported(2_000n, {})], attest(shown(), movement), "ok 4000", -4_000n],
    [[reported(4_000n, {})], attest(shown()), "ok 4000", -4_000n],
    [[], attest(shown({ presented: 2_000n })), "ok 2000", -2_000n],
    [[], attest(shown({ presented: 0n })), "ok 0", 0n],
    [[first], attest(undefined, movement), "unproven", 0n],
    [[first], attest(shown({ nonce: statusNonce }), movement), "unproven", 0n],
  ];
  for (const [index, [retold, command, outcome, differences]] of lines.entries()) {
    const { get, books, words } = bank(true);
    for (const each of retold) assertEquals(get(each), "ok");
    assertEquals(get({ op: "retold", terminal }), "ok");
    const { begin } = further("e2");
    assertEquals(get(begin), "try_later", `line ${index}`);
    assert(words.at(-1)!.includes(refused), words.at(-1));
    assertEquals(get(command), outcome, `line ${index}`);
    assertEquals(books.accountOf("differences")!.balance, differences, `line ${index}`);
    const isUnknown = differences !== 0n;
    assertEquals(books.restored!.unknown, isUnknown ? [{ terminal, amount: -differences }] : []);
    assertEquals(get(begin), outcome === "unproven" ? "try_later" : "ok", `line ${index}`);
    if (outcome === "unproven") continue;
    assertEquals(get(command), "ok 0", "it is attested once");
    assertEquals(books.accountOf("differences")!.balance, differences);
    assertEquals(
      get({ op: "end_restore", operator: "op", reason: "counted", paid: [terminal] }),
      "ok",
    );
    assertEquals(books.restored!.unknown, []);
    assertEquals(words.at(-1)!.includes("paid by lobby without a record"), isUnknown);
  }
});
