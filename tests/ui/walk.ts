/** A walk past every screen there is, each by the way on which a customer comes to it. */
import type { Page } from "../browser.ts";
import {
  button,
  fillLogIn,
  logIn,
  onScreen,
  type OpenAtm,
  type OpenInBrowser,
} from "./open_atm.ts";
import { bobs, numberOf, ScriptedAtm } from "./scripted_atm.ts";
import type { AtmView, OutOfService } from "../../lib/atm.ts";
import type { AtmOutcome } from "../../lib/errors.ts";

export interface Stop {
  /** The picture's name. */
  name: string;
  /** The machine before the page is opened; the usual one if absent. */
  scripted?: () => ScriptedAtm;
  /** From the opened page to the screen. */
  reach: (atm: OpenInBrowser) => Promise<void>;
}

/** To the menu, and on to one of its screens. */
const inMenu = (on: (atm: OpenAtm) => Promise<unknown>) => async (atm: OpenAtm) => {
  await logIn(atm.page);
  await on(atm);
};

/** A withdrawal of €50.00 that comes to `outcome`. */
const refusedWithdrawal = (outcome: AtmOutcome): Stop => ({
  name: `refusal_${outcome}`,
  reach: inMenu(async ({ scripted, page }) => {
    scripted.next.withdraw = outcome;
    await button(page, "€50").click();
    await onScreen(page, "refusal");
  }),
});

const outOfService = (why: OutOfService, changes: Partial<AtmView>): Stop => ({
  name: `out_of_service_${why}`,
  async reach({ scripted, page }) {
    scripted.change(changes);
    await onScreen(page, "out_of_service");
  },
});

const typedAmount = (name: string, typed: string): Stop => ({
  name,
  reach: inMenu(async ({ page }) => {
    await button(page, "Another amount").click();
    await page.getByLabel("Amount").fill(typed);
    await page.keyboard.press("Enter");
    await onScreen(page, "refusal");
  }),
});

const refusedLogIn = (outcome: AtmOutcome): Stop => ({
  name: `refusal_${outcome}`,
  async reach({ scripted, page }) {
    scripted.next.logIn = outcome;
    await button(page, "Touch to begin").click();
    await fillLogIn(page, "alice", "something else");
    await onScreen(page, "refusal");
  },
});

