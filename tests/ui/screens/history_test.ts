import { assert, assertEquals } from "@std/assert";
import { button, logIn } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("the history");

flow("history: narrowed, searched, older and newer", async ({ page, scripted }) => {
  for (let entry = 1; entry <= 12; entry++) {
    scripted.remember({
      kind: "deposit",
      action: `deposit €${entry}.00`,
      outcome: "done",
      amount: `${entry}00`,
    });
  }
  scripted.remember({
    kind: "withdrawal",
    action: "withdraw €900.00 failed - insufficient funds",
    outcome: "refused",
    amount: "90000",
  });
  await logIn(page);
  await button(page, "History").click();
  await sees(page, "Refused: insufficient funds");
  assertEquals(await page.getByRole("listitem").count(), 8);
  assert((await page.getByRole("listitem").first().innerText()).includes("Log in"), "newest first");
  await button(page, "Older").click();
  await sees(page, "Page 2");
  await sees(page, "+€1.00");
  await button(page, "Newer").click();
  await sees(page, "Page 1");
  await button(page, "Refused").click();
  await page.getByText("Deposit €12.00").waitFor({ state: "detached" });
  assertEquals(await page.getByRole("listitem").count(), 1);
  await button(page, "Any outcome").click();
  await button(page, "Deposits").click();
  await page.getByRole("textbox", { name: "Search" }).fill("€7.");
  await page.keyboard.press("Enter");
  await page.getByText("Deposit €12.00").waitFor({ state: "detached" });
  assertEquals(await page.getByRole("listitem").count(), 1);
  assertEquals(scripted.calls.at(-1), `history {"text":"€7.","kind":"deposit"}`);
});

flow(
  "history: days of the bank's calendar, and entries as the log has them",
  async ({ page, scripted }) => {
    scripted.remember({ kind: "deposit", action: "deposit €1.00", outcome: "done", amount: "100" });
    await logIn(page);
    await button(page, "History").click();
    await button(page, "7 days").click();
    await page.waitForFunction(() =>
      document.querySelector("[data-choice=week]")?.getAttribute("aria-pressed") === "true"
    );
    const filter = () =>
      JSON.parse(scripted.calls.at(-1)!.replace(/^history /, "").replace(/ sealed$/, ""));
    assert(/T2[23]:00:00\.000Z$/.test(filter().from), "a day begins at midnight in Berlin");
    await page.getByText("Other dates").click();
    await page.getByLabel("From").fill("2026-11-20");
    await page.getByLabel("Until").fill("2026-11-21");
    await page.waitForFunction(() => document.querySelectorAll("[aria-pressed=true]").length >= 2);
    await page.waitForTimeout(100);
    const { from, before } = filter();
    assertEquals([from, before], ["2026-11-19T23:00:00.000Z", "2026-11-21T23:00:00.000Z"]);
    await button(page, "Any time").click();
    await button(page, "As the log has it").click();
    await sees(page, "5d0c9ab1f27e4836");
    assert(scripted.calls.at(-1)!.endsWith("sealed"));
  },
);
