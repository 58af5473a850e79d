/**
 * Disks that are full and disks that become read-only, mounted for these tests, under the real programs:
 * each names the fault, nothing acknowledged is lost, and all go on once the disk is well.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openBank } from "../../server/bank.ts";
import { operatorArguments, serverArguments } from "../bank_programs.ts";
import { linesOf } from "../server/helpers/lines.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { mayMount, withBreakingDisk, withSmallDisk } from "./small_disk.ts";
import { connectTerminal } from "./traced_server.ts";

/** A bank's server. */
class Server {
  readonly log: Promise<string>;
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;

  constructor(folder: string, backups?: string) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: serverArguments({ folder, backups }, 0),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.log = new Response(this.#process.stderr).text();
    this.#lines = linesOf(this.#process.stdout).getReader();
  }

  /** Returns its port, once it serves. */
  async port(): Promise<number> {
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error(await this.log);
    return Number(JSON.parse(value).address.split(":")[1]);
  }

  /** Ends it in order; its exit code. */
  async end(): Promise<number> {
    await this.#process.stdin.close();
    const { code } = await this.#process.status;
    await this.#lines.cancel();
    return code;
  }
}

/** Loads cash until there is no answer, or so often; what was acknowledged. */
async function loadCash(port: number, keyFile: string, times: number): Promise<string[]> {
  const client = await connectTerminal(port, keyFile);
  const done: string[] = [];
  for (let count = 0; count < times; count++) {
    const movement = newId();
    const ask = { op: "load_cash", movement, amount: "2000", currency: "EUR" } as const;
    if ((await client.ask(ask)).outcome !== "ok") break;
    done.push(movement);
  }
  await client.close();
  return done;
}

/** Requires that a bank's books are right, and have these movements. */
async function requireKept(folder: string, acknowledged: readonly string[]): Promise<void> {
  const bank = await openBank(bankWorld(), folder);
  const rows = await bank.ledger.read.movementsAfter("00".repeat(16), 0, 1_000);
  const { problem } = await bank.ledger.check();
  await bank.close();
  const booked = new Set(rows.map(({ id }) => id));
  assertEquals(problem, null);
  assertEquals(acknowledged.filter((movement) => !booked.has(movement)), []);
}

/** Runs an operator's command; its exit code, what it says of a failure, and its answer. */
async function run(folder: string, ...words: string[]): Promise<[number, string, string]> {
  const args = operatorArguments({ folder }, [...words, `--operator-key=${folder}-operator.key`]);
  const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" })
    .output();
  const textOf = (bytes: BufferSource) => new TextDecoder().decode(bytes).trim();
  return [code, textOf(stderr), textOf(stdout)];
}

async function operate(folder: string, ...words: string[]): Promise<[code: number, said: string]> {
  const [code, said] = await run(folder, ...words);
  return [code, said];
}

/** Requires that a bank's file has these movements. */
function requireInFile(path: string, movements: readonly string[]): void {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("SELECT lower(hex(id)) AS id FROM movements").all();
    const ids = new Set(rows.map(({ id }) => id));
    assertEquals(movements.filter((movement) => !ids.has(movement)), []);
  } finally {
    database.close();
  }
}

Deno.test({
  name: "a full disk under --out is named, and changes nothing (mount)",
  ignore: !mayMount(),
  fn: () =>
    inTemporaryFolder(async (root) => {
      const [folder, out] = [`${root}/bank`, `${root}/out`];
      await makeBank(folder, { terminals: ["lobby"] });
      Deno.mkdirSync(out);
      const server = new Server(folder);
      await server.port();
      await withSmallDisk(out, 64, async (disk) => {
        disk.fill();
        const commands = [
          ["audit", "export"],
          ["audit", "checkpoint"],
          ["backup"],
          ["terminal", "enroll", "mall"],
          ["terminal", "rotate", "lobby", "--now"],
        ];
        for (const words of commands) {
          const [code, said] = await operate(folder, ...words, `--out=${out}/file`);
          assertEquals(code, 1, words.join(" "));
          assertMatch(said, /^\S+ cannot be written \(.*\): make room on its disk, or choose.*$/);
          assertEquals([...Deno.readDirSync(out)].map(({ name }) => name), ["filler"]);
        }
        disk.free();
        for (const words of commands.slice(3)) {
          assertEquals(await operate(folder, ...words, `--out=${out}/${words[1]}`), [0, ""]);
        }
      });
      assertEquals(await server.end(), 0);
      // Neither a copy nor the mark of a backup that nobody has.
      assertEquals([...Deno.readDirSync(folder)].filter(({ name }) => /backup/.test(name)), []);
    }),
});

