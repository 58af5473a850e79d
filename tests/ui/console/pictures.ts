/** Every screen of the console with something on it, for pictures, axe and the measure of speed. */
import type {
  BankNews,
  BookingNews,
  ConsoleQuery,
  CustomerFacts,
  CustomerNews,
  DifferenceNews,
  EntryNews,
  HoldNews,
  LongCheck,
  OutlastingAct,
  TerminalNews,
} from "../../../lib/console.ts";
import { consoleRowsMax } from "../../../lib/limits.ts";
import type { OperableConsole } from "../../../ui/window/console_calls.ts";
import { showing } from "./open_console.ts";

const minute = 60_000;

/** Returns so many terminals, of every kind. */
export function madeTerminals(count: number, nowMs: number): TerminalNews[] {
  return Array.from({ length: count }, (_, index): TerminalNews => {
    const name = ["lobby", "mall", "station", "airport", "harbour", "campus"][index % 6]!;
    const kind = index % 11;
    const isLost = kind === 3;
    const isLow = kind === 5;
    return {
      name: index < 6 ? name : `${name}-${index}`,
      state: kind === 7 ? "suspended" : kind === 9 ? "revoked" : "active",
      contact: isLost ? "lost" : "connected",
      lastMs: nowMs - (isLost ? 47 * minute : 3_000),
      keyVersion: 1 + index % 3,
      nextKeyMs: null,
      cassettes: [
        { value: "1000", count: isLow ? 0 : 800 - index % 300 },
        { value: "2000", count: isLow ? 12 : 620 },
        { value: "5000", count: 240 + index % 90 },
      ],
      notes: kind === 9 ? "4180000" : null,
      device: kind === 7 ? `${name}-cash` : null,
      isDeviceRevoked: isLow,
      problems: isLost
        ? [{
          what: `${name} is out of service: no contact for 47 minutes`,
          mend:
            "start the ATM, and check its network; on it, 'deno task atm' prints why it cannot connect",
        }]
        : isLow
        ? [{
          what: `${name}: the cassette of €10.00 is empty`,
          mend: "fill it: stop the ATM, and 'deno task atm cash load' on it",
        }]
        : [],
      reconciledMs: nowMs - 5 * 60 * minute,
      differences: isLost ? differencesMade : [],
    };
  });
}

const differencesMade = [
  `movement ${"4e".repeat(16)}: the ATM has €40.00, the bank has it open`,
  `movement ${"c7".repeat(16)}: the ATM has €60.00, the bank has €80.00`,
  "notes: the ATM has €41,140.00, the bank has €41,200.00: €60.00 missing",
];

