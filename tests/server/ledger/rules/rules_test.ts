import { assertEquals } from "@std/assert";
import { Books } from "../../../../server/ledger/books.ts";
import type { Terminal } from "../../../../server/ledger/model.ts";
import { applyCommands } from "../../../../server/ledger/rules/rules.ts";
import { type Command, logCommand, type Reply } from "../../../../server/ledger/command.ts";
import { lineOf } from "../../../../server/audit/codec.ts";
import { identityFor } from "../../helpers/engine.ts";
import { commandOf, idOf, numberOf, play, smallBank } from "../../helpers/small_bank.ts";

Deno.test("refusals of an authorisation come in the documented order", () => {
  // Each row fails in its own way and in as many later ways as can be had with it.
  play(`
    lobby void v1                                          -> ok 0
    lobby alice withdraw v1 ghost 0 USD                    -> voided
    lobby alice withdraw r1 alice 100 EUR                  -> ok
    lobby alice withdraw r1 ghost 0 USD                    -> id_reused
    lobby alice withdraw a1 ghost 0 USD                    -> amount_not_positive
    lobby alice withdraw a2 ghost -1 USD                   -> amount_not_positive
    lobby alice deposit  a3 ghost 0 USD                    -> amount_not_positive
    lobby alice withdraw a4 ghost 1000000000001 USD        -> amount_too_large
    lobby alice deposit  a5 ghost 1000000000001 USD        -> amount_too_large
    lobby alice withdraw u1 ghost 99999999 USD             -> unknown_account
    lobby alice withdraw u2 bob   99999999 USD             -> unknown_account
    lobby alice deposit  u3 bob   100 USD                  -> unknown_account
    lobby alice withdraw u4 lobby 100 EUR                  -> unknown_account
    lobby alice withdraw u5 vault 100 EUR                  -> unknown_account
    attic alice withdraw u6 alice 99999999 USD             -> unknown_account # no such terminal
    lobby carl  withdraw c1 carl  99999999 USD             -> wrong_currency
    lobby lena  deposit  c2 lena  100 USD                  -> wrong_currency
    lobby dora  withdraw c3 dora  100 USD                  -> wrong_currency  # the notes are EUR
    lobby dora  withdraw c4 dora  100 EUR                  -> wrong_currency
    lobby carl  withdraw s1 carl  99999999 EUR             -> account_closed
    lobby carl  deposit  s2 carl  100 EUR                  -> account_closed
    lobby lena  withdraw s3 lena  99999999 EUR             -> account_locked
    lobby lena  deposit  s4 lena  100 EUR                  -> account_locked
    lobby alice withdraw l1 alice 50001 EUR                -> over_withdrawal_limit
    lobby bob   withdraw l2 bob   50001 EUR                -> over_withdrawal_limit
    lobby alice withdraw f1 alice 9901 EUR                 -> insufficient_funds # 100 are held
    lobby alice withdraw f2 alice 9900 EUR                 -> ok
    lobby alice withdraw f3 alice 1 EUR                    -> insufficient_funds
    lobby bob   withdraw f4 bob   50000 EUR                -> ok
    lobby bob   deposit  f5 bob   50001 EUR                -> ok
    alice has 10000, 10000 held
    bob has 1000000, 50000 held
  `);
});

Deno.test("the same id with the same content has its first outcome, for ever", () => {
  play(`
    lobby alice withdraw w1 alice 4000 EUR  -> ok
    lobby alice withdraw w1 alice 4000 EUR  -> ok
    alice has 10000, 4000 held
    lobby complete w1 4000                  -> ok 4000
    lobby alice withdraw w1 alice 4000 EUR  -> ok 4000 # it is over: no leave to move notes again
    alice has 6000
    lobby alice withdraw w2 alice 6001 EUR  -> insufficient_funds
    lobby alice deposit  d1 alice 5000 EUR  -> ok
    lobby complete d1 5000                  -> ok 5000
    lobby alice withdraw w2 alice 6001 EUR  -> insufficient_funds # though there is enough by now
    alice has 11000
  `);
});

