import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import { system, systemFiles } from "../../../lib/system.ts";
import type { Files } from "../../../lib/world.ts";
import {
  BankFolder,
  databasePath,
  holdsBank,
  type KeepFirstKey,
  keysPath,
} from "../../../server/folder/bank_folder.ts";
import type { BankKeys } from "../../../server/folder/bank_keys.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

const world = { ...system, files: systemFiles };

/** Returns the keys of a folder that is made or opened, and closed again. */
async function keysOf(opening: Promise<BankFolder>): Promise<BankKeys> {
  const folder = await opening;
  folder.close();
  return folder.keys;
}

const creation = (path: string) => BankFolder.make(world, path, "First Bank", () => {});
const begin = (path: string) => keysOf(creation(path));
/** Returns the keys of a folder whose creation is complete. */
async function make(path: string): Promise<BankKeys> {
  const folder = await creation(path);
  folder.finish();
  folder.close();
  return folder.keys;
}

const open = (path: string) => keysOf(BankFolder.open(world, path));

/** Returns a folder as a finished `init` leaves it, but for what is in the database. */
async function made(root: string) {
  const path = `${root}/bank`;
  const keys = await make(path);
  Deno.writeTextFileSync(databasePath(path), "not empty");
  return { path, keys };
}

Deno.test("a bank's keys are read back as they were made, and are all different", () =>
  inTemporaryFolder(async (root) => {
    const { path, keys } = await made(root);
    assertEquals(await open(path), keys);
    assertEquals(holdsBank(systemFiles, path), true);
    const secrets = [keys.master, keys.audit[0]!.key, keys.checkpoint].map((key) => key.toHex());
    assertEquals(new Set(secrets).size, 3);
  }));

Deno.test("the folder and its keys are their owner's alone", () =>
  inTemporaryFolder(async (root) => {
    const { path } = await made(root);
    if (Deno.build.os === "windows") return;
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o700);
    assertEquals(Deno.statSync(keysPath(path)).mode! & 0o777, 0o600);
    Deno.chmodSync(keysPath(path), 0o640);
    await assertRejects(() => open(path), UsageError, "can be read by other users");
  }));

Deno.test("a folder that holds a bank is not made into another", () =>
  inTemporaryFolder(async (root) => {
    const { path, keys } = await made(root);
    await assertRejects(() => make(path), UsageError, "already contains a bank");
    assertEquals(await open(path), keys);
  }));

Deno.test("a bank that lost a file is made into no other: what is missing is named", () =>
  inTemporaryFolder(async (root) => {
    const { path } = await made(root);
    for (const lost of [databasePath(path), keysPath(path)]) {
      const bytes = Deno.readFileSync(lost);
      Deno.removeSync(lost);
      await assertRejects(() => make(path), UsageError, `${path} already contains files of a bank`);
      await assertRejects(() => make(path), UsageError, `${lost} is missing`);
      await assertRejects(() => open(path), UsageError, `${lost} is missing`);
      Deno.writeFileSync(lost, bytes, { mode: 0o600 });
    }
    await open(path);
  }));

Deno.test("what a making leaves that was cut short is no bank, and the next one begins again", () =>
  inTemporaryFolder(async (root) => {
    const keys = await begin(`${root}/bank`);
    assertEquals(holdsBank(systemFiles, `${root}/bank`), false);
    await assertRejects(() => open(`${root}/bank`), UsageError, "bank init");
    assertNotEquals(await make(`${root}/bank`), keys);
    assertEquals(holdsBank(systemFiles, `${root}/bank`), true);
  }));

/** Returns files of which each change fails, from one on, as if the process had been killed there. */
function filesUntil(changesMax: number): { files: Files; changes: () => number } {
  let changes = 0;
  const change = <T>(act: () => T): T => {
    if (++changes > changesMax) throw new Error("killed");
    return act();
  };
  const files: Files = {
    ...systemFiles,
    open(path, how) {
      const isThere = systemFiles.facts(path) !== null;
      const file = how === "new" || (how === "create" && !isThere)
        ? change(() => systemFiles.open(path, how))
        : systemFiles.open(path, how);
      return {
        ...file,
        writeAt: (offset, bytes) => change(() => file.writeAt(offset, bytes)),
        truncate: (bytes) => change(() => file.truncate(bytes)),
        sync: () => change(() => {}),
      };
    },
    rename: (from, to) => change(() => systemFiles.rename(from, to)),
    remove: (path) => change(() => systemFiles.remove(path)),
    makeFolder: (path) => change(() => systemFiles.makeFolder(path)),
    syncFolder: () => change(() => {}),
  };
  return { files, changes: () => changes };
}

