import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { randomBytes } from "../../../server/bank.ts";
import {
  createDataFolder,
  databasePath,
  holdsBank,
  keysPath,
  openDataFolder,
  writePrivateFile,
} from "../../../server/folder/bank_folder.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

/** A folder as a finished `init` leaves it, but for what is in the database. */
function made(root: string) {
  const folder = `${root}/bank`;
  const keys = createDataFolder(folder, randomBytes, () => {});
  Deno.writeTextFileSync(databasePath(folder), "not empty");
  return { folder, keys };
}

Deno.test("a bank's keys are read back as they were made, and are all different", () =>
  inTemporaryFolder((root) => {
    const { folder, keys } = made(root);
    assertEquals(openDataFolder(folder, randomBytes), keys);
    assertEquals(holdsBank(folder), true);
    const secrets = [keys.master, keys.audit[0]!.key, keys.checkpoint].map((key) => key.toHex());
    assertEquals(new Set(secrets).size, 3);
  }));

Deno.test("the folder and its keys are their owner's alone", () =>
  inTemporaryFolder((root) => {
    const { folder } = made(root);
    if (Deno.build.os === "windows") return;
    assertEquals(Deno.statSync(folder).mode! & 0o777, 0o700);
    assertEquals(Deno.statSync(keysPath(folder)).mode! & 0o777, 0o600);
    Deno.chmodSync(keysPath(folder), 0o640);
    assertThrows(() => openDataFolder(folder, randomBytes), UsageError, "can be read by others");
  }));

Deno.test("a folder that holds a bank is not made into another", () =>
  inTemporaryFolder((root) => {
    const { folder, keys } = made(root);
    assertThrows(
      () => createDataFolder(folder, randomBytes, () => {}),
      UsageError,
      "holds a bank already",
    );
    assertEquals(openDataFolder(folder, randomBytes), keys);
  }));

Deno.test("a making that was cut short goes on with the keys it had written", () =>
  inTemporaryFolder((root) => {
    const keys = createDataFolder(`${root}/bank`, randomBytes, () => {});
    assertEquals(createDataFolder(`${root}/bank`, randomBytes, () => {}), keys);
    assertNotEquals(createDataFolder(`${root}/other`, randomBytes, () => {}), keys);
  }));

Deno.test("an empty folder says what to do first, and a spoiled key file is named", () =>
  inTemporaryFolder((root) => {
    assertThrows(() => openDataFolder(root, randomBytes), UsageError, "bank init");
    const { folder } = made(root);
    const path = keysPath(folder);
    const good = Deno.readTextFileSync(path);
    const { master } = JSON.parse(good);
    for (
      const text of ["", "{}", "null", good.replace("keys 2", "keys 3"), good.replace(master, "")]
    ) {
      Deno.writeTextFileSync(path, text);
      assertThrows(
        () => openDataFolder(folder, randomBytes),
        UsageError,
        "bank.keys is not a key file",
      );
    }
  }));

Deno.test("a private file is never written over", () =>
  inTemporaryFolder((root) => {
    writePrivateFile(`${root}/key`, "first");
    assertThrows(() => writePrivateFile(`${root}/key`, "second"));
    assertEquals(Deno.readTextFileSync(`${root}/key`), "first");
  }));
