/** An ATM whose disk is full starts, and reports that: a start writes nothing but the first. */
import { assertEquals, assertThrows } from "@std/assert";
import { system, systemFiles } from "../../lib/system.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
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
      assertThrows(open, Error, "readonly"); // the first one notes where the notes are
      database.exec("PRAGMA query_only = 0");
      open();
      database.exec("PRAGMA query_only = 1");
      open();
    } finally {
      database.close();
    }
    return Promise.resolve();
  }));
