import { assert, assertEquals } from "@std/assert";
import { button, logIn } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("the history");

flow("history: narrowed, searched, older and newer", async ({ page, scripted }) => {
  for (let entry = 1; entry <= 12; entry++) {
    scripted.addHistory({
      kind: "deposit",
      action: `deposit €${entry}.00`,
      outcome: "done",
      amount: `${entry}00`,
    });
  }
  scripted.addHistory({
    kind: "withdrawal",
    action: "withdraw €900.00 failed - insufficient funds",
    outcome: "refused",
    amount: "90000",
  });
  await logIn(page);
  await button(page, "History").click();
  await sees(page, "+€12.00");
  assertEquals(await page.getByRole("listitem").count(), 8);
  await sees(page, "Cash deposit");
  await button(page, "Older").click();
  await sees(page, "Page 2");
  await sees(page, "+€1.00");
  await button(page, "Newer").click();
  await sees(page, "Page 1");
  await sees(page, "+€12.00");
  await page.getByRole("textbox", { name: "Search" }).fill("7");
  await page.keyboard.press("Enter");
  await page.getByText("+€12.00").waitFor({ state: "detached" });
  assertEquals(await page.getByRole("listitem").count(), 1);
  assertEquals(
    scripted.calls.at(-1),
    `history {"kind":"money","outcome":"done","text":"€7.00"}`,
    "an amount is searched for as the log has it",
  );
  await button(page, "Activity").click();
  await sees(page, "Refused: Not enough money");
  assert((await page.getByRole("listitem").first().innerText()).includes("Log-in"), "newest first");
  await button(page, "Filter").click();
  await button(page, "Refused").click();
  await page.getByText("Cash deposit").first().waitFor({ state: "detached" });
  assertEquals(await page.getByRole("listitem").count(), 1);
});

flow("history: a large screen has room for twelve entries", async ({ page, scripted }) => {
  scripted.addHistory({ kind: "deposit", action: "deposit €1.00", outcome: "done", amount: "100" });
  await page.setViewportSize({ width: 1920, height: 1080 });
  await logIn(page);
  await button(page, "History").click();
  await sees(page, "+€1.00");
  const entries = await page.evaluate(() => {
    const height = (name: string) => document.querySelector(name)!.getBoundingClientRect().height;
    return (height(".entries") - height(".entries__day")) / height(".entry");
  });
  assert(entries >= 12, `${entries} entries`);
});

flow("history: what was reversed is struck out, and not in the sum", async ({ page, scripted }) => {
  scripted.addHistory(
    { kind: "deposit", action: "deposit €30.00", outcome: "done", amount: "3000" },
    { kind: "withdrawal", action: "withdraw €20.00 reversed", outcome: "done", amount: "2000" },
    { kind: "withdrawal", action: "withdraw €10.00 authorised", outcome: "done", amount: "1000" },
  );
  await logIn(page);
  await button(page, "History").click();
  await sees(page, "Cancelled, not charged");
  const reversed = page.locator(".entry", { hasText: "Cancelled" }).locator(".entry__amount");
  assertEquals(await reversed.innerText(), "€20.00");
  assertEquals(
    await reversed.evaluate((each) => getComputedStyle(each).textDecorationLine),
    "line-through",
  );
  await sees(page, "On hold");
  await sees(page, "Total +€30.00");
});

flow(
  "history: days of the bank's calendar, and entries as the log has them",
  async ({ page, scripted }) => {
    scripted.addHistory({
      kind: "deposit",
      action: "deposit €1.00",
      outcome: "done",
      amount: "100",
    });
    await logIn(page);
    await button(page, "History").click();
    await button(page, "Filter").click();
    await button(page, "7 days").click();
    /** The filter of the newest request, once its days are those that are expected. */
    const filterOf = async (areExpected: (from: string, before: string) => boolean) => {
      for (let tries = 0; tries < 1_000; tries++) {
        const asked = scripted.calls.findLast((call) => call.startsWith("history "));
        const { from, before } = JSON.parse(asked?.replace(/^history | sealed$/g, "") ?? "{}");
        if (areExpected(from ?? "", before ?? "")) return { from, before };
        await page.waitForTimeout(20);
      }
      throw new Error(`in vain: ${scripted.calls.join()}`);
    };
    // a day begins at midnight in Berlin
    await filterOf((from) => /T2[123]:00:00\.000Z$/.test(from));
    await button(page, "Choose days").click();
    await page.locator(".calendar").waitFor();
    await button(page, "Earlier month").click();
    const month = await page.locator("[data-date]").first().getAttribute("data-date");
    const day = (date: number) => `${month!.slice(0, 8)}${String(date).padStart(2, "0")}`;
    await page.locator(`[data-date="${day(10)}"]`).click();
    await page.locator(`[data-date="${day(10)}"][aria-pressed=true]`).waitFor();
    await page.locator(`[data-date="${day(12)}"]`).click();
    await page.locator(".calendar").waitFor({ state: "detached" });
    const isNear = (text: string, date: number) =>
      Math.abs(Date.parse(text) - Date.parse(`${day(date)}T00:00:00Z`)) <= 7_200_000;
    const { from, before } = await filterOf((from, before) =>
      isNear(from, 10) && isNear(before, 13)
    );
    assertEquals(Date.parse(before) - Date.parse(from), 3 * 86_400_000, "both days whole");
    await button(page, "Any time").click();
    await button(page, "Activity").click();
    await button(page, "Audit log view").click();
    await sees(page, "5d0c9ab1f27e4836");
    assert(scripted.calls.at(-1)!.endsWith("sealed"));
  },
);
