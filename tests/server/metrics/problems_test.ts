/** Each thing that can be wrong with a bank has its sentence and its mend; a bank that is well has none. */
import { assertEquals, assertMatch } from "@std/assert";
import type { BankState, TerminalState } from "../../../server/metrics/bank_state.ts";
import { type Failures, problemsOf } from "../../../server/metrics/problems.ts";

const euro = { code: "EUR", exponent: 2 };
const hour = 3_600_000;
const nowMs = Date.parse("2026-11-28T12:00:00Z");

const well: TerminalState = {
  name: "lobby",
  state: "active",
  keyVersion: 1,
  protection: "none",
  device: null,
  withheld: null,
  doubts: 0,
  open: 0,
  notes: null,
  nextKeyMs: null,
  contact: "connected",
  lastMs: nowMs,
  enrolledMs: null,
  report: {
    cassettes: [{ value: "5000", count: 100 }, { value: "2000", count: 11 }],
    jammed: [],
    counted: true,
    left: "0",
  },
  reportedMs: null,
  isNew: false,
  reconciled: { ms: nowMs - hour, differences: [] },
};
const bank: BankState = {
  nowMs,
  operators: { count: 1, fourEyes: false, unapprovable: null },
  sinceMs: nowMs - 48 * hour,
  isServing: true,
  startedMs: nowMs - 48 * hour,
  terminals: [well],
  holdAgesMs: [60_000],
  inDoubt: 0,
  waiting: null,
  unattested: [],
  unknownPayments: [],
  clockDoubt: null,
  checkpointMs: nowMs - hour,
  backupMs: nowMs - hour,
  verifiedMs: nowMs - hour,
  isShared: false,
  freeBytes: 10 ** 11,
  databaseBytes: 10 ** 6,
  auditHead: [{ chain: 1, entries: 10 }],
  auditKeyVersion: 1,
  folderMode: 0o700,
};
const none: Failures = { names: 0, ofOneSource: 0 };
const lobby = (change: Partial<TerminalState>) => ({ terminals: [{ ...well, ...change }] });
const report = (change: Partial<NonNullable<TerminalState["report"]>>) =>
  lobby({ report: { ...well.report!, ...change } });

/** A change of a bank that is well, and what is wrong then, in the order of urgency. */
const rows: [change: Partial<BankState>, wrong: string[], failures?: Failures][] = [
  [{}, []],
  [{ isServing: false }, ["no server runs: no ATM can serve customers"]],
  [
    { clockDoubt: "the clock jumped ahead by 2 h 0 min" },
    ["no money moves: the clock jumped ahead by 2 h 0 min"],
  ],
  [
    { waiting: ["lobby", "mall"] },
    ["customers are not served: the restored bank waits for lobby, mall"],
  ],
  [
    { waiting: Array.from({ length: 1_000 }, (_, index) => `t${index}`) },
    [
      "customers are not served: the restored bank waits for t0, t1, t2, t3, t4, t5, t6, t7, t8, " +
      "t9 and 990 more",
    ],
  ],
  [
    { unknownPayments: [{ terminal: "lobby", amount: "4000" }] },
    [
      "lobby had paid €40.00 before the restore that its ATM did not report: it is in the " +
      "differences account",
    ],
  ],
  [
    { unattested: ["lobby"] },
    ["no withdrawals at lobby: the device has not attested its state since the restore"],
  ],
  [
    { operators: { count: 1, fourEyes: true, unapprovable: "anything" } },
    ["nobody can approve anything: the bank has too few operators with the role"],
  ],
  [{ freeBytes: 10 ** 8 }, ["the disk is nearly full: 100 MB free"]],
  [
    lobby({ contact: "lost", lastMs: nowMs - hour }),
    ["lobby is out of service: no contact since 2026-11-28T11:00:00.000Z"],
  ],
  [lobby({ contact: "lost", lastMs: nowMs - 60_000 }), []],
  [lobby({ withheld: "revoked" }), ["lobby hands out no cash: its device is revoked"]],
  [
    lobby({ withheld: "unproved" }),
    ["lobby hands out no cash: its device has not proved the end of a withdrawal"],
  ],
  [
    lobby({ withheld: "unused_keys" }),
    ["lobby's device has not used its newest keys yet: with others it gets no token"],
  ],
  [lobby({ doubts: 1 }), ["lobby has a withdrawal in doubt: its device gives no proof"]],
  [
    lobby({ doubts: 3 }),
    ["lobby has 3 withdrawals in doubt, and dispenses nothing: its device gives no proof"],
  ],
  [
    lobby({ contact: "unseen", lastMs: null, report: null }),
    ["lobby is out of service: no contact since 2026-11-26T12:00:00.000Z, the server's start"],
  ],
  [
    lobby({ contact: "unseen", lastMs: null, enrolledMs: nowMs - hour, report: null }),
    ["lobby is out of service: no contact since 2026-11-28T11:00:00.000Z, its enrolment"],
  ],
  [lobby({ contact: "elsewhere", lastMs: null, report: null }), []],
  [lobby({ state: "revoked", contact: "lost", lastMs: 0, notes: "0" }), []],
  [
    lobby({ state: "revoked", contact: "lost", lastMs: 0, open: 2, notes: "50000" }),
    [
      "lobby is revoked, with 2 open movements",
      "lobby is revoked, and the books have €500.00 in it",
    ],
  ],
  [
    { isServing: false, ...lobby({ state: "revoked", open: 1, doubts: 1, notes: "2000" }) },
    [
      "no server runs: no ATM can serve customers",
      "lobby has a withdrawal in doubt: its device gives no proof",
      "lobby is revoked, and the books have €20.00 in it",
    ],
  ],
  [
    report({ cassettes: [{ value: "5000", count: 0 }, { value: "2000", count: 0 }] }),
    ["lobby is out of service for withdrawals: no notes"],
  ],
  [
    report({ cassettes: [{ value: "5000", count: 0 }, { value: "2000", count: 10 }] }),
    ["lobby: the cassette of €50.00 is empty", "lobby: the cassette of €20.00 has 10 notes left"],
  ],
  [
    report({ cassettes: [{ value: "5000", count: 1, unfilled: true }, ...well.report!.cassettes] }),
    [],
  ],
  [
    report({
      cassettes: [{ value: "5000", count: 0 }, { value: "2000", count: 9 }],
      counted: false,
    }),
    [
      "lobby is out of service: its devices have lost count of the notes",
      "lobby: the cassette of €50.00 is empty",
      "lobby: the cassette of €20.00 has 9 notes left",
    ],
  ],
  [
    {
      terminals: [
        { ...well, report: { ...well.report!, left: "7000" } },
        { ...well, name: "mall", report: { ...well.report!, jammed: ["acceptor"] } },
      ],
    },
    [
      "mall is out of service: its acceptor is jammed",
      "lobby has €70.00 that customers left, not booked",
    ],
  ],
  [report({ jammed: ["dispenser"] }), ["lobby is out of service: its dispenser is jammed"]],
  [
    report({ counted: false }),
    ["lobby is out of service: its devices have lost count of the notes"],
  ],
  [report({ stopped: "disk_failed" }), ["lobby is out of service: its disk is full or fails"]],
  [
    report({ stopped: "journal_lost" }),
    ["lobby is out of service: its journal lacks movements that the bank has"],
  ],
  [
    lobby({ reconciled: { ms: nowMs, differences: ["one", "two"] } }),
    ["lobby has 2 differences from the books"],
  ],
  [
    lobby({ reconciled: { ms: nowMs - 27 * hour, differences: [] } }),
    ["lobby was not reconciled for over a day"],
  ],
  [lobby({ reconciled: null }), ["lobby was not reconciled for over a day"]],
  [report({ left: "7000" }), ["lobby has €70.00 that customers left, not booked"]],
  [{ holdAgesMs: [2 * hour] }, ["1 movement is open for over an hour"]],
  [{ holdAgesMs: [2 * hour, 3 * hour] }, ["2 movements are open for over an hour"]],
  [{}, ["failed log-ins with 21 names in ten minutes"], { ...none, names: 21 }],
  [{}, ["31 failed handshakes from one source in ten minutes"], { ...none, ofOneSource: 31 }],
  [{ checkpointMs: nowMs - 27 * hour }, ["no checkpoint of the log for over a day"]],
  [{ checkpointMs: null }, ["no checkpoint of the log for over a day"]],
  [{ checkpointMs: null, startedMs: nowMs - hour }, []],
  [{ backupMs: null }, ["no backup was made"]],
  [{ backupMs: nowMs - 27 * hour }, ["the last backup is over a day old"]],
  [{ backupMs: null, isShared: true }, []],
  [{ verifiedMs: null }, ["the log was never verified"]],
  [{ verifiedMs: nowMs - 9 * 24 * hour }, ["the log was not verified for over a week"]],
];

