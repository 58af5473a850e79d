/** The books are checked and backed up from the page: how far that is, its result, and what a lock leaves. */
import { assert, assertEquals } from "@std/assert";
import { findBrowser, type Page } from "../../browser.ts";
import type { Bank } from "../../../server/bank.ts";
import type { CheckedBooks, OnProgress } from "../../../server/ledger/check.ts";
import { violationsOf } from "../accessibility.ts";
import { until } from "../../client/branch.ts";
import { goTo, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

/** The folder for pictures, if any. */
const pictures = Deno.env.get("PICTURES");

const picture = async (page: Page, name: string) => {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
};

const good: CheckedBooks = { problem: null, accounts: 6, movements: 40_000, entries: 52_000 };

/** Has a bank's copy and its check go on as a test says. */
function checkedByHand({ ledger, world }: Bank) {
  const copying = Promise.withResolvers<OnProgress>();
  const copied = Promise.withResolvers<void>();
  const checking = Promise.withResolvers<OnProgress>();
  const checked = Promise.withResolvers<CheckedBooks>();
  ledger.backUp = (_path, onCopied) => {
    copying.resolve(onCopied!);
    return copied.promise;
  };
  const checkFile: typeof world.checkFile = (_file, onProgress) => {
    checking.resolve(onProgress!);
    return checked.promise;
  };
  Object.assign(world, { checkFile });
  return {
    copying: copying.promise,
    endCopy: copied.resolve,
    checking: checking.promise,
    end: checked.resolve,
  };
}

Deno.test({
  name:
    "console: a check of the books shows how far it is, goes on at a lock, and shows its result",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const hands = checkedByHand(running.bank);
      const { page, console, signer, said, problems } = await open("anna", "admin");
      await goTo(page, "Bank");
      await picture(page, "check-idle");
      await page.getByRole("button", { name: "Check the books" }).click();
      await page.getByRole("button", { name: "Checking…" }).waitFor();
      assert(await page.getByRole("button", { name: "Checking…" }).isDisabled());
      (await hands.copying)(40_000_000, 100_000_000);
      await page.getByText("40 MB of 100 MB copied").waitFor();
      const bar = page.getByRole("progressbar");
      assertEquals(await bar.getAttribute("value"), "40000000");
      await picture(page, "check-copying");
      hands.endCopy();
      (await hands.checking)(30_000, 40_000);
      await page.getByText("30,000 of about 40,000 rows").waitFor();
      assertEquals(await bar.getAttribute("value"), "30000");
      await picture(page, "check-running");
      assertEquals(await violationsOf(page), []);
      await console.check(); // one at a time: the second call changes nothing

      await goTo(page, "Today");
      await goTo(page, "Bank");
      await page.getByText("30,000 of about 40,000 rows").waitFor();
      await page.getByRole("button", { name: "Lock" }).first().click();
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      console.unlock(signer);
      await page.getByText("30,000 of about 40,000 rows").waitFor();
      hands.end(good);
      await page.getByText("the books are correct: 6 accounts, 40000 rows of movements").waitFor();
      await picture(page, "check-good");
      await page.getByRole("button", { name: "Check the books" }).waitFor();
      assertEquals(said, ["check the books: good"]);
      const given = (await running.entries()).filter((line) => line.endsWith("check ledger"));
      assertEquals(given, ["operator anna | check ledger"]);
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: a backup shows how far it is, goes on at a lock, and shows its result",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { bank } = running;
      const { page, console, signer, said, problems } = await open("anna", "officer");
      await goTo(page, "Bank");
      await page.getByRole("button", { name: "Back up" }).click();
      await page.getByText("No backup", { exact: true }).waitFor();
      await page.getByText("no server with a folder for backups runs").waitFor();
      assertEquals(await page.getByText("--out").count(), 0, "no flag of the command line");

      bank.backupFolder = `${running.folder}-backups`;
      const hands = checkedByHand(bank);
      await page.getByRole("button", { name: "Back up" }).click();
      assert(await page.getByRole("button", { name: "Backing up…" }).isDisabled());
      (await hands.copying)(40_000_000, 100_000_000);
      await page.getByText("40 MB of 100 MB copied").waitFor();
      await picture(page, "backup-copying");
      hands.endCopy();
      (await hands.checking)(30_000, 40_000);
      await page.getByText("30,000 of about 40,000 rows").waitFor();
      assertEquals(await violationsOf(page), []);
      await page.getByRole("button", { name: "Lock" }).first().click();
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      console.unlock(signer);
      await page.getByText("30,000 of about 40,000 rows").waitFor();
      hands.end(good);
      await page.getByText("the copy is good: 6 accounts, 40000 rows of movements").waitFor();
      await page.getByText(`the copy is ${bank.backupFolder}/bank-`).waitFor();
      await picture(page, "backup-good");
      assertEquals(said, ["back up the books: failed", "back up the books: good"]);
      assertEquals(problems, []);

      const teller = await open("tom", "teller");
      await goTo(teller.page, "Bank");
      await teller.page.getByRole("heading", { name: "Limits" }).waitFor();
      assertEquals(await teller.page.getByRole("button", { name: "Back up" }).count(), 0);
    }),
});

Deno.test({
  name: "console: a check of the books names what is wrong, and why there was none",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open, stopServer, startServer }) => {
      const hands = checkedByHand(running.bank);
      hands.endCopy();
      hands.end({ ...good, problem: "account 100000000093 has €1.00 more than its movements" });
      const { page, said, problems } = await open("anna", "auditor");
      await goTo(page, "Bank");
      await page.getByRole("button", { name: "Check the books" }).click();
      await page.getByText("The books are wrong", { exact: true }).waitFor();
      await page.getByText("account 100000000093 has €1.00 more").waitFor();
      await picture(page, "check-bad");
      assertEquals(await violationsOf(page), []);

      await stopServer();
      await startServer();
      await page.getByRole("heading", { name: "Bank" }).waitFor();
      await page.getByRole("button", { name: "Check the books" }).click();
      await page.getByText("the books are correct").waitFor();
      running.bank.ledger.backUp = () => Promise.reject(new Error("no space left on device"));
      await page.getByRole("button", { name: "Check the books" }).click();
      await page.getByText("Not checked").waitFor();
      await page.getByText("no space left on device").waitFor();
      assertEquals(said, ["bad", "good", "failed"].map((state) => `check the books: ${state}`));

      const teller = await open("tom", "teller");
      await goTo(teller.page, "Bank");
      await teller.page.getByRole("heading", { name: "Limits" }).waitFor();
      assertEquals(await teller.page.getByRole("button", { name: "Check the books" }).count(), 0);
      await teller.console.check();
      await until("its line in the terminal", () => teller.said.length > 0);
      assertEquals(teller.said, ["check the books: failed"]);
      assertEquals([...problems, ...teller.problems], []);
    }),
});
