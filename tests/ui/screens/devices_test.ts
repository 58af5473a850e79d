import { assertEquals } from "@std/assert";
import { button, logIn, onScreen } from "../open_atm.ts";
import { ScriptedAtm } from "../scripted_atm.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("the demo's pane");

flow("the demo's controls are there in a demo only", async ({ page }) => {
  await logIn(page);
  await button(page, "Deposit cash").click();
  await onScreen(page, "deposit");
  assertEquals(await page.getByRole("complementary", { name: "Devices" }).count(), 0);
  assertEquals(await button(page, /Insert/).count(), 0);
}, () => ({ scripted: new ScriptedAtm({ demo: false }) }));

flow("faults are armed, seen and disarmed, by keyboard too", async ({ page, scripted }) => {
  await onScreen(page, "welcome");
  await page.getByLabel("What").selectOption("power cut");
  await page.getByLabel("At", { exact: true }).selectOption("cashInEnd");
  await button(page, "Make it fail").focus();
  await page.keyboard.press("Enter");
  await button(page, "Disarm: Power cut before storing").click();
  await button(page, /^Disarm/).waitFor({ state: "detached" });
  assertEquals(scripted.calls, [
    "armFault power cut before cashInEnd",
    "disarmFault power cut before cashInEnd",
  ]);
  scripted.change({ devices: { jammed: ["dispenser"], faults: [] } });
  await sees(page, "Jammed: dispenser");
  await button(page, "Clear jams").click();
  await button(page, "Clear jams").waitFor({ state: "detached" });
  await onScreen(page, "welcome"); // the pane's keys are not the ATM's
  scripted.change({ devices: { jammed: ["dispenser", "acceptor"], faults: [], away: true } });
  await sees(page, "The devices do not answer");
  assertEquals(await page.getByText(/^Jammed/).count(), 0);
  scripted.change({ devices: { jammed: [], faults: [] } });
  await onScreen(page, "welcome");
  await page.getByText("Devices").click();
  await button(page, "Make it fail").waitFor({ state: "hidden" });
  scripted.change({ presented: { notes: [{ value: "5000", count: 1 }], total: "5000" } });
  await button(page, "Take the notes").click(); // the pane opens while there is something to do
  await onScreen(page, "welcome");
});
