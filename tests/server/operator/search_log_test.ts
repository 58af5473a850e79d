/** The log as a console searches and follows it. */
import { assertEquals, assertRejects } from "@std/assert";
import type { ConsoleQueries, EntryNews, FreshEntry, WatchedBank } from "../../../lib/console.ts";
import { UsageError } from "../../../lib/errors.ts";
import { consoleFollowedRowsMax, consoleRecentMax, consoleRowsMax } from "../../../lib/limits.ts";
import type { OperatorCommandOf } from "../../../lib/operator_commands.ts";
import { followed, Recent } from "../../../server/console/recent.ts";
import { addOperator, give } from "../helpers/operators.ts";
import { newId, onEachBank } from "../helpers/running_bank.ts";

type Search = Omit<OperatorCommandOf<"search_log">, "command">;

onEachBank(
  "a search gives the entries that fit, newest first, and each once over its pages",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const { signer } = await addOperator(bank, "anna", "auditor");
      const page = async (search: Search) => {
        const answers = await Array.fromAsync(
          give(bank, signer, { command: "search_log", ...search }),
        );
        const rows = answers.flatMap((each) =>
          "line" in each ? [JSON.parse(each.line) as EntryNews] : []
        );
        return { rows, next: answers.flatMap((each) => "next" in each ? [each.next] : [])[0] };
      };
      const actions = async (search: Search) =>
        (await page(search)).rows.map(({ who, action }) => `${who} | ${action}`);
      const atm = await running.connect();
      const ids = Array.from({ length: consoleRowsMax + 5 }, newId);
      for (const movement of ids) await atm.ask({ op: "void", movement });
      await running.operate({
        command: "set_customer_state",
        customer: "alice",
        state: "locked",
        reason: "a search",
      }).next();

      const [first, second] = await actions({ action: "LOCK account", outcome: "ok" });
      assertEquals(/^operator test \| lock account \d{12} of alice - a search$/.test(first!), true);
      assertEquals(second, undefined);
      assertEquals(await actions({ customer: "bob" }), [
        "bob | deposit €1,000.00 - opening balance",
      ]);
      assertEquals(await actions({ customer: "bob", outcome: "refused" }), []);
      assertEquals(await actions({ before: "2020-01-01" }), []);
      const voids = [];
      for (let at: string | undefined, isFirst = true; isFirst || at; isFirst = false) {
        const { rows, next } = await page({
          customer: "terminal lobby",
          action: "void",
          ...(at && { at }),
        });
        voids.push(...rows.map(({ movement }) => movement));
        at = next;
      }
      assertEquals(voids, ids.toReversed());
      const all: string[] = [];
      for (let at: string | undefined, isFirst = true; isFirst || at; isFirst = false) {
        const { rows, next } = await page(at ? { at } : {});
        all.push(...rows.map(({ place }) => place));
        at = next;
      }
      assertEquals(new Set(all).size, all.length);
      assertEquals(all.length > ids.length, true, `${all.length}`);
      await assertRejects(() => page({ at: "1.2,x" }), UsageError, "is not where a page");
      await assertRejects(() => page({ from: "now" }), UsageError, "--from now");
    }),
);

onEachBank(
  "a watch sends new entries as far as the role may see them",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const seen: Record<string, string[]> = {};
      for (const role of ["auditor", "teller"] as const) {
        const { signer } = await addOperator(bank, role, role);
        const answers = give(bank, signer, { command: "watch_bank", follow: true });
        await answers.next();
        await running.addCustomer(`of-${role}`, "a password");
        await bank.ledger.submit({
          op: "set_account_state",
          operator: "ben",
          account: "100000000093",
          state: "locked",
          reason: "r",
        });
        const atm = await running.connect();
        await atm.ask({ op: "void", movement: newId() });
        const entries: FreshEntry[] = [];
        const last = role === "auditor" ? "operator ben" : "terminal lobby";
        while (!entries.some(({ who }) => who === last)) {
          const { value } = await answers.next();
          if (role === "teller" && entries.some(({ who }) => who === "terminal lobby")) break;
          const piece = JSON.parse((value as { line: string }).line) as WatchedBank;
          entries.push(...piece.entries ?? []);
        }
        await answers.return();
        seen[role] = entries.map(({ who, isChange }) => `${who} ${isChange}`);
      }
      assertEquals(seen.auditor!.includes("operator ben false"), true, seen.auditor!.join());
      assertEquals(seen.teller!.some((each) => /^operator \w+ \w/.test(each)), false);
      assertEquals(seen.teller!.includes("operator true"), true, seen.teller!.join());
      assertEquals(seen.teller!.includes("terminal lobby false"), true, seen.teller!.join());
    }),
);