/** Returns a busy bank's news. */
export function madeNews(real: BankNews, terminals: readonly TerminalNews[]): BankNews {
  const { nowMs } = real;
  const period = 5 * minute;
  const first = Math.floor((nowMs - 9 * 60 * minute) / period) * period;
  const periods = Array.from({ length: 108 }, (_, index) => {
    const busy = 1 + Math.sin(index / 14) + Math.sin(index / 5) / 3;
    return {
      startMs: first + index * period,
      out: String(Math.round(40_000 * busy) * 5),
      in: String(Math.round(15_000 * (2.4 - busy)) * 5),
      done: 4,
      refused: index % 3,
    };
  });
  const who = ["alice", "bob", "carla", "dmitri", "elif"];
  const problems = terminals.flatMap(({ name, problems }) =>
    problems.map((problem) => ({ ...problem, terminal: name }))
  );
  return {
    ...real,
    log: {
      ...real.log,
      checkpointSize: 41_200,
      checkpointMs: nowMs - 9 * minute,
      isCosigned: true,
      witnesses: [
        { name: "w1", hasCosigned: true, why: "" },
        { name: "w2", hasCosigned: true, why: "" },
        {
          name: "w3",
          hasCosigned: false,
          why: "unreachable: http://witness.example/bank did not answer within 10 s",
        },
      ],
    },
    problems: problems.slice(0, 20),
    problemCount: problems.length,
    next: [],
    terminals: {
      total: terminals.length,
      connected: terminals.filter(({ contact }) => contact === "connected").length,
      attention: problems.length,
      suspended: 2,
    },
    holds: { count: 2, waiting: 1, oldestMs: nowMs - 71 * minute },
    proposals: [
      {
        id: "77".repeat(32),
        operator: "ben",
        command: "correct_movement",
        fields: [
          { name: "amount", value: "€40.00" },
          { name: "movement", value: "4e".repeat(16) },
          { name: "reason", value: "one note stuck, amount: €4.00, \\u{202e}seen by anna" },
        ],
        facts: [
          { name: "booked", value: "€60.00" },
          { name: "kind", value: "withdrawal" },
          { name: "customer", value: "bruno1", customer: "bruno1" },
          { name: "account", value: "100000097096" },
        ],
        sinceMs: nowMs - 190 * minute,
        untilMs: nowMs + 1_250 * minute,
      },
      {
        id: "5f".repeat(32),
        operator: "ben",
        command: "set_limits",
        fields: [{ name: "cash out", value: "€25,000.00" }, { name: "terminal", value: "airport" }],
        facts: [{ name: "cash out now", value: "€10,000.00" }],
        sinceMs: nowMs - 12 * minute,
        untilMs: nowMs + 1_428 * minute,
      },
      {
        id: "c0".repeat(32),
        operator: "anna",
        command: "revoke_terminal",
        fields: [{ name: "name", value: "harbour" }],
        facts: [],
        sinceMs: nowMs - 3 * minute,
        untilMs: nowMs + 1_437 * minute,
      },
      {
        id: "7a".repeat(32),
        operator: "ben",
        command: "enrol_terminal",
        fields: [{ name: "name", value: "ferry" }],
        facts: [],
        sinceMs: nowMs - 95 * minute,
        untilMs: nowMs + 1_345 * minute,
      },
    ],
    today: {
      sinceMs: first,
      isCut: false,
      periods,
      out: "24180500",
      in: "11342000",
      done: 1_284,
      refused: 37,
      outcomes: [{ outcome: "ok", count: 1_284 }],
    },
    movements: Array.from({ length: 40 }, (_, index) => ({
      place: `1.${9000 - index}`,
      timeMs: nowMs - index * 11_000,
      who: who[index % 5]!,
      action: index % 13 === 4 ? "withdraw €40.00 reversed" : "withdraw €40.00",
      kind: (["withdrawal", "deposit", "withdrawal", "transfer"] as const)[index % 4]!,
      step: index % 4 === 3 ? "book" as const : "settle" as const,
      outcome: index % 9 === 6 ? "insufficient_funds" : "ok",
      terminal: terminals[index % terminals.length]!.name,
      movement: "ab".repeat(16),
      amount: String([4_000, 12_000, 2_000, 150_050][index % 4]!),
    })),
    versions: { ...real.versions, terminals: real.versions.terminals + 1 },
  };
}

const number = (index: number) => String(100_000_000_093 + 97_003 * index);

/** Returns made customers, with their accounts and bookings; null for other queries. */
function madeRows(query: ConsoleQuery, nowMs: number): { rows: unknown[]; next?: string } | null {
  if (query.of === "customers") {
    const rows = Array.from({ length: consoleRowsMax }, (_, index): CustomerNews => ({
      customer: `${["adele", "bruno", "carla", "dmitri", "elif"][index % 5]}${index}`,
      shown: ["Adèle Fontaine", "Bruno Keller", "", "Dmitri Antonov", "Elif Yıldız"][index % 5]!,
      accounts: [number(index), ...(index % 4 === 1 ? [number(200 + index), number(300)] : [])],
      balance: String(12_345 * index * index),
      state: index % 9 === 4 ? "locked" : index % 13 === 7 ? "mixed" : "open",
      card: index % 4 === 3
        ? null
        : { sinceMs: nowMs, hasPin: index % 5 !== 2, isBlocked: index % 14 === 6 },
    }));
    return { rows, next: "username elif49" };
  }
  if (query.of === "holds") {
    const rows = madeHolds(nowMs).filter(({ movement }) => [movement, ""].includes(query.find));
    return { rows };
  }
  if (query.of === "differences") {
    const rows = ["airport", "mall"].flatMap((terminal) =>
      differencesMade.map((difference, index): DifferenceNews => ({
        terminal,
        reconciledMs: nowMs - 5 * 60 * minute,
        difference,
        movement: ["4e", "c7", ""][index]!.repeat(16),
        isOpen: index === 0,
      }))
    );
    return { rows };
  }
  if (query.of === "disputes") return { rows: madeDisputes(nowMs), next: "1.4000" };
  if (query.of === "customer") return { rows: [madeCustomer(query.name, nowMs)] };
  if (query.of !== "bookings") return null;
  const rows = Array.from({ length: consoleRowsMax }, (_, index): BookingNews => ({
    place: `1.${8_421 - 7 * index}`,
    timeMs: nowMs - index * 7_120_000,
    action: [
      "withdraw €40.00",
      "transfer €25.00 to account 100018430663 (bob)",
      "deposit €120.00",
      "correct withdrawal: €20.00 added by the bank",
    ][index % 4]!,
    account: number(index % 3 === 0 ? 9 : 1),
    amount: ["-4000", "-2500", "12000", "2000"][index % 4]!,
    balance: String(1_204_300 - 1_875 * index),
    terminal: ["lobby", "airport", "mall", ""][index % 4]!,
    movement: "ab".repeat(16),
  }));
  return { rows, next: "1.8000" };
}

