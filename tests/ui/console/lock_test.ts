/** A locked console: nothing of the bank is in its page, and it signs nothing. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { consoleIdleMsMax } from "../../../lib/limits.ts";
import { connectUnix, system } from "../../../lib/system.ts";
import type { Socket } from "../../../lib/world.ts";
import { Console, type ConsoleWorld } from "../../../server/console/console.ts";
import { makeOperatorKey } from "../../../server/operator/operator_key.ts";
import { until } from "../../client/branch.ts";
import { untilView, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name: "console: it locks without use, although the bank's news come; its page is empty then",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      let expire = () => {};
      const after: ConsoleWorld["after"] = (ms, act) => {
        if (ms !== consoleIdleMsMax) return system.after(ms, act);
        expire = act;
        return () => {};
      };
      const { page, console, signer, problems } = await open("anna", "admin", { world: { after } });
      await page.locator("[data-screen=today]").waitFor();
      expire();
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      const text = await page.evaluate(() => document.documentElement.outerHTML);
      for (const word of ["Test Bank", "alice", "lobby", "€"]) assert(!text.includes(word), word);
      assertStringIncludes(text, "anna unlocks it in the terminal");
      const before = await running.entries();
      assertEquals(await console.act({ command: "suspend_terminal", name: "lobby" }), {
        outcome: "refused",
        why: "the console is locked",
      });
      assertEquals(await console.read({ of: "terminals", find: "", after: 0 }), {
        failed: "the console is locked",
      });
      assertEquals(await running.entries(), before);
      console.unlock(signer);
      await page.locator("[data-screen=today]").waitFor();
      await page.getByRole("button", { name: "Lock" }).click();
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test("console: a computer that slept for longer than the time without use wakes locked", async () => {
  const { signer } = await makeOperatorKey(system, "anna", null);
  let nowMs = 0;
  const world: ConsoleWorld = {
    ...system,
    connectUnix,
    nowMs: () => nowMs,
    monotonicMs: () => 0, // does not run while a computer sleeps, nor do its timers
    after: () => () => {},
  };
  const console = new Console({ world, folder: "/nowhere", say() {}, idleMsMax: 600_000 }, signer);
  nowMs = 600_000;
  await console.touch();
  nowMs = 1_200_001;
  assertEquals((await console.act({ command: "confirm_clock" })).outcome, "refused");
  assertEquals(console.view(), { state: "locked", operator: "anna", why: "idle" });
  assertEquals(await console.locked, "idle");
});

Deno.test({
  name: "console: a lock amid a read leaves the page locked, and not closed",
  ignore,
  fn: () =>
    withConsoles(async ({ open }) => {
      let onRead = () => {};
      const connect: ConsoleWorld["connectUnix"] = async (path) => {
        const socket = await connectUnix(path);
        const run = onRead; // of this connection alone: the watch reads at any time
        onRead = () => {};
        const read: Socket["read"] = (into) => {
          const reading = socket.read(into);
          run();
          return reading;
        };
        return {
          ...socket,
          read,
          write: (bytes) => socket.write(bytes),
          close: () => socket.close(),
        };
      };
      const { page, console, signer, problems } = await open("anna", "admin", {
        world: { connectUnix: connect },
      });
      await page.locator("[data-screen=today]").waitFor();
      onRead = () => void console.lock();
      await page.getByRole("navigation").getByText("Customers").click();
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      console.unlock(signer);
      await page.getByRole("button", { name: "alice" }).waitFor();
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: nothing is signed after a lock, not even an act that was asked for before it",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      let onConnect = () => {};
      const connect: ConsoleWorld["connectUnix"] = async (path) => {
        const socket = await connectUnix(path);
        onConnect();
        return socket;
      };
      const { console, signer, said } = await open("anna", "admin", {
        world: { connectUnix: connect },
      });
      await untilView(console, ({ state }) => state === "open");
      const before = await running.entries();
      onConnect = () => void console.lock();
      const answer = await console.act({ command: "suspend_terminal", name: "lobby" });
      assertEquals(answer, {
        outcome: "unsure",
        why: "the console locked before the bank's answer",
      });
      onConnect = () => {};
      await until("its line in the terminal", () => said.length > 0);
      assertEquals(said, ["suspend terminal, name: lobby: refused"]);
      assertEquals(await running.entries(), before);
      console.unlock(signer);
      await untilView(console, ({ state }) => state === "open");
      const view = console.view();
      const outlasting = view.state === "open" ? view.outlasting : [];
      assertEquals(outlasting.map(({ answer }) => answer), [{
        outcome: "refused",
        why: "the console locked before this was signed. Nothing was done",
      }]);
      await console.dismiss(outlasting[0]!.id);
      await untilView(console, (view) => view.state === "open" && view.outlasting.length === 0);
    }),
});

Deno.test({
  name: "console: it locks at once while the dialog of an act is open",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna");
      await page.getByRole("navigation").getByText("Bank", { exact: true }).click();
      await page.getByRole("main").getByRole("button", { name: "Another master key" }).click();
      const dialog = page.getByRole("alertdialog");
      await dialog.getByRole("button", { name: "Lock the console" }).click();
      await page.getByRole("heading", { name: "Locked" }).waitFor();
      assertEquals(await dialog.count(), 0);
      assert(!(await running.entries()).some((entry) => entry.includes("master key")));
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: an operator who is removed sees nothing more of the bank",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, console } = await open("anna");
      await untilView(console, ({ state }) => state === "open");
      await running.bank.ledger.submit({ op: "remove_operator", operator: "", name: "anna" });
      await page.getByRole("heading", { name: "No answer from the bank" }).waitFor();
      const text = await page.evaluate(() => document.body.innerText);
      assertStringIncludes(text, "anna is no operator with this key and role any more");
      assert(!text.includes("Test Bank"));
    }),
});
