/** What an approver sees of a proposed command: its fields apart, and what the bank has of them. */
import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { accountNumberOf } from "../../../lib/account_number.ts";
import type { ProposalNews, WatchedBank } from "../../../lib/console.ts";
import { UsageError } from "../../../lib/errors.ts";
import { amountMinorMax, balanceMinorMax, decimalText } from "../../../lib/money.ts";
import type { OperatorCommand, Role } from "../../../lib/operator_commands.ts";
import type { Bank } from "../../../server/bank.ts";
import type { Signer } from "../../../server/operator/signed_request.ts";
import { commandInWords } from "../../../server/operator/words.ts";
import { addOperator, give, showJump } from "../helpers/operators.ts";
import { newId, onEachBank } from "../helpers/running_bank.ts";

const reason = "it is a test";

const linesOf = async (bank: Bank, signer: Signer, command: OperatorCommand) =>
  (await Array.fromAsync(give(bank, signer, command)))
    .flatMap((answer) => "line" in answer ? [answer.line] : []);

const proposalsOf = async (bank: Bank, signer: Signer) => {
  const [line] = await linesOf(bank, signer, { command: "watch_bank", follow: false });
  return (JSON.parse(line!) as WatchedBank).news!.proposals;
};

Deno.test("no text of a command reads as another field of it", () => {
  const rows: [OperatorCommand, string][] = [
    [
      {
        command: "open_account",
        username: "xyz",
        name: "x, opening: 1.00, username: bob",
        opening: "9000",
      },
      'open account, opening: 9000, username: xyz, name: "x, opening: 1.00, username: bob"',
    ],
    [
      { command: "reject", proposal: "ab", reason: 'seen", proposal: "cd' },
      String.raw`reject, proposal: ab, reason: "seen\", proposal: \"cd"`,
    ],
    [
      { command: "reject", proposal: "ab", reason: "a\\" },
      String.raw`reject, proposal: ab, reason: "a\\"`,
    ],
    [
      { command: "end_restore", reason: "\u202egp\n1\u200b" },
      String.raw`end restore, reason: "\u{202e}gp\u{a}1\u{200b}"`,
    ],
    [
      { command: "settle_hold", movement: "ab", complete: "4.00", reverse: false, reason: "" },
      'settle hold, complete: 4.00, movement: ab, reason: ""',
    ],
    [
      { command: "rotate_terminal", name: "lobby", now: true, key: "secret" },
      "rotate terminal, name: lobby, now: yes",
    ],
    [
      { command: "set_limits", terminal: "t", cashOut: "none" },
      "set limits, cash out: none, terminal: t",
    ],
  ];
  for (const [command, words] of rows) assertEquals(commandInWords(command), words);
});

