/** The ATM's folder when its disk is not as it should be: a clear message, and nothing lost. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openAtmFolder } from "../../../client/folder/atm_folder.ts";
import { SimulatedDevices } from "../../../client/cash/simulated_devices.ts";
import { Journal } from "../../../client/journal.ts";
import { UsageError } from "../../../lib/errors.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";

const entry = { kind: "withdrawal", amount: 4_000n, currency: "EUR" } as const;
const notes = new Map([[2_000n, 2]]);
const idOf = (number: number) => number.toString(16).padStart(32, "0");

/** What a first Strongroom wrote, with a withdrawal that was interrupted while the notes moved. */
const firstVersion = `
CREATE TABLE journal (
  movement TEXT PRIMARY KEY, kind TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL,
  notes TEXT NOT NULL, state TEXT NOT NULL, counts_before TEXT, done TEXT, why TEXT,
  time_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_open ON journal (state) WHERE state NOT IN ('settled', 'disputed');
CREATE TABLE notes (
  place TEXT NOT NULL CHECK (place IN ('cassettes', 'escrow')), value TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0), PRIMARY KEY (place, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO journal VALUES ('${idOf(1)}', 'withdrawal', '4000', 'EUR', '[["2000",2]]', 'acting',
  '[["2000",10]]', NULL, NULL, 1);
INSERT INTO notes VALUES ('cassettes', '2000', 9), ('escrow', '500', 3);
INSERT INTO settings VALUES ('currency', '{"code":"EUR","exponent":2}');
PRAGMA user_version = 1;
`;

/** The second version knew no counts that went to the bank. */
const secondVersion = firstVersion
  .replace(
    "kind TEXT NOT NULL",
    "kind TEXT NOT NULL CHECK (kind IN ('withdrawal', 'deposit', 'load', 'left'))",
  )
  .replace("state NOT IN ('settled', 'disputed')", "state <> 'settled'")
  .replace(
    "'cassettes', 'escrow')",
    "'cassettes', 'stacker', 'tray', 'reject', 'retract', 'escrow', 'mouth', 'left')",
  )
  .replace("user_version = 1", "user_version = 2");

for (const [version, tables] of [["first", firstVersion], ["second", secondVersion]] as const) {
  Deno.test(`the ${version} version's folder is taken over whole`, () =>
    inTemporaryFolder((root) => {
      const older = new DatabaseSync(`${root}/atm.sqlite`);
      older.exec(tables);
      older.close();
      for (let opened = 0; opened < 2; opened++) {
        const database = openAtmFolder(root);
        const [open] = new Journal(database).open();
        assertEquals([open?.movement, open?.state], [idOf(1), "acting"]);
        assertEquals(open?.countsBefore, new Map([[2_000n, 10]]));
        const devices = new SimulatedDevices(database);
        assertEquals([devices.inside(), devices.escrow()], [
          new Map([[2_000n, 9]]),
          new Map([[500n, 3]]),
        ]);
        const counted = { movement: idOf(2 + opened), kind: "count", amount: -500n } as const;
        new Journal(database).intend({ ...entry, ...counted, notes }, 1);
        database.close();
      }
    }));
}

Deno.test("a folder without customers' accounts is taken over whole", () =>
  inTemporaryFolder((root) => {
    const older = openAtmFolder(root);
    new Journal(older).intend({ ...entry, movement: idOf(1), notes }, 1);
    older.exec("ALTER TABLE journal DROP COLUMN account; PRAGMA user_version = 2");
    older.close();
    const database = openAtmFolder(root);
    const journal = new Journal(database);
    journal.intend({ ...entry, movement: idOf(2), notes, account: "7" }, 2);
    assertEquals(journal.since(1).map(({ account }) => account), [null, "7"]);
    assertEquals(journal.since(2).map(({ movement }) => movement), [idOf(2)]);
    database.close();
  }));

Deno.test("a newer version's folder is refused, and left as it is", () =>
  inTemporaryFolder((root) => {
    openAtmFolder(root).close();
    const newer = new DatabaseSync(`${root}/atm.sqlite`);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    assertThrows(() => openAtmFolder(root), UsageError, "made by a newer Strongroom");
    const after = new DatabaseSync(`${root}/atm.sqlite`);
    assertEquals(after.prepare("PRAGMA user_version").get()!.user_version, 99);
    after.close();
  }));

Deno.test("a last write that was torn anywhere takes nothing with it that was written before", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(root);
    const journal = new Journal(database);
    journal.intend({ ...entry, movement: idOf(1), notes }, 1);
    const path = `${root}/atm.sqlite`;
    const sizeBefore = Deno.statSync(`${path}-wal`).size;
    journal.intend({ ...entry, movement: idOf(2), notes }, 2);
    // The disk as a power cut leaves it: the database and as much of the log as had been written.
    const [main, log] = [Deno.readFileSync(path), Deno.readFileSync(`${path}-wal`)];
    database.close();
    assert(log.length > sizeBefore);
    for (let cut = sizeBefore; cut < log.length; cut += 97) {
      const folder = `${root}/cut-${cut}`;
      Deno.mkdirSync(folder);
      Deno.writeFileSync(`${folder}/atm.sqlite`, main);
      Deno.writeFileSync(`${folder}/atm.sqlite-wal`, log.subarray(0, cut));
      const torn = openAtmFolder(folder);
      assertEquals(new Journal(torn).open().map(({ movement }) => movement), [idOf(1)], `${cut}`);
      torn.close();
    }
  }));

Deno.test("a full disk stops a movement before anything is done, and leaves the journal whole", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(root);
    const journal = new Journal(database);
    journal.intend({ ...entry, movement: idOf(1), notes }, 1);
    const { page_count } = database.prepare("PRAGMA page_count").get() as { page_count: number };
    database.exec(`PRAGMA max_page_count = ${page_count}`);
    let written = 1;
    assertThrows(
      () => {
        for (;;) journal.intend({ ...entry, movement: idOf(++written), notes }, written);
      },
      Error,
      "full",
    );
    assertEquals(journal.open().length, written - 1);
    database.close();
    const again = openAtmFolder(root);
    assertEquals(new Journal(again).open().length, written - 1);
    new Journal(again).intend({ ...entry, movement: idOf(written), notes }, written);
    again.close();
  }));

Deno.test("a damaged file is named, and kept", () =>
  inTemporaryFolder((root) => {
    const path = `${root}/atm.sqlite`;
    Deno.writeTextFileSync(path, "this is no database at all, and never was one\n".repeat(200));
    assertThrows(() => openAtmFolder(root), UsageError, "is damaged");
    assert(Deno.readTextFileSync(path).startsWith("this is no database"));
  }));

Deno.test("a folder has one owner at a time", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(root);
    assertThrows(() => openAtmFolder(root), UsageError, "is in use");
    database.close();
  }));
