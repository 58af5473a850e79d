/** `watch_bank`: the day's sums are those of the books, and each change is sent once. */
import { assertEquals, assertRejects } from "@std/assert";
import type { BankNews, WatchedBank } from "../../../lib/console.ts";
import { UsageError } from "../../../lib/errors.ts";
import { consoleRowsMax } from "../../../lib/limits.ts";
import type { Bank } from "../../../server/bank.ts";
import type { Restoring } from "../../../server/ledger/model.ts";
import type { OperatorAnswer } from "../../../server/operator/request.ts";
import type { Signer } from "../../../server/operator/signed_request.ts";
import { addOperator, give } from "../helpers/operators.ts";
import { newId, onEachBank } from "../helpers/running_bank.ts";

/** Returns the line of an answer; fails for any other. */
function lineOf(answer: OperatorAnswer | undefined | void): string {
  if (!answer || !("line" in answer)) throw new Error(`no line: ${JSON.stringify(answer)}`);
  return answer.line;
}

/** Returns the first piece. */
async function watched(bank: Bank, signer: Signer): Promise<Required<WatchedBank>> {
  const answers = await Array.fromAsync(
    give(bank, signer, { command: "watch_bank", follow: false }),
  );
  assertEquals(answers.length, 1);
  return JSON.parse(lineOf(answers[0]));
}

/** Returns the same thing, but for one of its parts. */
function withOther<Thing extends object, Name extends keyof Thing>(
  thing: Thing,
  name: Name,
  part: Thing[Name],
): Thing {
  return new Proxy(thing, {
    get(target, asked) {
      if (asked === name) return part;
      const value = Reflect.get(target, asked, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

onEachBank(
  "the day's cash is what terminals paid and took, whatever was refused or reversed",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const { signer } = await addOperator(bank, "anna", "teller");
      const atm = await running.visit("alice");
      const begin = async (kind: "withdrawal" | "deposit", amount: string) => {
        const movement = newId();
        const { outcome } = await atm.authorise(kind, movement, amount);
        return { movement, outcome };
      };
      const whole = await begin("withdrawal", "4000");
      await atm.ask({ op: "complete", movement: whole.movement, amount: "4000" });
      const part = await begin("withdrawal", "6000");
      await atm.ask({ op: "complete", movement: part.movement, amount: "2000" });
      const reversed = await begin("withdrawal", "8000");
      await atm.ask({ op: "reverse", movement: reversed.movement });
      assertEquals((await begin("withdrawal", "99999900")).outcome, "insufficient_funds");
      const deposit = await begin("deposit", "15000");
      await atm.ask({ op: "complete", movement: deposit.movement, amount: "15000" });
      const open = await begin("withdrawal", "1000");
      assertEquals(open.outcome, "ok");

      const { news, terminals } = await watched(bank, signer);
      const { today, holds, movements } = news as BankNews;
      assertEquals(
        { out: today.out, in: today.in, done: today.done, refused: today.refused },
        { out: "6000", in: "15000", done: 3, refused: 1 },
      );
      assertEquals(today.isCut, false);
      assertEquals(today.outcomes, [
        { outcome: "ok", count: 3 },
        { outcome: "reversed", count: 1 },
        { outcome: "insufficient_funds", count: 1 },
      ]);
      assertEquals(holds.count, 1);
      assertEquals([movements[0]!.movement, movements[0]!.step], [open.movement, "authorise"]);
      assertEquals(news.operator, { role: "teller", fourEyes: false });
      assertEquals(terminals.map(({ name, state }) => [name, state]), [
        ["lobby", "active"],
        ["mall", "active"],
      ]);
    }),
);

onEachBank(
  "an operator's watch has one entry in the log, and ends with the operator's role",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const { signer } = await addOperator(bank, "anna", "auditor");
      const answers = give(bank, signer, { command: "watch_bank", follow: true });
      const first = await answers.next();
      lineOf(first.value);
      await running.addCustomer("carol", "a password");
      const second = await answers.next();
      const { news } = JSON.parse(lineOf(second.value)) as WatchedBank;
      assertEquals(news!.versions.log, 2);
      await addOperator(bank, "anna", "teller");
      await assertRejects(() => answers.next(), UsageError, "with this key and role any more");
      const entries = (await running.entries()).filter((entry) =>
        entry.startsWith("operator anna")
      );
      assertEquals(entries, ["operator anna | watch the bank"]);
    }),
);

onEachBank(
  "a terminal's entries are read a page at a time, newest first",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const { signer } = await addOperator(bank, "anna", "officer");
      const atm = await running.connect();
      const ids = Array.from({ length: consoleRowsMax + 1 }, newId);
      for (const movement of ids) await atm.ask({ op: "void", movement });
      const page = async (before?: string) => {
        const command = { command: "show_terminal", name: "lobby", before } as const;
        const answers = await Array.fromAsync(give(bank, signer, command));
        const rows = answers.flatMap((each) => "line" in each ? [JSON.parse(each.line)] : []);
        const next = answers.flatMap((each) => "next" in each ? [each.next] : []);
        return { rows, next: next[0] };
      };
      const newest = await page();
      const earlier = await page(newest.next);
      assertEquals([newest.rows.length, earlier.next], [consoleRowsMax, undefined]);
      const places = [...newest.rows, ...earlier.rows].map(({ place }) =>
        Number(place.split(".")[1])
      );
      assertEquals(places, places.toSorted((one, other) => other - one));
      assertEquals(new Set(places).size, places.length);
      const voids = [...newest.rows, ...earlier.rows].filter(({ action }) =>
        action.includes("void")
      );
      assertEquals(voids.length, consoleRowsMax + 1);
      await assertRejects(() => page("yesterday"), UsageError, "is not a place in the log");
    }),
);

