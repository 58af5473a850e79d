/** The sentences of the console's page about the page and its console: each fits what happened. */
import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import type { BankNews } from "../../../lib/console.ts";
import { wordsOf } from "../../../ui/console/parts/notice.ts";
import { healthOf } from "../../../ui/console/parts/top_bar.ts";
import { filters } from "../../../ui/console/screens/log/log.ts";
import { sinceWords } from "../../../ui/console/screens/today/today.ts";
import { type Act, initialState } from "../../../ui/console/state/model.ts";
import { reduce } from "../../../ui/console/state/reduce.ts";

Deno.test("an act whose page was opened elsewhere is not said to have lost its console", () => {
  const state = { ...initialState(0), act: { act: {} as Act, step: "signing" as const } };
  const whys = (["opened_elsewhere", "stopped"] as const).map((why) => {
    const { act } = reduce(state, { type: "disconnected", why }).state;
    return act?.step === "answered" && act.answer.outcome === "unsure" ? act.answer.why : "";
  });
  assertMatch(whys[0]!, /^this page ended before the bank's answer/);
  assertMatch(whys[1]!, /^the console ended before the bank's answer/);
});

Deno.test("a locked page leaves it to the terminal how it is unlocked", () => {
  const view = { state: "locked", operator: "anna", why: "asked" } as const;
  const { text } = wordsOf({ ...initialState(0), view });
  assertNotMatch(text, /type/i);
  assertMatch(text, /unlocks it in the terminal/);
});

Deno.test("the top bar says that all is well only if nothing is listed as needing an operator", () => {
  const server = { clockDoubt: null };
  const rows: [Partial<BankNews>, string][] = [
    [{ problemCount: 0, next: [] }, "All is well"],
    [{ problemCount: 0, next: [{ what: "", mend: "" }] }, "1 next step"],
    [{ problemCount: 2, next: [{ what: "", mend: "" }] }, "2 problems"],
  ];
  for (const [news, word] of rows) {
    assertEquals(healthOf({ server, ...news } as BankNews).word, word);
  }
});

Deno.test("the day's sums are since midnight, unless its log was not read back to there", () => {
  const sinceMs = Date.parse("2026-11-30T01:44:00Z");
  assertEquals(sinceWords({ sinceMs, isCut: false } as BankNews["today"], "UTC"), "since midnight");
  assertEquals(sinceWords({ sinceMs, isCut: true } as BankNews["today"], "UTC"), "since 01:44");
});

Deno.test("the search of the log says that its times are in UTC", () => {
  const times = filters.filter(([name]) => name === "from" || name === "before");
  assertEquals(times.map(([, label]) => label), ["From, in UTC", "Before, in UTC"]);
});
