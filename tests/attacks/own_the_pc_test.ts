/**
 * An attacker who owns the ATM's PC: has the terminal's key, a customer who is logged in, every message
 * between ATM, bank and devices, and both sockets; but not the keys of the device. What leaves the
 * dispenser is booked or held, whatever the attacker does, and the log has each refusal of the bank.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DeviceKeys, parseDeviceKeys } from "../../lib/device_keys.ts";
import { makeToken } from "../../lib/device_token.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Answer, AskOf } from "../../lib/protocol/message.ts";
import { accountKey, holdKey, statusKey } from "../../server/ledger/rules/proof.ts";
import { type Atm, newId, onEachBank, RunningBank } from "../server/helpers/running_bank.ts";
import { Dispenser } from "./dispenser.ts";

/** A withdrawal of 40.00 that the bank has authorised. */
interface Hold {
  movement: string;
  nonce: string;
  token: string;
  statusNonce: string;
}

class Attacker {
  constructor(
    readonly running: RunningBank,
    readonly atm: Atm,
    readonly dispenser: Dispenser,
  ) {}

  authorise(movement: string, nonce?: string, amount = "4000"): Promise<Answer> {
    const { account } = this.atm;
    const withdrawal = { op: "authorise", kind: "withdrawal", movement, account } as const;
    return this.atm.ask({ ...withdrawal, amount, currency: "EUR", ...(nonce && { nonce }) });
  }

  async begin(): Promise<Hold> {
    const [movement, nonce] = [newId(), await this.dispenser.nonce()];
    const { outcome, token, statusNonce } = await this.authorise(movement, nonce);
    assertEquals(outcome, "ok");
    return { movement, nonce, token: token!, statusNonce: statusNonce! };
  }

  /** The device's present status, as it is. */
  async status({ statusNonce }: Hold): Promise<string> {
    const asked = { nonce: statusNonce };
    return (await this.dispenser.ask("CashDispenser.GetPresentStatus", asked)).payload.token!;
  }

  complete({ movement }: Hold, amount: string, status?: string): Promise<Answer> {
    return this.atm.ask({ op: "complete", movement, amount, ...(status && { status }) });
  }

  reverse({ movement }: Hold, status?: string): Promise<Answer> {
    return this.atm.ask({ op: "reverse", movement, ...(status && { status }) });
  }

  doubt({ movement }: Hold, status: string): Promise<Answer> {
    return this.atm.ask({ op: "doubt", movement, status });
  }

  /** Reports a withdrawal of 40.00 to a restored bank. */
  retell(more: Partial<AskOf<"retell">> & { movement: string }): Promise<Answer> {
    const { account: number, logIn } = this.atm;
    const { uid } = logIn.accounts!.find(({ id }) => id === number)!;
    const withdrawal = { op: "retell", kind: "withdrawal", currency: "EUR" } as const;
    return this.atm.ask({ ...withdrawal, account: number, uid, amount: "4000", ...more });
  }

  async pay(notes: number, { token }: Hold): Promise<void> {
    assertEquals(await this.dispenser.pay(notes, token), "success");
  }

  /** Settles a withdrawal as an honest ATM does. */
  async end(hold: Hold): Promise<void> {
    await this.dispenser.ask("Common.ClearCommandNonce");
    await this.complete(hold, "4000", await this.status(hold));
  }
}

type Attack = (attacker: Attacker, hold: Hold) => Promise<string | undefined>;

const foreign = { host: new Uint8Array(32).fill(7), device: new Uint8Array(32).fill(8) };
const outcome = (answer: Answer) => answer.outcome;
const booked = ({ outcome, booked }: Answer) => `${outcome} ${booked}`;