onEachBank(
  "a proposal has its fields apart, amounts first, and what the bank has of them",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      await linesOf(bank, anna, { command: "set_limits", withdrawal: "300.00", cashOut: "900.00" });
      const ben = (await addOperator(bank, "ben", "officer")).signer;
      const atm = await running.visit("alice");
      const [paid, open] = [newId(), newId()];
      await atm.authorise("withdrawal", paid, "4000");
      await atm.ask({ op: "complete", movement: paid, amount: "4000" });
      await atm.authorise("withdrawal", open, "1000");
      const bob = (await bank.ledger.read.accountsOf(["bob"]))[0]!;
      const customer = "alice";
      const publicKey = "ab".repeat(32);

      showJump(bank, -600_000);
      const rows: [OperatorCommand, [string, string][], [string, string, string?][]][] = [
        [
          { command: "correct_movement", movement: paid, amount: "20.00", reason },
          [["amount", "€20.00"], ["movement", paid], ["reason", reason]],
          [
            ["booked", "€40.00"],
            ["kind", "withdrawal"],
            ["customer", "alice", customer],
            ["account", atm.account],
          ],
        ],
        [
          { command: "settle_hold", movement: open, reverse: true, reason },
          [["movement", open], ["reverse", "yes"], ["reason", reason]],
          [
            ["authorised", "€10.00"],
            ["kind", "withdrawal"],
            ["customer", "alice", customer],
            ["account", atm.account],
          ],
        ],
        [
          { command: "set_limits", withdrawal: "none" },
          [["withdrawal", "none"]],
          [["withdrawal now", "€300.00"]],
        ],
        [
          { command: "set_limits", account: bob.number, withdrawal: "500.00", day: "80.00" },
          [["withdrawal", "€500.00"], ["day", "€80.00"], ["account", bob.number]],
          [["withdrawal now", "€300.00"], ["day now", "none"], ["customer", "bob", "bob"]],
        ],
        [
          { command: "set_limits", terminal: "lobby", cashOut: "1000.00" },
          [["cash out", "€1,000.00"], ["terminal", "lobby"]],
          [["cash out now", "€900.00"]],
        ],
        [
          {
            command: "open_account",
            username: "bob",
            name: "x, opening: 1.00",
            opening: "9000.00",
          },
          [["opening", "€9,000.00"], ["username", "bob"], ["name", "x, opening: 1.00"]],
          [["customer", "bob", "bob"], ["accounts", "1"]],
        ],
        [
          { command: "reset_password", customer: "bob" },
          [["customer", "bob"]],
          [["customer", "bob", "bob"], ["accounts", "1"]],
        ],
        [
          { command: "add_operator", name: "ben", role: "admin", publicKey },
          [["name", "ben"], ["role", "admin"], ["public key", publicKey]],
          [["role now", "officer"], ["public key now", ben.publicKey]],
        ],
        [
          { command: "remove_operator", name: "ben" },
          [["name", "ben"]],
          [
            ["role now", "officer"],
            ["public key now", ben.publicKey],
            ["nobody could then approve", "anything"],
          ],
        ],
        [{ command: "confirm_clock" }, [["jump", "-0:10:00"]], [["jump now", "-0:10:00"]]],
      ];
      for (const [command] of rows) {
        assertStringIncludes((await linesOf(bank, anna, command))[0]!, "not done yet");
      }
      const proposals = await proposalsOf(bank, ben);
      assertEquals(
        proposals.map(({ command, fields, facts }) => [
          command,
          fields.map(({ name, value }) => [name, value]),
          facts.map(({ name, value, customer }) =>
            customer === undefined ? [name, value] : [name, value, customer]
          ),
        ]),
        rows.map(([{ command }, fields, facts]) => [command, fields, facts]),
      );

      const [, ...listed] = await linesOf(bank, ben, { command: "list_proposals" });
      assertEquals(
        listed.map((line) => line.slice(0, 64)),
        proposals.map(({ id }) => id),
        "the oldest first",
      );
      assertStringIncludes(listed[0]!, 'booked: "€40.00", kind: withdrawal, customer: alice');
      assertStringIncludes(listed[5]!, 'opening: 9000.00, username: bob, name: "x, opening: 1.00"');
      const [json] = await linesOf(bank, ben, { command: "list_proposals", json: true });
      assertEquals(JSON.parse(json!).facts.booked, "€40.00");
    }),
);

