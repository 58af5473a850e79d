/** Every command's help and examples, what each command line asks for, and every way to get one wrong. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorTask } from "../../../lib/programs.ts";
import * as families from "../../../ui/command_line/commands/index.ts";
import {
  consolePermissions,
  operatorPermissions,
} from "../../../ui/command_line/launcher/permissions.ts";
import { build } from "../../../ui/command_line/build.ts";
import { parseCommandLine } from "../../../ui/command_line/parse.ts";

const definitions = Object.values(families).flat();
const place = { project: "/strongroom", startedIn: "/home" };

/** Parses a command line as a shell splits it. */
function parse(line: string) {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)];
  const args = words.map(([, single, double, bare]) => single ?? double ?? bare!);
  return parseCommandLine(definitions, args, place);
}

function launchOf(line: string) {
  const parsed = parse(line);
  if (!("launch" in parsed)) throw new Error(`${line}: help`);
  return parsed.launch;
}

function helpOf(line: string): string {
  const parsed = parse(line);
  if (!("help" in parsed)) throw new Error(`${line}: no help`);
  return parsed.help;
}

Deno.test("every command has help with its usage, what it does, and examples that parse", () => {
  for (const { name, summary, examples } of definitions) {
    const help = helpOf(`${name} --help`);
    const [usage] = help.split("\n");
    assert(usage!.startsWith(`Usage: deno task ${name} [options]`), usage);
    assertStringIncludes(help.replaceAll(/\s+/g, " "), ` ${summary}. `);
    assert(/^[A-Z].*[^.]$/.test(summary), summary);
    const about = help.slice(0, help.indexOf("\nExamples:"));
    assert(about.split("\n").every((line) => line.length <= 80), about);
    assert(examples.length > 0, name);
    for (const example of examples) {
      assertStringIncludes(help, `  deno task ${name} ${example}`.trimEnd());
      launchOf(`${name} ${example}`);
    }
  }
});

Deno.test("help of a group lists its commands", () => {
  const bank = helpOf("bank --help");
  for (const { name } of definitions.filter(({ name }) => name.startsWith("bank "))) {
    assertStringIncludes(bank, `\n  ${name.slice("bank ".length)} `);
  }
  for (const line of ["", "--help", "-h"]) {
    for (const name of ["demo", "server", "atm", "bank"]) {
      assertStringIncludes(helpOf(line), `\n  ${name} `);
    }
  }
  assertStringIncludes(helpOf("bank limits --help"), "\n  set ");
});