const usual: Stop[] = [
  { name: "welcome", reach: ({ page }) => onScreen(page, "welcome") },
  {
    name: "log_in",
    async reach({ page }) {
      await button(page, "Touch to begin").click();
      await page.getByLabel("Username").fill("alice");
      await page.getByLabel("Password", { exact: true }).fill("correct horse");
    },
  },
  {
    name: "log_in_keyboard",
    async reach({ page }) {
      await button(page, "Touch to begin").click();
      await button(page, "On-screen keyboard").click();
      await page.getByLabel("Username").focus();
      for (const letter of "alice") await button(page, new RegExp(`^${letter}$`)).click();
    },
  },
  {
    name: "settings",
    async reach({ page }) {
      await button(page, "Settings").click();
      await onScreen(page, "settings");
    },
  },
  { name: "menu", reach: inMenu(() => Promise.resolve()) },
  {
    name: "menu_news",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.moveElsewhere(4500n);
      await page.getByText("just now").waitFor();
    }),
  },
  {
    name: "menu_elsewhere",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.change({ visit: { ...scripted.view().visit!, elsewhere: ["hall", "mall"] } });
      await page.getByText("hall, mall").waitFor();
    }),
  },
  {
    name: "menu_balance",
    reach: inMenu(async ({ page }) => {
      await button(page, "Show balance").click();
      await page.getByText("€1,250.50").waitFor();
    }),
  },
  {
    name: "menu_again",
    scripted: () => new ScriptedAtm({ usual: { lastWithdrawal: "8000", recipients: [] } }),
    reach: inMenu(({ page }) => page.getByText("Same as last time").waitFor()),
  },
  {
    name: "recipient_recent",
    scripted: () =>
      new ScriptedAtm({
        usual: {
          recipients: [{ account: bobs, name: "b•••b" }, { account: numberOf(7), name: "c•••l" }],
        },
      }),
    reach: inMenu(async ({ page }) => {
      await button(page, /^Transfer/).click();
      await page.getByText("Recent recipients").waitFor();
    }),
  },
  {
    name: "menu_limit",
    scripted: () => new ScriptedAtm({ left: { today: "6000" } }),
    reach: inMenu(({ page }) => page.getByText("€60 left today").waitFor()),
  },
  {
    name: "amount_limit",
    scripted: () => new ScriptedAtm({ left: { once: "10000" } }),
    reach: inMenu(async ({ page }) => {
      await button(page, "Another amount").click();
      await page.getByLabel("Amount").fill("200");
      await page.getByText("Limit per withdrawal").waitFor();
    }),
  },
  {
    name: "refusal_limit",
    scripted: () => new ScriptedAtm({ left: { today: "6000" } }),
    reach: inMenu(async ({ page }) => {
      await button(page, "Another amount").click();
      await page.getByLabel("Amount").fill("70");
      await page.keyboard.press("Enter");
      await onScreen(page, "mix");
      await page.keyboard.press("Enter");
      await page.getByText("Left today").waitFor();
    }),
  },
  {
    name: "menu_large_balance",
    scripted: () => new ScriptedAtm({ balanceMinor: 987_654_321n }),
    reach: inMenu(async ({ page }) => {
      await button(page, "Show balance").click();
      await page.getByText("€9,876,543.21").waitFor();
    }),
  },
  {
    name: "sum_large",
    scripted: () => new ScriptedAtm({ balanceMinor: 987_654_321n }),
    reach: inMenu(async ({ page }) => {
      await button(page, /^Transfer/).click();
      await page.getByLabel("Account number").fill(bobs);
      await page.keyboard.press("Enter");
      await onScreen(page, "sum");
      await page.keyboard.type("123456789");
      await page.getByText("€1,234,567.89").waitFor();
    }),
  },
  {
    name: "confirm_keyboard",
    reach: inMenu(async ({ page }) => {
      await transferOf(page, bobs, "25000");
      const message = page.getByLabel("Message to the recipient");
      await message.focus();
      await message.dispatchEvent("pointerup", { pointerType: "touch" });
      for (const letter of "rent") await button(page, new RegExp(`^${letter}$`)).click();
    }),
  },
  {
    name: "password_keyboard",
    reach: inMenu(async ({ page }) => {
      await openPassword(page);
      await button(page, "On-screen keyboard").click();
      await page.getByLabel("Repeat new password").focus();
    }),
  },
  {
    name: "pin",
    async reach({ page }) {
      await insertCard(page);
      for (const digit of "739") await button(page, new RegExp(`^${digit}$`)).click();
    },
  },
  {
    name: "take_card",
    async reach({ page }) {
      await insertCard(page);
      await page.keyboard.press("Escape");
      await onScreen(page, "take_card");
    },
  },
  {
    name: "set_pin",
    reach: inMenu(async ({ page }) => {
      await newPin(page, "7391", "7392");
      await page.getByText("do not match").waitFor();
    }),
  },
  {
    name: "pin_set",
    reach: inMenu(async ({ page }) => {
      await newPin(page, "8154", "8154");
      await onScreen(page, "pin_set");
    }),
  },
  { name: "more", reach: inMenu(({ page }) => button(page, "More").click()) },
  {
    name: "amount_over",
    reach: inMenu(async ({ page }) => {
      await button(page, "Another amount").click();
      await page.getByLabel("Amount").fill("9000");
      await page.getByText("You can withdraw up to").waitFor();
    }),
  },
  {
    name: "amount",
    reach: inMenu(async ({ page }) => {
      await button(page, "Another amount").click();
      for (const digit of "180") await button(page, new RegExp(`^${digit}$`)).click();
    }),
  },
  {
    name: "working",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.gate = new Promise(() => {});
      await button(page, "€100").click();
      await onScreen(page, "working");
    }),
  },
  {
    name: "take",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.gate = new Promise(() => {});
      await button(page, "€100").click();
      scripted.change({ presented: { notes: [{ value: "5000", count: 2 }], total: "10000" } });
      await onScreen(page, "take");
    }),
  },
  {
    name: "receipt_withdrawal",
    reach: inMenu(async ({ page }) => {
      await button(page, "Another amount").click();
      await page.getByLabel("Amount").fill("180");
      await page.keyboard.press("Enter");
      await page.locator("[data-mix='0']").click();
      await onScreen(page, "receipt");
    }),
  },
  {
    name: "code",
    reach: inMenu(async ({ page }) => {
      await button(page, "€100").click();
      await button(page, /Touch to enlarge/).click();
      await onScreen(page, "code");
    }),
  },
  {
    name: "mix",
    reach: inMenu(async ({ page }) => {
      await button(page, "Another amount").click();
      await page.getByLabel("Amount").fill("180");
      await page.keyboard.press("Enter");
      await page.locator("[data-mix='1']").waitFor();
    }),
  },
  {
    name: "receipt_transfer",
    reach: inMenu(async ({ page }) => {
      await transferOf(page, bobs, "25000");
      await button(page, /^Send/).click();
      await onScreen(page, "receipt");
    }),
  },
  {
    name: "accounts",
    scripted: severalAccounts,
    reach: inMenu(async ({ page }) => {
      await button(page, "More").click();
      await button(page, "Switch account").click();
      await onScreen(page, "accounts");
    }),
  },
  {
    name: "recipient",
    reach: inMenu(async ({ page }) => {
      await button(page, /^Transfer/).click();
      await page.getByLabel("Account number").fill(bobs);
    }),
  },
  {
    name: "recipient_own",
    scripted: severalAccounts,
    reach: inMenu(async ({ page }) => {
      await button(page, /^Transfer/).click();
      await onScreen(page, "recipient");
    }),
  },
  {
    name: "sum",
    reach: inMenu(async ({ page }) => {
      await button(page, /^Transfer/).click();
      await page.getByLabel("Account number").fill(bobs);
      await page.keyboard.press("Enter");
      await onScreen(page, "sum");
      await page.getByLabel("Amount").fill("25000");
    }),
  },
  { name: "confirm", reach: inMenu(({ page }) => transferOf(page, bobs, "25000")) },
  {
    name: "password",
    reach: inMenu(async ({ page }) => {
      await openPassword(page);
      await onScreen(page, "password");
    }),
  },
  {
    name: "password_mismatch",
    reach: inMenu(async ({ page }) => {
      await newPassword(page, "correct horse", "a longer one", "another one");
      await page.getByText("do not match").waitFor();
    }),
  },
  {
    name: "password_changed",
    reach: inMenu(async ({ page }) => {
      await newPassword(page, "correct horse", "a longer one", "a longer one");
      await onScreen(page, "password_changed");
    }),
  },
  { name: "deposit_empty", reach: inMenu(({ page }) => button(page, "Deposit cash").click()) },
  {
    name: "deposit",
    reach: inMenu(async ({ page }) => {
      await insertNotes(page);
    }),
  },
  {
    name: "receipt_deposit",
    reach: inMenu(async ({ page }) => {
      await insertNotes(page);
      await button(page, /^Deposit €/).click();
      await onScreen(page, "receipt");
    }),
  },
  {
    name: "devices_at_fault",
    reach: inMenu(async ({ scripted, page }) => {
      for (const fault of ["jam between dispense", "power cut after cashInEnd"] as const) {
        await scripted.armFault(fault);
      }
      scripted.change({ devices: { ...scripted.view().devices, jammed: ["dispenser"] } });
      await button(page, "Clear jams").waitFor();
    }),
  },
  {
    name: "balance",
    reach: inMenu(async ({ scripted, page }) => {
      rememberMuch(scripted);
      await button(page, /^Balance/).click();
      await page.getByText("Last movements").waitFor();
    }),
  },
  {
    name: "history_receipt",
    reach: inMenu(async ({ scripted, page }) => {
      rememberMuch(scripted);
      await button(page, "History").click();
      await button(page, /^Cash withdrawal/).first().click();
      await onScreen(page, "receipt");
    }),
  },
  {
    name: "history",
    reach: inMenu(async ({ scripted, page }) => {
      rememberMuch(scripted);
      await button(page, "History").click();
      await page.getByText("Cash withdrawal").first().waitFor();
    }),
  },
  {
    name: "history_sealed",
    reach: inMenu(async ({ scripted, page }) => {
      rememberMuch(scripted);
      await button(page, "History").click();
      await button(page, "Activity").click();
      await button(page, "Audit log view").click();
      await page.getByText("Seal").first().waitFor();
    }),
  },
  {
    name: "history_none",
    reach: inMenu(async ({ page }) => {
      await button(page, "History").click();
      await page.getByText("No entries").waitFor();
    }),
  },
  {
    name: "history_activity",
    reach: inMenu(async ({ scripted, page }) => {
      rememberMuch(scripted);
      await button(page, "History").click();
      await button(page, "Activity").click();
      await button(page, "Filter").click();
      await page.getByText("Refused:").first().waitFor();
    }),
  },
  {
    name: "history_calendar",
    reach: inMenu(async ({ page }) => {
      await button(page, "History").click();
      await button(page, "Filter").click();
      await button(page, "Choose days").click();
      await page.locator(".calendar").waitFor();
    }),
  },
];