onEachBank(
  "what would be refused at its approval is refused when it is proposed",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      await linesOf(bank, anna, { command: "set_limits", withdrawal: "100.00" });
      await addOperator(bank, "ben");
      const movement = newId();
      const reverse = { reverse: true, reason };
      const opening = { username: "alice", name: "more" };
      const nobodys = accountNumberOf(new Uint8Array(32));
      const publicKey = "ab".repeat(32);
      const rows: [OperatorCommand, string][] = [
        [{ command: "correct_movement", movement, amount: "1.500", reason }, "write an amount"],
        [{ command: "correct_movement", movement, amount: "1,5", reason }, "write an amount"],
        [{ command: "correct_movement", movement, amount: "1.50", reason: " " }, "write why"],
        [{ command: "correct_movement", movement: "w1", amount: "1.50", reason }, "'w1' is not"],
        [
          { command: "correct_movement", movement, amount: "1.50", reason },
          "not corrected: unknown",
        ],
        [
          { command: "settle_hold", movement, complete: "1.500", reverse: false, reason },
          "an amount",
        ],
        [{ command: "settle_hold", movement, ...reverse }, "not settled: unknown"],
        [{ command: "open_account", ...opening, opening: "1,5" }, "write an amount"],
        [{ command: "open_account", ...opening, opening: "5.00", name: "a|b" }, "--name"],
        [
          { command: "open_account", ...opening, opening: "5.00", username: "eve" },
          "no account was",
        ],
        [{ command: "reset_password", customer: "eve" }, "was not reset"],
        [{ command: "set_limits", withdrawal: "200,0" }, "write an amount"],
        [
          { command: "set_limits", account: nobodys, withdrawal: "900.00" },
          "no limit was set",
        ],
        [{ command: "revoke_terminal", name: "far" }, "was not revoked"],
        [{ command: "rotate_device", name: "far" }, "were not rotated"],
        [{ command: "write_off_terminal", name: "far", reason }, "nothing was written off"],
        [{ command: "remove_operator", name: "eve" }, "was not removed"],
        [{ command: "add_operator", name: "E", role: "admin", publicKey }, "is not a name"],
        [
          { command: "add_operator", name: "dora", role: "teller", publicKey: anna.publicKey },
          "it is anna's",
        ],
      ];
      for (const [command, words] of rows) {
        await assertRejects(() => linesOf(bank, anna, command), UsageError, words);
        const entry = (await running.entries()).at(-1)!;
        assertStringIncludes(entry, `operator anna | ${command.command.replaceAll("_", " ")} (`);
      }
      assertEquals((await bank.ledger.read.staff()).proposals, []);
    }),
);

onEachBank(
  "an approved confirmation of the clock is only of the jump that its proposal names",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      const hour = 3_600_000;
      showJump(bank, 2 * hour);
      const [proposed] = await linesOf(bank, anna, { command: "confirm_clock" });
      assertStringIncludes(proposed!, 'not done yet: confirm clock, jump: "+2:00:00"');
      const named = (await running.entries()).at(-1)!;
      assertStringIncludes(named, 'propose confirm clock, jump: "+2:00:00" (');
      showJump(bank, 720 * hour);
      const nowMs = bank.world.nowMs;
      bank.world.nowMs = () => nowMs() + 720 * hour;
      const [{ id, fields, facts }] = await proposalsOf(bank, ben) as [ProposalNews];
      bank.world.nowMs = nowMs;
      assertEquals(fields.map(({ name, value }) => [name, value]), [["jump", "+2:00:00"]]);
      assertEquals(facts, [{ name: "jump now", value: "+720:00:00" }]);
      await assertRejects(
        () => linesOf(bank, ben, { command: "approve", proposal: id }),
        UsageError,
        "it is another one now than when this was proposed. If it is right, propose it again",
      );
      const entry = (await running.entries()).at(-1)!;
      assertMatch(entry, /confirm the clock at 2.*Z, jump: none failed - another clock/);
      assertEquals(await proposalsOf(bank, ben), []);
    }),
);

