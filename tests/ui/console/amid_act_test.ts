/** What ends amid an act: the server, the console, the operator's right, or the time without use. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { consoleIdleMsMax } from "../../../lib/limits.ts";
import { connectUnix, system } from "../../../lib/system.ts";
import type { Socket } from "../../../lib/world.ts";
import type { ConsoleWorld } from "../../../server/console/console.ts";
import { until } from "../../client/branch.ts";
import { give, goTo, type OpenConsole, says, why, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

/** Connections of which the next one loses its answer, or has it later. */
function losingAnswers() {
  let onAnswer: (() => Promise<void>) | null = null;
  let isLost = true;
  return {
    /** Loses the answer of the next command, once this has run. */
    loseNext(run: () => Promise<void>): void {
      [onAnswer, isLost] = [run, true];
    },
    /** Gives the answer of the next command once this has run. */
    delayNext(run: () => Promise<void>): void {
      [onAnswer, isLost] = [run, false];
    },
    async connectUnix(path: string): Promise<Socket> {
      const socket = await connectUnix(path);
      const run = onAnswer;
      const loses = isLost;
      onAnswer = null;
      let isSent = false;
      return {
        ...socket,
        close: () => socket.close(),
        write(bytes) {
          isSent = true;
          return socket.write(bytes);
        },
        async read(into) {
          const count = await socket.read(into);
          if (!isSent || run === null) return count;
          await run();
          return loses ? null : count;
        },
      };
    },
  };
}

async function openAlice({ page }: OpenConsole): Promise<void> {
  await goTo(page, "Customers");
  await page.getByRole("button", { name: "alice" }).click();
  await page.getByRole("heading", { name: "Statement" }).waitFor();
}

Deno.test({
  name:
    "console: an act whose server stops may be done, which it says; the same act again is refused",
  ignore,
  fn: () =>
    withConsoles(async ({ running, stopServer, startServer, open }) => {
      const answers = losingAnswers();
      const anna = await open("anna", "admin", { world: { connectUnix: answers.connectUnix } });
      const { page, said, problems } = anna;
      const accounts = async () =>
        (await running.bank.ledger.read.accounts()).filter(({ owner }) => owner === "alice").length;
      await openAlice(anna);
      answers.loseNext(stopServer);
      await give(page, "Open an account", { "Opening balance": "5.00" });
      const dialog = page.getByRole("alertdialog");
      await dialog.getByText("It may be done: look before you repeat it").waitFor();
      await page.getByRole("heading", { name: "No answer from the bank" }).waitFor();
      await startServer();
      await page.locator("[data-screen=customers]").waitFor();
      await says(page, "the server ended before its answer");
      assertEquals(await accounts(), 2);
      await page.getByRole("cell", { name: "savings", exact: true }).waitFor();
      await give(page, "Open an account", { "Opening balance": "5.00" });
      await says(page, "no account was opened for alice");
      assertEquals(await accounts(), 2);
      assertEquals(said.map((line) => line.split(": ").at(-1)), ["unsure", "refused"]);
      assertEquals(problems, []);
    }),
});

