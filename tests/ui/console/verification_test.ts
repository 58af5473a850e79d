/** The log is verified from the page by the console's process, which alone reads the first key. */
import { assert, assertEquals } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { consoleIdleMsMax } from "../../../lib/limits.ts";
import { writePrivateFile } from "../../../lib/private_file.ts";
import { system, systemFiles } from "../../../lib/system.ts";
import { BadLog } from "../../../server/audit/verify.ts";
import type { ConsoleOptions, ConsoleWorld } from "../../../server/console/console.ts";
import { goodLogInWords, verifyLogOf } from "../../../server/operator/log_programs.ts";
import { systemOperator } from "../../../server/programs/system_bank.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import { until } from "../../client/branch.ts";
import { give, goTo, says, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name:
    "console: the log is verified from the page, with its first key in the console's process alone",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const path = `${running.folder}-first.key`;
      const verify: ConsoleOptions["verify"] = async (answers, onProgress) => {
        const inputs = { folder: running.folder, firstKeyPaths: [path] };
        return goodLogInWords(await verifyLogOf(systemOperator, inputs, answers, onProgress));
      };
      const { page, said, problems } = await open("anna", "auditor", { verify });
      await goTo(page, "Log");
      await page.getByRole("button", { name: "Verify the log" }).click();
      await page.getByText("Not verified").waitFor();
      await page.getByText(path).waitFor();
      writePrivateFile(systemFiles, path, running.firstKey);
      await page.getByRole("button", { name: "Verify the log" }).click();
      await page.getByText(/^the audit log is good: \d+ entries$/).waitFor();
      await page.getByText(/^Last good verification\d+ s ago$/).waitFor();
      const text = await page.evaluate(() => document.documentElement.outerHTML);
      for (const word of running.firstKey.split("\n").filter((line) => line.length > 40)) {
        assert(!text.includes(word));
      }
      assertEquals(said, ["verify the log: failed", "verify the log: good"]);

      const teller = await open("tom", "teller", { verify });
      await goTo(teller.page, "Log");
      await teller.page.getByText("Auditors and admins read the log.").waitFor();
      assertEquals(await teller.page.getByRole("button", { name: "Verify the log" }).count(), 0);
      const other = await open("otto", "auditor");
      await goTo(other.page, "Log");
      await other.page.getByText("start the console with ‘--first-key FILE’").waitFor();
      await other.console.verify();
      assertEquals([...problems, ...teller.problems, ...other.problems], []);
    }),
});

Deno.test({
  name: "console: a verification shows how far it is, and names a bad entry",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      let [end, progress] = [Promise.withResolvers<string>(), (_done: number, _of: number) => {}];
      const verify: ConsoleOptions["verify"] = (_answers, onProgress) => {
        end = Promise.withResolvers();
        progress = onProgress;
        return end.promise;
      };
      const { page, console, said, problems } = await open("anna", "admin", { verify });
      await goTo(page, "Log");
      const button = page.getByRole("button", { name: /^Verify/ });
      await button.click();
      await page.getByText("Verifying…").waitFor();
      progress(30_000, 40_000);
      await page.getByText("30,000 of about 40,000 entries").waitFor();
      assertEquals(await page.getByRole("progressbar").getAttribute("value"), "30000");
      await console.verify(); // one at a time: the second call changes nothing
      progress(36_000, 40_000);
      await page.getByText("36,000 of about 40,000 entries").waitFor();
      end.reject(new BadLog("the audit log is bad from line 7 on: its MAC is wrong"));
      await page.getByText("The log was changed").waitFor();
      await page.getByText("bad from line 7 on").waitFor();
      assertEquals(said, ["verify the log: bad"]);
      assertEquals(problems, []);
    }),
});

Deno.test({
  name:
    "console: a verification that lasts longer than the time without use goes on, and its result is shown later",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      let passedMs = 0;
      const timers = new Set<{ atMs: number; act: () => void }>();
      const world: Partial<ConsoleWorld> = {
        nowMs: () => system.nowMs() + passedMs,
        monotonicMs: () => system.monotonicMs() + passedMs,
        after(ms, act) {
          if (ms !== consoleIdleMsMax) return system.after(ms, act);
          const timer = { atMs: passedMs + ms, act };
          timers.add(timer);
          return () => void timers.delete(timer);
        },
      };
      const pass = (ms: number) => {
        passedMs += ms;
        for (const timer of [...timers]) {
          if (timer.atMs <= passedMs && timers.delete(timer)) timer.act();
        }
      };
      const path = `${running.folder}-first.key`;
      writePrivateFile(systemFiles, path, running.firstKey);
      const read = Promise.withResolvers<void>();
      let isAtWork = false;
      const verify: ConsoleOptions["verify"] = async (answers, onProgress) => {
        const inputs = { folder: running.folder, firstKeyPaths: [path] };
        const slowly = async function* () {
          for await (const answer of answers()) {
            onProgress(3, 8);
            isAtWork = true;
            await read.promise;
            yield answer;
          }
        };
        return goodLogInWords(await verifyLogOf(systemOperator, inputs, slowly, onProgress));
      };
      const { page, console, signer, said, problems } = await open("anna", "auditor", {
        verify,
        world,
      });
      await goTo(page, "Log");
      await page.getByRole("button", { name: "Verify the log" }).click();
      await page.getByText("It goes on when the console locks").waitFor();
      await until("the first lines of the log", () => isAtWork);
      pass(consoleIdleMsMax);
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      const text = await page.evaluate(() => document.documentElement.outerHTML);
      for (const word of ["Test Bank", "entries", "Verif"]) assert(!text.includes(word), word);
      pass(5 * 60_000);
      console.unlock(signer);
      await page.getByText("3 of about 8 entries").waitFor();
      pass(consoleIdleMsMax);
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      read.resolve();
      await until("its line in the terminal", () => said.length > 0);
      assertEquals(said, ["verify the log: good"]);
      pass(3 * 60_000);
      console.unlock(signer);
      await page.getByText(/^the audit log is good: \d+ entries$/).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: the log gets another key, and a movement its signed receipt",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna", "admin");
      await goTo(page, "Log");
      await give(page, "Another key");
      await says(page, "new entries are sealed under version 2 of the AUDIT_KEY");
      assertEquals(running.bank.auditKeys.newest.version, 2);
      await page.getByText("version 2", { exact: true }).waitFor();
      const atm = await running.visit("alice");
      const movement = newId();
      await atm.authorise("withdrawal", movement, "4000");
      await atm.ask({ op: "complete", movement, amount: "4000" });
      await give(page, "Signed receipt", { "Entry or movement": movement });
      await says(page, movement);
      assertEquals(problems, []);
    }),
});
