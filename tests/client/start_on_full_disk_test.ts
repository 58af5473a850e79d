/** An ATM whose disk is full starts, and reports that: a start writes nothing but the first. */
import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { openAtmFolder, requireTerminal, storeAtStart } from "../../client/folder/atm_folder.ts";
import { servedDevices } from "../../client/open_atm.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";

Deno.test("a later start with devices behind a service writes nothing", () =>
  inTemporaryFolder((folder) => {
    const database = openAtmFolder(systemFiles, `${folder}/atm`);
    const open = () =>
      servedDevices({ url: "ws://127.0.0.1:1/", isOwn: true }, {
        ...{ world: system, database, log() {} },
        connectDevices: () => Promise.reject(new Error("not there")),
        findKey: () => assertEquals("a start without a key", "") as never,
      });
    try {
      database.exec("PRAGMA query_only = 1");
      assertThrows(open, UsageError, "cannot be opened for writing (attempt to write a readonly"); // the first one notes where the notes are
      database.exec("PRAGMA query_only = 0");
      open();
      database.exec("PRAGMA query_only = 1");
      open();
    } finally {
      database.close();
    }
    return Promise.resolve();
  }));

Deno.test("a first start on a full disk is refused by name, whichever of its writes fails", () =>
  inTemporaryFolder((folder) => {
    const database = openAtmFolder(systemFiles, folder);
    const { page_count: pages } = database.prepare("PRAGMA page_count").get()!;
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const fill = () => database.exec("INSERT INTO settings VALUES (hex(randomblob(4)), '')");
    assertThrows(() => {
      for (;;) fill();
    });
    const key = { bank: new Uint8Array(16), terminal: new Uint8Array(16) };
    const full = `${folder}/atm.sqlite cannot be written (database or disk is full): make room`;
    for (
      const start of [
        () => requireTerminal(database, folder, key),
        () => storeAtStart(database, "devices", "own"),
      ]
    ) assertThrows(start, UsageError, full);
    database.close();
    return Promise.resolve();
  }));
