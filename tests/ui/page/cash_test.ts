import { assertEquals } from "@std/assert";
import type { LimitsLeft } from "../../../lib/atm.ts";
import { affordable, cashMost, transferMost } from "../../../ui/page/state/cash.ts";
import { stateOf } from "./small_page.ts";

/** Returns the view of a customer with this money and these limits, at an ATM with these notes. */
function viewWith(available: string, left: LimitsLeft, notes: Record<string, number>) {
  const view = stateOf("menu").view!;
  const account = { ...view.visit!.account, available, left };
  const cassettes = Object.entries(notes).map(([value, count]) => ({ value, count })).reverse();
  const fastAmounts = ["2000", "4000", "5000", "6000", "10000"];
  return {
    ...view,
    visit: { ...view.visit!, account },
    cash: { ...view.cash, cassettes, fastAmounts },
  };
}

Deno.test("the most is the least of money, every limit and cash, and names the limit", () => {
  const many = { 1000: 50, 5000: 50 };
  const rows: [available: string, left: LimitsLeft, most: string, limit?: string][] = [
    ["12550", {}, "12000"],
    ["12550", { once: "10000" }, "10000", "once"],
    ["12550", { once: "10000", today: "6550" }, "6000", "today"],
    ["12550", { today: "20000", here: "4000" }, "4000", "here"],
    ["12550", { once: "20000", today: "20000", here: "20000" }, "12000"],
    ["12550", { today: "0" }, "0", "today"],
  ];
  for (const [available, left, most, limit] of rows) {
    const found = cashMost(viewWith(available, left, many));
    assertEquals([String(found.minor), found.limit], [most, limit]);
  }
  assertEquals(cashMost(viewWith("12550", { today: "9000" }, { 1000: 3 })), { minor: 3000n });
});

Deno.test("a transfer is limited by money and the day, to the cent", () => {
  const left = { once: "1000", here: "1000", today: "6550" };
  assertEquals(transferMost(viewWith("12550", left, {})), { minor: 6550n, limit: "today" });
  assertEquals(transferMost(viewWith("6550", left, {})), { minor: 6550n });
});

Deno.test("no amount is offered that cannot be had", () => {
  const offered = (left: LimitsLeft) => affordable(viewWith("12550", left, { 1000: 50 }), 3);
  assertEquals(offered({}), ["2000", "4000", "5000"]);
  assertEquals(offered({ today: "4500" }), ["2000", "4000"]);
  assertEquals(offered({ once: "1000" }), []);
});
