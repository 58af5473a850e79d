/**
 * Each judge can fail: a simulated day that all of them find good is changed in one place, and the judge
 * of that place finds it.
 */
import { assert, assertEquals } from "@std/assert";
import { judgePins, newCard, opens } from "./cards.ts";
import type { Config } from "./config.ts";
import { type Attempt as StaffAttempt, FollowedStaff } from "./four_eyes_judge.ts";
import type { Attempt, Intent } from "./intents.ts";
import { type Said, saidIn } from "./log_judge.ts";
import type { Records } from "./records.ts";
import { SecretWatch } from "./secrets.ts";
import { judge, type Seen, simulate } from "./simulation.ts";

const config: Config = {
  seed: 11,
  atms: 3,
  servers: 2,
  days: 1,
  visits: 60,
  faults: new Set(["operators", "colleagues"]),
  sqlite: false,
};

type Done = Attempt & { claim: { said: "done"; amount: bigint; reference: string } };

/** Returns the first attempt of this kind whose screen showed a receipt. */
function done({ money }: Seen, kind: Intent["kind"]): { intent: Intent; attempt: Done } {
  for (const intent of money.intents) {
    const attempt = intent.attempts.find(({ claim }) => claim.said === "done");
    if (intent.kind === kind && attempt) return { intent, attempt: attempt as Done };
  }
  throw new Error(`no ${kind} in this simulation: choose another seed`);
}

/** Returns the first approval that was answered so. */
const approval = (staff: Seen["staff"], claim: StaffAttempt["claim"]) =>
  staff!.attempts.find((each) => each.command === "approve" && each.claim === claim)!;

const settlingOf = ({ movements }: Records, id: string) =>
  movements.find((row) => row.id === id && row.booked > 0n)!;
const customerAccount = ({ records }: Seen) =>
  records.accounts.find(({ kind, balance }) => kind === "customer" && balance > 0n)!;
const changed = (bytes: Uint8Array) => bytes.map((byte, at) => at === 3 ? byte ^ 1 : byte);
/** An entry of a movement, within a chain. */
const someEntry = ({ records }: Seen) =>
  records.entries.filter(({ keyVersion }) => keyVersion > 0)[9]!;