Deno.test("the same id with other content is refused, whatever differs", () => {
  play(`
    lobby alice withdraw w1 alice 4000 EUR  -> ok
    lobby alice withdraw w1 alice 4001 EUR  -> id_reused
    lobby alice deposit  w1 alice 4000 EUR  -> id_reused
    lobby alice withdraw w1 alice 4000 USD  -> id_reused
    lobby alice withdraw w1 bob   4000 EUR  -> id_reused
    lobby bob   withdraw w1 bob   4000 EUR  -> id_reused
    lobby bob   withdraw w1 alice 4000 EUR  -> id_reused # and reveals nothing of alice
    mall  alice withdraw w1 alice 4000 EUR  -> id_reused
    lobby load w1 4000 EUR                  -> id_reused
    lobby alice withdraw w2 alice 9999 EUR  -> insufficient_funds
    lobby alice withdraw w2 alice 1 EUR     -> id_reused # refusals are recorded too
    lobby load l1 1000 EUR                  -> ok
    lobby alice deposit l1 alice 1000 EUR   -> id_reused
    alice has 10000, 4000 held
  `);
});

Deno.test("a withdrawal is completed once, in whole or in part", () => {
  play(`
    lobby alice withdraw w1 alice 4000 EUR  -> ok
    lobby complete w1 0                     -> amount_not_positive
    lobby complete w1 -1                    -> amount_not_positive
    lobby complete w1 4001                  -> amount_too_large
    alice has 10000, 4000 held
    lobby complete w1 3000                  -> ok 3000
    alice has 7000
    lobby has -197000
    lobby complete w1 3000                  -> ok 3000
    lobby complete w1 4000                  -> already_completed 3000
    lobby reverse w1                        -> already_completed 3000
    lobby void w1                           -> already_completed 3000
    alice has 7000
    lobby has -197000
  `);
});

Deno.test("a deposit is completed once, in whole or in part", () => {
  play(`
    lobby alice deposit d1 alice 5000 EUR   -> ok
    alice has 10000                         # nothing moves before the notes are taken
    lobby complete d1 5001                  -> amount_too_large
    lobby complete d1 2000                  -> ok 2000
    alice has 12000
    lobby has -202000
    lobby complete d1 5000                  -> already_completed 2000
    lobby reverse d1                        -> already_completed 2000
    alice has 12000
  `);
});

Deno.test("what is reversed or voided moves nothing, however often it is said", () => {
  for (const end of ["reverse", "void"]) {
    play(`
      lobby alice withdraw w1 alice 4000 EUR  -> ok
      lobby ${end} w1                         -> ok 0
      alice has 10000
      lobby ${end} w1                         -> ok 0
      lobby reverse w1                        -> ok 0
      lobby void w1                           -> ok 0
      lobby complete w1 4000                  -> already_reversed
      lobby alice withdraw w1 alice 4000 EUR  -> ok 0 # its first outcome, and that it is over
      alice has 10000
      lobby alice deposit d1 alice 500 EUR    -> ok
      lobby ${end} d1                         -> ok 0
      lobby complete d1 500                   -> already_reversed
      alice has 10000
      lobby has -200000
    `);
  }
});

Deno.test("voiding an unknown id records it: a late original moves nothing", () => {
  play(`
    lobby void w1                           -> ok 0
    lobby void w1                           -> ok 0
    lobby reverse w1                        -> ok 0
    lobby complete w1 4000                  -> voided
    lobby alice withdraw w1 alice 4000 EUR  -> voided
    lobby alice deposit  w1 alice 4000 EUR  -> voided
    lobby load w1 4000 EUR                  -> voided
    alice has 10000
    lobby has -200000
  `);
});

Deno.test("settling what was refused moves nothing", () => {
  play(`
    lobby alice withdraw w1 alice 10001 EUR -> insufficient_funds
    lobby complete w1 10001                 -> unknown_movement
    lobby reverse w1                        -> ok 0
    lobby void w1                           -> ok 0
    lobby complete w1 1                     -> unknown_movement
    alice has 10000
  `);
});

Deno.test("a terminal settles its own movements alone", () => {
  play(`
    lobby alice withdraw w1 alice 4000 EUR  -> ok
    mall complete w1 4000                   -> unknown_movement
    mall reverse w1                         -> unknown_movement
    mall void w1                            -> unknown_movement
    mall void v1                            -> ok 0
    lobby void v1                           -> unknown_movement
    lobby complete nothing 1                -> unknown_movement
    lobby reverse nothing                   -> unknown_movement
    alice has 10000, 4000 held
    lobby complete w1 4000                  -> ok 4000
  `);
});