/** What the attacker does with an authorised withdrawal · what it gets · the notes that left. */
const attacks: [what: string, gets: string, paid: bigint, attack: Attack][] = [
  ["replays a used token", "noCommandNonce", 4_000n, async (a, hold) => {
    await a.pay(2, hold);
    return await a.dispenser.pay(2, hold.token);
  }],
  [
    "raises a token's sum",
    "invalidTokenHMAC",
    0n,
    (a, { token }) => a.dispenser.dispense(4, token.replace("40.00EUR", "80.00EUR")),
  ],
  ["uses a token for the next nonce", "invalidTokenNonce", 0n, async (a, hold) => {
    await a.dispenser.ask("Common.ClearCommandNonce");
    await a.dispenser.nonce();
    const got = await a.dispenser.dispense(2, hold.token);
    assertEquals(booked(await a.reverse(hold, await a.status(hold))), "ok 0");
    return got;
  }],
  ["uses a token at another device", "invalidTokenHMAC", 0n, async (_, { token }) => {
    const other = await Dispenser.open(foreign);
    await other.nonce();
    const got = await other.dispense(2, token);
    other.close();
    return got;
  }],
  ["uses a token after a power cycle", "noCommandNonce", 0n, async (a, { token }) => {
    a.dispenser.start();
    return await a.dispenser.pay(2, token);
  }],
  ["takes more than the sum in parts", "noCommandNonce", 4_000n, async (a, hold) => {
    await a.pay(1, hold);
    await a.pay(1, hold);
    return await a.dispenser.pay(1, hold.token);
  }],
  ["completes a part, while the rest can be dispensed", "unproven", 2_000n, async (a, hold) => {
    await a.pay(1, hold);
    return outcome(await a.complete(hold, "2000", await a.status(hold)));
  }],
  ["takes the rest after a proved part", "noCommandNonce", 2_000n, async (a, hold) => {
    await a.pay(1, hold);
    await a.dispenser.ask("Common.ClearCommandNonce");
    assertEquals(booked(await a.complete(hold, "2000", await a.status(hold))), "ok 2000");
    return await a.dispenser.pay(1, hold.token);
  }],
  ["reverses without a status", "unproven", 0n, async (a, hold) => outcome(await a.reverse(hold))],
  [
    "reverses while the token is live",
    "unproven",
    0n,
    async (a, hold) => outcome(await a.reverse(hold, await a.status(hold))),
  ],
  [
    "completes without a status",
    "unproven",
    4_000n,
    (a, hold) => a.pay(2, hold).then(() => a.complete(hold, "4000")).then(outcome),
  ],
  [
    "voids while the token is live",
    "unproven",
    0n,
    async (a, { movement }) => outcome(await a.atm.ask({ op: "void", movement })),
  ],
  ["dispenses after a proved reversal", "noCommandNonce", 0n, async (a, hold) => {
    await a.dispenser.ask("Common.ClearCommandNonce");
    assertEquals(booked(await a.reverse(hold, await a.status(hold))), "ok 0");
    return await a.dispenser.pay(2, hold.token);
  }],
  ["asks for another token of the same hold", "the same token", 0n, async (a, hold) => {
    const again = await a.authorise(hold.movement, "AB".repeat(16));
    const same = again.token === hold.token && again.statusNonce === hold.statusNonce;
    return same ? "the same token" : "another token";
  }],
  [
    "asks for a larger token of the same hold",
    "id_reused",
    0n,
    async (a, { movement, nonce }) => outcome(await a.authorise(movement, nonce, "8000")),
  ],
  ["asks for the token of a settled hold", "ok 4000, none", 4_000n, async (a, hold) => {
    await a.pay(2, hold);
    await a.end(hold);
    const again = await a.authorise(hold.movement, await a.dispenser.nonce());
    return `${booked(again)}, ${again.token ?? "none"}`;
  }],
  [
    "begins a second withdrawal to hide the first",
    "try_later",
    4_000n,
    async (a, hold) => {
      await a.pay(2, hold);
      return outcome(await a.authorise(newId(), await a.dispenser.nonce()));
    },
  ],
  ["claims less than was paid", "ok 4000", 4_000n, async (a, hold) => {
    await a.pay(2, hold);
    return booked(await a.complete(hold, "2000", await a.status(hold)));
  }],
  ["reverses what was paid", "already_completed 4000", 4_000n, async (a, hold) => {
    await a.pay(2, hold);
    return booked(await a.reverse(hold, await a.status(hold)));
  }],
  ["replays the status of an earlier withdrawal", "unproven", 4_000n, async (a, hold) => {
    await a.dispenser.ask("Common.ClearCommandNonce");
    const old = await a.status(hold);
    assertEquals(booked(await a.reverse(hold, old)), "ok 0");
    const next = await a.begin();
    await a.pay(2, next);
    const got = outcome(await a.reverse(next, old));
    await a.end(next);
    return got;
  }],
  ["keeps a status of before the notes were paid", "unproven", 4_000n, async (a, hold) => {
    const early = await a.status(hold);
    await a.pay(2, hold);
    return outcome(await a.reverse(hold, early));
  }],
  ["forges a status", "unproven", 4_000n, async (a, hold) => {
    await a.pay(2, hold);
    const right = await a.status(hold);
    const forged = [
      right.replaceAll("40.00EUR", "00.00EUR"),
      makeToken(foreign.device, hold.statusNonce, [
        ["DISPENSED1", "0.00EUR"],
        ["PRESENTEDAMOUNT1", "0.00EUR"],
        ["STRONGROOMCLEARED", `${hold.nonce}:0.00EUR`],
      ]),
      hold.token,
    ];
    const got = [];
    for (const status of forged) got.push(outcome(await a.reverse(hold, status)));
    assertEquals(new Set(got).size, 1);
    return got[0];
  }],
  [
    "withdraws without the device's nonce",
    "withdrawals_stopped",
    0n,
    async (a, hold) => {
      await a.end(hold);
      return outcome(await a.authorise(newId()));
    },
  ],
  ["settles it as another terminal", "unknown_movement", 0n, async (a, hold) => {
    const mall = await a.running.connect(a.running.keys.mall);
    const got = outcome(await mall.ask({ op: "reverse", movement: hold.movement }));
    await mall.client.close();
    return got;
  }],
  ["has an operator settle it while the token is live", "refused", 0n, async (a, hold) => {
    const settle = { command: "settle_hold", movement: hold.movement, reverse: true } as const;
    await assertRejects(
      () => Array.fromAsync(a.running.operate({ ...settle, reason: "counted" })),
      UsageError,
      "may still hand out the notes. Settle it after ",
    );
    return "refused";
  }],
];

