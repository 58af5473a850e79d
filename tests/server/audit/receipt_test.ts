/** What a receipt and the history say of the log is what the log has, and can be shown to its checker. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { KeptKey } from "../../../server/audit/chain_key.ts";
import { parseFirstKey } from "../../../server/audit/first_key.ts";
import { parseLogLine } from "../../../server/audit/log_line.ts";
import { UsageError } from "../../../lib/errors.ts";
import { placeOfText } from "../../../server/audit/entry.ts";
import { BadLog, LogVerifier } from "../../../server/audit/verify.ts";
import { newId, onEachBank, type RunningBank } from "../helpers/running_bank.ts";

async function linesOf(running: RunningBank): Promise<string[]> {
  const answers = await Array.fromAsync(running.operate({ command: "read_audit" }));
  return answers.flatMap((answer) => "lines" in answer ? answer.lines : []);
}

onEachBank(
  "each step of a movement is answered with its place in the log, and again when it is asked again",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const movement = newId();
      const leave = await atm.authorise("withdrawal", movement, "4000");
      const complete = { op: "complete", movement, amount: "4000" } as const;
      const done = await atm.ask(complete);
      const refused = await atm.authorise("withdrawal", newId(), "99900000");
      const own = await atm.ask({
        op: "refused",
        kind: "withdrawal",
        amount: "3",
        why: "not_dispensable",
      });
      const logged = [leave, done, refused, own].map(({ logged }) => logged!);
      assertEquals(new Set(logged.map(({ place }) => place)).size, 4);
      assertEquals((await atm.authorise("withdrawal", movement, "4000")).logged, leave.logged);
      assertEquals((await atm.ask(complete)).logged, done.logged);
      assertEquals((await atm.ask({ op: "reverse", movement })).logged, done.logged);

      const { entries } = await atm.ask({ op: "history", filter: {}, sealed: true });
      const shown = entries!.map(({ place, tag }) => ({ place, tag: tag! }));
      assertEquals(shown.slice(0, 3), [own, refused, done].map(({ logged }) => logged!));
      assertEquals(entries!.slice(0, 3).map(({ action }) => action), [
        "withdraw €0.03 failed - not dispensable",
        "withdraw €999,000.00 failed - insufficient funds",
        "withdraw €40.00",
      ]);
      const plain = await atm.ask({ op: "history", filter: {} });
      assert(plain.entries!.every((entry) => !("sealed" in entry)));

      const lines = (await linesOf(running)).map((line) => parseLogLine(line)!.entry);
      for (const [index, { place, tag }] of logged.entries()) {
        const { sequence } = placeOfText(place)!;
        const stored = lines.find((entry) => entry.sequence === sequence)!;
        assertEquals(stored.tag.toHex(), tag);
        if (index === 1) assertEquals(entries![2]!.sealed, stored.sealed.toBase64());
      }
    }),
);

onEachBank(
  "a receipt is found in its log, and in no other",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const { logged } = await atm.authorise("withdrawal", newId(), "4000");
      const lines = await linesOf(running);
      const firstKeys = [parseFirstKey(running.firstKey, "first")];
      const place = placeOfText(logged!.place)!;
      const tag = Uint8Array.fromHex(logged!.tag);
      const check = (receipt: { chain: number; sequence: number; tag: Uint8Array }) => {
        const verifier = new LogVerifier({ firstKeys, keyFile: null, receipt });
        for (const line of lines) verifier.next(parseLogLine(line));
        verifier.end();
      };
      check({ ...place, tag });
      const wrong = [
        { ...place, tag: tag.with(0, tag[0]! ^ 1) },
        { ...place, sequence: place.sequence + 1, tag },
        { ...place, sequence: 9_999, tag },
        { ...place, chain: 2, tag },
      ];
      for (const receipt of wrong) {
        assertThrows(() => check(receipt), BadLog, "the receipt does not fit the log");
      }
    }),
);

onEachBank(
  "a customer's history is found under every version of the AUDIT_KEY, newest first",
  (withBank) =>
    withBank(async (running) => {
      const actions: string[] = [];
      for (let version = 1; version <= 3; version++) {
        const atm = await running.visit("alice");
        actions.push("log in");
        for (let count = 0; count < 12; count++) {
          await atm.ask({ op: "refused", kind: "deposit", amount: "0", why: "no_notes_inserted" });
          actions.push("deposit €0.00 failed - no notes inserted");
        }
        await atm.ask({ op: "log_out", reason: "customer" });
        actions.push("log out");
        await atm.client.close();
        await Array.fromAsync(running.operate({ command: "rotate_audit_key" }));
      }
      await running.reopen();
      assertEquals(running.bank.auditKeys.newest.version, 4);
      const atm = await running.visit("alice");
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await atm.ask({ op: "history", filter: { kind: "deposit" }, cursor });
        found.push(...page.entries!.map(({ action }) => action));
        cursor = page.cursor;
      } while (cursor !== undefined);
      const expected = actions.filter((action) => action.startsWith("deposit")).reverse();
      assertEquals(found, [...expected, "deposit €1,000.00 - opening balance"]);
    }),
);

onEachBank(
  "a chain whose first key was not given is not called bad; a strange key file is",
  (withBank) =>
    withBank(async (running) => {
      const lines = (await linesOf(running)).map(parseLogLine);
      const given = parseFirstKey(running.firstKey, "first");
      const other = { ...given, chainId: given.chainId.with(0, given.chainId[0]! ^ 1) };
      const check = (firstKey: typeof given, keyFile: KeptKey[]) => {
        const verifier = new LogVerifier({ firstKeys: [firstKey], keyFile });
        for (const line of lines) verifier.next(line);
        verifier.end();
      };
      assertThrows(() => check(other, []), UsageError, "give its first key, too");
      assertThrows(() => check(given, []), BadLog, "the chain's key file has no key of its chains");
      const swapped = { chainId: given.chainId, epoch: 0, key: new Uint8Array(32) };
      assertThrows(() => check(given, [swapped]), BadLog, "is not derived from the first key");
    }),
);
