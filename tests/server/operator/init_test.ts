import { assertEquals, assertRejects } from "@std/assert";
import { createBank, openBank } from "../../../server/bank.ts";
import { holdsBank } from "../../../server/folder/bank_folder.ts";
import { initBank } from "../../../server/operator/init.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";
import { bankWorld } from "../helpers/world.ts";

const settings = {
  bankName: "First Bank",
  currency: { code: "EUR", exponent: 2 },
  timeZone: "UTC",
  smallestNote: 1n,
};

Deno.test("a bank whose operators are not in its books yet is no bank, and is made again", () =>
  inTemporaryFolder(async (root) => {
    const [world, path] = [bankWorld(), `${root}/bank`];
    const killed = () => Promise.reject(new Error("killed"));
    await assertRejects(
      () => createBank(world, path, settings, () => {}, undefined, killed),
      Error,
      "killed",
    );
    assertEquals(holdsBank(world.files, path), false);
    const admin = { name: "anna", publicKey: "5f".repeat(32) };
    await initBank(world, {
      ...settings,
      path,
      operator: "anna",
      admins: [admin],
      withdrawalMax: null,
      keepFirstKey() {},
    });
    const bank = await openBank(world, path);
    const { operators } = await bank.ledger.read.staff();
    await bank.close();
    assertEquals(operators.map(({ name }) => name), ["anna"]);
  }));