Deno.test("an open hold is completed for an account that was locked or closed since", () => {
  for (const state of ["locked", "closed"] as const) {
    const books = new Books(smallBank());
    const run = (line: string) =>
      applyCommands(books, [commandOf(line)], 1_000).replies[0]!.outcome;
    assertEquals(run("lobby alice withdraw w1 alice 4000 EUR"), "ok");
    const now = { ...smallBank(), movements: books.changes().movements };
    const later = new Books({
      ...now,
      accounts: now.accounts.map((account) => ({
        ...account,
        ...books.account(account.id),
        ...(account.owner === "alice" && { state }),
      })),
    });
    const { replies } = applyCommands(later, [commandOf("lobby complete w1 4000")], 2_000);
    assertEquals(replies[0]!.outcome, "ok", state);
    assertEquals(later.account(replies[0]!.account!.id)!.balance, 6_000n);
  }
});

Deno.test("loading cash is refused in order, and done once", () => {
  play(`
    lobby load l1 0 USD                     -> amount_not_positive
    lobby load l2 1000000000000001 USD      -> amount_too_large
    attic load l3 1000 USD                  -> unknown_account
    lobby load l4 1000 USD                  -> wrong_currency
    lobby load l5 1000 EUR                  -> ok
    lobby load l5 1000 EUR                  -> ok
    lobby load l5 1001 EUR                  -> id_reused
    mall  load l5 1000 EUR                  -> id_reused
    lobby reverse l5                        -> already_completed 1000
    lobby complete l5 1000                  -> unknown_movement
    lobby has -201000
    vault has -1059000
  `);
});

Deno.test("what a count finds goes to the differences account, once, over and missing apart", () => {
  play(`
    lobby count c1 0 USD                     -> amount_not_positive
    lobby count c2 1000000000000001 USD      -> amount_too_large
    lobby count c3 -1000000000000001 USD     -> amount_too_large
    attic count c4 1000 USD                  -> unknown_account
    lobby count c5 -1000 USD                 -> wrong_currency
    lobby count c6 -2000 EUR                 -> ok
    lobby count c6 -2000 EUR                 -> ok
    lobby count c6 2000 EUR                  -> id_reused
    lobby load  c6 2000 EUR                  -> id_reused
    mall  count c6 -2000 EUR                 -> id_reused
    differences has -2000
    lobby count c7 500 EUR                   -> ok
    lobby load  l1 500 EUR                   -> ok
    lobby count l1 500 EUR                   -> id_reused
    lobby void  c7                           -> already_completed 500
    lobby void  v1                           -> ok 0
    lobby count v1 500 EUR                   -> voided
    differences has -1500
  `);
});

Deno.test("duplicates within one batch count once", () => {
  const books = new Books(smallBank());
  const line = "lobby alice withdraw w1 alice 6000 EUR";
  const commands = [line, line, "lobby alice withdraw w2 alice 6000 EUR", "lobby complete w1 6000"]
    .map(commandOf);
  const { replies } = applyCommands(books, commands, 1_000);
  assertEquals(replies.map(({ outcome }) => outcome), ["ok", "ok", "insufficient_funds", "ok"]);
  assertEquals(books.changes().movements.map(({ step, outcome }) => [step, outcome]), [
    [1, "ok"],
    [1, "insufficient_funds"],
    [2, "ok"],
  ]);
});

