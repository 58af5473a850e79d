import { assertEquals } from "@std/assert";
import { button, logIn, onScreen } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";
import { family, focused, sees } from "./flows.ts";

const { flow } = family("the end of a visit");

flow("idle: asked for more time, which is given", async ({ page, scripted }) => {
  await logIn(page);
  await page.getByRole("alertdialog", { name: "Do you need more time?" }).waitFor();
  assertEquals(await focused(page), "Yes, more time");
  const touches = () => scripted.calls.filter((call) => call === "touch").length;
  const before = touches();
  await page.keyboard.press("Enter");
  await page.getByRole("alertdialog").waitFor({ state: "detached" });
  await onScreen(page, "menu");
  while (touches() === before) await page.waitForTimeout(20);
  await page.getByRole("alertdialog").waitFor();
  await button(page, "No, log out").click();
  await sees(page, "Goodbye");
}, () => ({ scripted: new ScriptedAtm({ idleMsMax: 5000 }) }));

flow("idle: logged out, with the reason", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, /^Balance/).click();
  scripted.endVisit("idle");
  await sees(page, "The screen was not touched for a while");
  await button(page, "Start over").click();
  await onScreen(page, "welcome");
});

flow("connection lost: said at once, and said when it is back", async ({ page, scripted }) => {
  await logIn(page);
  scripted.loseBank();
  await sees(page, "The bank cannot be reached");
  await sees(page, "Connection lost");
  scripted.change({ bank: "online" });
  await sees(page, "Connection restored");
  await button(page, "Log in").click();
  await onScreen(page, "log_in");
});

flow("connection lost while money moves: its end is shown first", async ({ page, scripted }) => {
  await logIn(page);
  let release = () => {};
  scripted.gate = new Promise((resolve) => release = resolve);
  scripted.next.withdraw = "in_doubt";
  await button(page, "€50").click();
  await onScreen(page, "working");
  scripted.loseBank();
  await sees(page, "The connection to the bank was lost. Please wait");
  release();
  await sees(page, "Your money is safe");
  await button(page, "Continue").click();
  await onScreen(page, "lost");
});