/** What the attacker does with a withdrawal of 40.00 that ends in doubt: the rest is as above. */
const doubts: [what: string, gets: string, paid: bigint, attack: Attack][] = [
  ["declares it in doubt without the device's word", "unproven", 0n, async (a, hold) => {
    const early = await a.status(hold);
    const forged = makeToken(foreign.device, hold.statusNonce, [
      ["DISPENSED1", "0.00EUR"],
      ["PRESENTEDAMOUNT1", "0.00EUR"],
    ]);
    const got = outcome(await a.doubt(hold, forged));
    assertEquals(outcome(await a.doubt(hold, early)), "ok");
    return got;
  }],
  ["uses the token of one in doubt", "noCommandNonce", 4_000n, async (a, hold) => {
    assertEquals(outcome(await a.doubt(hold, await a.status(hold))), "ok");
    await a.pay(2, hold);
    return await a.dispenser.pay(2, hold.token);
  }],
  ["frees one in doubt, which it has paid, by the next one's proof", "unproven", 4_000n, async (
    a,
    hold,
  ) => {
    const early = await a.status(hold);
    await a.pay(2, hold);
    assertEquals(outcome(await a.doubt(hold, early)), "ok");
    await a.dispenser.nonce();
    await a.dispenser.ask("Common.ClearCommandNonce");
    const got = [await a.reverse(hold, await a.status(hold)), await a.reverse(hold, early)];
    assertEquals(new Set(got.map(outcome)).size, 1);
    return outcome(got[0]!);
  }],
];

/** What the attacker reports to a restored bank, and what the log says of it. */
const reports: [
  what: string,
  words: string,
  attack: (a: Attacker, lost: Hold) => Promise<string[]>,
][] = [
  [
    "claims a withdrawal without a token",
    "its token cannot be checked",
    async (a) => [outcome(await a.retell({ movement: newId() }))],
  ],
  [
    "claims one from before the device had keys, and settles it",
    "it is from before its device had keys",
    async (a) => {
      const movement = newId();
      const time = "2000-01-01T00:00:00.000Z";
      return [
        ...[await a.retell({ movement, time }), await a.retell({ movement, time, open: true })],
        ...[await a.atm.ask({ op: "complete", movement, amount: "4000" })],
        ...[await a.atm.ask({ op: "reverse", movement })],
      ].map(outcome);
    },
  ],
  [
    "reports what it has paid as not moved",
    "its device gives no proof",
    async (a, { movement, token }) => [
      outcome(await a.retell({ movement, token, amount: "0" })),
      outcome(await a.atm.ask({ op: "reverse", movement })),
    ],
  ],
];

