/** The acts on the bank as a whole, clicked in a real browser, and after a restore. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { systemFiles } from "../../../lib/system.ts";
import { copyPrivateFile } from "../../../lib/private_file.ts";
import { restoreBank } from "../../../server/operator/restore.ts";
import type { OperableConsole } from "../../../ui/window/console_calls.ts";
import { give as giveCommand } from "../../server/helpers/operators.ts";
import { bankWorld } from "../../server/helpers/world.ts";
import { give, goTo, says, showing, why, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

/** Returns a console that says that its bank's clock is wrong, and changes nothing else. */
const withWrongClock = (console: OperableConsole): OperableConsole =>
  showing(console, (view) => {
    const server = {
      ...view.news.server,
      clockDoubt: "it has jumped",
      aheadMs: view.news.nowMs + 7_200_000,
    };
    return { ...view, news: { ...view.news, server } };
  });

Deno.test({
  name: "console: every act on the bank is clicked, and the bank has it",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { bank } = running;
      bank.backupFolder = `${running.folder}-backups`;
      const { page, signer, problems } = await open("anna", "admin", { wrap: withWrongClock });
      await goTo(page, "Bank");
      await page.getByRole("button", { name: "Back up" }).click();
      await page.getByText("the books are copied, and the copy is good").waitFor();
      const [copy] = [...Deno.readDirSync(bank.backupFolder)].map(({ name }) => name);
      assertMatch(copy!, /^bank-.*\.sqlite$/);
      await page.getByRole("button", { name: "Check the books" }).click();
      await page.getByText("the books are correct").waitFor();

      const sealed = async () =>
        (await bank.ledger.read.terminals()).map(({ sealedKey }) => sealedKey);
      const before = await sealed();
      await give(page, "Another master key");
      await says(page, "the terminals' keys are sealed under a new master key");
      assertEquals((await sealed()).length, before.length);
      assertEquals(before.includes((await sealed())[0]!), false);

      await give(page, "Set the bank’s limits", { "One withdrawal": "300.00" });
      await says(page, "one withdrawal");
      assertEquals((await bank.ledger.read.limits()).withdrawalMax, 30_000n);
      await page.getByRole("cell", { name: "€300.00" }).waitFor();

      await give(page, "Confirm the clock");
      await says(page, "the clock is confirmed");
      await give(page, "Set the time back", { "Type clock back": "clock back" });
      await says(page, "the bank's time was not set back");

      const ben = { name: "ben", role: "officer", publicKey: "ab".repeat(32) } as const;
      await Array.fromAsync(giveCommand(bank, signer, { command: "add_operator", ...ben }));
      await page.getByRole("button", { name: "Remove ben" }).click();
      await page.getByLabel("Type ben to confirm").fill("ben");
      await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
      await says(page, "Proposed"); // there are two of them now
      const { operators, proposals } = await bank.ledger.read.staff();
      assertEquals(operators.map(({ name, role }) => [name, role]), [["anna", "admin"], [
        "ben",
        "officer",
      ]]);
      assertEquals(proposals.map(({ command }) => JSON.parse(command)), [
        { command: "remove_operator", name: "ben" },
      ]);
      assertEquals(problems, []);
    }),
});

Deno.test({
  name:
    "console: while a bank is restored no act is done; afterwards it shows who is waited for, and ends that",
  ignore,
  fn: () =>
    withConsoles(async ({ running, stopServer, startServer, open }) => {
      const { page, console, problems } = await open("anna", "admin");
      await page.locator("[data-screen=today]").waitFor();
      const from = `${running.folder}-backup.sqlite`;
      for await (const answer of running.operate({ command: "back_up" })) {
        if ("fetch" in answer) copyPrivateFile(systemFiles, answer.fetch, from);
      }
      await stopServer();
      await page.getByRole("heading", { name: "No answer from the bank" }).waitFor();
      const keepFirstKey = () => {};
      const restore = { path: running.folder, from, keepFirstKey, operator: "root" };
      await restoreBank(bankWorld(), restore);
      const act = await console.act({ command: "suspend_terminal", name: "lobby" });
      assertEquals(act.outcome, "refused");
      assertStringIncludes((act as { why: string }).why, "no server runs");
      await startServer();
      await page.getByText("customers are not served").waitFor();

      await goTo(page, "Customers");
      await page.getByRole("button", { name: "alice" }).click();
      await give(page, "Open an account");
      await says(page, "alice has a new account");

      await goTo(page, "Bank");
      await give(page, "End the restore", { ...why, "Type restore end": "restore end" });
      await says(page, "customers are served again");
      assertEquals(await running.bank.ledger.read.restoring(), null);
      await page.getByRole("button", { name: "End the restore" }).waitFor({ state: "detached" });
      assertEquals(problems, []);
    }),
});