Deno.test("every outcome is in the log, in words", () => {
  const entries = play(`
    lobby alice withdraw w1 alice 10001 EUR -> insufficient_funds
    lobby alice withdraw w2 alice 4000 EUR  -> ok
    lobby complete w2 3000                  -> ok 3000
    lobby alice deposit d1 alice 500 EUR    -> ok
    lobby complete d1 500                   -> ok 500
    lobby alice withdraw w3 alice 100 EUR   -> ok
    lobby reverse w3                        -> ok 0
    lobby void v1                           -> ok 0
    mall reverse w2                         -> unknown_movement
    lobby load l1 1000 EUR                  -> ok
    lobby load l2 1000 USD                  -> wrong_currency
  `);
  const time = "1970-01-01T00:00:01.000Z";
  assertEquals(entries.map(lineOf), [
    `alice | withdraw €100.01 failed - insufficient funds | ${time}`,
    `alice | withdraw €40.00 authorised | ${time}`,
    `alice | withdraw €30.00 of €40.00 | ${time}`,
    `alice | deposit €5.00 authorised | ${time}`,
    `alice | deposit €5.00 | ${time}`,
    `alice | withdraw €1.00 authorised | ${time}`,
    `alice | withdraw €1.00 reversed | ${time}`,
    `terminal lobby | void an unknown movement | ${time}`,
    `terminal mall | reverse a movement failed - unknown movement | ${time}`,
    `terminal lobby | load €10.00 into the cassettes | ${time}`,
    `terminal lobby | load €10.00 into the cassettes failed - wrong currency | ${time}`,
  ]);
});

Deno.test("operators' names are taken once, and openings are booked from the vault", () => {
  const books = new Books(smallBank());
  const add = (username: string, opening: bigint, passwordHash = "hash"): Command => ({
    op: "add_customer",
    operator: "root",
    username,
    passwordHash,
    opening,
    movement: idOf(`${username} ${passwordHash}`),
    ...identityFor(username),
  });
  const enrol = (name: string, change: Partial<Terminal> = {}): Command => ({
    op: "enrol_terminal",
    operator: "root",
    terminal: change.id ?? idOf(`new ${name}`),
    name,
    keyVersion: change.keyVersion ?? 1,
    sealedKey: change.sealedKey ?? new Uint8Array(80),
  });
  const commands = [
    add("alice", 1n),
    add("eve", -1n),
    add("eve", 10n ** 12n + 1n),
    add("bank", 0n), // whose entries of the log would be the bank's
    add("eve", 700n),
    add("eve", 700n), // the same content, asked again
    add("eve", 700n, "another hash"),
    enrol("lobby"),
    enrol("quay"),
    enrol("quay"),
    enrol("quay", { id: idOf("another") }),
    enrol("quay", { keyVersion: 2 }),
    enrol("quay", { sealedKey: new Uint8Array(80).fill(1) }),
    { op: "revoke_terminal", operator: "root", terminal: idOf("new quay") },
    enrol("quay"),
  ] satisfies Command[];
  const { replies, entries } = applyCommands(books, commands, 1_000);
  assertEquals(replies.map(({ outcome }) => outcome), [
    "name_taken",
    "amount_not_positive",
    "amount_too_large",
    "name_reserved",
    "ok",
    "ok",
    "name_taken",
    "name_taken",
    "ok",
    "ok",
    "name_taken",
    "name_taken",
    "name_taken",
    "ok",
    "name_taken",
  ]);
  assertEquals(replies[5]!.account, books.accountOf("customer", "eve"));
  assertEquals(books.accountsOf("customer", "eve").map(({ balance }) => balance), [700n]);
  assertEquals(books.accountsOf("terminal", idOf("new quay")).length, 1);
  const actions = entries.map(({ action }) => action);
  assertEquals(actions.filter((action) => action === "add customer eve").length, 1);
  assertEquals(actions.filter((action) => action === "enrol terminal quay").length, 1);
  assertEquals(books.accountOf("vault")!.balance, -1_060_700n);
  assertEquals(entries.at(0)!.action, "add customer alice failed - name taken");
  assertEquals(entries.map(({ who }) => who).filter((who) => who === "eve"), ["eve"]);
});

/** Runs log-ins, one after the other, each from its begin to its end. */
function logIns(nowMs: number, books = new Books(smallBank())) {
  return (username: string, passed: boolean, at = "lobby"): Reply => {
    const who = { username, nameHash: idOf(username), terminal: idOf(at) };
    const [begun] = applyCommands(books, [{ op: "begin_log_in", ...who }], nowMs).replies;
    if (begun!.outcome !== "ok") return begun!;
    const { passwordVersion = 0 } = begun!;
    const end = { op: "end_log_in", ...who, passed, passwordVersion } as const;
    return applyCommands(books, [end], nowMs).replies[0]!;
  };
}