/** What is changed, and which judge finds it. */
const changes: [what: string, judge: string, change: (seen: Seen) => void][] = [
  ["a balance grows by a cent", "books", (seen) => void customerAccount(seen).balance++],
  ["a hold has no movement", "books", ({ records }) => void records.holds.push("ab".repeat(16))],
  ["less is held than is open", "books", (seen) => void customerAccount(seen).held++],
  ["a row books a cent more", "books", ({ records }) => {
    records.movements.find(({ booked }) => booked > 0n)!.booked++;
  }],
  ["an authorisation stays open", "quiet", ({ records }) => {
    const row = records.movements.find(({ step, action }) => step === 2 && action === "complete")!;
    records.movements.splice(records.movements.indexOf(row), 1);
    records.holds.push(row.id);
  }],
  ["a transfer is paid twice", "intents", ({ records, ...seen }) => {
    const { attempt } = done({ records, ...seen }, "transfer");
    records.movements.push({
      ...settlingOf(records, attempt.claim.reference),
      id: "cd".repeat(16),
    });
  }],
  ["a transfer with a receipt is not booked", "intents", (seen) => {
    const { attempt } = done(seen, "transfer");
    settlingOf(seen.records, attempt.claim.reference).booked = 0n;
  }],
  ["a transfer was booked, and the screen said that it was not", "intents", (seen) => {
    const { attempt } = done(seen, "transfer");
    (attempt as Attempt).claim = { said: "not done", again: false, words: "Nothing was booked." };
  }],
  ["a receipt shows more than was booked", "intents", (seen) => {
    (done(seen, "withdrawal").attempt.claim as { amount: bigint }).amount += 1_000n;
  }],
  ["a customer got fewer notes than the receipt says", "intents", (seen) => {
    done(seen, "withdrawal").attempt.handed -= 1_000n;
  }],
  ["notes are missing in a machine", "cash", ({ money }) => {
    const [[terminal, notes]] = [...money.notes] as [[string, bigint]];
    (money.notes as Map<string, bigint>).set(terminal, notes - 1_000n);
  }],
  ["a customer has more in hand than the books say", "cash", ({ money }) => {
    const [[customer, handed]] = [...money.handed] as [[string, bigint]];
    (money.handed as Map<string, bigint>).set(customer, handed + 1_000n);
  }],
  ["a customer saw a balance that never was", "linearizable", ({ money }) => {
    const look = money.looks[0]!;
    Object.assign(look, { booked: look.booked + 1n });
  }],
  ["a receipt shows a balance that never was", "linearizable", (seen) => {
    done(seen, "transfer").attempt.booked! -= 1n;
  }],
  ["a balance after a restore is not the backup's", "linearizable", ({ money, records }) => {
    const { account, fromMs } = money.looks[0]!;
    const restored = records.accounts.map((each) =>
      each.number === account ? { ...each, balance: each.balance + 1n } : each
    );
    Object.assign(money, {
      looks: [money.looks[0]!],
      restored: { atMs: fromMs - 1, records: { accounts: restored, movements: records.movements } },
    });
  }],
  ["an entry of the log is changed", "log", (seen) => {
    const entry = someEntry(seen);
    entry.sealed = changed(entry.sealed);
  }],
  ["an entry's tag is changed", "log", (seen) => {
    const entry = someEntry(seen);
    entry.tag = changed(entry.tag);
  }],
  ["an entry is missing", "log", (seen) => {
    seen.records.entries.splice(seen.records.entries.indexOf(someEntry(seen)), 1);
  }],
  ["the last entries are missing", "log", ({ records }) => {
    for (const { number } of records.chains) {
      const last = records.entries.findLast(({ chain }) => chain === number);
      if (last) records.entries.splice(records.entries.indexOf(last), 1);
    }
  }],
  ["a row's outcome is not its entry's", "log", ({ records }) => {
    records.movements.find(({ outcome }) => outcome === "insufficient_funds")!.outcome = "ok";
  }],
  ["a customer's entries are in another order", "log", ({ records }) => {
    records.entries.reverse();
  }],
  ["a row has no entry", "log", ({ records }) => {
    records.movements.push({ ...records.movements.at(-1)!, id: "ef".repeat(16) });
  }],
  ["the log's file lacks a line", "log", ({ log }) => {
    (log.files as string[])[0] = log.files[0]!.replace(/\n[^\n]*\n$/, "\n");
  }],
  ["the log's file has another line", "log", ({ log }) => {
    (log.files as string[])[0] = log.files[0]!.replace(/..\n/, "00\n");
  }],
  ["a session moves money after a new password", "sessions", ({ sessions, endings }) => {
    const session = sessions.find(({ acts }) => acts.length > 0)!;
    const { customer, inMs, acts } = session;
    const untilMs = acts.at(-1)!.fromMs - 1;
    const change = { customer, machine: null, fromMs: inMs + 1, untilMs, by: null };
    (endings as object[]).push({ what: "a new password", ...change });
  }],
  ["a session moves money after a revocation", "sessions", ({ sessions, endings }) => {
    const { machine, acts } = sessions.find(({ acts }) => acts.length > 0)!;
    const untilMs = acts.at(-1)!.fromMs - 1;
    const change = { customer: null, machine, fromMs: untilMs - 1, untilMs, by: null };
    (endings as object[]).push({ what: "a revocation", ...change });
  }],
  ["an approval that was answered as not done was done", "four eyes", ({ staff }) => {
    approval(staff, "done").claim = "not done";
  }],
  ["an approval that was answered as done was not done", "four eyes", ({ staff }) => {
    Object.assign(approval(staff, "not done"), { claim: "done" });
  }],
  ["a proposal that an approval found to be run before was not run", "four eyes", ({ staff }) => {
    const proposal = "0".repeat(64);
    Object.assign(approval(staff, "not done"), { claim: "run before", proposal });
  }],
  ["a proposal that the log shows as not run was run", "four eyes", ({ staff }) => {
    const { proposal, fromMs, untilMs } = approval(staff, "done");
    (staff!.foundOut as object[]).push({ proposal, isDone: false, fromMs, untilMs });
  }],
  ["the bank has an operator that the log does not have", "four eyes", ({ staff }) => {
    staff!.rows.operators.push({ name: "eve", role: "admin", publicKey: "ab".repeat(32) });
  }],
  ["an operator has another role than in the log", "four eyes", ({ staff }) => {
    Object.assign(staff!.rows.operators[0]!, { role: "auditor" });
  }],
  ["a proposal waits that nobody made", "four eyes", ({ staff }) => {
    staff!.rows.proposals.push("ab".repeat(32));
  }],
  ["what is signed is signed for another bank", "four eyes", ({ staff }) => {
    Object.assign(staff!, { bankId: "ab".repeat(16) });
  }],
  ["an opening balance that no operator gave is booked", "four eyes", ({ records }) => {
    const opening = records.movements.find(({ kind }) => kind === "opening")!;
    records.movements.push({ ...opening, id: "cd".repeat(16) });
  }],
  ["a customer is kept out", "entry", ({ entries }) => {
    Object.assign(entries[0]!, { screen: "refusal" });
  }],
];

