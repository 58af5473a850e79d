import { assert, assertEquals } from "@std/assert";
import { button, logIn } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow, browserFlow } = family("receipts and files");

flow("files: a receipt, and the history as it is narrowed", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "Withdraw cash").click();
  await button(page, "€50").click();
  await button(page, "Save").click();
  await sees(page, "Saved as data/atm/saved/receipt-20261123-161602.txt");
  for (
    const line of [
      "Receipt: Withdrawal",
      "Amount: €50.00",
      "€50: × 1",
      "7f3a9c04e1b25d8860aa41c2f09be713",
    ]
  ) {
    assert(scripted.saved.includes(line), scripted.saved);
  }
  await button(page, "Done").click();
  await button(page, "History").click();
  await button(page, "Deposits").click();
  scripted.next.save = "not_saved";
  await button(page, "Save as a file").click();
  await sees(page, "It could not be saved");
  await button(page, "Save as a file").click();
  await sees(page, "Saved as data/atm/saved/history-20261123-161602.csv");
  assertEquals(JSON.parse(scripted.saved).kind, "deposit");
});

browserFlow("a receipt is printed, and nothing but the receipt", async ({ page }) => {
  await page.evaluate(() => {
    Object.assign(globalThis, {
      printed: 0,
      print: () => (globalThis as unknown as Kept).printed++,
    });
    interface Kept {
      printed: number;
    }
  });
  await logIn(page);
  await button(page, "Withdraw cash").click();
  await button(page, "€50").click();
  await button(page, "Print").click();
  assertEquals(
    await page.evaluate(() => (globalThis as unknown as { printed: number }).printed),
    1,
  );
  await page.emulateMedia({ media: "print" });
  const shown = await page.evaluate(() =>
    [".slip", ".header", ".question", ".actions", ".demo"].filter((name) =>
      document.querySelector(name)?.checkVisibility()
    )
  );
  assertEquals(shown, [".slip"]);
});