/** Creates a bank whose first key and operator's key are outside its folder. */
async function makeWithKeys(root: string, files: Files, keys: string): Promise<void> {
  const keep: KeepFirstKey = (_, write) => {
    write(`${root}/first.key`, `first ${keys}`);
    write(`${root}/operator.key`, `operator ${keys}`);
  };
  const folder = await BankFolder.make({ ...world, files }, `${root}/bank`, "First Bank", keep);
  try {
    folder.finish();
  } finally {
    folder.close();
  }
}

Deno.test("a making that is killed at any write, and the next one at another, hinder no third", () =>
  inTemporaryFolder(async (root) => {
    const whole = filesUntil(Infinity);
    await makeWithKeys(`${root}/whole`, whole.files, "1");
    assert(whole.changes() > 20, `${whole.changes()} writes`);
    const last = whole.changes() - 2; // the bank is whole before its folder's last sync
    for (let first = 0; first <= last; first++) {
      const second = (first * 7) % (last - 5); // the next creation has fewer writes
      const tried = `${root}/${first}`;
      const made = `killed at ${first} and ${second}`;
      Deno.mkdirSync(tried);
      for (const changesMax of [first, second]) {
        const { files } = filesUntil(changesMax);
        await assertRejects(() => makeWithKeys(tried, files, "0"), Error, "killed", made);
        assertEquals(holdsBank(systemFiles, `${tried}/bank`), false, made);
      }
      await makeWithKeys(tried, filesUntil(Infinity).files, "1");
      assertEquals(Deno.readTextFileSync(`${tried}/first.key`), "first 1", made);
      assertEquals(Deno.readTextFileSync(`${tried}/operator.key`), "operator 1", made);
      assertEquals(holdsBank(systemFiles, `${tried}/bank`), true, made);
    }
  }));

Deno.test("a making replaces no key that a making of this bank has not written", () =>
  inTemporaryFolder(async (root) => {
    const refused = () =>
      assertRejects(
        () => makeWithKeys(root, systemFiles, "1"),
        UsageError,
        `${root}/first.key already exists`,
      );
    Deno.writeTextFileSync(`${root}/first.key`, "of a finished bank");
    await refused();
    await refused();
    Deno.writeTextFileSync(`${root}/first.key`, "");
    await refused();
    Deno.removeSync(`${root}/first.key`);
    await makeWithKeys(root, systemFiles, "1");
    await assertRejects(() => makeWithKeys(root, systemFiles, "2"), UsageError, "already contains");
    assertEquals(Deno.readTextFileSync(`${root}/operator.key`), "operator 1");
  }));

Deno.test({
  name: "a folder that others can write into is refused",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inTemporaryFolder(async (root) => {
      const { path } = await made(root);
      for (const mode of [0o770, 0o702, 0o777]) {
        Deno.chmodSync(path, mode);
        await assertRejects(() => open(path), UsageError, "can be written by other users");
      }
      Deno.chmodSync(path, 0o755);
      await open(path);
    }),
});

Deno.test("a folder has one owner at a time", () =>
  inTemporaryFolder(async (root) => {
    const { path } = await made(root);
    const owner = await BankFolder.open(world, path);
    for (const other of [BankFolder.open, BankFolder.own]) {
      await assertRejects(() => other(world, path), UsageError, "in use by another process");
    }
    const next = BankFolder.open(world, path);
    owner.close(); // an owner that is about to end is waited for
    (await next).close();
  }));

Deno.test("an empty folder says what to do first, and a spoiled key file is named", () =>
  inTemporaryFolder(async (root) => {
    await assertRejects(() => open(root), UsageError, "bank init");
    const { path } = await made(root);
    const good = Deno.readTextFileSync(keysPath(path));
    const { master } = JSON.parse(good);
    for (
      const text of ["{}", "null", good.replace("keys 1", "keys 2"), good.replace(master, "")]
    ) {
      Deno.writeTextFileSync(keysPath(path), text);
      await assertRejects(() => open(path), UsageError, "bank.keys is not a key file");
    }
  }));

Deno.test("a change of the keys leaves what another change has written", () =>
  inTemporaryFolder(async (root) => {
    const { path } = await made(root);
    const folder = await BankFolder.open(world, path);
    const [audit, nextMaster] = [system.randomBytes(32), system.randomBytes(32)];
    folder.changeKeys((keys) => ({ ...keys, nextMaster }));
    folder.changeKeys((keys) => ({
      ...keys,
      audit: [...keys.audit, { version: 2, key: audit }],
    }));
    const changed = folder.keys;
    folder.close();
    assertEquals(changed.nextMaster, nextMaster);
    assertEquals(changed.audit[1], { version: 2, key: audit });
    assertEquals(await open(path), changed);
  }));