onEachBank(
  "what would change nothing becomes no proposal, and the refusal names the thing and its state",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const alone: OperatorCommand[] = [
        { command: "enrol_device", name: "mall-cash", terminal: "mall" },
        { command: "revoke_device", name: "mall-cash" },
        { command: "enrol_terminal", name: "gone" },
        { command: "revoke_terminal", name: "gone" },
        { command: "revoke_terminal", name: "gone" },
      ];
      for (const command of alone) await linesOf(bank, anna, command);
      const { publicKey } = (await addOperator(bank, "ben", "officer")).signer;
      const before = (await bank.ledger.read.staff()).operators;
      const rows: [OperatorCommand, string][] = [
        [{ command: "resume_terminal", name: "lobby" }, "terminal lobby is active already"],
        [{ command: "revoke_terminal", name: "gone" }, "terminal gone is revoked already"],
        [{ command: "revoke_device", name: "mall-cash" }, "device mall-cash is revoked already"],
        [{ command: "end_restore", reason }, "no restore is open"],
        [{ command: "confirm_clock" }, "the clock is not in doubt at this server"],
        [
          { command: "add_operator", name: "ben", role: "officer", publicKey },
          "ben is an operator with the role officer and this key already",
        ],
      ];
      for (const [command, words] of rows) {
        await assertRejects(
          () => linesOf(bank, anna, command),
          UsageError,
          `nothing was proposed: ${words}`,
        );
        const entry = (await running.entries()).at(-1)!;
        const asked = command.command.replaceAll("_", " ");
        assertStringIncludes(entry, `operator anna | ${asked} (nothing was proposed: ${words}`);
      }
      assertEquals(await bank.ledger.read.staff(), {
        operators: before,
        proposals: [],
        fourEyes: true,
      });
    }),
);

onEachBank(
  "an approval that would change nothing by now is refused, and ends its proposal with an entry",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      const carl = (await addOperator(bank, "carl")).signer;
      const revoke = { command: "revoke_terminal", name: "lobby" } as const;
      await linesOf(bank, anna, revoke);
      await linesOf(bank, carl, revoke);
      const [first, second] = (await proposalsOf(bank, ben)).map(({ id }) => id);
      await linesOf(bank, ben, { command: "approve", proposal: first! });
      const before = await running.entries();
      await assertRejects(
        () => linesOf(bank, ben, { command: "approve", proposal: second! }),
        UsageError,
        "nothing was done, and the proposal is ended: terminal lobby is revoked already",
      );
      const after = (await running.entries()).slice(before.length);
      assertEquals(after.length, 1);
      const words = `operator ben | approve the proposal ${second} failed - changed nothing`;
      assertStringIncludes(after[0]!, words);
      assertEquals((await bank.ledger.read.staff()).proposals, []);
      assertEquals((await bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "proposer and approver see what nobody could approve once an operator is removed or has another role",
  (withBank) =>
    withBank(async ({ bank }) => {
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      await addOperator(bank, "carl", "officer");
      await addOperator(bank, "dora", "teller");
      await addOperator(bank, "nightly", "timer");
      const { publicKey } = ben;
      const roleOf = (role: Role) => ({ command: "add_operator", name: "ben", role, publicKey });
      const officers =
        "changes of operators, terminals, devices and the clock, higher limits, or " +
        "the end of a restore";
      const rows: [OperatorCommand, string | null][] = [
        [{ command: "remove_operator", name: "carl" }, null],
        [{ command: "remove_operator", name: "dora" }, null],
        [{ command: "remove_operator", name: "ben" }, "changes of operators"],
        [roleOf("officer") as OperatorCommand, "changes of operators"],
      ];
      const see = async (command: OperatorCommand, lost: string | null) => {
        const lines = await linesOf(bank, anna, command);
        const proposed = (await proposalsOf(bank, ben)).find(({ id }) => lines[0]!.includes(id))!;
        const facts = proposed.facts.filter(({ name }) => name === "nobody could then approve");
        assertEquals(facts.map(({ value }) => value), lost === null ? [] : [lost]);
        assertEquals(
          lines.filter((line) => line.startsWith("warning")),
          lost === null ? [] : [
            `warning: nobody could then approve ${lost}. Add another operator first: afterwards ` +
            "only the bank's own account can, with the server stopped ('deno task bank operator recover')",
          ],
        );
        return proposed.id;
      };
      const ids = new Map<string, string>();
      for (const [command, lost] of rows) {
        ids.set(JSON.stringify(command), await see(command, lost));
      }
      const approve = (command: OperatorCommand) =>
        linesOf(bank, ben, { command: "approve", proposal: ids.get(JSON.stringify(command))! });
      assertEquals(await approve(rows[0]![0]), ["carl is no operator any more"]);
      await see({ command: "remove_operator", name: "ben" }, officers);
      assertEquals(await approve(rows[1]![0]), ["dora is no operator any more"]);
      await see({ command: "remove_operator", name: "ben" }, "anything");
      assertEquals(await approve(rows[2]![0]), [
        "ben is no operator any more",
        "warning: nobody can approve anything from now on. Only the bank's own account adds an " +
        "operator, with the server stopped ('deno task bank operator recover')",
      ]);
    }),
);

onEachBank(
  "an operator who ends a bank of one with a teller reads what nobody can approve then",
  (withBank) =>
    withBank(async ({ bank }) => {
      const { signer } = await addOperator(bank, "anna");
      const added = { command: "add_operator", name: "dora", role: "teller" } as const;
      assertEquals(await linesOf(bank, signer, { ...added, publicKey: "ab".repeat(32) }), [
        "dora is an operator with the role teller; some commands need two operators from now on",
        "warning: nobody can approve changes of operators, terminals, devices and the clock, " +
        "higher limits, or the end of a restore from now on. Only the bank's own account adds an " +
        "operator, with the server stopped ('deno task bank operator recover')",
      ]);
    }),
);

onEachBank(
  "a command that moves money while the clock is in doubt names the doubt and the mend",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const open = { command: "open_account", username: "bob", name: "more" } as const;
      const propose = () => linesOf(bank, anna, { ...open, opening: "5.00" });
      const refusedWith = async (signer: Signer, command: OperatorCommand, more = "") => {
        const { submit } = bank.ledger;
        bank.ledger.submit = (command) =>
          command.op === "open_account"
            ? Promise.resolve({ outcome: "money_stopped", timeMs: 0 })
            : submit.call(bank.ledger, command);
        const why =
          "nothing was done, since no money moves: the clock jumped. 'deno task bank clock' shows " +
          `the clocks. Give the command again once the clock is right${more}`;
        const { message } = await assertRejects(() => linesOf(bank, signer, command), UsageError);
        assertEquals(message, why);
        bank.ledger.submit = submit;
        const entry = (await running.entries()).at(-1)!;
        assertStringIncludes(
          entry,
          `operator ${signer.name} | ${command.command.replace("_", " ")} (nothing`,
        );
      };
      showJump(bank, 600_000);
      await refusedWith(anna, { ...open, opening: "5.00" });
      const ben = (await addOperator(bank, "ben")).signer;
      await propose();
      const proposal = (await proposalsOf(bank, ben))[0]!.id;
      await refusedWith(ben, { command: "approve", proposal }, ". The proposal is still open");
      assertStringIncludes(
        (await linesOf(bank, ben, { command: "approve", proposal }))[0]!,
        "bob has",
      );
    }),
);

