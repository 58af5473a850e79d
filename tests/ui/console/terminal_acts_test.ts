/** The acts on terminals, clicked in a real browser: what the dialog says, and what the bank has after. */
import { assertEquals } from "@std/assert";
import { findBrowser } from "../../browser.ts";
import { give as giveCommand } from "../../server/helpers/operators.ts";
import { newId } from "../../server/helpers/running_bank.ts";
import { give, goTo, says, why, withConsoles } from "./open_console.ts";

const ignore = findBrowser() === null;

Deno.test({
  name: "console: every act on a terminal is clicked, and the bank has it",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { read } = running.bank.ledger;
      const { page, problems, signer } = await open("anna", "admin");
      const lobby = async () => (await read.terminals()).find(({ name }) => name === "lobby")!;
      const cash = async () =>
        (await read.accounts()).find(({ kind, owner }) => kind === "terminal" && owner === id)!;
      const { id } = await lobby();
      const atm = await running.connect();
      const load = {
        op: "load_cash",
        movement: newId(),
        amount: "50000",
        currency: "EUR",
      } as const;
      assertEquals(await atm.outcomeOf(load), "ok");
      const enrol = { command: "enrol_device", name: "lobby-cash", terminal: "lobby" } as const;
      await Array.fromAsync(giveCommand(running.bank, signer, enrol));

      await goTo(page, "Terminals");
      await page.getByRole("button", { name: "lobby" }).click();
      await page.getByText("yes, with lobby-cash").waitFor();
      await give(page, "Another key");
      await says(page, "terminal lobby gets key 2 over its connection");
      assertEquals((await lobby()).next?.version, 2);
      await page.getByText("version 1, the next waits").waitFor();
      await page.getByRole("button", { name: "Another key" }).waitFor({ state: "detached" });

      await give(page, "Suspend");
      await says(page, "terminal lobby is suspended");
      assertEquals((await lobby()).state, "suspended");
      await give(page, "Resume");
      await says(page, "terminal lobby is resumed");
      assertEquals((await lobby()).state, "active");

      await give(page, "Set limits", { "Out of it in a day": "500.00" });
      await says(page, "out in a day");
      assertEquals([(await cash()).dayOutMax, (await cash()).dayInMax], [50_000n, null]);

      await give(page, "Revoke the device", { "Type lobby-cash to confirm": "lobby-cash" });
      await says(page, "device lobby-cash is revoked");
      assertEquals((await lobby()).device?.state, "revoked");
      await page.getByRole("button", { name: "Revoke the device" }).waitFor({ state: "detached" });

      await give(page, "Revoke", { "Type lobby to confirm": "lobby" });
      await says(page, "terminal lobby is revoked");
      assertEquals((await lobby()).state, "revoked");
      await give(page, "Write off", why);
      await says(page, "the notes of lobby, €500.00, are booked to the differences account");
      assertEquals((await cash()).balance, 0n);
      await page.getByRole("button", { name: "Write off" }).waitFor({ state: "detached" });
      assertEquals(problems, []);
    }),
});

Deno.test({
  name: "console: what cannot be undone needs its name typed as it is",
  ignore,
  fn: () =>
    withConsoles(async ({ running, open }) => {
      const { page, problems } = await open("anna", "admin");
      await goTo(page, "Terminals");
      await page.getByRole("button", { name: "lobby" }).click();
      for (const typed of ["", "mall", "lobby2", "Lobby"]) {
        await give(page, "Revoke", { "Type lobby to confirm": typed });
        await page.locator("input:invalid").waitFor();
        await page.getByRole("button", { name: "Cancel" }).click();
      }
      const states = (await running.bank.ledger.read.terminals()).map(({ state }) => state);
      assertEquals(states, ["active", "active"]);
      assertEquals(problems, []);
    }),
});