Deno.test("an unknown name and a wrong password get the same answers, throttling included", () => {
  const answers = ["alice", "nobody"].map((username) => {
    const logIn = logIns(5_000);
    return [1, 2, 3, 4, 5].map(() => logIn(username, false));
  });
  assertEquals(answers[0], answers[1]);
  assertEquals(answers[0]!.map(({ outcome }) => outcome), [
    "wrong_credentials",
    "wrong_credentials",
    "wrong_credentials",
    "throttled",
    "throttled",
  ]);
});

Deno.test("nobody passes under a name that nobody has", () => {
  assertEquals(logIns(5_000)("nobody", true).outcome, "wrong_credentials");
});

Deno.test("a customer's failures count at each terminal, a terminal's for every name", () => {
  const logIn = logIns(5_000);
  for (let count = 0; count < 3; count++) logIn("alice", false);
  assertEquals(logIn("alice", true).outcome, "throttled");
  assertEquals(logIn("alice", true, "mall").outcome, "ok");
  for (let count = 0; count < 8; count++) {
    assertEquals(
      logIn(`name ${count}`, false).outcome,
      count < 7 ? "wrong_credentials" : "throttled",
    );
  }
  assertEquals(logIn("bob", true).outcome, "throttled");
  assertEquals(logIn("bob", true, "mall").outcome, "ok");
});

Deno.test("at all terminals together a customer has twenty failures free, but for the known ones", () => {
  const logIn = logIns(5_000);
  assertEquals(logIn("alice", true).outcome, "ok");
  const outcomes = Array.from({ length: 21 }, (_, at) => logIn("alice", false, `at ${at}`));
  assertEquals(outcomes.map(({ outcome }) => outcome), [
    ...Array(20).fill("wrong_credentials"),
    "throttled",
  ]);
  assertEquals(outcomes.at(-1)!.retryAfterMs, 60_000);
  assertEquals(logIn("alice", true, "mall").outcome, "throttled");
  assertEquals(logIn("alice", true).outcome, "ok", "lobby is known");
});

Deno.test("four terminals are known, the latest, for 90 days", () => {
  const books = new Books(smallBank());
  const day = 86_400_000;
  const known = () => books.customer("alice")!.knownTerminals.map(({ terminal }) => terminal);
  const names = ["lobby", "mall", "harbour", "station", "market"];
  for (const [index, name] of names.entries()) logIns(index * day, books)("alice", true, name);
  assertEquals(known(), names.slice(1).reverse().map(idOf));
  logIns(5 * day, books)("alice", true, "harbour");
  assertEquals(known(), ["harbour", "market", "station", "mall"].map(idOf));
  logIns(92 * day, books)("alice", true, "lobby");
  assertEquals(known(), ["lobby", "harbour", "market", "station"].map(idOf).slice(0, 4));
  logIns(200 * day, books)("alice", true, "mall");
  assertEquals(known(), ["mall"].map(idOf));
});

Deno.test("over 1,000 terminals a name takes 1,500 guesses a day, and its owner waits a minute at most", () => {
  const books = new Books(smallBank());
  const dayMs = 86_400_000;
  const startMs = dayMs;
  logIns(startMs, books)("alice", true);
  let guesses = 0, ownersWaitMsMax = 0, ownersNextMs = startMs;
  for (let nowMs = startMs, at = 0; nowMs < startMs + dayMs;) {
    const answer = logIns(nowMs, books)("alice", false, `at ${at++ % 1_000}`);
    if (answer.outcome === "throttled") nowMs += answer.retryAfterMs!;
    else guesses++;
    if (nowMs < ownersNextMs) continue;
    // The owner mistypes three times an hour, and then logs in.
    const logIn = logIns(nowMs, books);
    for (let slips = 0; slips < 3; slips++) logIn("alice", false);
    ownersWaitMsMax = Math.max(ownersWaitMsMax, logIn("alice", true).retryAfterMs ?? 0);
    assertEquals(logIns(nowMs + ownersWaitMsMax, books)("alice", true).outcome, "ok");
    ownersNextMs += 3_600_000;
  }
  assertEquals(guesses <= 1_500, true, `${guesses} guesses`);
  assertEquals(ownersWaitMsMax > 0 && ownersWaitMsMax <= 60_000, true, `${ownersWaitMsMax} ms`);
});

