import { assert, assertEquals } from "@std/assert";
import { button, fillLogIn, onScreen } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("the log-in");

flow("wrong password: said, and tried again with the field empty", async ({ page, scripted }) => {
  await button(page, "Touch to begin").click();
  await fillLogIn(page, "alice", "wrong");
  await sees(page, "Username or password incorrect");
  assert(!(await page.content()).includes('wrong"'));
  await button(page, "Try again").click();
  await onScreen(page, "log_in");
  assertEquals(await page.getByLabel("Password", { exact: true }).inputValue(), "");
  assertEquals(await page.getByLabel("Username").inputValue(), "alice", "the name is kept");
  await page.keyboard.type("correct horse"); // the password's field has the focus
  await page.keyboard.press("Enter");
  await onScreen(page, "menu");
  assertEquals(scripted.calls.filter((call) => call === "logIn alice").length, 2);
});

flow("the password's field is empty while it is being checked", async ({ page, scripted }) => {
  let release = () => {};
  scripted.gate = new Promise((resolve) => release = resolve);
  await button(page, "Touch to begin").click();
  await fillLogIn(page, "alice", "correct horse");
  await sees(page, "Checking…");
  assertEquals(await page.getByLabel("Password", { exact: true }).inputValue(), "");
  release();
  await onScreen(page, "menu");
});

flow("a password can be shown and hidden", async ({ page }) => {
  await button(page, "Touch to begin").click();
  const password = page.getByLabel("Password", { exact: true });
  await password.fill("correct horse");
  assertEquals(await password.getAttribute("type"), "password");
  await button(page, "Show password").click();
  assertEquals(await password.getAttribute("type"), "text");
  await button(page, "Hide password").click();
  assertEquals(await password.getAttribute("type"), "password");
  assertEquals(await password.inputValue(), "correct horse");
});

flow("throttled: counts down, and lets on in time", async ({ page, scripted }) => {
  scripted.retryAfterMs = 1500;
  scripted.next.logIn = "throttled";
  await button(page, "Touch to begin").click();
  await fillLogIn(page, "alice", "wrong");
  await sees(page, "You can try again in 2 seconds");
  await button(page, "Try again").click({ force: true });
  await onScreen(page, "refusal");
  await sees(page, "You can try again now.");
  await button(page, "Try again").click();
  await onScreen(page, "log_in");
});

flow(
  "a double press of Enter logs in once, and a double click logs out once",
  async ({ page, scripted }) => {
    await button(page, "Touch to begin").click();
    await page.getByLabel("Username").fill("alice");
    await page.getByLabel("Password", { exact: true }).fill("correct horse");
    await page.evaluate(() => {
      const form = document.querySelector("form")!;
      form.requestSubmit();
      form.requestSubmit();
    });
    await onScreen(page, "menu");
    await button(page, "Log out").dblclick();
    await sees(page, /Goodbye|Welcome/);
    assertEquals(scripted.calls.filter((call) => call.startsWith("log")), [
      "logIn alice",
      "logOut",
    ]);
  },
);

flow("letters pressed on the screen go where one types", async ({ page }) => {
  await button(page, "Touch to begin").click();
  await button(page, "On-screen keyboard").click();
  const press = async (...keys: string[]) => {
    for (const key of keys) {
      await page.locator(".keyboard").getByRole("button", { name: key, exact: true }).click();
    }
  };
  await press("a", "l", "i", "c", "x", "Erase", "e");
  assertEquals(await page.getByLabel("Username").inputValue(), "alice");
  await page.getByLabel("Password", { exact: true }).focus();
  await press("Capital letters", "C", "Capital letters", "o", "r", "r", "e", "c", "t", "Space");
  await press("Digits and signs", "!", "Letters", "Erase", "h", "o", "r", "s", "e");
  assertEquals(await page.getByLabel("Password", { exact: true }).inputValue(), "Correct horse");
  await button(page, "Hide the keyboard").click();
  await page.locator(".keyboard").waitFor({ state: "detached" });
  await button(page, "On-screen keyboard").waitFor();
});
