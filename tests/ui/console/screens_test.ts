/** Every screen of the console: axe, pictures, and a page of 1,000 terminals. */
import { assertEquals } from "@std/assert";
import { findBrowser, type Page } from "../../browser.ts";
import { consoleRowsMax } from "../../../lib/limits.ts";
import { violationsOf } from "../accessibility.ts";
import { give, goTo, withConsoles } from "./open_console.ts";
import { busy, troubled } from "./pictures.ts";

const ignore = findBrowser() === null;

/** Screens, each with the way to it from any other. */
const screens: [name: string, open: (page: Page) => Promise<unknown>][] = [
  ["today", (page) => goTo(page, "Today")],
  ["terminals", (page) => goTo(page, "Terminals")],
  ["terminal", (page) => opened(page, "airport")],
  ["suspended", (page) => goTo(page, "Terminals").then(() => opened(page, "mall-7"))],
  ["revoked", (page) => goTo(page, "Terminals").then(() => opened(page, "airport-9"))],
  ["customers", (page) => goTo(page, "Customers")],
  ["customer", (page) => opened(page, "bruno1")],
  ["doubt", (page) => goTo(page, "In doubt")],
  ["hold", (page) => opened(page, "alice")],
  ["approvals", (page) => goTo(page, "Approvals")],
  ["log", (page) => goTo(page, "Log")],
  ["bank", (page) => goTo(page, "Bank")],
];

const opened = (page: Page, name: string) =>
  page.getByRole("main").getByRole("button", { name, exact: true }).first().click();

/** Waits until everything is read. */
const isRead = (page: Page) =>
  page.waitForFunction(() => !document.body.innerText.includes("Reading…"));

/** The folder for pictures, if any, which are then drawn in both schemes at both sizes. */
const pictures = Deno.env.get("PICTURES");

const sizes = [{ width: 1280, height: 800 }, { width: 1920, height: 1080 }];
const looks = (["light", "dark"] as const).flatMap((colorScheme, index) =>
  sizes.filter((_, size) => pictures || size === index)
    .map((viewport) => ({ colorScheme, viewport }))
);

for (const look of looks) {
  const { colorScheme, viewport } = look;
  Deno.test({
    name:
      `console: axe finds nothing on any screen and dialog, ${colorScheme}, ${viewport.width} wide`,
    ignore,
    fn: () =>
      withConsoles(async ({ open }) => {
        const { page, problems } = await open("anna", "admin", { ...look, wrap: busy });
        await page.locator("[data-screen=today]").waitFor();
        const found: string[] = [];
        const check = async (page: Page, name: string, part?: string) => {
          const violations = await violationsOf(page, undefined, part);
          const overflow = await page.evaluate(() =>
            document.documentElement.scrollWidth - innerWidth
          );
          found.push(...violations.map((each) => `${name}: ${each}`));
          if (overflow > 0) found.push(`${name}: ${overflow} pixels too wide`);
          const path = `${pictures}/${name}-${colorScheme}-${viewport.width}.png`;
          if (pictures) await page.screenshot({ path });
        };
        const checkWithActs = async (page: Page, name: string) => {
          await isRead(page);
          await check(page, name);
          const buttons = page.locator("[data-act]");
          const acts = await buttons.evaluateAll((all) => [
            ...new Set(all.map((each) => (each as HTMLElement).innerText)),
          ]);
          for (const act of acts) {
            await buttons.filter({ hasText: new RegExp(`^${act}$`) }).first().click();
            await page.getByRole("alertdialog").waitFor();
            await check(page, `${name}-${act.toLowerCase().replaceAll(/\W/g, "-")}`, ".veil");
            await page.keyboard.press("Escape");
          }
        };
        for (const [name, reach] of screens) {
          await reach(page);
          await checkWithActs(page, name);
        }
        await goTo(page, "Log");
        await isRead(page);
        const place = await page.locator("tbody code").last().innerText();
        await give(page, "Proof of an entry", { "Entry or movement": place });
        await page.getByText("Done").waitFor();
        await check(page, "proof", ".veil");
        await page.getByRole("button", { name: "Close" }).click();
        await page.getByRole("button", { name: "Lock" }).click();
        await page.getByRole("heading", { name: "Locked" }).waitFor();
        await check(page, "locked");
        const other = await open("ben", "admin", { ...look, wrap: troubled });
        await goTo(other.page, "Bank");
        await checkWithActs(other.page, "trouble");
        assertEquals(found, []);
        assertEquals([...problems, ...other.problems], []);
      }),
  });
}

Deno.test({
  name: "console: of 1,000 terminals a page is drawn, and the next",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const { page, problems } = await open("anna", "admin", {
        wrap: (console) => busy(console, 1_000),
      });
      const needs = page.getByRole("region", { name: "Needs you" });
      await needs.getByRole("button", { name: /^and \d{3} more$/ }).waitFor();
      await needs.getByRole("button", { name: /^airport is out of service/ }).first().click();
      await page.getByRole("heading", { name: "airport", exact: true }).waitFor();
      await goTo(page, "Terminals");
      await page.getByText(`1 to ${consoleRowsMax} of 1,000`).waitFor();
      assertEquals(await page.locator("tbody tr").count(), consoleRowsMax);
      await page.getByRole("button", { name: "Next" }).click();
      await page.getByText(`${consoleRowsMax + 1} to ${2 * consoleRowsMax} of 1,000`).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: terminals are found by a pasted name, and a text that is too long finds none",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const { page, problems } = await open("anna", "teller", { wrap: busy });
      await goTo(page, "Terminals");
      const field = page.getByLabel("Find a terminal");
      await field.focus();
      await page.keyboard.insertText(" harbour ");
      const rows = page.locator("tbody tr");
      await page.getByRole("button", { name: "harbour", exact: true }).waitFor();
      await page.getByRole("button", { name: "lobby", exact: true }).waitFor({ state: "detached" });
      assertEquals(
        await rows.locator("td:first-child").allInnerTexts(),
        ["harbour", "harbour-10"],
      );
      await page.keyboard.insertText("x".repeat(10_000));
      await page.getByText("No such terminal.").waitFor();
      await field.fill("");
      await page.getByRole("button", { name: "lobby", exact: true }).waitFor();
      assertEquals(problems, []);
    }),
});