Deno.test("a log-in that passes clears the customer's failures and not the terminal's", () => {
  const logIn = logIns(5_000);
  logIn("alice", false);
  logIn("alice", false);
  assertEquals(logIn("alice", true).outcome, "ok");
  logIn("alice", false);
  logIn("alice", false);
  assertEquals(logIn("alice", true).outcome, "ok");
  for (let count = 0; count < 6; count++) logIn(`name ${count}`, false);
  assertEquals(logIn("bob", true).outcome, "throttled");
});

/** Runs changes of passwords, one after the other, each from its begin to its end. */
function passwordChanges(nowMs: number, books: Books) {
  return (passed: boolean, refused: "password_too_short" | "password_unchanged" | null = null) => {
    const { passwordVersion } = books.customer("alice")!;
    const nameHash = idOf("alice");
    const who = { username: "alice", nameHash, terminal: idOf("lobby"), passwordVersion };
    const begin = applyCommands(books, [{ op: "begin_password_change", ...who }], nowMs);
    const [begun] = begin.replies;
    if (begun!.outcome !== "ok") return [begun!.outcome, begin.entries[0]!.action];
    const passwordHash = "the new hash";
    const end = { op: "end_password_change", ...who, passed, refused, passwordHash } as const;
    const { replies, entries } = applyCommands(books, [end], nowMs);
    return [replies[0]!.outcome, entries[0]!.action];
  };
}

Deno.test("a new password is refused for the first of these, and logged either way", () => {
  const books = new Books(smallBank());
  const change = passwordChanges(5_000, books);
  const before = books.customer("alice")!.passwordHash;
  assertEquals(change(false, "password_too_short"), [
    "wrong_credentials",
    "change password failed - wrong credentials",
  ]);
  assertEquals(change(true, "password_too_short"), [
    "password_too_short",
    "change password failed - password too short",
  ]);
  assertEquals(change(true, "password_unchanged"), [
    "password_unchanged",
    "change password failed - password unchanged",
  ]);
  assertEquals(books.customer("alice")!.passwordHash, before);
  assertEquals(change(true), ["ok", "change password"]);
  assertEquals(books.customer("alice")!.passwordHash, "the new hash");
  assertEquals(books.changes().customers.at(-1)!.passwordHash, "the new hash");
});

Deno.test("a log-in that is checked against the password before a change gets no visit", () => {
  const books = new Books(smallBank());
  const at = { username: "alice", nameHash: idOf("alice") };
  const run = (command: Command) => applyCommands(books, [command], 5_000).replies[0]!;
  const begun = run({ op: "begin_log_in", ...at, terminal: idOf("mall") });
  assertEquals(passwordChanges(5_000, books)(true)[0], "ok");
  const { passwordVersion = 0 } = begun;
  const end = { op: "end_log_in", ...at, passed: true, passwordVersion } as const;
  assertEquals(run({ ...end, terminal: idOf("mall") }).outcome, "try_later");
});

Deno.test("of two changes of a password at once one holds, and gives its visit the new version", () => {
  const books = new Books(smallBank());
  const run = (command: Command) => applyCommands(books, [command], 5_000).replies[0]!;
  const who = { username: "alice", nameHash: idOf("alice"), passwordVersion: 1 };
  const ends = ["lobby", "mall"].map((at) => {
    const terminal = idOf(at);
    assertEquals(run({ op: "begin_password_change", ...who, terminal }).outcome, "ok");
    const passwordHash = `from ${at}`;
    const op = "end_password_change";
    return { op, ...who, terminal, passed: true, refused: null, passwordHash } as const;
  });
  const [first, second] = ends.map((end) => run(end));
  assertEquals([first!.outcome, first!.passwordVersion], ["ok", 2]);
  assertEquals([second!.outcome, second!.passwordVersion], ["not_logged_in", undefined]);
  assertEquals(books.customer("alice")!.passwordHash, "from lobby");
});