Deno.test("every command line in the documents parses", async () => {
  const lines: string[] = [];
  for (const document of ["README.md", "docs/OPERATIONS.md"]) {
    const text = await Deno.readTextFile(new URL(`../../../${document}`, import.meta.url));
    const blocks = [...text.matchAll(/^ *```sh\n([^]*?)^ *```$/gm)].map(([, block]) => block!);
    const commands = blocks.join("").replaceAll("\\\n", " ")
      .matchAll(/^.*?deno(?:@[\d.]+)? task ((?:demo|server|atm|bank)\b[^#|&\n]*)/gm);
    lines.push(...[...commands].map(([, line]) => line!.trim()));
  }
  assert(lines.length > 10, "the documents' commands were not found");
  for (const line of lines) parse(line);
});

/** A wrong command line, and its one line. */
const wrongUses: [line: string, problem: string][] = [
  // words
  ["frob", "unknown command 'frob'. See 'deno task --help'."],
  ["demmo --atms 2", "unknown command 'demmo'. Did you mean 'deno task demo'?"],
  ["bank foo", "unknown command 'bank foo'. See 'deno task bank --help'."],
  ["bank hlep", "unknown command 'bank hlep'. See 'deno task bank --help'."],
  ["bank help", "unknown command 'bank help'. See 'deno task bank --help'."],
  ["bank foo --help", "unknown command 'bank foo'. See 'deno task bank --help'."],
  [
    "bank terminl list --data x",
    "unknown command 'bank terminl'. Did you mean 'deno task bank terminal list'?",
  ],
  [
    "bank terminal enrol lobby",
    "unknown command 'bank terminal enrol'. Did you mean 'deno task bank terminal enroll'?",
  ],
  [
    "bank holds setle 00",
    "unknown command 'bank holds setle'. Did you mean 'deno task bank holds settle'?",
  ],
  [
    "bank restore ende",
    "unknown command 'bank restore ende'. Did you mean 'deno task bank restore end'?",
  ],
  ["atm cahs show", "unknown command 'atm cahs'. Did you mean 'deno task atm cash show'?"],
  [
    "bank terminal",
    "bank terminal: command missing, one of enroll, list, resume, revoke, rotate, suspend, write-off. " +
    "See 'deno task bank terminal --help'.",
  ],
  [
    "atm cash --key lobby.key",
    "atm cash: command missing, one of count, load, show. See 'deno task atm cash --help'.",
  ],
  // arguments
  ["server 4848", "server: unexpected argument '4848'. See 'deno task server --help'."],
  ["bank holds x", "bank holds: unexpected argument 'x'. See 'deno task bank holds --help'."],
  [
    "bank terminal enroll lobby hall",
    "bank terminal enroll: unexpected argument 'hall'. See 'deno task bank terminal enroll --help'.",
  ],
  [
    "bank terminal enroll",
    "bank terminal enroll: missing required argument 'NAME'. " +
    "See 'deno task bank terminal enroll --help'.",
  ],
  [
    "atm cash load --key lobby.key",
    "atm cash load: missing required argument 'NOTES'. See 'deno task atm cash load --help'.",
  ],
  // flags
  ["server --prot 1", "server: unknown option '--prot'. See 'deno task server --help'."],
  ["server --lisen x", "server: unknown option '--lisen'. Did you mean --listen?"],
  [
    "bank operator key anna --operator-key x",
    "bank operator key: unknown option '--operator-key'. See 'deno task bank operator key --help'.",
  ],
  ["bank holds -x", "bank holds: unknown option '-x'. See 'deno task bank holds --help'."],
  [
    "bank restore end --reason y --from x",
    "bank restore end: unknown option '--from'. See 'deno task bank restore end --help'.",
  ],
  [
    "bank backup --out",
    "bank backup: option '--out <FILE>' argument missing. See 'deno task bank backup --help'.",
  ],
  [
    "bank backup --out --data x",
    "bank backup: option '--out <FILE>' argument missing. See 'deno task bank backup --help'.",
  ],
  [
    "bank restore",
    "bank restore: required option '--from <FILE>' not specified. " +
    "See 'deno task bank restore --help'.",
  ],
  [
    "bank join",
    "bank join: required option '--from <FILE>' not specified. See 'deno task bank join --help'.",
  ],
  ...["account lock 5", "account unlock 5", "account close 5", "holds settle 00", "restore end"]
    .map(
      (words): [string, string] => {
        const name = `bank ${words.replace(/ \d+$/, "")}`;
        const problem = "required option '--reason <TEXT>' not specified";
        return [`bank ${words}`, `${name}: ${problem}. See 'deno task ${name} --help'.`];
      },
    ),
  [
    "bank holds settle 00 --reason x",
    "outcome missing. Give --complete AMOUNT, or --reverse",
  ],
  [
    "bank holds settle 00 --reason x --reverse --complete 1",
    "bank holds settle: option '--reverse' cannot be used with option '--complete <AMOUNT>'. " +
    "See 'deno task bank holds settle --help'.",
  ],
  [
    "bank limits set --account 5 --terminal lobby",
    "bank limits set: option '--account <NUMBER>' cannot be used with option '--terminal <NAME>'. " +
    "See 'deno task bank limits set --help'.",
  ],
  [
    "bank audit verify --one-server",
    "--one-server: --file missing. Name the file that the server keeps",
  ],
  [
    "bank audit show --file x --follow",
    "bank audit show: option '--follow' cannot be used with option '--file <FILE>'. " +
    "See 'deno task bank audit show --help'.",
  ],
  [
    "bank terminal rotate lobby --out x",
    "--out: without --now the terminal gets its key over its connection",
  ],
  [
    "atm --window --no-open",
    "atm: option '--window' cannot be used with option '--no-open'. See 'deno task atm --help'.",
  ],
  [
    "demo --browser --kiosk",
    "demo: option '--kiosk' cannot be used with option '--browser'. See 'deno task demo --help'.",
  ],
  // values
  ["bank init --data ''", "--data : write a path"],
  ...["/strongroom", "/strongroom/", "/", "/strongroom/lib", "/strongroom/data/../server/x"]
    .flatMap((folder): [string, string][] =>
      [
        "bank init --data",
        "server --data",
        "server --checkpoints",
        "server --backups",
        "atm --data",
        "demo --data",
      ]
        .map((line) => [
          `${line} ${folder}`,
          `${
            line.split(" ").at(-1)
          } ${folder}: choose a folder outside the project's source, such ` +
          "as ./data: programs may read all of it",
        ])
    ),
  ["bank init --currency QQQ", "--currency QQQ: write an ISO 4217 code, such as EUR"],
  ["bank init --time-zone Moon", "--time-zone Moon: write an IANA name, such as Europe/Berlin"],
  [
    "bank init --name 'A | B'",
    "--name A | B: write up to 60 characters (an emoji has two or more), without |, line breaks and marks of direction",
  ],
  [
    "bank init --name 'A\nB'",
    "--name A B: write up to 60 characters (an emoji has two or more), without |, line breaks and marks of direction",
  ],
  [
    "bank init --name 'A\u202eB'",
    "--name A\u202eB: write up to 60 characters (an emoji has two or more), without |, line breaks and marks of direction",
  ],
  [
    "bank init --withdrawal-limit 0",
    "--withdrawal-limit 0: write an amount, such as 500.00",
  ],
  [
    "bank init --withdrawal-limit -5 --currency JPY",
    "--withdrawal-limit -5: write an amount, such as 50000",
  ],
  [
    "bank audit show --from yesterday",
    "--from yesterday: write a day or an instant in UTC, such as 2026-11-25T18:00Z",
  ],
  ["server --listen here", "--listen here: write HOST:PORT, for example 127.0.0.1:4848"],
  [
    "atm --receipt-url bank.example",
    "--receipt-url bank.example: write an https:// address without #",
  ],
  [
    "atm --receipt-url https://a.example/#b",
    "--receipt-url https://a.example/#b: write an https:// address without #",
  ],
  ["server --listen a:70000", "--listen a:70000: write HOST:PORT, for example 127.0.0.1:4848"],
  ["atm --bank a:0", "--bank a:0: write HOST:PORT, for example 127.0.0.1:4848"],
  ["server --proxy-from x", "--proxy-from x: write IP addresses, such as 10.0.0.5,10.0.0.6"],
  [
    "server --checkpoint-minutes 0",
    "--checkpoint-minutes 0: write a whole number from 1 to 10080",
  ],
  ["demo --atms 9", "--atms 9: write a whole number from 1 to 8"],
  ["demo --atms 1.5", "--atms 1.5: write a whole number from 1 to 8"],
  ["atm --language xx", "--language xx: choose one of en, es, fr, de, ja, ar"],
];

for (const [line, problem] of wrongUses) {
  Deno.test(`deno task ${line}: ${problem}`, () => {
    const error = assertThrows(() => parse(line), UsageError);
    assertEquals([error.exitCode, error.message], [2, problem]);
  });
}

const publicKey = "5f".repeat(32);

/** A command of the operator, what its program does, and what it may reach besides the bank's folder. */
const tasks: [line: string, task: OperatorTask, reads?: string[], writes?: string[]][] = [
  [
    "bank init --single-operator --name First --withdrawal-limit 500",
    {
      command: "init",
      bankName: "First",
      currency: { code: "EUR", exponent: 2 },
      timeZone: "UTC",
      withdrawalMax: "50000",
      firstKey: "/strongroom/data/bank-first.key",
      operators: { singleKey: "/strongroom/data/bank-operator.key" },
    },
    [],
    ["/strongroom/data/bank-first.key", "/strongroom/data/bank-operator.key"],
  ],
  ["bank migrate", { command: "migrate" }],
  ["bank migrate --dry-run", { command: "migrate", dryRun: true }],
  [
    "bank restore --from old.sqlite --dry-run",
    {
      command: "restore",
      from: "/home/old.sqlite",
      firstKey: "/strongroom/data/bank-first.key",
      dryRun: true,
    },
    ["/home/old.sqlite"],
  ],
  [
    "bank join --from bank.keys --first-key /media/first.key",
    { command: "join", from: "/home/bank.keys", firstKey: "/media/first.key" },
    ["/home/bank.keys"],
    ["/media/first.key"],
  ],
  ["bank terminal enroll lobby", { command: "enrol_terminal", name: "lobby" }, [], [
    "/home/lobby.key.pending",
    "/home/lobby.key",
  ]],
  ["bank terminal list", { command: "list_terminals" }],
  ["bank terminal rotate lobby", { command: "rotate_terminal", name: "lobby", now: false }],
  [
    "bank terminal rotate lobby --now --out ./new.key",
    { command: "rotate_terminal", name: "lobby", now: true },
    [],
    ["/home/./new.key.pending", "/home/./new.key"],
  ],
  ["bank terminal revoke lobby", { command: "revoke_terminal", name: "lobby" }],
  [
    "bank device enroll cash --terminal lobby",
    { command: "enrol_device", name: "cash", terminal: "lobby" },
    [],
    ["/home/cash.keys.pending", "/home/cash.keys"],
  ],
  ["bank device list --json", { command: "list_devices", json: true }],
  ["bank device rotate cash --out b.keys", { command: "rotate_device", name: "cash" }, [], [
    "/home/b.keys.pending",
    "/home/b.keys",
  ]],
  ["bank device revoke cash", { command: "revoke_device", name: "cash" }],
  ["bank key rotate", { command: "rotate_key" }],
  ["bank reconcile --json", { command: "list_differences", json: true }],
  ["bank status", { command: "show_status", watch: false, json: false }],
  ["bank status --watch --json", { command: "show_status", watch: true, json: true }],
  ['bank customer add alice --display-name "Alice Martin"', {
    command: "add_customer",
    username: "alice",
    displayName: "Alice Martin",
    opening: "0",
  }],
  ["bank customer add alice", { command: "add_customer", username: "alice", opening: "0" }],
  [
    "bank account open alice --opening 2.50",
    { command: "open_account", username: "alice", name: "savings", opening: "2.50" },
  ],
  ["bank card issue alice", { command: "issue_card", customer: "alice" }, [], [
    "/home/alice.card",
  ]],
  ["bank card list", { command: "list_cards" }],
  ["bank card revoke alice", { command: "revoke_card", customer: "alice" }],
  ["bank account list", { command: "list_accounts" }],
  ["bank account list --json", { command: "list_accounts", json: true }],
  ["bank customer list --json", { command: "list_customers", json: true }],
  [
    "bank customer statement alice --account 7",
    { command: "show_statement", customer: "alice", account: "7" },
  ],
  ...(["lock", "unlock", "close"] as const).map((word): [string, OperatorTask] => [
    `bank customer ${word} alice --reason x`,
    {
      command: "set_customer_state",
      customer: "alice",
      state: ({ lock: "locked", unlock: "open", close: "closed" } as const)[word],
      reason: "x",
    },
  ]),
  ["bank account list --customer alice", { command: "list_accounts", customer: "alice" }],
  [
    "bank account lock 7 --reason 'card lost'",
    { command: "set_account_state", account: "7", state: "locked", reason: "card lost" },
  ],
  [
    "bank account unlock 7 --reason x",
    { command: "set_account_state", account: "7", state: "open", reason: "x" },
  ],
  [
    "bank account close 7 --reason x",
    { command: "set_account_state", account: "7", state: "closed", reason: "x" },
  ],
  ["bank limits", { command: "show_limits" }],
  [
    "bank limits set --terminal lobby --cash-in none",
    { command: "set_limits", terminal: "lobby", cashIn: "none" },
  ],
  ["bank holds --json", { command: "list_holds", json: true }],
  [
    "bank holds settle 0a --complete 40 --reason x",
    { command: "settle_hold", movement: "0a", complete: "40", reverse: false, reason: "x" },
  ],
  ["bank ledger check", { command: "check_ledger" }],
  ["bank backup", { command: "back_up", inFolder: true }],
  ["bank backup --out b", { command: "back_up" }, [], ["/home/b"]],
  [
    "bank restore --from old.sqlite",
    {
      command: "restore",
      from: "/home/old.sqlite",
      firstKey: "/strongroom/data/bank-first.key",
    },
    ["/home/old.sqlite"],
    ["/strongroom/data/bank-first.key"],
  ],
  ["bank restore end --reason x", { command: "end_restore", reason: "x" }],
  ["bank clock", { command: "show_clock" }],
  ["bank clock confirm", { command: "confirm_clock" }],
  ["bank clock back --yes", { command: "set_back_clock" }],
  [
    "bank audit show --customer alice --from 2026-11-25",
    { command: "show_audit", json: false, follow: false, customer: "alice", from: "2026-11-25" },
  ],
  [
    "bank audit show --file log.txt --keys bank.keys --outcome refused --json",
    {
      command: "show_audit_file",
      file: "/home/log.txt",
      keys: "/home/bank.keys",
      json: true,
      filter: { outcome: "refused" },
    },
    ["/home/log.txt", "/home/bank.keys"],
  ],
  [
    "bank audit verify --first-key a.key,b.key --checkpoint c.json",
    {
      command: "verify_audit",
      firstKeys: ["/home/a.key", "/home/b.key"],
      checkpoints: ["/home/c.json"],
    },
    ["/home/a.key", "/home/b.key", "/home/c.json"],
  ],
  [
    "bank audit verify --first-key a.key --file log.txt --one-server",
    {
      command: "verify_audit",
      firstKeys: ["/home/a.key"],
      checkpoints: [],
      file: "/home/log.txt",
      ofOneServer: true,
    },
    ["/home/a.key", "/home/log.txt"],
  ],
  ["bank audit export", { command: "export_audit" }, [], ["/home/audit_log_secure.txt"]],
  ["bank audit checkpoint", { command: "take_checkpoint" }, [], ["/home/checkpoint"]],
  [
    "bank receipt 1.4711",
    { command: "read_receipt", reference: "1.4711", note: false },
    [],
    ["/home/receipt.tlog-proof"],
  ],
  [
    "bank receipt 1.4711 --note --out r.txt",
    { command: "read_receipt", reference: "1.4711", note: true },
    [],
    ["/home/r.txt"],
  ],
  [
    "bank audit policy --first-key a,b --witness v,w --quorum 1",
    {
      command: "write_policy",
      firstKeys: ["/home/a", "/home/b"],
      witnesses: ["v", "w"],
      quorum: 1,
    },
    ["/home/a", "/home/b"],
    ["/home/policy.txt"],
  ],
  [
    "bank audit verify --policy p.txt --receipt r.txt,r.tlog-proof",
    {
      command: "verify_receipts",
      policy: "/home/p.txt",
      receipts: ["/home/r.txt", "/home/r.tlog-proof"],
    },
    ["/home/p.txt", "/home/r.txt", "/home/r.tlog-proof"],
  ],
  ["bank audit rotate", { command: "rotate_audit_key" }],
  [
    "bank audit chain --first-key k",
    { command: "start_audit_chain", firstKey: "/home/k" },
    [],
    ["/home/k"],
  ],
  ["bank terminal suspend lobby", { command: "suspend_terminal", name: "lobby" }],
  ["bank terminal resume lobby", { command: "resume_terminal", name: "lobby" }],
  [
    "bank terminal write-off lobby --reason stolen",
    { command: "write_off_terminal", name: "lobby", reason: "stolen" },
  ],
  [
    "bank correct abc --amount 20.00 --reason x",
    {
      command: "correct_movement",
      movement: "abc",
      amount: "20.00",
      reason: "x",
    },
  ],
  ["bank operator key anna", { command: "make_operator_key", name: "anna", sealed: true }],
  [
    "bank operator key night --no-passphrase",
    { command: "make_operator_key", name: "night", sealed: false },
  ],
  [
    `bank operator add anna --role teller --public-key ${publicKey}`,
    { command: "add_operator", name: "anna", role: "teller", publicKey },
  ],
  ["bank operator remove anna", { command: "remove_operator", name: "anna" }],
  ["bank customer reset alice", { command: "reset_password", customer: "alice" }],
  ["bank operator list", { command: "list_operators" }],
  [
    `bank operator recover anna --public-key ${publicKey}`,
    { command: "recover_operator", name: "anna", publicKey },
  ],
  ["bank approvals", { command: "list_proposals" }],
  ["bank approvals approve abc", { command: "approve", proposal: "abc" }, [], [
    "/home/approved.key.pending",
    "/home/approved.key",
  ]],
  [
    "bank approvals reject abc --reason x",
    { command: "reject", proposal: "abc", reason: "x" },
  ],
];

const home = `${Deno.env.get("HOME")}/.strongroom`;

Deno.test("each of the operator's commands is one task, with the files that it names and no others", () => {
  for (const [line, task, reads = [], writes = []] of tasks) {
    const launch = launchOf(line);
    if (launch.kind !== "operator") throw new Error(line);
    assertEquals(JSON.parse(JSON.stringify(launch.start.command)), task, line);
    const folder = "/strongroom/data/bank";
    const shared = `${folder}-operators`;
    const keys = [`${folder}-operator.key`, home];
    const own = task.command === "make_operator_key" ? [home] : [];
    assertEquals(operatorPermissions(place, launch), {
      read: [
        "/strongroom/server",
        "/strongroom/lib",
        folder,
        shared,
        ...writes,
        ...own,
        ...reads,
        ...keys,
      ],
      write: [folder, shared, ...writes, ...own],
      net: [`unix:${folder}/operator.sock`, `unix:${shared}/operator.sock`],
      env: ["HOME", "USER", "LOGNAME"],
      sys: [],
    }, line);
  }
  const tried = tasks.map(([line]) => line);
  for (const { name } of definitions.filter(({ name }) => name.startsWith("bank "))) {
    if (name === "bank console") continue; // another program: the test below
    assert(tried.some((line) => line.startsWith(name)), `${name} is not in the table`);
  }
});

Deno.test("the console is a program that opens the operator's key, the page and the operators' socket alone", () => {
  const launch = launchOf("bank console --operator-key anna.key --no-open --json");
  if (launch.kind !== "console") throw new Error(launch.kind);
  const folder = "/strongroom/data/bank";
  assertEquals(JSON.parse(JSON.stringify(launch)), {
    kind: "console",
    start: { folder, operatorKey: "/home/anna.key", firstKeys: [], checkpoints: [] },
    screens: { in: "browser", open: false, json: true },
  });
  const shownIn = (flags: string) => {
    const launch = launchOf(`bank console ${flags}`.trim());
    return launch.kind === "console" ? launch.screens.in : null;
  };
  assertEquals(["", "--window", "--browser"].map(shownIn), ["either", "window", "browser"]);
  const sockets = [folder, `${folder}-operators`].map((path) => `${path}/operator.sock`);
  const start = { ...launch.start, page: "/tmp/page.json", openFile: "/home/console.html" };
  const permissions = {
    read: ["/tmp/page.json", "/home/anna.key", "/home/console.html", ...sockets],
    write: ["/home/console.html", ...sockets],
    net: [...sockets.map((path) => `unix:${path}`), "127.0.0.1:0"],
    env: ["HOME"],
    sys: [],
  };
  const place = { project: "/strongroom" };
  assertEquals(consolePermissions(place, start), permissions);

  const verifying = launchOf("bank console --first-key one.key,two.key --checkpoint three");
  if (verifying.kind !== "console") throw new Error(verifying.kind);
  const { firstKeys, checkpoints } = verifying.start;
  assertEquals([firstKeys, checkpoints], [["/home/one.key", "/home/two.key"], ["/home/three"]]);
  const source = ["/strongroom/server", "/strongroom/lib"];
  const mark = `${folder}/last_verification`;
  assertEquals(consolePermissions(place, { ...start, firstKeys, checkpoints }), {
    ...permissions,
    read: [...permissions.read, ...source, folder, ...firstKeys, ...checkpoints],
    write: [...permissions.write, mark, `${mark}.new`],
  });
});

Deno.test("what cannot be undone is confirmed by its name, unless --yes is given", () => {
  const lines: [line: string, name: string][] = [
    ["bank terminal revoke lobby", "lobby"],
    ["bank device revoke cash", "cash"],
    ["bank account close 7 --reason x", "7"],
    ["bank operator remove anna", "anna"],
    ["bank restore end --reason x", "restore end"],
    ["bank clock back", "clock back"],
    ["bank customer close alice --reason x", "alice"],
  ];
  for (const [line, name] of lines) {
    const confirmOf = (line: string) => {
      const launch = launchOf(line);
      return launch.kind === "operator" ? launch.start.confirm : null;
    };
    assertEquals([confirmOf(line), confirmOf(`${line} --yes`)], [name, undefined], line);
  }
});

Deno.test("the operator's key is used by every command that it signs, and is not sent with it", () => {
  const unsigned = ["make_operator_key", "recover_operator"];
  for (const [line, task] of tasks.filter(([, { command }]) => !unsigned.includes(command))) {
    const launch = launchOf(`${line} --operator-key anna.key --passphrase-file words`);
    if (launch.kind !== "operator") throw new Error(line);
    const { operatorKey, passphraseFile, command } = launch.start;
    assertEquals([operatorKey, passphraseFile], ["/home/anna.key", "/home/words"], line);
    assertEquals(JSON.parse(JSON.stringify(command)), task, line);
  }
});

Deno.test("every command that changes something prints a next step", () => {
  const reads = /^(list|show|verify|check|read)_/;
  for (const { name, examples } of definitions) {
    const launch = launchOf(`${name} ${examples[0]}`.trim());
    const changes = launch.kind === "operator"
      ? !reads.test(launch.start.command.command)
      : launch.kind === "cash" && launch.command !== "show" ||
        launch.kind === "witness" && launch.start.command === "init";
    if (changes) assert("next" in launch && launch.next, name);
  }
});

Deno.test("the next step of a command names commands that parse, for the same bank", () => {
  const steps = tasks.flatMap(([line]) => {
    const launch = launchOf(`${line} --data /srv/bank`);
    if (launch.kind !== "operator") throw new Error(line);
    return [...(launch.next ?? "").matchAll(/'deno task ([^']*)'/g)].map(([, step]) => step!);
  });
  assert(steps.length > 10);
  for (const step of steps) {
    const launch = launchOf(step.replace("HOST:PORT", "bank.example:4848"));
    if (launch.kind === "operator" || launch.kind === "server") {
      assertEquals(launch.start.folder, "/srv/bank", step);
    }
  }
});

Deno.test("server, witness, receipt-page, atm and demo get typed values, and defaults", () => {
  assertEquals(
    launchOf("server --listen [::1]:0 --proxy-from 10.0.0.5,10.0.0.6 --checkpoints /mnt/c/"),
    {
      kind: "server",
      settings: null,
      start: {
        folder: "/strongroom/data/bank",
        databaseUrlFile: undefined,
        listen: { hostname: "::1", port: 0 },
        proxies: ["10.0.0.5", "10.0.0.6"],
        sharePort: false,
        backups: undefined,
        metrics: undefined,
        log: "text",
        policy: undefined,
        checkpoints: { folder: "/mnt/c", everyMinutes: 60 },
      },
    },
  );
  const screens = { language: "en", in: "either", kiosk: false, open: true, json: false } as const;
  assertEquals(launchOf("atm --key lobby.key --wait"), {
    kind: "atm",
    bank: { hostname: "127.0.0.1", port: 4848 },
    terminal: { key: "/home/lobby.key", folder: undefined },
    demo: false,
    devices: undefined,
    wait: true,
    receiptUrl: undefined,
    screens,
  });
  const page = "https://bank.example/receipt";
  const linked = launchOf(`atm --receipt-url ${page}`);
  assertEquals("receiptUrl" in linked && linked.receiptUrl, page);
  const printing = launchOf("atm --printer till");
  assertEquals("screens" in printing && printing.screens, { ...screens, printer: "till" });
  assertEquals(launchOf("demo --atms 2 --no-open --json --language de"), {
    kind: "demo",
    folder: "/strongroom/data/demo",
    atms: 2,
    screens: { ...screens, language: "de", in: "browser", open: false, json: true },
  });
  assertEquals(launchOf("witness --policy p --data w"), {
    kind: "witness",
    start: {
      command: "serve",
      folder: "/home/w",
      listen: { hostname: "127.0.0.1", port: 4850 },
      policy: "/home/p",
    },
  });
  assertEquals(launchOf("devices --listen 127.0.0.1:5900 --data d"), {
    kind: "devices",
    start: {
      folder: "/home/d",
      listen: { hostname: "127.0.0.1", port: 5_900 },
      keys: undefined,
    },
  });
  const served = launchOf("atm --devices wss://devices.example/xfs4iot/v1.0 --devices-ca ca.pem");
  assertEquals(served.kind === "atm" && served.devices, {
    url: "wss://devices.example/xfs4iot/v1.0",
    isOwn: false,
    authorities: "/home/ca.pem",
  });
  assertEquals(launchOf("witness init --name w.example/1"), {
    kind: "witness",
    start: { command: "init", folder: "/strongroom/data/witness", name: "w.example/1" },
    next: "'deno task witness --policy FILE', with the policy of a bank.",
  });
  assertEquals(launchOf("receipt-page --out r.html"), {
    kind: "receipt_page",
    out: "/home/r.html",
    policy: undefined,
  });
  const kiosk = launchOf("demo --kiosk");
  assertEquals(kiosk.kind === "demo" && kiosk.screens, { ...screens, in: "window", kiosk: true });
  assertEquals(launchOf("atm cash load 20x100 50x40"), {
    kind: "cash",
    command: "load",
    devices: undefined,
    terminal: { key: undefined, folder: undefined },
    notes: ["20x100", "50x40"],
    next: "'deno task atm --bank HOST:PORT': the bank books it.",
  });
  const url = "wss://devices.example/xfs4iot/v1.0";
  const counted = launchOf(`atm cash count 20x1 --key k --devices ${url} --devices-ca ca.pem`);
  const flags = `--key /home/k --devices ${url} --devices-ca /home/ca.pem`;
  const next = `'deno task atm --bank HOST:PORT ${flags}': the bank books it.`;
  assertEquals(counted.kind === "cash" && counted.next, next);
});

/** The commands that do something, and print no more than that it is done. */
const doing = [
  ...["init", "join", "migrate", "backup", "restore", "restore end", "key rotate", "limits set"],
  ...["customer add", "customer reset", "customer lock", "customer unlock", "customer close"],
  ...["account open", "account lock", "account unlock", "account close", "holds settle", "correct"],
  ...["card issue", "card revoke", "clock back", "clock confirm", "receipt"],
  ...["terminal enroll", "terminal rotate", "terminal revoke", "terminal suspend"],
  ...["terminal resume", "terminal write-off", "device enroll", "device rotate", "device revoke"],
  ...["operator key", "operator add", "operator remove", "operator recover"],
  ...["approvals approve", "approvals reject"],
  ...["audit export", "audit checkpoint", "audit policy", "audit rotate", "audit chain"],
].map((name) => `bank ${name}`);

Deno.test("every command that prints what it finds prints it as JSON, too", () => {
  const context = { path: (text: string) => text, project: "/p", data: "/d", launch() {} };
  const showing = definitions.filter(({ name }) =>
    (name.startsWith("bank ") && !doing.includes(name)) || name === "atm cash show"
  );
  for (const definition of showing) {
    const has = build(definition, context).options.some(({ long }) => long === "--json");
    assert(has, `${definition.name} has no --json`);
  }
  const names = definitions.map(({ name }) => name);
  assertEquals(doing.filter((name) => !names.includes(name)), []);
});
