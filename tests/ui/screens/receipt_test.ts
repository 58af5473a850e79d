import { assert, assertEquals } from "@std/assert";
import { extractText } from "unpdf";
import { button, logIn } from "../open_atm.ts";
import { hasReader, photograph, readCode, readPaper } from "../qr_reader.ts";
import { ScriptedAtm, scriptedReceipt } from "../scripted_atm.ts";
import { family, sees } from "./flows.ts";

const { flow, browserFlow } = family("receipts");

if (hasReader()) {
  for (const [width, height] of [[1024, 768], [1280, 800], [1920, 1080], [1080, 1920]] as const) {
    browserFlow(
      `the code is read from a bad photograph of a screen of ${width} × ${height}`,
      async ({ page }) => {
        await logIn(page);
        await button(page, "€50").click();
        const small = button(page, /Touch to enlarge/);
        await small.waitFor();
        if (width > 1024) {
          assertEquals(await readCode(await page.screenshot(), "png", []), scriptedReceipt);
        }
        await small.click();
        await page.getByRole("img", { name: "Signed receipt as a QR code" }).waitFor();
        const picture = await page.screenshot();
        assertEquals(await readCode(picture, "png", photograph(2.5)), scriptedReceipt);
        await button(page, "Done").click();
        await page.getByText("Withdrawal complete").waitFor();
      },
      () => ({ viewport: { width, height }, scripted: new ScriptedAtm({ demo: false }) }),
    );
  }
}

flow(
  "the receipt is there before its code, which nothing waits for",
  async ({ page, scripted }) => {
    const gate = Promise.withResolvers<void>();
    scripted.receiptGate = gate.promise;
    await logIn(page);
    await button(page, "€50").click();
    await sees(page, "Withdrawal complete");
    assertEquals(await page.locator(".qr-code").count(), 0);
    const slip = () => page.locator(".slip").boundingBox();
    const before = await slip();
    gate.resolve();
    await page.locator(".qr-code").waitFor();
    assertEquals(await slip(), before, "nothing moves when it comes");
    scripted.receiptGate = new Promise(() => {});
    await button(page, "Done").click();
    await button(page, "€50").click();
    await sees(page, "Withdrawal complete");
    await button(page, "Done").click();
    await sees(page, "What would you like to do?");
  },
);

flow("a receipt is not saved to a file: nobody's data stays at the ATM", async ({ page }) => {
  await logIn(page);
  await button(page, "€50").click();
  await page.getByText("Withdrawal complete").waitFor();
  assertEquals(await button(page, "Save").count(), 0);
});

flow("the ATM's own printer gets a receipt as text", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "€50").click();
  await button(page, "Print").click();
  while (scripted.printed.length === 0) await page.waitForTimeout(10);
  const lines = scripted.printed[0]!.split("\n");
  assertEquals(lines.slice(0, 3), ["Strongroom Bank", "Withdrawal", ""]);
  assert(lines.includes("Amount                              €50.00"), lines.join("\n"));
  assert(lines.every((line) => line.length <= 42), lines.join("\n"));
  assertEquals(scripted.printed.length, 1);
}, () => ({ scripted: new ScriptedAtm({ aids: { prints: true, voices: [] } }) }));

flow("a window without a printer has no button for it", async ({ page }) => {
  await logIn(page);
  await button(page, "€50").click();
  await page.getByText("Withdrawal complete").waitFor();
  const isWindow = page.url().startsWith("data:");
  assertEquals(await button(page, "Print").count(), isWindow ? 0 : 1);
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
  await button(page, "€50").click();
  await button(page, "Print").click();
  assertEquals(
    await page.evaluate(() => (globalThis as unknown as { printed: number }).printed),
    1,
  );
  for (const paper of [{ format: "A4" }, { width: "80mm", height: "200mm" }] as const) {
    const pdf = new Uint8Array(await page.pdf({ ...paper, preferCSSPageSize: false }));
    if (hasReader()) assertEquals(await readPaper(pdf.slice()), scriptedReceipt);
    const { totalPages, text } = await extractText(pdf, { mergePages: true });
    assertEquals(totalPages, 1);
    const words = text.replace(/\s+/g, " ");
    for (
      const printed of [
        ...["Strongroom Bank", "Withdrawal", "Amount", "€50.00", "New balance", "€1,200.50"],
        ...["23 Nov 2026, 16:16:02", "lobby", "€50", "× 1"],
      ]
    ) assert(words.includes(printed), `${printed} in ${words}`);
    assert(words.replaceAll(" ", "").includes("7f3a9c04e1b25d8860aa41c2f09be713"), words);
    for (const screen of ["Withdrawal complete", "Done", "Demo", "Log out"]) {
      assert(!words.includes(screen), `${screen} in ${words}`);
    }
  }
});