Deno.test("every judge finds what it should, and nothing else", async (t) => {
  const { findings, seen } = await simulate(config);
  assertEquals(findings, []);
  assertEquals(judge(structuredClone(seen!)), []);
  for (const [what, name, change] of changes) {
    await t.step(`the judge of ${name} finds that ${what}`, () => {
      const other = structuredClone(seen!);
      change(other);
      const found = judge(other);
      assert(found.some((finding) => finding.judge === name), JSON.stringify(found));
    });
  }
});

/** Entries that are left out, altered or repeated, as if the bank had done another thing. */
const others: [what: string, finding: string, change: (said: Said[]) => Said[]][] = [
  [
    "an approved command runs twice",
    "again",
    (said) => said.flatMap((each) => isApproval(each) ? [each, each] : [each]),
  ],
  [
    "an approval runs what was not proposed",
    "which is not open",
    (said) => said.filter(({ action }) => !action.startsWith("propose open account")),
  ],
  [
    "an approval runs what is not asked for",
    "is not what the proposal",
    (said) =>
      said.map((each) => ({ ...each, action: each.action.replace(/^open account/, "opened") })),
  ],
  [
    "who was never added acts",
    "there is no such operator",
    (said) => said.filter(({ action }) => !action.startsWith("add operator ben")),
  ],
  [
    "a removed operator acts",
    "is not signed with the operator's present key",
    (said) =>
      said.map((each) => ({
        ...each,
        action: each.action.replace(/^(add operator anna .*)[0-9a-f]{64}$/, `$1${otherKey}`),
      })),
  ],
  ["an auditor approves", "may not", (said) =>
    said.map((each) => ({
      ...each,
      action: each.action.replace(/^(add operator anna) as admin/, "$1 as auditor"),
    }))],
  [
    "an operator approves the own proposal",
    "is the same operator's",
    (said) =>
      said.map((each) => isApproval(each) ? { ...each, who: proposerOf(each, said) } : each),
  ],
  [
    "a lapsed proposal runs",
    "lapsed",
    (said) =>
      said.map((each) => isApproval(each) ? { ...each, time: "2026-12-01T00:00:00.000Z" } : each),
  ],
  [
    "a command that needs two has no approval",
    "was done alone",
    (said) => said.map((each) => isApproval(each) ? { ...each, signed: signedAlone(each) } : each),
  ],
  [
    "a command is not signed",
    "has no signed request",
    (said) => said.map(({ signed: _, ...each }) => each),
  ],
];