/** Returns a transfer that comes to `outcome` as the recipient is looked up, or as it is sent. */
function refusedTransfer(outcome: AtmOutcome, at: "recipient" | "transfer"): Stop {
  return {
    name: `refusal_transfer_${outcome}`,
    reach: inMenu(async ({ scripted, page }) => {
      scripted.next[at] = outcome;
      if (at === "recipient") {
        await button(page, /^Transfer/).click();
        await page.getByLabel("Account number").fill(bobs);
        await page.keyboard.press("Enter");
      } else {
        await transferOf(page, bobs, "25000");
        await button(page, /^Send/).click();
      }
      await onScreen(page, "refusal");
    }),
  };
}

/** Inserts alice's card in the demo's pane. */
async function insertCard(page: Page): Promise<void> {
  await button(page, "Insert Alice’s card").click();
  await onScreen(page, "pin");
}

async function newPin(page: Page, next: string, again: string): Promise<void> {
  await button(page, "More").click();
  await button(page, "Change PIN").click();
  await page.getByLabel("New PIN", { exact: true }).fill(next);
  await page.getByLabel("Repeat new PIN").fill(again);
  await page.keyboard.press("Enter");
}

function refusedCard(outcome: AtmOutcome): Stop {
  return {
    name: `refusal_card_${outcome}`,
    async reach({ scripted, page }) {
      scripted.next.logInWithCard = outcome;
      await insertCard(page);
      await page.keyboard.type("7392");
      await page.keyboard.press("Enter");
      if (outcome !== "wrong_credentials") {
        await onScreen(page, "take_card");
        await scripted.takeCard();
      }
      await onScreen(page, "refusal");
    },
  };
}

