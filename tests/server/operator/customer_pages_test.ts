/** Customers for a console: found by index, a page at a time, and their bookings from the log. */
import { assertEquals, assertRejects } from "@std/assert";
import type { BookingNews, CustomerFacts, CustomerNews } from "../../../lib/console.ts";
import { UsageError } from "../../../lib/errors.ts";
import { consoleRowsMax } from "../../../lib/limits.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import { newIdentity } from "../../../server/ledger/new_identity.ts";
import { addOperator, give } from "../helpers/operators.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

/** Returns a reader of pages, by an operator of this role. */
async function readerOf({ bank }: RunningBank) {
  const { signer } = await addOperator(bank, "anna", "teller");
  return async <Row>(command: OperatorCommand): Promise<{ rows: Row[]; next?: string }> => {
    const answers = await Array.fromAsync(give(bank, signer, command));
    const rows = answers.flatMap((each) => "line" in each ? [JSON.parse(each.line) as Row] : []);
    const [next] = answers.flatMap((each) => "next" in each ? [each.next] : []);
    return { rows, next };
  };
}

/** Adds a customer without a hash's cost. */
async function add({ bank }: RunningBank, username: string, displayName?: string): Promise<void> {
  await bank.ledger.submit({
    op: "add_customer",
    operator: "test",
    username,
    ...(displayName !== undefined && { displayName }),
    passwordHash: "$argon2id$",
    opening: 0n,
    movement: newId(),
    ...newIdentity(bank.world),
  });
}

onEachBank(
  "a customer is found by the beginning of a username, a display name or an account's number, once",
  (withBank) =>
    withBank(async (running) => {
      const read = await readerOf(running);
      await add(running, "alan", "Zoë Alan");
      await add(running, "zoe", "alba Martin");
      await add(running, "al-2");
      const found = async (find: string) =>
        (await read<CustomerNews>({ command: "find_customers", find })).rows;
      const names = async (find: string) => (await found(find)).map(({ customer }) => customer);
      assertEquals(await names("al"), ["al-2", "alan", "alice", "zoe"]);
      assertEquals(await names("AL"), ["al-2", "alan", "alice", "zoe"]);
      assertEquals(await names("zo"), ["zoe", "alan"]);
      assertEquals(await names("Alba m"), ["zoe"]);
      assertEquals(await names("%"), []);
      assertEquals(await names("lice"), []);
      assertEquals(await names(""), ["al-2", "alan", "alice", "bob", "zoe"]);
      const [alice] = await found("alice");
      assertEquals(alice, {
        customer: "alice",
        shown: "",
        accounts: alice!.accounts,
        balance: "100000",
        state: "open",
        card: null,
      });
      const numberHash = "ab".repeat(32);
      await Array.fromAsync(
        running.operate({ command: "issue_card", customer: "alice", numberHash }),
      );
      const { sinceMs, ...card } = (await found("alice"))[0]!.card!;
      assertEquals(card, { hasPin: false, isBlocked: false });
      assertEquals(Math.abs(sinceMs - Date.now()) < 3_600_000, true);
      const [number] = alice!.accounts;
      assertEquals(await names(number!), ["alice"]);
      assertEquals(await names(number!.slice(0, 9)), ["alice"]);
      assertEquals(await names(number!.slice(1)), []);
    }),
);

onEachBank(
  "pages of customers go through usernames, display names and numbers without a gap",
  (withBank) =>
    withBank(async (running) => {
      const read = await readerOf(running);
      const added: string[] = [];
      for (let index = 0; index <= consoleRowsMax; index++) {
        const name = `c${String(index).padStart(3, "0")}`;
        // every third one is found by both names, and shown once
        await add(running, name, index % 3 === 0 ? `C ${index}` : undefined);
        added.push(name);
      }
      for (let index = 0; index < consoleRowsMax; index++) {
        await add(running, `x${index}`, "C same");
        added.push(`x${index}`);
      }
      const seen: string[] = [];
      const sizes: number[] = [];
      for (let after: string | undefined, isFirst = true; isFirst || after; isFirst = false) {
        const page = await read<CustomerNews>({
          command: "find_customers",
          find: "c",
          ...(after && { after }),
        });
        seen.push(...page.rows.map(({ customer }) => customer));
        sizes.push(page.rows.length);
        after = page.next;
      }
      assertEquals(seen.toSorted(), added.toSorted());
      assertEquals(sizes, [consoleRowsMax, consoleRowsMax, 1]);
      const bad = { command: "find_customers", find: "", after: "password_hash a" } as const;
      await assertRejects(() => read(bad), UsageError, "is not where a page of customers begins");
    }),
);

onEachBank(
  "the bookings of an account sum to its balance, corrections and transfers included",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const read = await readerOf(running);
      const atm = await running.visit("alice");
      const move = async (kind: "withdrawal" | "deposit", amount: string, done = amount) => {
        const movement = newId();
        await atm.authorise(kind, movement, amount);
        await atm.ask({ op: "complete", movement, amount: done });
        return movement;
      };
      const first = await move("withdrawal", "6000", "4000");
      await move("deposit", "15000");
      assertEquals(
        (await atm.authorise("withdrawal", newId(), "9999999")).outcome,
        "insufficient_funds",
      );
      await bank.ledger.submit({
        op: "correct_movement",
        operator: "test",
        movement: first,
        amount: 6_000n,
        reason: "a test",
      });
      for (let index = 0; index < consoleRowsMax; index++) await move("withdrawal", "1000");
      const facts = (await read<CustomerFacts>({ command: "show_customer", customer: "alice" }))
        .rows[0]!;
      const [account] = facts.accounts;
      assertEquals([facts.lastTerminal, facts.accounts.length], ["lobby", 1]);
      assertEquals(account!.balance, String(100_000 - 6_000 + 15_000 - 50_000));
      const show = { command: "show_bookings", customer: "alice" } as const;
      const newest = await read<BookingNews>(show);
      const earlier = await read<BookingNews>({ ...show, before: newest.next });
      assertEquals([newest.rows.length, earlier.rows.length, earlier.next], [50, 4, undefined]);
      const rows = [...newest.rows, ...earlier.rows];
      const sum = rows.reduce((sum, { amount }) => sum + Number(amount!), 0);
      assertEquals(sum, Number(account!.balance));
      assertEquals(
        rows.slice(50).map(({ amount, balance }) => [amount, balance]),
        [["-2000", "109000"], ["15000", "111000"], ["-4000", "96000"], ["100000", "100000"]],
      );
      const other = (await read<CustomerFacts>({ command: "show_customer", customer: "bob" }))
        .rows[0]!.accounts[0]!.number;
      const foreign = { ...show, account: other };
      await assertRejects(() => read(foreign), UsageError, "alice has no account");
      await assertRejects(() => read({ ...show, customer: "nobody" }), UsageError, "no customer");
    }),
);