onEachBank(
  "the only admin is neither removed nor given another role",
  (withBank) =>
    withBank(async ({ bank }) => {
      const { signer } = await addOperator(bank, "anna");
      await addOperator(bank, "nightly", "timer");
      const { publicKey } = signer;
      const name = "anna";
      const rows: OperatorCommand[] = [
        { command: "remove_operator", name },
        { command: "add_operator", name, role: "teller", publicKey },
      ];
      for (const command of rows) {
        await assertRejects(
          () => linesOf(bank, signer, command),
          UsageError,
          "anna is the bank's only admin. Add another one first",
        );
      }
      assertEquals((await bank.ledger.read.staff()).operators.length, 2);
    }),
);

onEachBank(
  "an approved write-off is booked, and its entry covers the end of its proposal",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const atm = await running.connect();
      const cash = { movement: newId(), amount: "50000", currency: "EUR" };
      await atm.ask({ op: "load_cash", ...cash });
      const anna = (await addOperator(bank, "anna")).signer;
      await linesOf(bank, anna, { command: "revoke_terminal", name: "lobby" });
      const ben = (await addOperator(bank, "ben")).signer;
      await linesOf(bank, anna, { command: "write_off_terminal", name: "lobby", reason });
      const proposal = (await proposalsOf(bank, ben))[0]!.id;
      assertEquals(await linesOf(bank, ben, { command: "approve", proposal }), [
        "the notes of lobby, €500.00, are booked to the differences account",
      ]);
      assertEquals(await proposalsOf(bank, ben), []);
      assertEquals((await bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "the log of an approval that a full disk fails names the disk",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      await linesOf(bank, anna, { command: "revoke_terminal", name: "lobby" });
      const proposal = (await proposalsOf(bank, ben))[0]!.id;
      const { read } = bank.ledger;
      const full = () => Promise.reject(new Error("database or disk is full"));
      const failing = new Proxy(read, {
        get: (target, name) => name === "terminals" ? full : Reflect.get(target, name),
      });
      Object.assign(bank.ledger, { read: failing });
      await assertRejects(() => linesOf(bank, ben, { command: "approve", proposal }), Error);
      Object.assign(bank.ledger, { read });
      const entry = (await running.entries()).at(-1)!;
      assertStringIncludes(entry, "operator ben | approve (the disk is full)");
      await linesOf(bank, ben, { command: "approve", proposal });
    }),
);

