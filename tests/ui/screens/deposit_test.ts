import { assertEquals } from "@std/assert";
import { button, logIn, onScreen } from "../open_atm.ts";
import { family, sees, stacks } from "./flows.ts";

const { flow } = family("deposits");

flow("deposit: notes are drawn as they come in, and booked", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "Deposit cash").click();
  await onScreen(page, "deposit");
  await button(page, /^Deposit$/).click({ force: true }); // nothing is in yet: it does nothing
  for (const note of ["€20", "€50", "€20"]) await button(page, `Insert ${note}`).click();
  await sees(page, "3 notes");
  assertEquals(await stacks(page), ["1 × €50", "2 × €20"]);
  await button(page, "Deposit €90.00").click();
  await onScreen(page, "receipt");
  await sees(page, "€1,340.50");
  assertEquals(scripted.calls.filter((call) => call === "depositConfirm").length, 1);
});

flow("deposit given back", async ({ page, scripted }) => {
  await logIn(page);
  await button(page, "Deposit cash").click();
  await button(page, "Insert €20").click();
  await button(page, "Return my notes").click();
  await onScreen(page, "menu");
  assertEquals(scripted.view().escrow, null);
  assertEquals(scripted.view().visit?.account.booked, "125050");
});

flow(
  "a deposit whose devices stopped answering says what was counted",
  async ({ page, scripted }) => {
    await logIn(page);
    await button(page, "Deposit cash").click();
    await button(page, "Insert €50").click();
    const movement = "0123456789abcdef0123456789abcdef";
    const time = new Date().toISOString();
    const outcome = "to_be_counted";
    const counted = { outcome, amount: "5000", notes: [], account: null, time, movement } as const;
    scripted.depositConfirm = () => Promise.resolve({ ...counted, notes: [], kind: "deposit" });
    scripted.change({ escrow: null });
    await onScreen(page, "refusal");
    await sees(page, "€50.00 was counted, and nothing is booked yet.");
    await sees(page, "Reference");
    await button(page, "Continue").click();
    await onScreen(page, "menu");
  },
);
