/**
 * Each file that the programs write, missing, empty, halved or garbled, before each program that opens
 * it: the program goes on where nothing that was acknowledged is lost, or ends with a line that names
 * the file, and everything is then as it was, byte for byte. The files are those of a place in which the
 * programs have worked: one that this table lacks fails it by name. Prints the table.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { devicesFolderOf } from "../../lib/programs.ts";
import { listenTcp, listenUnix, system, systemFiles } from "../../lib/system.ts";
import { cardsOf, SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { openDevicesFolder } from "../../client/folder/devices_folder.ts";
import { keyOfFolder, openAtm, openCash } from "../../client/open_atm.ts";
import { openBank } from "../../server/bank.ts";
import { faultsOf } from "../../server/check_server.ts";
import { initBank } from "../../server/operator/init.ts";
import { answersOf, verifyLog } from "../../server/operator/log_programs.ts";
import { rehearseRestore } from "../../server/operator/restore.ts";
import { openDemoBank } from "../../server/programs/demo_bank.ts";
import { readKey } from "../../server/programs/read_key.ts";
import { readPolicy } from "../../server/programs/read_policy.ts";
import { systemBank, systemOperator } from "../../server/programs/system_bank.ts";
import { serveBank } from "../../server/serve_bank.ts";
import { hashOf, Witness } from "../../server/transparency/witness.ts";
import { WitnessFolder } from "../../server/witness/witness_folder.ts";
import { noSigner } from "../server/helpers/operators.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { type Contents, contentsOf, damaged, writeFolder } from "./damage.ts";
import { usedPlace } from "./used_place.ts";

const loopback = { hostname: "127.0.0.1", port: 0 };
const serving = (root: string) => ({
  ...{ listen: loopback, proxies: [], sharePort: false, bind: listenTcp, listenUnix },
  checkpoints: { folder: `${root}/bank/checkpoints`, everyMinutes: 60 },
});

/** Each starts as its program does, and ends. */
const programs: Record<string, (root: string) => void | Promise<void>> = {
  async server(root) {
    const policy = readPolicy(`${root}/policy`);
    const witnesses = { policy, exchange: () => Promise.reject(new Error("nobody")) };
    const bank = await openBank(bankWorld(), `${root}/bank`);
    await serveBank(bank, { ...serving(root), witnesses }, Promise.resolve(), () => {});
  },
  async "server --check"(root) {
    const options = { ...serving(root), folder: `${root}/bank` };
    const faults = await faultsOf(systemBank, options);
    if (faults.length > 0) throw new UsageError(faults.join("\n"));
  },
  async demo(root) {
    const { bank } = await openDemoBank(root, 1);
    await bank.close();
  },
  async init(root) {
    await initBank(bankWorld(), {
      ...{ path: `${root}/bank`, operator: "test", bankName: "Test Bank", timeZone: "UTC" },
      ...{ currency: { code: "EUR", exponent: 2 }, withdrawalMax: null, keepFirstKey: () => {} },
    });
  },
  async "audit show"(root) {
    const show = { command: "show_audit", json: false, follow: false } as const;
    await Array.fromAsync(answersOf(systemOperator, `${root}/bank`, show, noSigner));
  },
  async "audit verify"(root) {
    const files = {
      firstKeyPaths: [`${root}/bank-first.key`],
      checkpointPaths: [`${root}/checkpoint`],
    };
    await verifyLog(
      systemOperator,
      { folder: `${root}/bank`, signer: noSigner, ...files },
      () => {},
    );
  },
  async "hold list"(root) {
    const key = { folder: `${root}/bank`, operatorKey: `${root}/bank-operator.key` };
    const list = { command: "list_holds", json: false } as const;
    await Array.fromAsync(answersOf(systemOperator, key.folder, list, () => readKey(key)));
  },
  async console(root) {
    await readKey({ folder: `${root}/bank`, operatorKey: `${root}/bank-operator.key` });
  },
  async "restore --dry-run"(root) {
    const backup = systemFiles.facts(`${root}/backups`) && systemFiles.names(`${root}/backups`)[0];
    const from = `${root}/backups/${backup ?? "bank-0.sqlite"}`;
    await rehearseRestore(bankWorld(), { path: `${root}/bank`, from });
  },
  async atm(root) {
    const folder = `${root}/atm-lobby`;
    const database = openAtmFolder(systemFiles, folder);
    const never = () => Promise.reject(new Error("nobody"));
    try {
      const start = {
        folder,
        key: `${folder}/terminal.key`,
        bank: loopback,
        demo: true,
        wait: true,
      };
      const aids = { printer: false, voices: [] };
      await openAtm({ ...start, language: "en", aids }, {
        ...{ world: system, files: systemFiles, database, connect: never },
        ...{ log: () => {}, ask: () => {} },
      });
    } finally {
      database.close();
    }
  },
  "atm cash show"(root) {
    const folder = `${root}/atm-lobby`;
    const database = openAtmFolder(systemFiles, folder);
    try {
      keyOfFolder(systemFiles, database, { folder, key: `${folder}/terminal.key` });
      openCash(database, system, new SimulatedDevices(database));
    } finally {
      database.close();
    }
  },
  devices(root) {
    const folder = devicesFolderOf(`${root}/atm-lobby`);
    const database = openDevicesFolder(systemFiles, folder);
    try {
      new SimulatedDevices(database, true).inside();
      const cards = cardsOf(systemFiles, `${folder}/cards`);
      new SimulatedCardReader(database, cards);
      for (const name of cards.names()) cards.numberOf(name);
    } finally {
      database.close();
    }
  },
  witness(root) {
    const logs = readPolicy(`${root}/policy`).logs.map(({ key }) => key);
    const folder = WitnessFolder.open(systemFiles, `${root}/witness`);
    try {
      const witness = new Witness({ logs, signer: folder.signer, storage: folder, nowMs: () => 0 });
      for (const { name } of logs) witness.checkpoint(hashOf(name));
    } finally {
      folder.close();
    }
  },
};