const entry = (index: number, who = "bank", isChange = false): FreshEntry => ({
  place: `1.${index}`,
  timeMs: index,
  who,
  action: `act ${index}`,
  outcome: "ok",
  terminal: "",
  movement: "",
  isChange,
});
const everything: ConsoleQueries["log"]["query"] = {
  who: "",
  action: "",
  outcome: "",
  terminal: "",
  from: "",
  before: "",
  at: "",
};

Deno.test("a list that was read follows new entries, or says that it must be read again", () => {
  const read = { rows: [entry(2), entry(1)], next: "1.1" };
  const rows: [
    query: Parameters<typeof followed>[0],
    fresh: FreshEntry[] | null,
    places: unknown,
  ][] = [
    [{ of: "log", ...everything }, [entry(2), entry(3)], ["1.3", "1.2", "1.1"]],
    [{ of: "log", ...everything, who: "alice" }, [entry(3)], ["1.2", "1.1"]],
    [{ of: "log", ...everything, action: "ACT 3" }, [entry(3), entry(4)], ["1.3", "1.2", "1.1"]],
    [{ of: "log", ...everything, at: "1.9" }, [entry(3)], ["1.2", "1.1"]],
    [{ of: "log", ...everything }, null, null],
    [
      { of: "log", ...everything },
      Array.from({ length: consoleFollowedRowsMax }, (_, index) => entry(3 + index)),
      null,
    ],
    [{ of: "terminal", name: "lobby", before: "" }, [entry(3, "terminal lobby"), entry(4)], [
      "1.3",
      "1.2",
      "1.1",
    ]],
    [{ of: "customer", name: "alice" }, [entry(3)], ["1.2", "1.1"]],
    [{ of: "customer", name: "alice" }, [entry(3, "alice")], null],
    [{ of: "customer", name: "alice" }, [entry(3, "operator", true)], null],
    [{ of: "bookings", name: "alice", account: "", before: "" }, [entry(3, "alice")], null],
  ];
  const customers = { rows: [{ customer: "alice" }, { customer: "bob" }] };
  const found = { of: "customers", find: "", after: "" } as const;
  for (
    const [fresh, isKept] of [
      [entry(3, "carol"), true],
      [entry(3, "operator anna"), true],
      [entry(3, "bob"), false],
      [entry(3, "operator anna", true), false],
    ] as const
  ) assertEquals(followed(found, customers, [fresh]), isKept ? customers : null, fresh.who);
  for (const [query, fresh, places] of rows) {
    const answer = followed(query, read, fresh);
    const found = answer && "rows" in answer
      ? answer.rows.map((row) => (row as EntryNews).place)
      : null;
    assertEquals(found, places, JSON.stringify(query));
  }
});

Deno.test("recent entries are those since a number of them, unless some are gone", () => {
  const recent = new Recent();
  recent.add([entry(1), entry(2)], false);
  assertEquals(recent.since(1)?.map(({ place }) => place), ["1.2"]);
  assertEquals(recent.since(2), []);
  const { total } = recent;
  recent.add([entry(3)], true);
  assertEquals(recent.since(total), null);
  recent.add(Array.from({ length: consoleRecentMax + 1 }, (_, index) => entry(4 + index)), false);
  assertEquals(recent.since(total + 2), null);
  assertEquals(recent.since(recent.total - 1)?.length, 1);
});