const madeHolds = (nowMs: number) =>
  ["airport", "lobby"].map((terminal, index): HoldNews => ({
    movement: (index === 0 ? "4e" : "5d").repeat(16),
    kind: "withdrawal",
    amount: String(6_000 + index * 2_000),
    customer: ["alice", "bob"][index]!,
    terminal,
    timeMs: nowMs - (71 - index * 70) * minute,
    inDoubt: index === 0,
  }));

function madeDisputes(nowMs: number): EntryNews[] {
  const actions: [who: string, action: string, terminal: string][] = [
    [
      "terminal lobby",
      "report €60.00 moved in a withdrawal of alice - settled as €40.00: €20.00 to the differences " +
      "account",
      "lobby",
    ],
    ["terminal mall", "count the notes: €20.00 missing, to the differences account", "mall"],
    [
      "operator anna",
      "write off the notes of terminal harbour: €41,800.00, to the differences account - flooded",
      "",
    ],
  ];
  return actions.map(([who, action, terminal], index) => ({
    place: `1.${4_711 - index * 90}`,
    timeMs: nowMs - (index + 1) * 190 * minute,
    who,
    action,
    outcome: "ok",
    terminal,
    movement: "c7".repeat(16),
  }));
}

function madeCustomer(customer: string, nowMs: number): CustomerFacts {
  const bank = { amount: "50000", isOwn: false };
  return {
    customer,
    shown: "Bruno Keller",
    lastMs: nowMs - 26 * minute,
    lastTerminal: "airport",
    oneTimeMs: null,
    card: { sinceMs: nowMs - 40_000 * minute, hasPin: true, isBlocked: false },
    accounts: [
      {
        number: number(1),
        name: "",
        balance: "1204300",
        held: "6000",
        state: "open",
        withdrawalMax: bank,
        dayOutMax: { amount: "100000", isOwn: true },
      },
      {
        number: number(9),
        name: "savings",
        balance: "2500000",
        held: "0",
        state: "locked",
        withdrawalMax: bank,
        dayOutMax: { amount: null, isOwn: false },
      },
    ],
  };
}

const verified = (nowMs: number): LongCheck => ({
  state: "good",
  words: "the audit log is good: 41217 entries, and extends the checkpoint of 41200 entries",
  timeMs: nowMs - 3 * minute,
});

/** Returns a console whose bank is busy: the news are made, everything else is the console's. */
export function busy(console: OperableConsole, count = 15): OperableConsole {
  const nowMs = Date.now();
  const terminals = madeTerminals(count, nowMs);
  const read: OperableConsole["read"] = async (query) => {
    const made = madeRows(query, nowMs);
    if (made !== null) return made as never;
    if (query.of !== "terminals") return await console.read(query);
    const found = terminals.filter(({ name }) => name.includes(query.find))
      .sort((one, other) => other.problems.length - one.problems.length);
    const rows = found.slice(query.after, query.after + consoleRowsMax);
    return { rows, of: found.length } as never;
  };
  return {
    ...showing(console, (view) => ({
      ...view,
      verification: verified(nowMs),
      news: madeNews(view.news, terminals),
    })),
    read,
    refresh: async (query) =>
      query.of === "terminals" || madeRows(query, nowMs) !== null
        ? await read(query)
        : await console.refresh(query),
  };
}

/** Returns the same bank in trouble: its clock is in doubt, and it waits for terminals after a restore. */
export function troubled(console: OperableConsole): OperableConsole {
  const trouble = {
    clockDoubt: "the clock jumped back by 2 h 3 min",
    aheadMs: Date.now() + 123 * minute,
    restore: { waitingFor: "airport, harbour, lobby and 7 more", isPaidUnknown: false },
  };
  return showing(busy(console), (view) => ({
    ...view,
    news: { ...view.news, server: { ...view.news.server, ...trouble } },
    outlasting: madeOutlasting(Date.now()),
  }));
}

const madeOutlasting = (nowMs: number): OutlastingAct[] => [
  { id: 0, words: "back up, in folder: yes", sinceMs: nowMs - 14 * minute, answer: null },
  {
    id: 1,
    words: "suspend terminal, name: harbour",
    sinceMs: nowMs - 31 * minute,
    answer: { outcome: "done", lines: ["terminal harbour is suspended"] },
  },
];