/** What a program does: it goes on, or refuses to. */
const cells = { g: "goes on", r: "refused" };

/**
 * What each program that opens a file does when that is missing, empty, halved and garbled. The bank's
 * own six files are in damaged_files_test.ts, with more programs.
 */
const expected: Record<string, Record<string, string>> = {
  "bank/bank.sqlite": { "server --check": "rrrr", "restore --dry-run": "gggg" },
  "bank/bank.sqlite-wal": { "server --check": "rrrr", "restore --dry-run": "g" },
  "bank/bank.keys": { "server --check": "rrrr", "restore --dry-run": "rrrr", "hold list": "rrrr" },
  // its present key is in one half or the other
  "bank/chain.key": { "server --check": "rr?r" },
  "bank/terminals.json": { "restore --dry-run": "grrr" },
  "bank/audit_log_secure.txt": { "server --check": "gggg" },
  // only a time, which is that of the file
  "bank/last_backup": { server: "g" },
  "bank/last_verification": { server: "g" },
  // a copy for those who keep checkpoints elsewhere
  "bank/checkpoints/checkpoint-TIME": { server: "g" },
  // each terminal reports again
  "bank/reconciled.json": { server: "gggg" },
  // without it, only the entries and the witnesses contradict a fork
  "bank/trees/ID.checkpoint": { server: "grrr", "server --check": "grrr", "hold list": "grrr" },
  "bank/trees/ID.cosigned": { server: "grrr", demo: "grrr" },
  // hashed again
  "bank/trees/ID.hashes": { server: "gggg" },
  "bank-first.key": { "audit verify": "rrrr" },
  "bank-operator.key": { console: "rrrr", "hold list": "rrrr", demo: "g" },
  checkpoint: { "audit verify": "rrrr" },
  policy: { server: "rrrr", witness: "rrrr" },
  "backups/bank-TIME.sqlite": { "restore --dry-run": "rrrr" },
  "demo-customers.json": { demo: "rrrr" },
  "cards/NAME.card": { demo: "grrr" },
  // what is halved away may be free pages; the bank compares the ATM's movements with its own: tests/client/lost_journal_test.ts
  "atm-lobby/atm.sqlite": { atm: "gg?r", "atm cash show": "gg?r" },
  "atm-lobby/atm.sqlite-wal": { atm: "gggg", "atm cash show": "gggg" },
  // the ATM waits for its key
  "atm-lobby/terminal.key": { atm: "gggg", "atm cash show": "rrrr" },
  "atm-lobby/devices/cards/NAME.card": { devices: "grrr" },
  // the service and the ATM compare their counts
  "atm-lobby/devices/devices.sqlite": { devices: "ggrr" },
  "atm-lobby/devices/devices.sqlite-wal": { devices: "gggg" },
  "witness/witness.key": { witness: "rrrr" },
  // a witness that lost it begins again, as a new one does
  "witness/checkpoints/ID": { witness: "grrr" },
};

