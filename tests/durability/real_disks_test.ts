/**
 * Disks that are full and disks that become read-only, mounted for these tests, under the real programs:
 * each names the fault, nothing acknowledged is lost, and all go on once the disk is well.
 */
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

  constructor(folder: string) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: serverArguments({ folder }, 0),
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

/** Runs an operator's command; its exit code, and what it says of a failure. */
async function operate(folder: string, ...words: string[]): Promise<[code: number, said: string]> {
  const args = operatorArguments({ folder }, [...words, `--operator-key=${folder}-operator.key`]);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" })
    .output();
  return [code, new TextDecoder().decode(stderr).trim()];
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
  name: "a bank whose disk is full can be copied to another disk, and goes on there (mount)",
  ignore: !mayMount(),
  fn: () =>
    inTemporaryFolder(async (root) => {
      const [disk, copy] = [`${root}/disk`, `${root}/copy`];
      Deno.mkdirSync(disk);
      await withSmallDisk(disk, 2_048, async ({ fill }) => {
        const folder = `${disk}/bank`;
        const [keyFile] = await makeBank(folder, { terminals: ["lobby"] });
        const server = new Server(folder);
        const port = await server.port();
        const acknowledged = await loadCash(port, keyFile!, 3);
        fill();
        const asking = loadCash(port, keyFile!, 1).catch((error) => error);
        const [code, said] = await operate(folder, "backup", `--out=${root}/backup`);
        assertEquals(code, 1);
        assertMatch(said, /disk is full|Make room/);
        assertEquals(await server.end(), 0);
        await asking;
        await new Deno.Command("cp", { args: ["-a", folder, copy] }).output();
        await requireKept(copy, acknowledged);
        const again = new Server(copy);
        assertEquals((await loadCash(await again.port(), keyFile!, 1)).length, 1);
        assertEquals(await again.end(), 0);
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