onEachBank(
  "open movements are watched: each once, again when it comes into doubt, and when it is settled",
  (withBank) =>
    withBank(async (running) => {
      const { bank } = running;
      const { signer } = await addOperator(bank, "anna", "teller");
      const atm = await running.visit("alice");
      const [first, second] = [newId(), newId()];
      await atm.authorise("withdrawal", first, "4000");
      const answers = give(bank, signer, { command: "watch_bank", follow: true });
      const next = async () => {
        const { value } = await answers.next();
        const { holds = [], settled = [], news } = JSON.parse(lineOf(value)) as WatchedBank;
        const changed = holds.map(({ movement, inDoubt }) => [movement, inDoubt]);
        return [changed, settled, news?.holds.count, news?.holds.waiting];
      };
      assertEquals(await next(), [[[first, false]], [], 1, 0]);
      await atm.authorise("deposit", second, "1000");
      assertEquals(await next(), [[[second, false]], [], 2, 0]);
      await atm.ask({ op: "complete", movement: first, amount: "4000" });
      assertEquals(await next(), [[], [first], 1, 0]);
      await Array.fromAsync(running.operate({ command: "revoke_terminal", name: "lobby" }));
      assertEquals(await next(), [[[second, true]], [], 1, 1]);
      await answers.return();
    }),
);

onEachBank(
  "a restore is to be ended while terminals have not reported, or a device paid without a record",
  (withBank) =>
    withBank(async ({ bank, keys: { lobby } }) => {
      const { signer } = await addOperator(bank, "anna", "teller");
      const terminal = lobby.terminal.toHex();
      const nothing = { sinceMs: 0, waiting: [], unattested: [], unknown: [] };
      const rows: [Partial<Restoring>, BankNews["server"]["restore"]][] = [
        [{ waiting: [terminal] }, { waitingFor: "lobby", isPaidUnknown: false }],
        [{ unknown: [{ terminal, amount: 1n }] }, { waitingFor: "", isPaidUnknown: true }],
        [{ unattested: [{ terminal, nonce: "" }] }, null],
      ];
      for (const [restoring, expected] of rows) {
        const found = () => Promise.resolve({ ...nothing, ...restoring });
        const read = withOther(bank.ledger.read, "restoring", found);
        const other = withOther(bank, "ledger", withOther(bank.ledger, "read", read));
        assertEquals((await watched(other, signer)).news.server.restore, expected);
      }
    }),
);