/** Returns the name in the table of a file whose name has a time, a number or a customer in it. */
const rowOf = (file: string) =>
  file.replace(/[0-9]{8}T[0-9]{9}Z/, "TIME").replace(/[0-9a-f]{32,64}/, "ID")
    .replace(/[a-z]+\.card$/, "NAME.card");

/** What a sound database's start changes: its write-ahead log is copied into it. */
const isDatabase = (file: string) => /\.sqlite(-wal)?$/.test(file);

Deno.test("each file that the programs write, damaged: a clear line, and nothing is changed", (t) =>
  inTemporaryFolder(async (root) => {
    const contents = await usedPlace(`${root}/used`);
    const rows = Map.groupBy(contents.keys(), rowOf);
    assertEquals([...rows.keys()].sort(), Object.keys(expected).sort(), "the table has every file");
    const lines: string[] = [];
    let number = 0;
    for (const [row, [file]] of rows) {
      await t.step(row, async () => {
        for (const [name, wanted] of Object.entries(expected[row]!)) {
          const done: string[] = [];
          for (const [damage, before] of damaged(contents, file!)) {
            if (done.length === wanted.length) break;
            const place = `${root}/${number++}`;
            writeFolder(place, before);
            const where = `${name}, ${file} ${damage}`;
            const refusal = await refusalOf(() => programs[name]!(place), where);
            if (refusal === null) done.push("g");
            else {
              done.push("r");
              assertStringIncludes(refusal, namedFor(file!), where);
              assert(!refusal.includes("\n    at "), `${where}: ${refusal}`);
              assertEquals(unlike(before, contentsOf(place), file!), [], where);
            }
            Deno.removeSync(place, { recursive: true });
          }
          assertMatch(
            done.join(""),
            new RegExp(`^${wanted.replaceAll("?", ".")}$`),
            `${name}, ${row}`,
          );
          const words = done.map((each) => cells[each as keyof typeof cells]);
          lines.push(`| ${row} | ${name} | ${words.join(" | ")} |`);
        }
      });
    }
    console.log(`| file | program | missing | empty | halved | garbled |\n${lines.join("\n")}`);
  }));

/** Returns the line with which a program ends; null if it goes on. */
async function refusalOf(run: () => void | Promise<void>, where: string): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    const isLine = error instanceof UsageError || /is damaged/.test((error as Error).message);
    assert(isLine, `${where}: ${(error as Error).stack}`);
    return (error as Error).message;
  }
}

/** Returns words that a refusal has for this file. */
function namedFor(file: string): string {
  if (/^backups/.test(file)) return "backup";
  return file.replace("-wal", "").split("/").at(-1)!;
}

/** Returns which files a program has changed that was refused one of them. */
function unlike(before: Contents, after: Contents, refused: string): string[] {
  const folder = refused.replace(/\/.*/, "");
  return [...new Set([...before.keys(), ...after.keys()])].filter((file) =>
    before.get(file) !== after.get(file) &&
    !(isDatabase(file) && !isDatabase(refused) && !file.startsWith("bank") &&
      folder === "atm-lobby")
  );
}