Deno.test({
  name: "a bank whose disk is full is backed up to another disk, and goes on there (mount)",
  ignore: !mayMount(),
  fn: () =>
    inTemporaryFolder(async (root) => {
      const [disk, copy] = [`${root}/disk`, `${root}/copy`];
      Deno.mkdirSync(disk);
      await withSmallDisk(disk, 2_048, async ({ fill, free }) => {
        const folder = `${disk}/bank`;
        const [keyFile] = await makeBank(folder, { terminals: ["lobby"] });
        const backups = `${root}/backups`;
        const server = new Server(folder, backups);
        const port = await server.port();
        const acknowledged = await loadCash(port, keyFile!, 3);
        fill();
        // The write-ahead log has room for some commits.
        const asking = loadCash(port, keyFile!, 60).catch((error) => error);
        const out = `--out=${root}/backup`;
        let tries = 0;
        for (let isFaulty = false; !isFaulty; tries++) {
          const [code, said] = await operate(folder, "backup", out);
          assertEquals(code, 1);
          assertMatch(said, /without --out .* stop the server and run .* --out FILE/);
          isFaulty = /: the disk is full/.test(said);
          assert(tries < 100, said);
        }
        const timeUnknown =
          /the copy is good.*\n.*\nthe backup is good; its time could not be noted/;
        assertEquals((await operate(folder, "approvals"))[0], 1);
        const [kept, why, said] = await run(folder, "backup");
        assertEquals([kept, why], [0, ""]);
        assertMatch(said, timeUnknown);
        const [copied] = [...Deno.readDirSync(backups)].map(({ name }) => `${backups}/${name}`);
        assertEquals((Deno.statSync(copied!).mode ?? 0) & 0o777, 0o600);
        requireInFile(copied!, acknowledged);
        free();
        for (let looks = 0, logged = 0; logged !== tries + 1; looks++) { // the refused ones, too
          const [, , log] = await run(folder, "audit", "show");
          logged = log.match(/back up the books/g)?.length ?? 0;
          assert(logged <= tries + 1 && looks < 100, log);
          assert(!/list proposals(?! \(the disk is full\))/.test(log), log);
        }
        assertEquals(await server.end(), 0);
        await asking;
        fill();
        const [without, whyNot, alone] = await run(folder, "backup", out);
        assertEquals(without, 0, whyNot);
        assertMatch(alone, timeUnknown);
        requireInFile(`${root}/backup`, acknowledged);
        const marks = [...Deno.readDirSync(folder)].filter(({ name }) => /backup/.test(name));
        assertEquals(marks, []); // so that 'status' shows none
        await new Deno.Command("cp", { args: ["-a", folder, copy] }).output();
        await requireKept(copy, acknowledged);
        const again = new Server(copy);
        assertEquals((await loadCash(await again.port(), keyFile!, 1)).length, 1);
        assertEquals(await again.end(), 0);
      });
    }),
});

Deno.test({
  name: "a restore without room changes nothing, and is done once there is room (mount)",
  ignore: !mayMount(),
  fn: () =>
    inTemporaryFolder(async (root) => {
      const disk = `${root}/disk`;
      Deno.mkdirSync(disk);
      await withSmallDisk(disk, 2_048, async ({ fill, free }) => {
        const folder = `${disk}/bank`;
        const [keyFile] = await makeBank(folder, { terminals: ["lobby"] });
        const backup = `${root}/backup`;
        assertEquals((await operate(folder, "backup", `--out=${backup}`))[0], 0);
        const server = new Server(folder);
        const acknowledged = await loadCash(await server.port(), keyFile!, 3);
        assertEquals(await server.end(), 0);
        const book = () => Deno.readFileSync(`${folder}/bank.sqlite`).toHex();
        let before = book();
        const restore = ["restore", `--from=${backup}`];
        const roomOfCopy = Deno.statSync(backup).size;
        // From no room at all, and from room for the copy alone, a page more each time.
        for (let spare = 0, isDone = false; !isDone; spare = Math.max(roomOfCopy, spare + 4_096)) {
          fill();
          const left = Math.max(0, Deno.statSync(`${disk}/filler`).size - spare);
          Deno.truncateSync(`${disk}/filler`, left);
          const firstKey = `--first-key=${root}/${spare}.key`;
          const [code, said] = await operate(folder, ...restore, firstKey);
          isDone = code === 0;
          if (!isDone) {
            assertMatch(said, /disk is full|No space left/);
            assert(!/ATM|resume/.test(said), said);
            assert(book() === before, `${spare}: ${said}`);
            assert(spare < 2 * roomOfCopy, said);
          }
          free();
          if (!isDone && spare <= roomOfCopy) await requireKept(folder, acknowledged);
          if (!isDone) before = book();
        }
        await requireKept(folder, []);
      });
    }),
});

Deno.test({
  name: "a bank's disk that becomes read-only: named, ended in order, and mended (mount, ext4)",
  ignore: !mayMount("mkfs.ext4", "e2fsck"),
  fn: () =>
    inTemporaryFolder(async (root) => {
      const mounted = `${root}/disk`;
      Deno.mkdirSync(mounted);
      await withBreakingDisk(mounted, async (disk) => {
        const folder = `${mounted}/bank`;
        const [keyFile] = await makeBank(folder, { terminals: ["lobby"] });
        const server = new Server(folder);
        const port = await server.port();
        const acknowledged = await loadCash(port, keyFile!, 3);
        await disk.breakDown();
        const asking = loadCash(port, keyFile!, 1).catch((error) => error);
        const [code, said] = await operate(folder, "terminal", "list");
        assertEquals(code, 1);
        assertMatch(said, /the disk fails to read or write|is read-only/);
        assertEquals(await server.end(), 0);
        await asking;
        const log = await server.log;
        assertMatch(log, /the disk fails to read or write|is read-only/);
        assert(!/^ {4}at |ncaught/m.test(log), log);
        await disk.mend(",ro");
        const readOnly = new Server(folder);
        assertEquals(await readOnly.end(), 1);
        assertMatch(
          await readOnly.log,
          /^\S+ cannot be written \(.*\)\. Make it writable, or .*\n$/,
        );
        await disk.mend();
        await requireKept(folder, acknowledged);
        const again = new Server(folder);
        assertEquals((await loadCash(await again.port(), keyFile!, 1)).length, 1);
        assertEquals(await again.end(), 0);
      });
    }),
});