Deno.test("a one-time password is valid for 24 hours, and not after the bank's time was set back", () => {
  const dayMs = 24 * 60 * 60 * 1_000;
  const who = { username: "alice", nameHash: "ab".repeat(32), terminal: idOf("lobby") };
  const logIn = { op: "end_log_in", ...who, passed: true, passwordVersion: 2 } as const;
  const reset = { op: "reset_password", operator: "ben", username: "alice", passwordHash: "h" };
  // A visit that began with a card, or in time with the password, outlives it.
  const change = { ...logIn, op: "end_password_change", refused: null, passwordHash: "n" } as const;
  for (const [lateMs, isValid] of [[0, true], [dayMs - 1, true], [dayMs, false]] as const) {
    for (const [command, verb] of [[logIn, "log in"], [change, "change password"]] as const) {
      const books = new Books(smallBank());
      applyCommands(books, [reset as Command], 5_000);
      const { replies: [reply], entries } = applyCommands(books, [command], 5_000 + lateMs);
      assertEquals(reply!.outcome, isValid ? "ok" : "wrong_credentials");
      assertEquals(
        entries[0]!.action,
        isValid
          ? `${verb} with a one-time password`
          : `${verb} with an expired one-time password failed - wrong credentials`,
      );
    }
  }
  const books = new Books(smallBank());
  applyCommands(books, [reset as Command], dayMs);
  applyCommands(books, [{ op: "set_back_clock", operator: "ben" }], 5_000, {
    setBackFromMs: dayMs,
  });
  for (const command of [logIn, change]) {
    const { replies } = applyCommands(books, [command], dayMs);
    assertEquals(replies[0]!.outcome, "wrong_credentials");
  }
});

Deno.test("a proposal lapses after 24 hours, also after the bank's time was set back", () => {
  const dayMs = 24 * 60 * 60 * 1_000;
  const propose = { op: "propose", operator: "anna", id: "p", command: "{}", words: "x" } as const;
  const approval = { proposal: "p", lapseMs: dayMs };
  const approve = { op: "set_limits", operator: "ben", limits: { withdrawalMax: 1n }, approval };
  const approvedAt = (books: Books, timeMs: number) =>
    applyCommands(books, [approve as Command], timeMs).replies[0]!.outcome;
  for (const [lateMs, outcome] of [[dayMs - 1, "ok"], [dayMs, "not_open"]] as const) {
    const books = new Books(smallBank());
    applyCommands(books, [propose], 5_000);
    assertEquals(approvedAt(books, 5_000 + lateMs), outcome);
  }
  const books = new Books(smallBank());
  applyCommands(books, [propose], 9 * dayMs);
  applyCommands(books, [{ op: "set_back_clock", operator: "ben" }], 5_000, {
    setBackFromMs: 9 * dayMs,
  });
  assertEquals(approvedAt(books, 6_000), "not_open");
  assertEquals(approvedAt(books, 9 * dayMs + 1), "not_open");
});

Deno.test("what needs a visit is refused before all else once its password has changed, and leaves no row", () => {
  const ofVisits = [
    "lobby alice withdraw w1 alice x EUR",
    "lobby alice deposit d1 alice 100 EUR",
    "lobby alice transfer t1 alice ghost 100 EUR",
    "lobby alice look-up bob",
  ].map(commandOf);
  const others = ["lobby void v1", "lobby load l1 100 EUR", "lobby retold"].map(commandOf);
  const entry = logCommand("alice", "view history");
  const books = new Books(smallBank());
  books.raisePasswordVersion("alice");
  const commands = [...ofVisits, { ...entry, passwordVersion: 1 }, ...others, entry];
  for (const stopped of [false, true]) {
    const { replies, entries } = applyCommands(books, commands, 5_000, { stopped });
    assertEquals(replies.slice(0, 5).map(({ outcome }) => outcome), Array(5).fill("not_logged_in"));
    assertEquals(replies.slice(5).some(({ outcome }) => outcome === "not_logged_in"), false);
    assertEquals(entries.slice(0, 5).map(({ who, action }) => `${who} | ${action}`), [
      "alice | authorise failed - not logged in",
      "alice | authorise failed - not logged in",
      "alice | transfer failed - not logged in",
      "alice | look up failed - not logged in",
      "alice | view history failed - not logged in",
    ]);
  }
  const rows = books.changes().movements.map(({ id }) => id);
  for (const id of ["w1", "d1", "t1"]) assertEquals(rows.includes(idOf(id)), false);
});

