/** The ATM's folder when its disk is not as it should be: a clear message, and nothing lost. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import {
  openAtmFolder,
  storeCurrency,
  storedCurrency,
  versions,
} from "../../../client/folder/atm_folder.ts";
import { SimulatedDevices } from "../../../client/cash/simulated_devices.ts";
import { Journal } from "../../../client/journal.ts";
import { UsageError } from "../../../lib/errors.ts";
import { systemFiles } from "../../../lib/system.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";

const entry = { kind: "withdrawal", amount: 4_000n, currency: "EUR" } as const;
const notes = new Map([[2_000n, 2]]);
const idOf = (number: number) => number.toString(16).padStart(32, "0");

/** A version that there is not: a column more, filled in what is there. */
const nextVersion = `
ALTER TABLE journal ADD COLUMN place TEXT;
UPDATE journal SET place = 'here';
`;

Deno.test("a next version takes over an older folder whole, once", () =>
  inTemporaryFolder((root) => {
    const next = [...versions, nextVersion];
    const older = openAtmFolder(systemFiles, root);
    const journal = new Journal(older);
    journal.intend({ ...entry, movement: idOf(1), notes, account: "7" }, 1);
    journal.acting(idOf(1), new Map([[2_000n, 10]]));
    new SimulatedDevices(older).load(new Map([[2_000n, 9]]));
    storeCurrency(older, { code: "EUR", exponent: 2 });
    older.close();
    for (let opened = 0; opened < 2; opened++) {
      const database = openAtmFolder(systemFiles, root, next);
      const [open] = new Journal(database).open();
      assertEquals([open?.movement, open?.state, open?.account], [idOf(1), "acting", "7"]);
      assertEquals(open?.countsBefore, new Map([[2_000n, 10]]));
      assertEquals(new SimulatedDevices(database).inside(), new Map([[2_000n, 9]]));
      assertEquals(storedCurrency(database), { code: "EUR", exponent: 2 });
      assertEquals(database.prepare("SELECT place FROM journal").all().length, 1);
      database.close();
    }
    assertThrows(() => openAtmFolder(systemFiles, root), UsageError, "made by a newer Strongroom");
  }));

Deno.test("what is retold is chosen and ordered by the bank's time, what has none is retold last", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(systemFiles, root);
    const journal = new Journal(database);
    // the ATM's clock goes back and forth meanwhile
    const rows: [id: number, clockMs: number, bankTimeMs: number | null][] = [
      [1, 900, 1_000],
      [2, 10, null],
      [3, 500, 3_000],
      [4, 100, 2_000],
      [5, 800, 2_000],
    ];
    for (const [id, clockMs, bankTimeMs] of rows) {
      journal.intend({ ...entry, movement: idOf(id), notes, bankTimeMs }, clockMs);
    }
    const since = (ms: number) => journal.since(ms).map(({ movement }) => Number(movement));
    assertEquals(since(2_000), [4, 5, 3, 2]);
    assertEquals(since(0), [1, 4, 5, 3, 2]);
    journal.authorised(idOf(1), 2_500);
    assertEquals(since(2_000), [4, 5, 1, 3, 2]);
    database.close();
  }));

Deno.test("an upgrade that fails leaves the folder as it was", () =>
  inTemporaryFolder((root) => {
    openAtmFolder(systemFiles, root).close();
    const broken = [...versions, `${nextVersion} DROP TABLE missing;`];
    assertThrows(() => openAtmFolder(systemFiles, root, broken), UsageError, "no such table");
    const database = openAtmFolder(systemFiles, root);
    const columns = database.prepare("SELECT name FROM pragma_table_info('journal')").all();
    assertEquals(columns.some(({ name }) => name === "place"), false);
    database.close();
  }));

Deno.test("a newer version's folder is refused, and left as it is", () =>
  inTemporaryFolder((root) => {
    openAtmFolder(systemFiles, root).close();
    const newer = new DatabaseSync(`${root}/atm.sqlite`);
    newer.exec("PRAGMA user_version = 99");
    newer.close();
    assertThrows(() => openAtmFolder(systemFiles, root), UsageError, "made by a newer Strongroom");
    const after = new DatabaseSync(`${root}/atm.sqlite`);
    assertEquals(after.prepare("PRAGMA user_version").get()!.user_version, 99);
    after.close();
  }));

Deno.test("a last write that was torn anywhere takes nothing with it that was written before", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(systemFiles, root);
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
      const torn = openAtmFolder(systemFiles, folder);
      assertEquals(new Journal(torn).open().map(({ movement }) => movement), [idOf(1)], `${cut}`);
      torn.close();
    }
  }));

Deno.test("a full disk stops a movement before anything is done, and leaves the journal whole", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(systemFiles, root);
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
    const again = openAtmFolder(systemFiles, root);
    assertEquals(new Journal(again).open().length, written - 1);
    new Journal(again).intend({ ...entry, movement: idOf(written), notes }, written);
    again.close();
  }));

Deno.test("a damaged file is named, and kept", () =>
  inTemporaryFolder((root) => {
    const path = `${root}/atm.sqlite`;
    Deno.writeTextFileSync(path, "this is no database at all, and never was one\n".repeat(200));
    assertThrows(() => openAtmFolder(systemFiles, root), UsageError, "is damaged");
    assert(Deno.readTextFileSync(path).startsWith("this is no database"));
  }));

Deno.test("damage inside of a journal is named in one line", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(systemFiles, root);
    const journal = new Journal(database);
    for (let movement = 1; movement <= 60; movement++) {
      journal.intend({ ...entry, movement: idOf(movement), notes }, movement);
    }
    database.close();
    const path = `${root}/atm.sqlite`;
    const bytes = Deno.readFileSync(path);
    bytes.fill(0x5a, 4_608, 14_848);
    Deno.writeFileSync(path, bytes);
    const error = assertThrows(() => openAtmFolder(systemFiles, root), UsageError, "is damaged");
    assertEquals(error.message.split("\n").length, 1, error.message);
  }));

Deno.test("a folder has one owner at a time", () =>
  inTemporaryFolder((root) => {
    const database = openAtmFolder(systemFiles, root);
    assertThrows(() => openAtmFolder(systemFiles, root), UsageError, "is in use");
    database.close();
  }));

Deno.test("a folder that others can write into is refused", () =>
  inTemporaryFolder((root) => {
    openAtmFolder(systemFiles, `${root}/atm`).close();
    Deno.chmodSync(`${root}/atm`, 0o777);
    assertThrows(
      () => openAtmFolder(systemFiles, `${root}/atm`),
      UsageError,
      "can be written by other users",
    );
  }));