onEachBank(
  "a restored bank accepts from the PC's owner what the device attests",
  (withBank) =>
    withBank(async (running) => {
      const { atm, account, keys } = await enrolled(running);
      const dispenser = await Dispenser.open(keys);
      const { lost, terminal, waiting, unattested } = await restored(running, dispenser, atm, keys);
      const { ledger } = running.bank;
      const attacker = new Attacker(running, atm, dispenser);
      const held = [4_000n, 8_000n, 12_000n];
      const before = (await account()).balance;
      const outcomes = [["ok"], ["ok", "ok", "unproven", "unproven"], ["ok", "unproven"]];
      for (const [index, [what, words, attack]] of reports.entries()) {
        assertEquals(await attack(attacker, lost), outcomes[index], what);
        const { balance, held: now } = await account();
        assertEquals([balance, now], [before, held[index]], what);
        assert((await running.entries()).some((line) => line.includes(words)), what);
      }
      for (const id of waiting) await ledger.submit({ op: "retold", terminal: id });
      // What is left out is found by the device's first answer, before there is a token.
      const nonce = await dispenser.nonce();
      const sum = ["DISPENSE1", "40.00EUR"] as const;
      const unreported = makeToken(keys.host, nonce, [sum, [holdKey, newId().toUpperCase()]]);
      assertEquals(await dispenser.pay(2, unreported), "success");
      assertEquals(
        outcome(await attacker.authorise(newId(), await dispenser.nonce())),
        "try_later",
      );
      const other = { ...lost, statusNonce: unattested[0]!.nonce };
      const old = await attacker.status(lost);
      assertEquals(outcome(await atm.ask({ op: "attest", status: old })), "unproven");
      const status = await attacker.status(other);
      const found = await atm.ask({ op: "attest", status, movement: newId() });
      assertEquals(booked(found), "ok 4000");
      const restoring = await ledger.read.restoring();
      assertEquals(restoring!.unknown, [{ terminal, amount: 4_000n }]);
      assert((await running.entries()).join().includes("to the differences account"));
      const shown = await Array.fromAsync(
        running.operate({ command: "show_status", json: false, watch: false }),
      );
      const lines = shown.flatMap((each) => "line" in each ? [each.line] : []).join("\n");
      assert(lines.includes("lobby had paid €40.00 before the restore"), lines);
      assertEquals((await attacker.begin()).token === "", false);
      await requireGoodBooks(running);
      dispenser.close();
    }),
);

onEachBank(
  "a restored bank charges a withdrawal to its token's account, whatever account the PC's owner names",
  (withBank) =>
    withBank(async (running) => {
      const { atm, account, keys } = await enrolled(running);
      const dispenser = await Dispenser.open(keys);
      const { lost } = await restored(running, dispenser, atm, keys);
      const attacker = new Attacker(running, atm, dispenser);
      const balances = async () =>
        new Map(
          (await running.bank.ledger.read.accounts()).map((row) => [row.number, row.balance]),
        );
      const before = await account();
      const alices = (await running.bank.ledger.read.accounts()).find(({ owner }) =>
        owner === "alice"
      );
      const amounts = await balances();
      const { movement, token } = lost;
      const claim = { movement, token, status: await attacker.status(lost) };
      const { number, uid } = alices!;
      assertEquals(outcome(await attacker.retell({ ...claim, account: number, uid })), "ok");
      assertEquals((await account()).balance, before.balance - 4_000n);
      assertEquals((await balances()).get(number), amounts.get(number));
      await requireGoodBooks(running);
      dispenser.close();
    }),
);