function refusedPassword(outcome: AtmOutcome): Stop {
  return {
    name: `refusal_password_${outcome}`,
    reach: inMenu(async ({ scripted, page }) => {
      scripted.next.changePassword = outcome;
      await newPassword(page, "correct horse", "a longer one", "a longer one");
      await onScreen(page, "refusal");
    }),
  };
}

const refusals: Stop[] = [
  refusedLogIn("wrong_credentials"),
  refusedLogIn("throttled"),
  refusedLogIn("try_later"),
  typedAmount("refusal_amount_not_positive", "0"),
  typedAmount("refusal_amount_too_large", "99999999999999"),
  typedAmount("refusal_not_dispensable", "45"),
  {
    name: "refusal_account_not_a_number",
    reach: inMenu(async ({ page }) => {
      await button(page, /^Transfer/).click();
      await page.getByLabel("Account number").fill("12345");
      await page.keyboard.press("Enter");
      await onScreen(page, "refusal");
    }),
  },
  refusedTransfer("unknown_recipient", "recipient"),
  refusedTransfer("throttled", "recipient"),
  refusedTransfer("recipient_unavailable", "transfer"),
  refusedTransfer("over_day_limit", "transfer"),
  refusedCard("wrong_credentials"),
  refusedCard("card_blocked"),
  refusedCard("pin_not_set"),
  refusedPassword("wrong_credentials"),
  refusedPassword("password_too_short"),
  refusedWithdrawal("money_stopped"),
  refusedWithdrawal("insufficient_funds"),
  refusedWithdrawal("over_withdrawal_limit"),
  refusedWithdrawal("withdrawals_stopped"),
  refusedWithdrawal("account_locked"),
  refusedWithdrawal("account_closed"),
  refusedWithdrawal("device_fault"),
  refusedWithdrawal("card_not_taken"),
  refusedWithdrawal("notes_not_taken"),
  refusedWithdrawal("to_be_counted"),
  refusedWithdrawal("bank_unreachable"),
  refusedWithdrawal("in_doubt"),
  refusedWithdrawal("already_completed"),
];

