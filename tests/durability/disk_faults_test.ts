/**
 * Disks that are full, read-only or broken for a while, under the real server: ATMs wait until it is
 * known the outcome of a commit, the operator gets the reason, nothing is lost or done twice, and money
 * moves again without anybody's doing.
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openBank } from "../../server/bank.ts";
import { operatorArguments, serverArguments } from "../bank_programs.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { connectTerminal, mayTrace, project, traceServer } from "./traced_server.ts";

/** What the kernel answers in place of what it is asked, from which call to which · what the log says. */
const faults: [name: string, calls: string, error: string, when: string, says: RegExp][] = [
  ["a full disk", "pwrite64", "ENOSPC", "40..55", /the disk is full: make room/],
  [
    "a disk that has become read-only",
    "pwrite64",
    "EROFS",
    "40..55",
    /the disk fails to read or write/,
  ],
  ["errors in writing", "pwrite64", "EIO", "40..55", /the disk fails to read or write/],
  ["errors in syncing", "fsync,fdatasync", "EIO", "12..20", /the disk fails to read or write/],
];
const movements = 30;

/** Loads cash often enough; gives what was acknowledged. */
async function loadCash(port: number, keyFile: string): Promise<string[]> {
  const client = await connectTerminal(port, keyFile);
  const done: string[] = [];
  for (let count = 0; count < movements; count++) {
    const movement = newId();
    const ask = { op: "load_cash", movement, amount: "2000", currency: "EUR" } as const;
    let { outcome } = await client.ask(ask);
    // A bank whose commits fail for as long as an ATM waits refuses the load: the ATM repeats it.
    while (outcome === "try_later") ({ outcome } = await client.ask(ask));
    assertEquals(outcome, "ok");
    done.push(movement);
  }
  await client.close();
  return done;
}

for (const [name, calls, error, when, says] of faults) {
  Deno.test({
    name: `${name}: ATMs wait, and then it goes on (strace)`,
    ignore: !mayTrace(),
    fn: () =>
      inTemporaryFolder(async (folder) => {
        const path = `${folder}/bank`;
        const [keyFile] = await makeBank(path, { terminals: ["lobby"] });
        const server = await traceServer(path, project, [
          ...["-f", "-qq", "-o", "/dev/null", "-P", `${path}/bank.sqlite-wal`],
          ...["-e", `trace=${calls}`, "-e", `inject=${calls}:error=${error}:when=${when}`],
        ]);
        const done = await loadCash(server.port, keyFile!);
        await server.end();
        const reported = server.log.filter((line) => line.includes("ledger: "));
        assertEquals(reported.length, 2, reported.join("\n")); // once, and its end once
        assertMatch(reported[0]!, says);
        assertStringIncludes(reported[1]!, "commits succeed again");
        const bank = await openBank(bankWorld(), path);
        const movements = await bank.ledger.read.movementsAfter("00".repeat(16), 0, 1_000);
        const { problem } = await bank.ledger.check();
        await bank.close();
        assertEquals(problem, null);
        assertEquals(movements.map(({ id }) => id).sort(), done.sort());
      }),
  });
}

Deno.test({
  name:
    "a disk that never syncs again: no answer, and SIGTERM ends the server all the same (strace)",
  ignore: !mayTrace(),
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/bank`;
      const [keyFile] = await makeBank(path, { terminals: ["lobby"] });
      const server = await traceServer(path, project, [
        ...["-f", "-qq", "-o", "/dev/null", "-P", `${path}/bank.sqlite-wal`],
        ...["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO:when=40+"],
      ]);
      const client = await connectTerminal(server.port, keyFile!);
      const answered: string[] = [];
      const asking = (async () => {
        for (;;) {
          const movement = newId();
          const ask = { op: "load_cash", movement, amount: "2000", currency: "EUR" } as const;
          if ((await client.ask(ask)).outcome === "ok") answered.push(movement);
        }
      })().catch((error) => error);
      while (
        !server.log.some((line) => line.includes("the disk fails to read or write"))
      ) await wait(50);
      const other = await connectTerminal(server.port, keyFile!).catch(() => null);
      await server.end();
      assertEquals((await asking).name, "NoAnswer");
      await other?.close();
      const bank = await openBank(bankWorld(), path);
      const movements = await bank.ledger.read.movementsAfter("00".repeat(16), 0, 1_000);
      const { problem } = await bank.ledger.check();
      await bank.close();
      assertEquals(problem, null);
      const booked = new Set(movements.map(({ id }) => id));
      assertEquals(answered.filter((movement) => !booked.has(movement)), []);
    }),
});

Deno.test({
  name:
    "a disk that stays full: an operator gets its name in time, with a server and without (strace)",
  ignore: !mayTrace(),
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/bank`;
      await makeBank(path, { terminals: ["lobby"] });
      const full = (...names: string[]) => [
        ...["-f", "-qq", "-o", "/dev/null"],
        ...names.flatMap((name) => ["-P", `${path}/${name}`]),
        ...["-e", "trace=pwrite64,write,ftruncate"],
      ];
      const fails = (when: string) => [
        ...["-e", `inject=pwrite64,write,ftruncate:error=ENOSPC:when=${when}`],
      ];
      const status = operatorArguments({ folder: path }, ["status"]);
      const server = await traceServer(path, project, [
        ...full("bank.sqlite-wal"),
        ...fails("30+"),
      ]);
      for (let tries = 0;; tries++) {
        const { code, stderr } = await new Deno.Command(Deno.execPath(), { args: status }).output();
        if (code === 0 && tries < 40) continue;
        assertEquals(code, 1);
        assertStringIncludes(new TextDecoder().decode(stderr), "the disk is full: make room");
        break;
      }
      await server.end();
      const names = ["bank.sqlite", "bank.sqlite-wal", "bank.sqlite-shm", "bank.sqlite.probe"];
      const args = [...full(...names), ...fails("1+"), Deno.execPath(), ...status];
      const { code, stderr } = await new Deno.Command("strace", { args, stdin: "null" }).output();
      assertEquals(code, 1);
      assertStringIncludes(
        new TextDecoder().decode(stderr),
        `${path}/bank.sqlite cannot be opened: its disk is full. Make room on it`,
      );
    }),
});

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test({
  name:
    "a folder that cannot be written is refused at the start, by name (setpriv, where run by root)",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const path = `${folder}/bank`;
      await makeBank(path, { terminals: ["lobby"] });
      const server = [Deno.execPath(), ...serverArguments({ folder: path }, 0)];
      // Root may write everything, unless it gives that right away.
      const unable = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
      const [program, ...args] = Deno.uid() === 0 ? [...unable, ...server] : server;
      Deno.chmodSync(`${path}/bank.sqlite`, 0o400);
      Deno.chmodSync(path, 0o500);
      try {
        const { code, stderr } = await new Deno.Command(program!, { args, stdin: "null" }).output();
        assertEquals(code, 1);
        const said = new TextDecoder().decode(stderr);
        assertStringIncludes(said, `${path}/bank.sqlite cannot be opened for writing`);
        assertStringIncludes(said, "Check the folder, its permissions, its disk");
      } finally {
        Deno.chmodSync(path, 0o700);
      }
    }),
});
