/** A customer's evening: the real bank, two real ATMs and a real browser, started as in the README. */
import { assert, assertEquals } from "@std/assert";
import { findBrowser, openBrowser, type Page } from "../browser.ts";
import { fillLogIn, onScreen, watchPage } from "../ui/open_atm.ts";
import { freePort, Program, run } from "./programs.ts";

/** An amount is a button of the ATM's own: the demo's pane says "Insert €50". */
const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" && name.startsWith("€") });
const sees = (page: Page, text: string | RegExp) =>
  page.getByText(text).first().waitFor({ timeout: 15_000 });
const password = "correct horse";
const newPassword = "blue tin whistle";

Deno.test({ name: "a customer banks in a browser", ignore: findBrowser() === null }, async (t) => {
  const folder = await Deno.makeTempDir();
  const bank = ["--data", `${folder}/bank`];
  const address = `127.0.0.1:${freePort()}`;
  const programs = new Set<Program>();
  const problems: string[] = [];
  const browser = await openBrowser();

  async function start(...args: string[]): Promise<{ program: Program; line: string }> {
    const program = new Program(args);
    programs.add(program);
    return { program, line: await program.line() };
  }
  const startServer = () => start("server", "--listen", address, ...bank);

  async function openAtm(name: string): Promise<Page> {
    const key = `${folder}/${name}.key`;
    const data = `${folder}/atm-${name}`;
    const flags = [
      "--bank",
      address,
      "--key",
      key,
      "--data",
      data,
      "--demo",
      "--no-open",
      "--json",
    ];
    const { line } = await start("atm", ...flags);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    watchPage(page, problems);
    await page.goto(JSON.parse(line).atm);
    return page;
  }

  async function logIn(page: Page): Promise<void> {
    await button(page, "Touch to begin").click();
    await fillLogIn(page, "alice", password);
    await onScreen(page, "menu");
  }

  try {
    await run(["bank", "init", "--single-operator", ...bank, "--name", "First Bank"]);
    for (const name of ["lobby", "hall"]) {
      await run(["bank", "terminal", "enroll", name, "--out", `${folder}/${name}.key`, ...bank]);
    }
    await run(
      ["bank", "customer", "add", "alice", "--opening", "1000.00", ...bank],
      `${password}\n`,
    );
    await run(["bank", "customer", "add", "bob", "--opening", "5.00", ...bank], `${password}\n`);
    const listed = await run(["bank", "account", "list", "--customer", "bob", ...bank]);
    const bobs = /^(\d+) /m.exec(listed.out)![1]!;
    const { program: server } = await startServer();
    const lobby = await openAtm("lobby");
    const hall = await openAtm("hall");

    await t.step("a wrong password has its own screen", async () => {
      await button(lobby, "Touch to begin").click();
      await fillLogIn(lobby, "alice", "wrong password");
      await onScreen(lobby, "refusal");
      await lobby.keyboard.press("Enter");
      await fillLogIn(lobby, "alice", password);
      await onScreen(lobby, "menu");
      await button(lobby, "Show balance").click();
      await sees(lobby, "€1,000.00");
    });

    await t.step("withdraw: notes, receipt, and the new balance", async () => {
      await button(lobby, "Another amount").click();
      await lobby.keyboard.type("60");
      await lobby.keyboard.press("Enter");
      await onScreen(lobby, "mix");
      await lobby.keyboard.press("Enter");
      await onScreen(lobby, "take");
      await button(lobby, "Take the notes").click();
      await onScreen(lobby, "receipt");
      await sees(lobby, "€940.00");
      await button(lobby, "Done").click();
      await onScreen(lobby, "menu");
    });

    await t.step("too little money has its own screen", async () => {
      await button(lobby, "Another amount").click();
      await lobby.keyboard.type("950");
      await lobby.keyboard.press("Enter");
      await onScreen(lobby, "refusal");
      await sees(lobby, /enough|insufficient/i);
      await toMenu(lobby);
    });

    await t.step("a bad amount has its own screen", async () => {
      await button(lobby, "Another amount").click();
      await lobby.keyboard.type("33");
      await lobby.keyboard.press("Enter");
      await onScreen(lobby, "refusal");
      await sees(lobby, "€30");
      await toMenu(lobby);
    });

    await t.step("the balance changes automatically when money moves at another ATM", async () => {
      await button(lobby, /^Balance/).click();
      await onScreen(lobby, "balance");
      await logIn(hall);
      await button(hall, "Deposit cash").click();
      for (const note of ["€50", "€20", "€5"]) {
        await button(hall, new RegExp(`^Insert ${note}$`)).click();
      }
      await button(hall, /^Deposit €75/).click();
      await onScreen(hall, "receipt");
      await sees(hall, "€1,015.00");
      await sees(lobby, "€1,015.00");
      await sees(lobby, "Last movements");
      await toMenu(lobby);
    });

    await t.step("a transfer, and whose account it goes to", async () => {
      await button(lobby, /^Transfer/).click();
      await lobby.getByLabel("Account number").fill(bobs);
      await lobby.keyboard.press("Enter");
      await sees(lobby, "How much for b•••b?");
      await lobby.keyboard.type("900000");
      await lobby.keyboard.press("Enter");
      await button(lobby, "Send €9,000.00").click();
      await sees(lobby, "Not enough money");
      await lobby.keyboard.press("Enter");
      await onScreen(lobby, "sum");
      await lobby.keyboard.type("1500");
      await lobby.keyboard.press("Enter");
      await button(lobby, "Send €15.00").click();
      await sees(lobby, "Transfer sent");
      await sees(lobby, "€1,000.00");
      await toMenu(lobby);
      await toMenu(hall); // its receipt stays as it is until it is read
      await button(hall, "Show balance").click();
      await sees(hall, "€1,000.00");
    });

    await t.step("a new password ends the visit elsewhere", async () => {
      await button(lobby, "More").click();
      await button(lobby, "Change password").click();
      await lobby.getByLabel("Current password").fill(password);
      await lobby.getByLabel("New password", { exact: true }).fill(newPassword);
      await lobby.getByLabel("Repeat new password").fill(newPassword);
      await lobby.keyboard.press("Enter");
      await sees(lobby, "Password changed");
      await onScreen(hall, "ended");
      await sees(hall, "The bank ended your session");
      await toMenu(lobby);
    });

    await t.step("history, narrowed", async () => {
      await button(lobby, "History").click();
      await sees(lobby, "+€75.00");
      await sees(lobby, "−€60.00");
      await button(lobby, "Filter").click();
      await button(lobby, "Withdrawals").click();
      await lobby.getByText("+€75.00").waitFor({ state: "detached", timeout: 5_000 });
      await sees(lobby, "−€60.00");
      await button(lobby, "Activity").click();
      await sees(lobby, "Refused: Not enough money");
      await button(lobby, "Audit log view").click();
      await sees(lobby, /^Entry 1\./);
      await toMenu(lobby);
    });

    await t.step("a lost bank says so, and a bank that comes back is found", async () => {
      programs.delete(server);
      assertEquals(await server.end(), 0);
      await onScreen(lobby, "lost");
      await sees(lobby, "Your money is safe");
      await startServer();
      await onScreen(lobby, "back");
    });

    await t.step("log in again, and log out: the money is where it was", async () => {
      await lobby.keyboard.press("Enter");
      await fillLogIn(lobby, "alice", newPassword);
      await onScreen(lobby, "menu");
      await button(lobby, "Show balance").click();
      await sees(lobby, "€1,000.00");
      await button(lobby, "Log out").click();
      await onScreen(lobby, "ended");
    });

    await t.step("the operator sees all of it, and the log is good", async () => {
      const { out } = await run(["bank", "audit", "show", "--customer", "alice", ...bank]);
      for (
        const action of [
          "log in failed - wrong credentials",
          "withdraw €60.00 |",
          "withdraw €950.00 failed - insufficient funds",
          "withdraw €33.00 failed - not dispensable",
          "deposit €75.00 |",
          `look up account ${bobs} |`,
          `transfer €9,000.00 to account ${bobs} failed - insufficient funds`,
          `transfer €15.00 to account ${bobs} (b•••b) |`,
          "view balance |",
          "change password |",
          "log out - password changed or account locked |",
          "search history |",
          "log out |",
        ]
      ) assert(out.includes(action), `${action} in\n${out}`);
      assert(!out.includes(password) && !out.includes(newPassword));
      const verified = await run(["bank", "audit", "verify", ...bank]);
      assertEquals(verified.code, 0, verified.err);
    });

    assertEquals(problems, []);
  } finally {
    await browser.close();
    // The ATMs end before the server that they hang on.
    for (const program of [...programs].reverse()) assertEquals(await program.end(), 0);
    await Deno.remove(folder, { recursive: true });
  }
});

/** Goes back to the menu, by Escape as a customer would. */
async function toMenu(page: Page): Promise<void> {
  const menu = page.locator("[data-screen=menu]");
  for (let tries = 0; tries < 5 && !await menu.isVisible(); tries++) {
    await page.keyboard.press("Escape");
    await page.waitForTimeout(300);
  }
  await onScreen(page, "menu");
}