onEachBank(
  "a withdrawal in doubt stays held, and there are three of them at most",
  (withBank) =>
    withBank(async (running) => {
      const { atm, account, keys } = await enrolled(running);
      const before = await account();
      const dispensers: Dispenser[] = [];
      let left = 0n;
      for (const [what, gets, paid, attack] of doubts) {
        const dispenser = await Dispenser.open(keys);
        dispensers.push(dispenser);
        const attacker = new Attacker(running, atm, dispenser);
        const inside = dispenser.inside;
        assertEquals(await attack(attacker, await attacker.begin()), gets, what);
        assertEquals(inside - dispenser.inside, paid, `${what}: notes that left`);
        left += paid;
        const { balance, held } = await account();
        assert(left <= before.balance - balance + held, `${what}: held`);
      }
      assertEquals((await account()).held, 4_000n * BigInt(doubts.length));
      const last = new Attacker(running, atm, dispensers[0]!);
      assertEquals(
        outcome(await last.authorise(newId(), await last.dispenser.nonce())),
        "withdrawals_stopped",
      );
      assert((await running.entries()).join().includes("3 are in doubt"));
      for (const dispenser of dispensers) dispenser.close();
      const holds = await Array.fromAsync(running.operate({ command: "list_holds", json: true }));
      assertEquals(holds.length, 3);
      assert(holds.every((each) => "line" in each && each.line.includes('"inDoubt":true')));
      await requireGoodBooks(running);
    }),
);

onEachBank(
  "who owns the ATM's PC gets no note that is neither booked nor held",
  (withBank) =>
    withBank(async (running) => {
      const { atm, account, keys } = await enrolled(running);
      for (const [what, gets, paid, attack] of attacks) {
        const dispenser = await Dispenser.open(keys);
        const attacker = new Attacker(running, atm, dispenser);
        const [before, inside] = [await account(), dispenser.inside];
        const entries = (await running.entries()).length;
        const hold = await attacker.begin();
        assertEquals(await attack(attacker, hold), gets, what);
        const after = await account();
        const left = inside - dispenser.inside;
        assertEquals(left, paid, `${what}: notes that left`);
        assert(left <= before.balance - after.balance + after.held, `${what}: booked or held`);
        if (/^(unproven|try_later|withdrawals_stopped|id_reused|unknown_movement)$/.test(gets)) {
          const words = (await running.entries()).slice(entries).join("\n");
          assert(words.includes(gets.replaceAll("_", " ")), `${what} is not in the log: ${words}`);
        }
        await attacker.end(hold);
        const settled = await account();
        assertEquals([settled.held, before.balance - settled.balance], [0n, left], what);
        dispenser.close();
      }
      await requireGoodBooks(running);
    }),
);

/** Gives the lobby's device keys, and logs a customer in there. */
async function enrolled(running: RunningBank) {
  const answers = await Array.fromAsync(
    running.operate({ command: "enrol_device", name: "lobby-cash", terminal: "lobby" }),
  );
  const keys = parseDeviceKeys(answers.find((each) => "keyFile" in each)!.keyFile, "file");
  const atm = await running.visit("bob");
  const account = async () =>
    (await running.bank.ledger.read.accounts()).find(({ number }) => number === atm.account)!;
  return { keys, atm, account };
}

/** Has a bank restored of which the dispenser has paid 40.00 on a token that the books lack. */
async function restored(running: RunningBank, dispenser: Dispenser, atm: Atm, keys: DeviceKeys) {
  const { uid } = atm.logIn.accounts!.find(({ id }) => id === atm.account)!;
  const nonce = await dispenser.nonce();
  const lost: Hold = { movement: newId(), nonce, statusNonce: "AB".repeat(16), token: "" };
  lost.token = makeToken(keys.host, nonce, [
    ["DISPENSE1", "40.00EUR"],
    [holdKey, lost.movement.toUpperCase()],
    [statusKey, lost.statusNonce],
    [accountKey, `${atm.account}:${uid}`],
  ]);
  assertEquals(await dispenser.pay(2, lost.token), "success");
  const { ledger } = running.bank;
  const terminals = await ledger.read.terminals();
  const terminal = terminals.find(({ name }) => name === "lobby")!.id;
  const waiting = terminals.map(({ id }) => id);
  const unattested = [{ terminal, nonce: "CD".repeat(16) }];
  const restoring = { sinceMs: 0, waiting, unattested, unknown: [] };
  await ledger.submit({ op: "restore", operator: "t", terminals, restoring, missing: "40.00" });
  return { lost, terminal, waiting, unattested };
}

async function requireGoodBooks(running: RunningBank): Promise<void> {
  const checked = await Array.fromAsync(running.operate({ command: "check_ledger" }));
  const lines = checked.flatMap((each) => "line" in each ? [each.line] : []).join();
  assert(lines.includes("the books are correct"), lines);
}

console.log(
  `attacks by the owner of the ATM's PC: ${attacks.length + doubts.length + reports.length + 3}`,
);
