/** Every screen of the console: axe, pictures, and how soon a page of 1,000 terminals is drawn. */
import { assertEquals } from "@std/assert";
import { findBrowser, type Page } from "../../browser.ts";
import { consoleRowsMax } from "../../../lib/limits.ts";
import { violationsOf } from "../accessibility.ts";
import { withConsoles } from "./open_console.ts";
import { busy } from "./pictures.ts";

const ignore = findBrowser() === null;

/** Screens, each with the way to it from any other. */
const screens: [name: string, open: (page: Page) => Promise<void>][] = [
  ["today", (page) => page.getByRole("button", { name: "Today" }).click()],
  ["terminals", (page) => page.getByRole("button", { name: /^Terminals \d/ }).first().click()],
  ["terminal", (page) => page.getByRole("button", { name: "airport", exact: true }).click()],
  ["revoke", (page) => page.getByRole("button", { name: "Revoke" }).click()],
  ["customers", async (page) => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Customers" }).click();
    await page.getByRole("button", { name: "Find" }).waitFor();
  }],
  ["customer", (page) => page.getByRole("button", { name: "bruno1", exact: true }).click()],
  ["limits", (page) => page.getByRole("button", { name: /^Set limits/ }).first().click()],
  ["doubts", async (page) => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: /^Open movements \d/ }).first().click();
  }],
  ["doubt", (page) => page.getByRole("button", { name: "alice" }).click()],
  ["settle", (page) => page.getByRole("button", { name: "Complete" }).click()],
  ["approvals", async (page) => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: /^Approvals/ }).click();
  }],
  ["approve", (page) => page.getByRole("button", { name: "Approve", exact: true }).click()],
  ["log", async (page) => {
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("navigation").getByText("Log", { exact: true }).click();
    await page.getByRole("row").nth(3).waitFor();
  }],
  ["proof", async (page) => {
    await page.getByRole("button", { name: "Proof of an entry" }).click();
    const place = await page.locator("tbody code").last().innerText();
    await page.getByLabel("Entry or movement").fill(place);
    await page.getByRole("alertdialog").getByRole("button", { name: "Proof of an entry" }).click();
    await page.getByText("Done").waitFor();
  }],
  ["locked", async (page) => {
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("button", { name: "Lock" }).click();
    await page.getByRole("heading", { name: "Locked" }).waitFor();
  }],
];

/** The folder for pictures, if any. */
const pictures = Deno.env.get("PICTURES");

for (
  const [colorScheme, viewport] of [
    ["light", { width: 1280, height: 800 }],
    ["dark", { width: 1920, height: 1080 }],
  ] as const
) {
  Deno.test({
    name: `console: axe finds nothing on any screen, ${colorScheme}, ${viewport.width} wide`,
    ignore,
    fn: () =>
      withConsoles(async ({ open }) => {
        const { page, problems } = await open("anna", "admin", {
          viewport,
          colorScheme,
          wrap: busy,
        });
        await page.locator("[data-screen=today]").waitFor();
        const found: Record<string, string[]> = {};
        for (const [name, reach] of screens) {
          await reach(page);
          await page.waitForTimeout(300);
          found[name] = await violationsOf(page);
          const overflow = await page.evaluate(() =>
            document.documentElement.scrollWidth - innerWidth
          );
          if (overflow > 0) found[name].push(`${overflow} pixels too wide`);
          if (pictures) await page.screenshot({ path: `${pictures}/${name}-${colorScheme}.png` });
        }
        assertEquals(found, Object.fromEntries(screens.map(([name]) => [name, []])));
        assertEquals(problems, []);
      }),
  });
}

Deno.test({
  name: "console: of 1,000 terminals a page is drawn, and the next; the time is printed",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const { page, problems } = await open("anna", "admin", {
        wrap: (console) => busy(console, 1_000),
      });
      await page.locator("[data-screen=today]").waitFor();
      // the time of the page's thread alone: the machine may be busy with other things
      const session = await page.context().newCDPSession(page);
      await session.send("Performance.enable", { timeDomain: "threadTicks" });
      const busyMs = async () => {
        const { metrics } = await session.send("Performance.getMetrics");
        return metrics.find(({ name }) => name === "TaskDuration")!.value * 1_000;
      };
      const show = (title: string, selector: string) =>
        page.evaluate(async ({ title, selector }) => {
          const button = [...document.querySelectorAll<HTMLElement>(".nav")].find(
            ({ innerText }) => innerText.startsWith(title),
          )!;
          button.click();
          while (document.querySelector(selector) === null) {
            await new Promise((resolve) => requestAnimationFrame(resolve));
          }
          await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        }, { title, selector });
      const times: number[] = [];
      for (let turn = 0; turn < 5; turn++) {
        await show("Today", "[data-screen=today]");
        const startMs = await busyMs();
        await show("Terminals", `[data-screen=terminals] tbody tr:nth-child(${consoleRowsMax})`);
        times.push(await busyMs() - startMs);
      }
      const median = times.toSorted((one, other) => one - other)[2]!;
      console.log(
        `a page of 1,000 terminals: ${
          median.toFixed(0)
        } ms of the page's thread, the median of five`,
      );
      await page.getByText(`1 to ${consoleRowsMax} of 1,000`).waitFor();
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText(`${consoleRowsMax + 1} to ${2 * consoleRowsMax} of 1,000`).waitFor();
      assertEquals(problems, []);
    }),
});