Deno.test("while a clock is in doubt people get money_stopped, and what terminals repeat get try_later", () => {
  const rows: [line: string, outcome: string][] = [
    ["lobby alice withdraw w1 alice 100 EUR", "money_stopped"],
    ["lobby alice deposit d1 alice 100 EUR", "money_stopped"],
    ["lobby alice transfer t1 alice bob 100 EUR", "money_stopped"],
    ["lobby retell transfer t2 alice bob 100 EUR vouched", "try_later"],
    ["lobby complete w1 100", "try_later"],
    ["lobby reverse w1", "try_later"],
    ["lobby load l1 100 EUR", "try_later"],
    ["lobby void w1", "ok"],
    ["lobby alice look-up bob", "ok"],
  ];
  const books = new Books(smallBank());
  const commands = rows.map(([line]) => commandOf(line));
  const { replies } = applyCommands(books, commands, 5_000, { stopped: true });
  const found = rows.map(([line], at) => [line, replies[at]!.outcome]);
  assertEquals(found, rows);

  const propose = { op: "propose", operator: "anna", id: "p", command: "{}", words: "x" } as const;
  const approval = { proposal: "p", lapseMs: 86_400_000 };
  const approved = { ...commandOf("lobby alice withdraw w1 alice 100 EUR"), approval } as Command;
  const of = applyCommands(books, [propose, approved], 5_000, { stopped: true });
  assertEquals(of.replies.map(({ outcome }) => outcome), ["ok", "money_stopped"]);
  assertEquals(books.staff.proposals.map(({ id }) => id), ["p"], "it is still open");
});

Deno.test("a lock of an account ends its customer's visits, an unlock does not", () => {
  const books = new Books(smallBank());
  const run = (line: string) => applyCommands(books, [commandOf(line)], 5_000).replies[0]!.outcome;
  assertEquals(run("root lock alice"), "ok");
  assertEquals(run("lobby alice look-up bob"), "not_logged_in");
  assertEquals(books.customer("alice")!.passwordVersion, 2);
  assertEquals(run("root unlock alice"), "ok");
  assertEquals(books.customer("alice")!.passwordVersion, 2);
});

Deno.test("a password is as hard to guess by changing it as by logging in", () => {
  const books = new Books(smallBank());
  const change = passwordChanges(5_000, books);
  const logIn = logIns(5_000, books);
  logIn("alice", false);
  assertEquals(change(false)[0], "wrong_credentials");
  assertEquals(change(false)[0], "wrong_credentials");
  assertEquals(change(true), ["throttled", "change password failed - throttled"]);
  assertEquals(logIn("alice", true).outcome, "throttled", "the failures are the same ones");
});

Deno.test("a name that nobody has is logged as its hash alone", () => {
  const books = new Books(smallBank());
  const hash = "0123456789abcdef".repeat(2);
  const who = { username: "hunter2!", nameHash: hash, terminal: idOf("lobby") };
  const { entries } = applyCommands(books, [
    { op: "begin_log_in", ...who },
    { op: "end_log_in", ...who, passed: false, passwordVersion: 0 },
  ], 1_000);
  assertEquals(entries.map(({ who, action, terminal }) => [who, action, terminal]), [
    ["unknown 0123456789abcdef", "log in failed - wrong credentials", "lobby"],
  ]);
  const kept = JSON.stringify(
    [entries, books.changes()],
    (_, value) => typeof value === "bigint" ? String(value) : value,
  );
  assertEquals(kept.includes("hunter2!"), false);
});

Deno.test("an account gets the first number that no account has or had, and none where each is taken", () => {
  const books = new Books(smallBank());
  const open = (name: string, ...from: string[]): Command => ({
    op: "open_account",
    operator: "root",
    username: "bob",
    name,
    opening: 0n,
    movement: idOf(name),
    numbers: from.map(numberOf),
    uid: idOf(name),
  });
  const { replies, entries } = applyCommands(books, [
    open("first", "alice", "carl", "one", "two"), // carl's is closed
    open("second", "one", "two"),
    open("third", "one", "two"),
    open("third", "one", "three"),
  ], 1_000);
  const numbers = replies.map(({ outcome, account }) => account?.number ?? outcome);
  assertEquals(numbers, [numberOf("one"), numberOf("two"), "try_later", numberOf("three")]);
  assertEquals(entries[2]!.action, "open account third for bob failed - try later");
});
