import { assert, assertEquals } from "@std/assert";
import { button, fillLogIn, logIn, onScreen } from "../open_atm.ts";
import { family, sees } from "./flows.ts";

const { flow } = family("a new password");

flow("a one-time password: nothing but its change, or the log-out", async ({ page, scripted }) => {
  scripted.oneTime = true;
  const enter = async () => {
    await button(page, "Touch to begin").click();
    await fillLogIn(page, "alice", "correct horse");
  };
  await enter();
  await sees(page, "You used a one-time password.");
  await button(page, "Log out").click();
  await onScreen(page, "ended");
  await button(page, "Start over").click();
  await enter();
  await onScreen(page, "password");
  for (
    const [label, text] of [
      ["One-time password", "correct horse"],
      ["New password", "blue tin whistle"],
      ["Repeat new password", "blue tin whistle"],
    ]
  ) await page.getByLabel(label!, { exact: true }).fill(text!);
  await page.keyboard.press("Enter");
  await sees(page, "Password changed");
  await button(page, "Continue").click();
  await onScreen(page, "menu");
});

flow(
  "a new password: its faults are shown without the bank, and nothing stays in the page",
  async ({ page, scripted }) => {
    await logIn(page);
    await button(page, "More").click();
    await button(page, "Change password").click();
    const [current, next, again] = [
      "Current password",
      "New password",
      "Repeat new password",
    ]
      .map((label) => page.getByLabel(label, { exact: true }));
    const send = async (...texts: string[]) => {
      for (const [index, field] of [current!, next!, again!].entries()) {
        await field.fill(
          texts[index]!,
        );
      }
      await page.keyboard.press("Enter");
    };
    await send("", "blue tin whistle", "blue tin whistle");
    await sees(page, "your current password, too");
    await send("correct horse", "short", "short");
    await sees(page, "at least 8 characters");
    await send("correct horse", "correct horse", "correct horse");
    await sees(page, "the same as the current one");
    await send("correct horse", "blue tin whistle", "another one");
    await sees(page, "do not match");
    assertEquals(scripted.calls.includes("changePassword"), false);
    await send("wrong", "blue tin whistle", "blue tin whistle");
    await sees(page, "Current password incorrect");
    await button(page, "Try again").click();
    assertEquals(await current!.inputValue() + await next!.inputValue(), "");
    await send("correct horse", "blue tin whistle", "blue tin whistle");
    await sees(page, "Password changed");
    assert(!(await page.content()).includes("blue tin whistle"));
    await button(page, "Continue").click();
    await onScreen(page, "menu");
  },
);