const ends: Stop[] = [
  {
    name: "goodbye",
    reach: inMenu(async ({ page }) => {
      await button(page, "Log out").click();
      await onScreen(page, "ended");
    }),
  },
  {
    name: "ended_idle",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.endVisit("idle");
      await onScreen(page, "ended");
    }),
  },
  {
    name: "ended_by_bank",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.endVisit("ended_by_bank");
      await onScreen(page, "ended");
    }),
  },
  {
    name: "more_time",
    scripted: () => new ScriptedAtm({ idleMsMax: 4000 }),
    reach: inMenu(({ page }) => page.getByRole("alertdialog").waitFor()),
  },
  {
    name: "lost",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.loseBank();
      await onScreen(page, "lost");
    }),
  },
  {
    name: "back",
    reach: inMenu(async ({ scripted, page }) => {
      scripted.loseBank();
      await onScreen(page, "lost");
      scripted.change({ bank: "online" });
      await onScreen(page, "back");
    }),
  },
  outOfService("no_bank", { bank: "connecting" }),
  outOfService("no_key", { bank: "no_key" }),
  outOfService("not_accepted", { bank: "not_accepted" }),
  outOfService("not_ready", { bank: "not_ready" }),
  outOfService("disk_failed", { failure: "disk_failed" }),
  outOfService("journal_lost", { failure: "journal_lost" }),
  outOfService("device_fault", { devices: { jammed: ["dispenser"], faults: [] } }),
  outOfService("no_cash", { cash: { cassettes: [], fastAmounts: [], accepted: ["1000"] } }),
  {
    name: "disconnected_stopped",
    reach: async ({ killHost, page }) => {
      await onScreen(page, "welcome");
      await killHost();
      await onScreen(page, "disconnected");
    },
  },
  {
    name: "disconnected_link_used",
    reach: async ({ page }) => {
      await onScreen(page, "welcome");
      await page.evaluate(() => sessionStorage.clear());
      await page.reload();
      await onScreen(page, "disconnected");
    },
  },
  {
    name: "disconnected_opened_elsewhere",
    reach: async ({ context, host, page }) => {
      await onScreen(page, "welcome");
      const other = await context.newPage();
      await other.goto(host.newLink());
      await onScreen(page, "disconnected");
    },
  },
];

/** Every screen, in the order of a visit, refusals and ends after it. */
export const walk: readonly Stop[] = [...usual, ...refusals, ...ends];

function severalAccounts(): ScriptedAtm {
  return new ScriptedAtm({ otherAccounts: { savings: 980_000n, holiday: 12_345n } });
}

/** Goes from the menu to the question whether a transfer is right. */
async function transferOf(page: Page, to: string, amount: string): Promise<void> {
  await button(page, /^Transfer/).click();
  await page.getByLabel("Account number").fill(to);
  await page.keyboard.press("Enter");
  await onScreen(page, "sum");
  await page.getByLabel("Amount").fill(amount);
  await page.keyboard.press("Enter");
  await onScreen(page, "confirm");
}

async function openPassword(page: Page): Promise<void> {
  await button(page, "More").click();
  await button(page, "Change password").click();
}

async function newPassword(page: Page, current: string, next: string, again: string) {
  await openPassword(page);
  await page.getByLabel("Current password").fill(current);
  await page.getByLabel("New password", { exact: true }).fill(next);
  await page.getByLabel("Repeat new password").fill(again);
  await page.keyboard.press("Enter");
}

async function insertNotes(page: Page): Promise<void> {
  await button(page, "Deposit cash").click();
  for (const note of ["€50", "€50", "€20", "€20", "€20", "€10"]) {
    await button(page, `Insert ${note}`).click();
  }
  await page.getByText("€170.00").first().waitFor();
}

function rememberMuch(scripted: ScriptedAtm): void {
  for (let day = 0; day < 9; day++) {
    scripted.addHistory(
      { kind: "log-in", action: "log in", outcome: "done" },
      { kind: "withdrawal", action: "withdraw €40.00", outcome: "done", amount: "4000" },
      {
        kind: "withdrawal",
        action: "withdraw €900.00 failed - insufficient funds",
        outcome: "refused",
        amount: "90000",
      },
      { kind: "deposit", action: "deposit €120.00", outcome: "done", amount: "12000" },
      { kind: "withdrawal", action: "withdraw €20.00 reversed", outcome: "done", amount: "2000" },
      {
        kind: "transfer",
        action: `receive €15.00 from account ${bobs} (b•••b)`,
        outcome: "done",
        amount: "1500",
      },
      { kind: "log-in", action: "log in failed - wrong credentials", outcome: "refused" },
    );
  }
}