onEachBank(
  "an approval whose proposal ends meanwhile names the proposal",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const ben = (await addOperator(bank, "ben")).signer;
      await linesOf(bank, anna, { command: "suspend_terminal", name: "lobby" });
      await linesOf(bank, anna, { command: "resume_terminal", name: "lobby" });
      const proposal = (await proposalsOf(bank, ben))[0]!.id;
      const { submit } = bank.ledger;
      bank.ledger.submit = async (command) => {
        bank.ledger.submit = submit;
        await linesOf(bank, anna, { command: "reject", proposal, reason });
        return await bank.ledger.submit(command);
      };
      await assertRejects(
        () => linesOf(bank, ben, { command: "approve", proposal }),
        UsageError,
        `proposal ${proposal} was not approved: not open. It may be approved, rejected, lapsed, or withdrawn`,
      );
    }),
);

onEachBank(
  "what the ledger would refuse at an approval is refused when it is proposed, by the same words",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const anna = (await addOperator(bank, "anna")).signer;
      const alone: OperatorCommand[] = [
        { command: "set_limits", withdrawal: "100.00" },
        { command: "enrol_terminal", name: "gone" },
        { command: "enrol_device", name: "mall-cash", terminal: "mall" },
        { command: "enrol_device", name: "gone-cash", terminal: "gone" },
        { command: "revoke_terminal", name: "gone" },
        { command: "open_account", username: "bob", name: "savings", opening: "5.00" },
        { command: "open_account", username: "bob", name: "closed", opening: "0" },
      ];
      for (const command of alone) await linesOf(bank, anna, command);
      const atm = await running.visit("alice");
      const [paid, open, reversed, transfer] = [newId(), newId(), newId(), newId()];
      await atm.authorise("withdrawal", paid, "4000");
      await atm.ask({ op: "complete", movement: paid, amount: "4000" });
      await atm.authorise("withdrawal", reversed, "2000");
      await atm.ask({ op: "reverse", movement: reversed });
      await atm.authorise("withdrawal", open, "1000");
      const bobs = await bank.ledger.read.accountsOf(["bob"]);
      const closed = bobs.find(({ name }) => name === "closed")!.number;
      const { account: from } = atm;
      const to = { op: "transfer", movement: transfer, account: from, to: closed } as const;
      assertEquals(await atm.outcomeOf({ ...to, amount: "300", currency: "EUR" }), "ok");
      await linesOf(bank, anna, {
        command: "correct_movement",
        movement: transfer,
        amount: "0",
        reason,
      });
      const state = { command: "set_account_state", account: closed, state: "closed" } as const;
      await linesOf(bank, anna, { ...state, reason });
      const ben = (await addOperator(bank, "ben")).signer;

      const settle = (movement: string, complete: string): OperatorCommand => ({
        command: "settle_hold",
        movement,
        complete,
        reverse: false,
        reason,
      });
      const correct = (movement: string, amount: string): OperatorCommand => ({
        command: "correct_movement",
        movement,
        amount,
        reason,
      });
      const passwordHash = (await bank.ledger.read.customer("alice"))!.passwordHash;
      const customer = { command: "add_customer", passwordHash, opening: "5.00" } as const;
      const account = { command: "open_account", username: "bob" } as const;
      const tooMuch = decimalText(amountMinorMax + 1n, 2);
      const aboveAll = decimalText(balanceMinorMax + 1n, 2);
      const rows: [OperatorCommand, string][] = [
        [settle(paid, "40.00"), `movement ${paid} was not settled: already completed. See`],
        [settle(reversed, "20.00"), `movement ${reversed} was not settled: already reversed. See`],
        [settle(transfer, "3.00"), "was not settled: unknown movement"],
        [settle(open, "10.01"), `movement ${open} was not settled: amount too large`],
        [correct(open, "5.00"), `movement ${open} was not corrected: not ended`],
        [correct(paid, "40.00"), `movement ${paid} was not corrected: nothing to correct`],
        [correct(paid, "5000.00"), `movement ${paid} was not corrected: insufficient funds`],
        [correct(paid, tooMuch), "was not corrected: amount too large"],
        [correct(transfer, "3.00"), "was not corrected: account closed"],
        [{ ...customer, username: "bob" }, "customer bob was not added: name taken"],
        [{ ...customer, username: "bank" }, "was not added: name reserved"],
        [{ ...customer, username: "carl", opening: tooMuch }, "not added: amount too large"],
        [{ ...account, name: "savings", opening: "5.00" }, "no account was opened for bob: name"],
        [{ ...account, name: "more", opening: tooMuch }, "opened for bob: amount too large"],
        [{ command: "set_limits", withdrawal: aboveAll }, "no limit was set: amount too large"],
        [
          { command: "set_limits", account: closed, withdrawal: aboveAll },
          "no limit was set: amount too large",
        ],
        [{ command: "enrol_terminal", name: "lobby" }, "was not enrolled: name taken"],
        [{ command: "resume_terminal", name: "gone" }, "was not resumed: terminal revoked"],
        [{ command: "rotate_terminal", name: "gone", now: true }, "not rotated: terminal revoked"],
        [{ command: "write_off_terminal", name: "lobby", reason }, "written off: not revoked"],
        [{ command: "write_off_terminal", name: "gone", reason }, "written off: no notes"],
        [
          { command: "enrol_device", name: "other", terminal: "gone" },
          "not enrolled: terminal revoked",
        ],
        [
          { command: "enrol_device", name: "other", terminal: "mall" },
          "not enrolled: device enrolled",
        ],
        [
          { command: "enrol_device", name: "mall-cash", terminal: "lobby" },
          "not enrolled: name taken",
        ],
        [{ command: "rotate_device", name: "gone-cash" }, "not rotated: device revoked"],
        [{ command: "set_back_clock" }, "the bank's time was not set back: clock not ahead"],
      ];
      for (const [command, words] of rows) {
        const answers: string[] = [];
        const error = await assertRejects(
          async () => {
            for await (const answer of give(bank, anna, command)) {
              answers.push(...Object.keys(answer));
            }
          },
          UsageError,
          words,
          commandInWords(command),
        );
        assertEquals(answers, [], "no key file leaves the bank");
        const entry = (await running.entries()).at(-1)!;
        const asked = command.command.replaceAll("_", " ");
        assertStringIncludes(entry, `operator anna | ${asked} (${error.message}`.slice(0, 100));
      }
      assertEquals((await bank.ledger.read.staff()).proposals, []);
      assertEquals(await bank.ledger.read.customer("carl"), undefined);

      await linesOf(bank, anna, settle(open, "10.00"));
      await atm.ask({ op: "complete", movement: open, amount: "1000" });
      const proposal = (await proposalsOf(bank, ben))[0]!.id;
      await assertRejects(
        () => linesOf(bank, ben, { command: "approve", proposal }),
        UsageError,
        `movement ${open} was not settled: already completed`,
        "the approval checks again",
      );
    }),
);
