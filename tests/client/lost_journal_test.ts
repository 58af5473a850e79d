/** An ATM whose journal lacks what the bank has booked, and one whose disk is full for a while. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { countCassettes } from "../../client/filling.ts";
import { Journal } from "../../client/journal.ts";
import { UsageError } from "../../lib/errors.ts";
import { hex } from "../../lib/bytes.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { isInClear } from "../../server/audit/entry.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

const euro = { code: "EUR", exponent: 2 };
const file = (branch: Branch) => `${branch.folder}/atm-lobby/atm.sqlite`;

async function inBranch(work: (branch: Branch) => Promise<void>): Promise<void> {
  const branch = await Branch.open();
  try {
    await work(branch);
  } finally {
    await branch.close();
  }
}

const failure = ({ atm }: BranchAtm) => atm.view().failure;

/** Counts these notes, as `deno task atm cash count` does while the ATM is not running. */
async function count(branch: Branch, notes: [bigint, number][]): Promise<bigint> {
  const { atm, database, journal, devices } = branch.atm();
  await atm.stop();
  const filling = { database, journal, devices, world: system };
  const over = countCassettes(filling, new Map(notes), euro);
  database.close();
  return over;
}

async function cashOf(branch: Branch): Promise<bigint> {
  const books = await branch.bank.ledger.read.booksOf(hex(branch.keys.get("lobby")!.terminal));
  return books!.cash;
}

/** Returns the newest report of a terminal's devices in the bank's log. */
async function lastReport({ bank }: Branch): Promise<string> {
  const entries = await bank.ledger.read.lastEntries(1, 100);
  return entries.filter((entry) => !isInClear(entry))
    .map((entry) => bank.auditKeys.open(entry, bank.keys.chainId)!.action)
    .find((action) => action.startsWith("report devices")) ?? "";
}

/** What happens to the ATM's database, which has one withdrawal, after another one. */
const losses: Record<string, (path: string, older: Uint8Array) => void> = {
  missing: (path) => Deno.removeSync(path),
  empty: (path) => Deno.writeFileSync(path, new Uint8Array(0)),
  "an older copy": (path, older) => Deno.writeFileSync(path, older),
};

for (const [name, lose] of Object.entries(losses)) {
  Deno.test(`an ATM whose journal is ${name} serves nobody until its notes are counted`, () =>
    inBranch(async (branch) => {
      const lobby = branch.atm();
      await logIn(lobby);
      assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
      await lobby.close();
      const older = Deno.readFileSync(file(branch));
      const again = branch.atm();
      await logIn(again);
      assertEquals((await again.atm.withdraw("5000")).outcome, "ok");
      await again.close();
      lose(file(branch), older);

      const stopped = branch.atm();
      await until("it is found out", () => failure(stopped) === "journal_lost");
      assertEquals(await stopped.atm.logIn("alice", "no matter"), { outcome: "device_fault" });
      await until(
        "it is reported",
        async () => (await lastReport(branch)).includes("out of service: its journal lacks"),
      );
      assertEquals(await cashOf(branch), 73_000n);
      assertEquals(branch.logged.filter((line) => line.includes("lacks movement")).length, 1);
      await stopped.close();

      // one note of €10 is missing
      assertEquals(await count(branch, [[5000n, 9], [2000n, 9], [1000n, 9]]), -1_000n);
      const counted = branch.atm();
      await until("the count is booked", async () => await cashOf(branch) === 72_000n);
      assertEquals(failure(counted), null);
      await logIn(counted);
      assertEquals((await counted.atm.withdraw("1000")).outcome, "ok");
      await branch.requireAllSettled(counted);
      await counted.close();
    }));
}

Deno.test("between movements, damage to the write-ahead log loses nothing", () =>
  inBranch(async (branch) => {
    const lobby = branch.atm();
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
    const inside = lobby.devices.inside();
    assertEquals(Deno.statSync(`${file(branch)}-wal`).size, 0);
    await lobby.kill();
    const garbage = new Uint8Array(9_000).fill(7);
    for (const bytes of [garbage, garbage.subarray(0, 31), new Uint8Array(0), null]) {
      if (bytes === null) Deno.removeSync(`${file(branch)}-wal`);
      else Deno.writeFileSync(`${file(branch)}-wal`, bytes);
      const again = branch.atm();
      await logIn(again);
      assertEquals([failure(again), again.devices.inside()], [null, inside]);
      await again.kill();
    }
  }));