/** Of RFC 8032, 7.1. */
const otherKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
const commandOf = ({ signed }: Said) => signed === undefined ? {} : JSON.parse(signed).command;
const isApproval = (said: Said) =>
  commandOf(said).command === "approve" && /^open account/.test(said.action);
const proposerOf = (said: Said, all: readonly Said[]) =>
  all.find(({ action }) => action.endsWith(`(${commandOf(said).proposal})`))!.who;
const signedAlone = ({ signed }: Said) =>
  JSON.stringify({
    ...JSON.parse(signed!),
    command: { command: "open_account", username: "nobody", name: "box", opening: "1.00" },
  });

Deno.test("the judge of four eyes finds what operators could not do, whatever the bank answered", async (t) => {
  const { seen } = await simulate(config);
  const said = saidIn(seen!.records, seen!.log);
  const findingsOf = (entries: Said[]) =>
    new FollowedStaff(entries, seen!.staff!).findings.map(({ what }) => what);
  assertEquals(findingsOf(said), []);
  for (const [what, finding, change] of others) {
    await t.step(what, () => {
      const found = findingsOf(change(said));
      assert(found.some((each) => each.includes(finding)), found.slice(0, 5).join("\n"));
    });
  }
});

Deno.test("a key is found in each of its forms, wherever it begins, and a password as it is", () => {
  const key = Uint8Array.from({ length: 32 }, (_, at) => 7 * at + 1);
  const seen: [string | Uint8Array, boolean][] = [
    [`{"key":"${key.toHex()}"}`, true],
    [`x${key.toBase64()}`, true],
    [new Uint8Array([9, ...key, 9]), true],
    [key.subarray(0, 31), false],
    ["wrong password: open sesame!", true],
    ["open sesam", false],
    ["", false],
  ];
  for (const [text, isFound] of seen) {
    const watch = new SecretWatch();
    watch.addKeyFile("a key file", JSON.stringify({ key: key.toHex(), tag: "00".repeat(32) }));
    watch.addText("a password", "open sesame");
    watch.see("here", text);
    assertEquals(watch.findings.length > 0, isFound, String(text));
  }
});

Deno.test("three wrong PINs in a row are looked at, and a fourth is found unless the tries began again", () => {
  const wrong = (timeMs: number, customer = "alice") => ({ timeMs, customer, isRight: false });
  const three = [wrong(1), wrong(2), wrong(4)];
  const pardon = (customer: string | null, fromMs: number, untilMs = fromMs) => ({
    ...{ customer, fromMs, untilMs: untilMs + 1 },
  });
  const cases: [what: string, Parameters<typeof judgePins>, isFound: boolean][] = [
    ["three", [three, []], false],
    ["four", [[...three, wrong(5)], []], true],
    ["the fourth of somebody else", [[...three, wrong(5, "bob")], []], false],
    ["a right one between", [[...three, { ...wrong(5), isRight: true }, wrong(6)], []], false],
    ["a log-in with the password between", [[...three, wrong(5)], [pardon("alice", 3)]], false],
    ["a log-in of somebody else", [[...three, wrong(5)], [pardon("bob", 3)]], true],
    ["a log-in afterwards", [[...three, wrong(5)], [pardon("alice", 6)]], true],
    ["a restore between", [[...three, wrong(5)], [pardon(null, 3)]], false],
  ];
  for (const [what, seen, isFound] of cases) {
    assertEquals(judgePins(...seen).length > 0, isFound, what);
  }
});

Deno.test("a card opens the menu once its PIN is set, until it is lost, in doubt or revoked", () => {
  const card = newCard("alice-1", "0".repeat(37));
  assertEquals([opens(null), opens(card)], [false, false]);
  card.pin = "123987";
  assert(opens(card));
  for (const change of [{ isGone: true }, { isUncertain: true }, { revokedMs: 1 }]) {
    assert(!opens({ ...card, ...change }));
  }
});