Deno.test("each problem has its sentence and its mend", () => {
  for (const [change, wrong, failures = none] of rows) {
    const problems = problemsOf({ ...bank, ...change }, failures, euro);
    assertEquals(problems.map(({ what }) => what), wrong);
    for (const { mend } of problems) assertMatch(mend, /^['a-z].{10}/);
  }
});

Deno.test("what a new bank lacks is a next step, and no problem", () => {
  const none = { names: 0, ofOneSource: 0 };
  const cassettes = [{ value: "5000", count: 0 }];
  const terminal = { ...well, isNew: true, report: { ...well.report!, cassettes } };
  const young = { ...bank, terminals: [terminal], backupMs: null, verifiedMs: null };
  const stepsAt = (sinceMs: number) =>
    problemsOf({ ...young, sinceMs }, none, euro).map(({ what, isNextStep = false }) => [
      what,
      isNextStep,
    ]);
  assertEquals(stepsAt(nowMs - hour), [
    ["lobby was never filled", true],
    ["no backup was made", true],
    ["the log was never verified", true],
  ]);
  assertEquals(stepsAt(nowMs - 30 * 24 * hour), [
    ["lobby was never filled", true],
    ["no backup was made", false],
    ["the log was never verified", false],
  ]);
});

Deno.test("a terminal that was enrolled just now has its first contact as a next step, and no problem", () => {
  const terminal = { ...well, lastMs: null, enrolledMs: nowMs - 60_000, report: null };
  const found = problemsOf(
    { ...bank, terminals: [{ ...terminal, contact: "unseen" }] },
    none,
    euro,
  );
  assertEquals(found, [{
    what: "lobby has had no contact yet since its enrolment",
    mend: "start the ATM with its key file: 'deno task atm --bank HOST:PORT --key FILE' on it",
    terminal: "lobby",
    isNextStep: true,
  }]);
  const elsewhere = { ...bank, terminals: [{ ...terminal, contact: "elsewhere" as const }] };
  assertEquals(problemsOf(elsewhere, none, euro), []);
});

Deno.test("the mends name commands that exist", async () => {
  const families = await import("../../../ui/command_line/commands/index.ts");
  const names = Object.values(families).flat().map(({ name }) => name);
  for (const [change, , failures = none] of rows) {
    for (const { mend } of problemsOf({ ...bank, ...change }, failures, euro)) {
      for (const [, words] of mend.matchAll(/'deno task ([^']*)'/g)) {
        const isKnown = names.some((name) => `${words} `.startsWith(`${name} `));
        assertEquals(isKnown, true, words);
      }
    }
  }
});
