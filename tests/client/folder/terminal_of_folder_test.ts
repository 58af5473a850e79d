/** An ATM's folder belongs to one terminal of one bank: its notes and its journal are in that one's books. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { openAtmFolder } from "../../../client/folder/atm_folder.ts";
import { SimulatedDevices } from "../../../client/cash/simulated_devices.ts";
import { keyOfFolder, openAtm } from "../../../client/open_atm.ts";
import { Journal } from "../../../client/journal.ts";
import { UsageError } from "../../../lib/errors.ts";
import { replacePrivateFile } from "../../../lib/private_file.ts";
import { system, systemFiles } from "../../../lib/system.ts";
import { formatTerminalKey, type NamedTerminalKey } from "../../../lib/terminal_key.ts";
import { inTemporaryFolder } from "../../server/helpers/temporary.ts";

const lobby: NamedTerminalKey = {
  terminal: new Uint8Array(16).fill(1),
  bank: new Uint8Array(16).fill(2),
  key: new Uint8Array(32).fill(3),
  version: 1,
  name: "lobby",
  currency: { code: "EUR", exponent: 2 },
};
const others: Record<string, NamedTerminalKey> = {
  "another terminal": { ...lobby, terminal: new Uint8Array(16).fill(4) },
  "another bank": { ...lobby, bank: new Uint8Array(16).fill(4) },
};
const renewed = { ...lobby, version: 2, key: new Uint8Array(32).fill(4) };
const load = { kind: "load", amount: 400_000n, currency: "EUR", notes: new Map([[2_000n, 200]]) };
const refusal = "was used by another terminal or bank. Choose another folder with --data";

function inFolder(
  run: (parts: {
    folder: string;
    database: DatabaseSync;
    find: (key: NamedTerminalKey) => NamedTerminalKey;
    load: () => void;
  }) => void | Promise<void>,
): Promise<void> {
  return inTemporaryFolder(async (root) => {
    const folder = `${root}/atm`;
    const database = openAtmFolder(systemFiles, folder);
    const find = (key: NamedTerminalKey) => {
      replacePrivateFile(systemFiles, `${root}/given.key`, formatTerminalKey(key));
      return keyOfFolder(systemFiles, database, { folder, key: `${root}/given.key` });
    };
    const journal = new Journal(database);
    const loads = () =>
      journal.intend({ ...load, kind: "load", movement: "0".repeat(32) }, system.nowMs());
    try {
      await run({ folder, database, find, load: loads });
    } finally {
      database.close();
    }
  });
}

for (const [name, other] of Object.entries(others)) {
  Deno.test(`a folder that was used refuses the key of ${name}, and takes its terminal's next key`, () =>
    inFolder(({ folder, find, load }) => {
      find(lobby);
      load();
      assertThrows(() => find(other), UsageError, `${folder} ${refusal}`);
      assertEquals(find(renewed), renewed);
      assertEquals(find(lobby), lobby);
    }));

  Deno.test(`a folder that was not used yet takes the key of ${name}`, () =>
    inFolder(({ find, load }) => {
      find(lobby);
      assertEquals(find(other), other);
      load();
      assertThrows(() => find(lobby), UsageError, refusal);
    }));

  Deno.test(`an ATM does not start with the key of ${name}, not even to wait for its bank`, () =>
    inFolder(async ({ folder, database, find, load }) => {
      find(lobby);
      load();
      const key = `${folder}/../other.key`;
      replacePrivateFile(systemFiles, key, formatTerminalKey(other));
      const before = database.prepare("SELECT * FROM settings").all();
      const never = () => Promise.reject(new Error("nobody"));
      for (const wait of [false, true]) {
        const start = {
          ...{ bank: { hostname: "127.0.0.1", port: 1 }, folder, key, wait, demo: false },
          ...{ language: "en", aids: { printer: false, voices: [] } } as const,
          devices: { url: "ws://127.0.0.1:1/xfs4iot/v1.0", isOwn: false },
        };
        const world = { world: system, files: systemFiles, database, connect: never };
        await assertRejects(
          () => openAtm(start, { ...world, connectDevices: never, log: () => {}, ask: () => {} }),
          UsageError,
          refusal,
        );
      }
      assertEquals(database.prepare("SELECT * FROM settings").all(), before);
    }));
}

Deno.test("an ATM with the notes of a demo says in one line that its devices' page does not operate them", () =>
  inFolder(async ({ folder, database, find }) => {
    find(lobby);
    new SimulatedDevices(database).load(new Map([[2_000n, 1]]));
    const never = () => Promise.reject(new Error("nobody"));
    const logged: string[] = [];
    const open = (demo: boolean) =>
      openAtm({
        ...{ bank: { hostname: "127.0.0.1", port: 1 }, folder, key: `${folder}/../given.key` },
        ...{ wait: true, demo, language: "en", aids: { printer: false, voices: [] } },
        devices: { url: "ws://127.0.0.1:1/xfs4iot/v1.0", isOwn: true },
      }, {
        ...{ world: system, files: systemFiles, database, connect: never, connectDevices: never },
        ...{ log: (line) => void logged.push(line), ask: () => {} },
      });
    await open(true);
    assertEquals(logged, []);
    await open(false);
    assertEquals(logged.filter((line) => line.includes("Start it with --demo")).length, 1);
  }));
