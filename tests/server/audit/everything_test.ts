/** Everything that happens is in the log: each kind of event, and the line that it leaves. */
import { assert, assertEquals } from "@std/assert";
import type { Ask } from "../../../lib/protocol/message.ts";
import { accountNumberOf } from "../../../lib/account_number.ts";
import { UsageError } from "../../../lib/errors.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import {
  type Atm,
  newId,
  onEachBank,
  passwords,
  type RunningBank,
} from "../helpers/running_bank.ts";

/** One event: what is done, and every line that it leaves, in order, as `who | action`. */
type Event = [
  what: string,
  happens: (scene: Scene) => Promise<unknown>,
  lines: (string | RegExp)[],
];

/** A bank with a line from its lobby, on which alice is logged in when it is asked for. */
class Scene {
  #alice: Atm | null = null;

  constructor(readonly running: RunningBank) {}

  async alice(): Promise<Atm> {
    return this.#alice ??= await this.running.visit("alice");
  }

  /** Alice leaves, and the line is closed: the next visit has a new one. */
  async leave(reason: "customer" | "idle"): Promise<void> {
    await (await this.alice()).ask({ op: "log_out", reason });
    this.#alice = null;
  }

  /** Asks on alice's line. */
  async ask(ask: Ask): Promise<string> {
    return await (await this.alice()).outcomeOf(ask);
  }

  async authorise(kind: "withdrawal" | "deposit", movement: string, amount: string) {
    return (await (await this.alice()).authorise(kind, movement, amount)).outcome;
  }

  /** Returns the number of a customer's first account. */
  async numberOf(customer: string): Promise<string> {
    const accounts = await this.running.bank.ledger.read.accounts();
    return accounts.find(({ owner }) => owner === customer)!.number;
  }

  /**
   * Returns the words of the whole log, with the owners of accounts in place of their random
   * numbers.
   */
  async entries(): Promise<string[]> {
    const accounts = await this.running.bank.ledger.read.accounts();
    return (await this.running.entries()).map((line) =>
      accounts.reduce((text, { number, owner }) => text.replace(number, `(of ${owner})`), line)
    );
  }

  async transfer(movement: string, to: string, amount: string): Promise<string> {
    const { account } = await this.alice();
    return await this.ask({
      op: "transfer",
      movement,
      account,
      to,
      amount,
      currency: "EUR",
    });
  }

  async operate(command: OperatorCommand): Promise<void> {
    await Array.fromAsync(this.running.operate(command)).catch((error) => {
      if (!(error instanceof UsageError)) throw error;
    });
  }
}

const [w1, w2, w3, w4, d1, t1] = Array.from({ length: 6 }, newId) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
/** The number of an account that nobody has. */
const nobodys = accountNumberOf(new Uint8Array(8));