Deno.test({
  name:
    "console: a lock takes an open dialog with it; an act amid it goes on, and its outcome waits for its operator",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const answers = losingAnswers();
      let expire = () => {};
      const after: ConsoleWorld["after"] = (ms, act) => {
        if (ms !== consoleIdleMsMax) return system.after(ms, act);
        expire = act;
        return () => {};
      };
      const anna = await open("anna", "admin", {
        world: { after, connectUnix: answers.connectUnix },
      });
      const { page, console, signer, said, problems } = anna;
      const isEmpty = async () => {
        await page.getByRole("heading", { name: "Locked" }).waitFor();
        const text = await page.evaluate(() => document.documentElement.outerHTML);
        for (const word of ["alice", "a secret reason", "Test Bank"]) {
          assert(!text.includes(word), word);
        }
        assertEquals(await page.getByRole("alertdialog").count(), 0);
      };
      await openAlice(anna);
      await page.getByRole("button", { name: "Lock", exact: true }).nth(1).click();
      await page.getByLabel("Why, for the log").fill("a secret reason");
      expire();
      await isEmpty();
      console.unlock(signer);
      await page.getByRole("heading", { name: "Statement" }).waitFor();
      assertEquals(await page.getByRole("alertdialog").count(), 0, "nothing is left to be signed");

      const states = async () =>
        (await running.bank.ledger.read.accounts()).filter(({ owner }) => owner === "alice")
          .map(({ state }) => state);
      const answered = Promise.withResolvers<void>();
      answers.delayNext(() => answered.promise);
      await give(page, "Lock", why);
      await until("the act in the bank", async () => (await states())[0] === "locked");
      expire();
      await isEmpty();
      assertEquals(said, []);
      console.unlock(signer);
      const given = page.getByRole("region", { name: "Given earlier" });
      await given.getByText("set customer state, customer: alice").waitFor();
      await given.getByText(/^Under way for \d+ s/).waitFor();
      assertEquals(await given.getByRole("button", { name: "Close" }).count(), 0);
      await page.getByRole("button", { name: "Lock", exact: true }).first().click();
      await isEmpty();
      answered.resolve();
      await until("its line in the terminal", () => said.length > 0);
      assertStringIncludes(said.join("\n"), "set customer state");
      assertStringIncludes(said.join("\n"), ": done");
      await isEmpty();
      console.unlock(signer);
      await given.getByText("of alice is locked").waitFor();
      await page.getByRole("button", { name: "Unlock", exact: true }).waitFor();
      await given.getByRole("button", { name: "Close" }).click();
      await given.waitFor({ state: "detached" });
      assertEquals(problems, []);
    }),
});

Deno.test({
  name:
    "console: of two operators one is removed meanwhile: her page is empty, and her proposal is void",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const [anna, ben] = [await open("anna", "admin"), await open("ben", "admin")];
      const proposed = await anna.console.act({ command: "revoke_terminal", name: "mall" });
      assertEquals(proposed.outcome, "proposed");
      await goTo(ben.page, "Approvals");
      await ben.page.getByRole("button", { name: "Approve" }).click();
      await ben.page.getByText("anna proposed this.").waitFor();
      await openAlice(anna);
      await anna.page.getByRole("button", { name: "Reset the password" }).click();
      await anna.page.getByRole("alertdialog").waitFor();

      await running.bank.ledger.submit({ op: "remove_operator", operator: "", name: "anna" });
      await anna.page.getByRole("heading", { name: "No answer from the bank" }).waitFor();
      const text = await anna.page.evaluate(() => document.body.innerText);
      for (const word of ["alice", "Test Bank", "Reset"]) assert(!text.includes(word), word);
      const act = { command: "suspend_terminal", name: "lobby" } as const;
      assertEquals((await anna.console.act(act)).outcome, "refused");

      await ben.page.getByRole("button", { name: "Approve and sign" }).click();
      await ben.page.getByRole("alertdialog").getByText("Not done").waitFor();
      const states = (await running.bank.ledger.read.terminals()).map(({ state }) => state);
      assertEquals(states, ["active", "active"]);
      assertEquals([...anna.problems, ...ben.problems], []);
    }),
});

Deno.test({
  name: "console: a page whose console ends amid an act says that it may be done",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const ending = Promise.withResolvers<void>();
      const anna = await open("anna", "admin", {
        wrap: (console) => {
          console.act = () =>
            ending.promise.then(() => anna.end()).then(() => new Promise(() => {}));
          return console;
        },
      });
      await openAlice(anna);
      await give(anna.page, "Lock", why);
      await anna.page.getByText("Under way…").waitFor();
      ending.resolve();
      await anna.page.getByRole("alertdialog").getByText("It may be done").waitFor();
      await anna.page.getByRole("button", { name: "Close" }).click();
      await anna.page.getByRole("heading", { name: "The console is closed" }).waitFor();
    }),
});

Deno.test({
  name: "console: a page that is loaded again amid an act has its outcome",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      const answers = losingAnswers();
      const anna = await open("anna", "admin", { world: { connectUnix: answers.connectUnix } });
      const { page, problems } = anna;
      await openAlice(anna);
      const answered = Promise.withResolvers<void>();
      answers.delayNext(() => answered.promise);
      await give(page, "Lock", why);
      await page.getByText("Under way…").waitFor();
      await page.reload();
      const given = page.getByRole("region", { name: "Given earlier" });
      await given.getByText(/^Under way for \d+ s/).waitFor();
      answered.resolve();
      await given.getByText("of alice is locked").waitFor();
      await given.getByRole("button", { name: "Close" }).click();
      await given.waitFor({ state: "detached" });
      assertEquals(problems, []);
    }),
});