const damages: Record<string, (bytes: Uint8Array) => Uint8Array | null> = {
  missing: () => null,
  empty: () => new Uint8Array(0),
  halved: (bytes) => bytes.slice(0, bytes.length >> 1),
  garbled: (bytes) => bytes.map((byte, at) => at % 3 === 0 ? byte : byte ^ (1 + at % 255)),
};

/** What an ATM does whose file was damaged after it was killed, between movements or within one. */
const table = [
  ["between", "atm.sqlite", "missing", "out of service"],
  ["between", "atm.sqlite", "empty", "out of service"],
  ["between", "atm.sqlite", "halved", "refused"],
  ["between", "atm.sqlite", "garbled", "refused"],
  ["between", "atm.sqlite-wal", "missing", "goes on"],
  ["within", "atm.sqlite", "missing", "out of service"],
  ["within", "atm.sqlite", "empty", "out of service"],
  // It goes on where all of the damaged pages are in the log.
  ["within", "atm.sqlite", "halved", "refused or goes on"],
  ["within", "atm.sqlite", "garbled", "refused or goes on"],
  ["within", "atm.sqlite-wal", "missing", "out of service"],
  ["within", "atm.sqlite-wal", "empty", "out of service"],
  // It goes on from an earlier step of the movement, if the log still has its beginning.
  ["within", "atm.sqlite-wal", "halved", "out of service or goes on"],
  ["within", "atm.sqlite-wal", "garbled", "out of service"],
] as const;

/** Starts an ATM. Returns what it does; damage that is refused is not changed. */
async function startDamaged(branch: Branch): Promise<string> {
  const before = systemFiles.facts(file(branch)) && Deno.readFileSync(file(branch));
  let atm: BranchAtm;
  try {
    atm = branch.atm();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    assertStringIncludes(error.message, "atm.sqlite is damaged");
    assertEquals(error.message.split("\n").length, 1);
    assertEquals(Deno.readFileSync(file(branch)), before);
    return "refused";
  }
  await until("it is online", () => atm.atm.view().bank === "online");
  const stopped = failure(atm);
  await atm.close();
  return stopped === "journal_lost" ? "out of service" : "goes on";
}

Deno.test("a damaged file of an ATM is named, or puts it out of service: the table", () =>
  inBranch(async (branch) => {
    const folder = `${branch.folder}/atm-lobby`;
    const contents = () =>
      [...Deno.readDirSync(folder)].map(({ name }) =>
        [name, Deno.readFileSync(`${folder}/${name}`)] as const
      );
    const lobby = branch.atm();
    await logIn(lobby);
    assertEquals((await lobby.atm.withdraw("2000")).outcome, "ok");
    await lobby.kill();
    const between = contents();
    const found = async (when: string) => {
      const whole = when === "between" ? between : contents();
      const rows: string[][] = [];
      for (const [, name, damage] of table.filter(([row]) => row === when)) {
        Deno.removeSync(folder, { recursive: true });
        Deno.mkdirSync(folder, { mode: 0o700 });
        for (const [each, bytes] of whole) {
          const damaged = each === name ? damages[damage]!(bytes) : bytes;
          if (damaged) Deno.writeFileSync(`${folder}/${each}`, damaged, { mode: 0o600 });
        }
        rows.push([when, name, damage, await startDamaged(branch)]);
      }
      Deno.removeSync(folder, { recursive: true });
      Deno.mkdirSync(folder, { mode: 0o700 });
      for (const [name, bytes] of whole) {
        Deno.writeFileSync(`${folder}/${name}`, bytes, { mode: 0o600 });
      }
      return rows;
    };
    const rows = await found("between");
    const again = branch.atm();
    await logIn(again);
    await again.atm.armFault("power cut between dispense");
    assertEquals((await again.atm.withdraw("9000")).outcome, "in_doubt");
    await again.kill();
    rows.push(...await found("within"));
    const lines = rows.map((cells) => `| ${cells.join(" | ")} |`);
    console.log(`| movements | file | damage | ATM |\n${lines.join("\n")}`);
    for (const [index, [when, name, damage, may]] of table.entries()) {
      const does = rows[index]![3]!;
      assertEquals(rows[index], [
        when,
        name,
        damage,
        may.split(" or ").includes(does) ? does : may,
      ]);
    }
  }));

