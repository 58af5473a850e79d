import { assertEquals } from "@std/assert";
import { shownEntry } from "../../../server/audit/show.ts";

Deno.test("an entry that booked money is shown as JSON, its amount and balance as texts", () => {
  const place = { chainId: "10".repeat(16), sequence: 7 };
  const shown = shownEntry(place, {
    who: "alice",
    action: "withdraw €40.00",
    timeMs: 1_795_597_200_250,
    kind: "withdrawal",
    outcome: "ok",
    terminal: "lobby",
    amount: 4_000n,
    balance: 96_000n,
  }, true);
  const { sequence, time, amount, balance } = JSON.parse(shown);
  assertEquals({ sequence, time, amount, balance }, {
    sequence: 7,
    time: "2026-11-25T09:00:00.250Z",
    amount: "4000",
    balance: "96000",
  });
});