const customers: Event[] = [
  [
    "a log-in",
    (scene) => scene.alice(),
    ["alice | log in"],
  ],
  [
    "a second log-in on the same line",
    (scene) => scene.ask({ op: "log_in", username: "bob", password: "x" }),
    ["terminal lobby | log in failed - already logged in"],
  ],
  [
    "a look at the history",
    (scene) => scene.ask({ op: "history", filter: {} }),
    ["alice | view history"],
  ],
  [
    "a withdrawal, authorised and done",
    async (scene) => {
      await scene.authorise("withdrawal", w1, "4000");
      await scene.ask({ op: "complete", movement: w1, amount: "4000" });
    },
    ["alice | withdraw €40.00 authorised", "alice | withdraw €40.00"],
  ],
  [
    "a withdrawal, done in part",
    async (scene) => {
      await scene.authorise("withdrawal", w2, "4000");
      await scene.ask({ op: "complete", movement: w2, amount: "3000" });
    },
    ["alice | withdraw €40.00 authorised", "alice | withdraw €30.00 of €40.00"],
  ],
  [
    "a withdrawal, reversed",
    async (scene) => {
      await scene.authorise("withdrawal", w3, "4000");
      await scene.ask({ op: "reverse", movement: w3 });
    },
    ["alice | withdraw €40.00 authorised", "alice | withdraw €40.00 reversed"],
  ],
  ...([
    ["9900000", "€99,000.00 failed - insufficient funds"],
    ["0", "€0.00 failed - amount not positive"],
    ["four", "€0.00 failed - amount not a number"],
    ["99999999999999999", /failed - amount too large$/],
  ] as const).map(([amount, words]): Event => [
    `a withdrawal of ${amount}`,
    (scene) => scene.authorise("withdrawal", newId(), amount),
    [typeof words === "string" ? `alice | withdraw ${words}` : words],
  ]),
  [
    "an id that was used for something else",
    (scene) => scene.authorise("withdrawal", w1, "5000"),
    [/^alice \| withdraw.* (failed|refused) - id reused$/],
  ],
  [
    "a deposit",
    async (scene) => {
      await scene.authorise("deposit", d1, "500");
      await scene.ask({ op: "complete", movement: d1, amount: "500" });
    },
    ["alice | deposit €5.00 authorised", "alice | deposit €5.00"],
  ],
  [
    "what the machine itself refuses",
    (scene) =>
      scene.ask({ op: "refused", kind: "withdrawal", amount: "3", why: "not_dispensable" }),
    ["alice | withdraw €0.03 failed - not dispensable"],
  ],
  [
    "a look at whose account that is, and one that is nobody's",
    async (scene) => {
      const from = await scene.numberOf("alice");
      await scene.ask({ op: "recipient", account: await scene.numberOf("bob"), from });
      await scene.ask({ op: "recipient", account: nobodys, from });
      await scene.ask({ op: "recipient", account: from, from });
    },
    [
      "alice | look up account (of bob)",
      `alice | look up account ${nobodys} failed - unknown recipient`,
      "alice | look up account (of alice) failed - same account",
    ],
  ],
  [
    "a transfer, on both sides",
    async (scene) => await scene.transfer(t1, await scene.numberOf("bob"), "700"),
    [
      "alice | transfer €7.00 to account (of bob) (b•••b)",
      "bob | receive €7.00 from account (of alice) (a•••e)",
    ],
  ],
  [
    "a transfer to nobody",
    (scene) => scene.transfer(newId(), nobodys, "700"),
    [`alice | transfer €7.00 to account ${nobodys} failed - unknown recipient`],
  ],
  [
    "receipts of a refusal, at once and again, and of an entry that is nobody's",
    async (scene) => {
      const alice = await scene.alice();
      const { place } = (await alice.authorise("withdrawal", newId(), "0")).logged!;
      await scene.ask({ op: "receipt", place });
      const newer = (await alice.authorise("withdrawal", newId(), "0")).logged!;
      await scene.ask({ op: "receipt", place });
      await scene.ask({ op: "receipt", place: "1.1" });
      await scene.ask({ op: "receipt", place: newer.place });
    },
    [
      "alice | withdraw €0.00 failed - amount not positive",
      "alice | withdraw €0.00 failed - amount not positive",
      "alice | view receipt",
      "alice | view receipt failed - unknown movement",
    ],
  ],
  ["a log-out", (scene) => scene.leave("customer"), ["alice | log out"]],
  [
    "a visit that ends by idleness",
    async (scene) => {
      await scene.alice();
      await scene.leave("idle");
    },
    ["alice | log in", "alice | log out - idle"],
  ],
  [
    "a line that is lost while somebody is logged in",
    async (scene) => {
      const atm = await scene.running.visit("bob");
      await atm.client.close();
      while (!(await scene.running.entries()).at(-1)!.includes("connection lost")) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    ["bob | log in", "bob | log out - connection lost"],
  ],
  [
    "wrong passwords, and the wait that they bring",
    async ({ running }) => {
      const atm = await running.connect(running.keys.mall);
      let outcome = "";
      for (let tries = 0; tries < 9 && outcome !== "throttled"; tries++) {
        outcome = await atm.outcomeOf({ op: "log_in", username: "bob", password: "wrong" });
      }
    },
    [/^(bob \| log in failed - wrong credentials\n){3,8}bob \| log in failed - throttled$/],
  ],
  [
    "a name that nobody has, which may be a password",
    async ({ running }) => {
      const atm = await running.connect(running.keys.mall);
      await atm.ask({ op: "log_in", username: passwords.alice, password: "x" });
    },
    [/^unknown [0-9a-f]{16} \| log in failed - wrong credentials$/],
  ],
];

/** The line before may be closed, and logged, a little later than the new one is there. */
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const terminals: Event[] = [
  [
    "a second line of the same terminal",
    async ({ running }) => {
      const replaced = async () =>
        (await running.entries()).filter((entry) => entry.includes("mall | connection replaced"));
      const before = (await replaced()).length;
      await running.connect(running.keys.mall);
      await running.connect(running.keys.mall);
      for (let tries = 0; tries < 500 && (await replaced()).length === before; tries++) {
        await pause(20);
      }
    },
    [/^terminal mall \| connection replaced by a newer one of the same terminal$/],
  ],
  [
    "what needs a customer, without one",
    async ({ running }) => {
      const atm = await running.connect(running.keys.mall);
      for (const op of ["history", "recipient"] as const) {
        await atm.ask(op === "history" ? { op, filter: {} } : { op, account: "1", from: "2" });
      }
    },
    [
      "terminal mall | history failed - not logged in",
      "terminal mall | recipient failed - not logged in",
    ],
  ],
  [
    "notes put into the cassettes",
    async ({ running }) => {
      const atm = await running.connect(running.keys.mall);
      const cash = { movement: newId(), amount: "50000", currency: "EUR" };
      await atm.ask({ op: "load_cash", ...cash });
    },
    ["terminal mall | load €500.00 into the cassettes"],
  ],
  [
    "settling what is not, and giving up what never was",
    async ({ running }) => {
      const atm = await running.connect(running.keys.mall);
      await atm.ask({ op: "complete", movement: newId(), amount: "1" });
      await atm.ask({ op: "void", movement: newId() });
    },
    [
      "terminal mall | complete a movement failed - unknown movement",
      "terminal mall | void an unknown movement",
    ],
  ],
];

const operators: Event[] = [
  [
    "a terminal",
    (scene) => scene.operate({ command: "enrol_terminal", name: "far" }),
    ["operator test | enrol terminal far"],
  ],
  [
    "a terminal's name that is taken",
    (scene) => scene.operate({ command: "enrol_terminal", name: "far" }),
    ["operator test | enrol terminal far failed - name taken"],
  ],
  [
    "a terminal's name that is invalid",
    (scene) => scene.operate({ command: "enrol_terminal", name: "Far |\n" }),
    [/^operator test \| enrol terminal \("Far \|\\n" is not a name.*\) failed - bad command$/],
  ],
  [
    "a terminal's next key, its last one at once, and its end",
    async (scene) => {
      await scene.operate({ command: "rotate_terminal", name: "far", now: false });
      await scene.operate({ command: "rotate_terminal", name: "far", now: false });
      await scene.operate({ command: "rotate_terminal", name: "far", now: true });
      await scene.operate({ command: "revoke_terminal", name: "far" });
      await scene.operate({ command: "revoke_terminal", name: "nowhere" });
    },
    [
      "operator test | rotate the key of terminal far to 2",
      "operator test | rotate the key of terminal far to 3 failed - rotation under way",
      "operator test | rotate the key of terminal far to 3 at once",
      "operator test | revoke terminal far",
      /^operator test \| revoke terminal \(terminal nowhere was not revoked.*\) failed - bad command$/,
    ],
  ],
  [
    "a new master key, and a new AUDIT_KEY",
    async (scene) => {
      await scene.operate({ command: "rotate_key" });
      await scene.operate({ command: "rotate_audit_key" });
    },
    [
      "operator test | rotate the master key",
      "operator test | rotate the AUDIT_KEY to version 2",
      "bank | begin version 2 of the AUDIT_KEY",
    ],
  ],
  [
    "a customer, and the money of an opening",
    (scene) =>
      scene.operate({
        command: "add_customer",
        username: "carol",
        passwordHash: "$argon2id$",
        opening: "10.00",
      }),
    [/^operator test \| add customer carol/, "carol | deposit €10.00 - opening balance"],
  ],
  [
    "accounts and limits",
    async (scene) => {
      const account = await scene.numberOf("bob");
      const reason = "asked for";
      await scene.operate({
        command: "open_account",
        username: "bob",
        name: "savings",
        opening: "0",
      });
      await scene.operate({ command: "set_account_state", account, state: "locked", reason });
      await scene.operate({ command: "set_account_state", account, state: "open", reason });
      await scene.operate({ command: "set_limits", day: "900.00" });
    },
    [
      /^operator test \| open .*bob/,
      /^operator test \| lock account \(of bob\).*asked for/,
      /^operator test \| unlock account \(of bob\).*asked for/,
      /^operator test \| .*limit.*900/,
    ],
  ],
  [
    "an open movement, settled in its terminal's place",
    async (scene) => {
      await scene.authorise("withdrawal", w4, "1000");
      await scene.operate({
        command: "settle_hold",
        movement: w4,
        reverse: true,
        reason: "notes found",
      });
    },
    [
      "alice | log in",
      "alice | withdraw €10.00 authorised",
      /^operator test \| .*notes found/,
      /alice \| withdraw €10.00 reversed - settled by the bank/,
    ],
  ],
  ...([
    "list_terminals",
    "list_accounts",
    "show_limits",
    "check_ledger",
  ] as const).map((command): Event => [
    `a look: ${command}`,
    (scene) => scene.operate({ command }),
    [`operator test | ${command.replaceAll("_", " ")}`],
  ]),
  [
    "a forgotten password, of a customer and of nobody",
    async (scene) => {
      await scene.operate({ command: "reset_password", customer: "bob" });
      await scene.operate({ command: "reset_password", customer: "nobody" });
    },
    [
      "operator test | reset the password of bob",
      "operator test | reset the password of nobody failed - unknown name",
    ],
  ],
  [
    "a look at the open movements",
    (scene) => scene.operate({ command: "list_holds", json: false }),
    ["operator test | list holds"],
  ],
  [
    "a look at the log, sealed or not, and how far it has come",
    async (scene) => {
      await scene.operate({ command: "show_audit", json: false, follow: false });
      await scene.operate({ command: "read_audit" });
      await scene.operate({ command: "take_checkpoint" });
    },
    [
      "operator test | read the audit log",
      "operator test | read the sealed audit log",
      "operator test | take a checkpoint",
    ],
  ],
  [
    "the clock, confirmed",
    (scene) => scene.operate({ command: "confirm_clock" }),
    [/^operator test \| confirm the clock/],
  ],
  [
    "a look at the clock, and the bank's time that is not ahead of it",
    async (scene) => {
      await scene.operate({ command: "show_clock" });
      await scene.operate({ command: "set_back_clock" });
    },
    [
      "operator test | show clock",
      "operator test | set the bank's time back failed - clock not ahead",
    ],
  ],
  [
    "a backup",
    (scene) => scene.operate({ command: "back_up" }),
    ["operator test | begin a backup of the books", /^operator test \| back up the books/],
  ],
  [
    "the end of a restore",
    (scene) => scene.operate({ command: "end_restore", reason: "it burned down" }),
    ["operator test | end the restore, 0 terminals missing - it burned down"],
  ],
];

const bank: Event[] = [
  [
    "strangers, counted by their address; the bank's end and its start",
    async ({ running }) => {
      for (let count = 0; count < 3; count++) await running.answerTo(new Uint8Array(40));
      await running.reopen();
    },
    [
      /alice \| log out - connection lost/,
      /bank \| refuse 3 connections from 127\.0\.0\.1 - not a terminal of this bank failed - wrong credentials/,
      "bank | stop",
      /^bank \| start, listening on 127\.0\.0\.1:\d+$/,
    ],
  ],
];

onEachBank(
  "each kind of event leaves its lines in the log, and no secret",
  (withBank) =>
    withBank(async (running) => {
      const scene = new Scene(running);
      let seen = (await running.entries()).length;
      let kinds = 0;
      for (const [what, happens, lines] of [customers, terminals, operators, bank].flat()) {
        await happens(scene);
        const entries = (await scene.entries()).slice(seen);
        seen += entries.length;
        kinds++;
        const text = entries.join("\n");
        if (lines.length > 1 || typeof lines[0] === "string") {
          assertEquals(entries.length >= lines.length, true, `${what}:\n${text}`);
        }
        for (const line of lines) {
          const found = typeof line === "string"
            ? entries.includes(line)
            : new RegExp(line, "m").test(text);
          assert(found, `${what}: ${line} is not in\n${text}`);
        }
        // A line that is closed just now may still be there when the next one comes.
        const own = entries.filter((entry) => !entry.includes("connection replaced"));
        if (lines.every((line) => typeof line === "string")) assertEquals(own, lines, what);
      }
      console.log(`${kinds} kinds of events are in the log, in ${seen} entries`);
      const all = (await running.entries()).join("\n");
      for (const secret of [...Object.values(passwords), "long enough", "secret1"]) {
        assert(!all.includes(secret));
      }
    }),
);