Deno.test("a full disk puts the ATM out of service, is reported, and is over when there is room", () =>
  inBranch(async (branch) => {
    const lobby = branch.atm();
    const { atm, database } = lobby;
    const limit = (pages: number) => database.exec(`PRAGMA max_page_count = ${pages}`);
    try {
      await logIn(lobby);
      await atm.logOut();
      database.exec("CREATE TABLE fill (x)");
      const { page_count } = database.prepare("PRAGMA page_count").get() as { page_count: number };
      limit(page_count);
      assertThrows(
        () => {
          for (;;) database.exec("INSERT INTO fill VALUES (hex(zeroblob(1000)))");
        },
        Error,
        "full",
      );
      assertEquals(await atm.logIn("alice", "no matter"), { outcome: "device_fault" });
      assertEquals(failure(lobby), "disk_failed");
      await until(
        "it is reported",
        async () => (await lastReport(branch)).includes("its disk is full or fails"),
      );
      limit(1_000_000);
      await until("it is in service", () => failure(lobby) === null);
      await until(
        "its end is reported",
        async () => !(await lastReport(branch)).includes("out of service"),
      );
      assertEquals(branch.logged.filter((line) => line.includes("    at ")), []);
    } finally {
      await lobby.close();
    }
  }));

Deno.test("an ATM whose folder is moved serves nobody until it is back", () =>
  inBranch(async (branch) => {
    const lobby = branch.atm();
    const folder = `${branch.folder}/atm-lobby`;
    try {
      await logIn(lobby);
      await lobby.atm.logOut();
      Deno.renameSync(folder, `${folder}-moved`);
      Deno.mkdirSync(folder);
      assertEquals(await lobby.atm.logIn("alice", "no matter"), { outcome: "device_fault" });
      assertEquals(failure(lobby), "disk_failed");
      assertEquals(
        branch.logged.filter((line) => /is no longer in its folder/.test(line)).length,
        1,
      );
      Deno.removeSync(folder);
      Deno.renameSync(`${folder}-moved`, folder);
      await until("it is in service", () => failure(lobby) === null);
      await logIn(lobby);
    } finally {
      await lobby.close();
    }
  }));

/** Fails once in one of its steps, as on a full disk. */
class FullOnce extends Journal {
  constructor(database: DatabaseSync, public step: "intend" | "authorised" | "acted" | "") {
    super(database);
  }

  #mayFail(step: FullOnce["step"]): void {
    if (this.step !== step) return;
    this.step = "";
    throw new Error("database or disk is full");
  }

  override intend(...args: Parameters<Journal["intend"]>): void {
    this.#mayFail("intend");
    super.intend(...args);
  }

  override authorised(...args: Parameters<Journal["authorised"]>): void {
    this.#mayFail("authorised");
    super.authorised(...args);
  }

  override acted(...args: Parameters<Journal["acted"]>): void {
    this.#mayFail("acted");
    super.acted(...args);
  }
}

Deno.test("a disk that fills up within a movement is no error of the page, and the movement is settled", () =>
  inBranch(async (branch) => {
    let journal!: FullOnce;
    const lobby = branch.atm("lobby", {
      wrap: () => journal,
      equip: (database) => {
        journal = new FullOnce(database, "");
        return new SimulatedDevices(database);
      },
    });
    const { atm } = lobby;
    const steps = [["intend", "device_fault"], ["authorised", "in_doubt"], ["acted", "in_doubt"]];
    try {
      for (const [step, expected] of steps) {
        await logIn(lobby);
        journal.step = step as FullOnce["step"];
        assertEquals([step, (await atm.withdraw("2000")).outcome], [step, expected]);
        assertEquals(failure(lobby), "disk_failed");
        await atm.logOut();
        await until("it is in service", () => failure(lobby) === null);
        await until("it is settled", () => lobby.journal.open().length === 0);
      }
      await logIn(lobby);
      assertEquals((await atm.withdraw("2000")).outcome, "ok");
      await branch.requireAllSettled(lobby);
      assertEquals(branch.logged.filter((line) => line.includes("    at ")), []);
    } finally {
      await lobby.close();
    }
  }));
