/** A server whose files are no longer in its folder ends, and acknowledges nothing that is not kept. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { NoAnswer } from "../../client/bank_client.ts";
import { openBank } from "../../server/bank.ts";
import { serverArguments } from "../bank_programs.ts";
import { linesOf } from "../server/helpers/lines.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { newId } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { bankWorld } from "../server/helpers/world.ts";
import { connectTerminal } from "./traced_server.ts";

/** Here the bank's folder is a symbolic link to that of its files. */
const linked = "the link to its folder leads to another bank's";

/** What is done to the folder of a running server, and where its files are then. */
const moves: Record<string, (path: string) => string | null> = {
  "its folder is moved": (path) => {
    Deno.renameSync(path, `${path}-moved`);
    return `${path}-moved`;
  },
  "its folder is moved, and another bank's put there": (path) => {
    Deno.renameSync(path, `${path}-moved`);
    Deno.renameSync(`${path}-other`, path);
    return `${path}-moved`;
  },
  "its folder is removed": (path) => {
    Deno.removeSync(path, { recursive: true });
    return null;
  },
  [linked]: (path) => {
    Deno.removeSync(path);
    Deno.symlinkSync(`${path}-other`, path);
    return `${path}-target`;
  },
  "its write-ahead log is removed": (path) => {
    Deno.removeSync(`${path}/bank.sqlite-wal`);
    return null;
  },
};

for (const [name, move] of Object.entries(moves)) {
  for (const moneyMoves of name.endsWith("moved") ? [true, false] : [true]) {
    Deno.test(`a server ends when ${name}, ${moneyMoves ? "with" : "without"} movements`, () =>
      inTemporaryFolder(async (root) => {
        const path = `${root}/bank`;
        const [keyFile] = await makeBank(path, { terminals: ["lobby"] });
        await makeBank(`${path}-other`, { terminals: ["other"] });
        if (name === linked) {
          Deno.renameSync(path, `${path}-target`);
          Deno.symlinkSync(`${path}-target`, path);
        }
        const server = new Deno.Command(Deno.execPath(), {
          args: serverArguments({ folder: path }, 0),
          stdin: "piped",
          stdout: "piped",
          stderr: "piped",
        }).spawn();
        const lines = linesOf(server.stdout).getReader();
        const log = new Response(server.stderr).text();
        const { address } = JSON.parse((await lines.read()).value!);
        const client = await connectTerminal(Number(address.split(":")[1]), keyFile!);
        const acknowledged: string[] = [];
        const load = async () => {
          const movement = newId();
          const ask = { op: "load_cash", movement, amount: "2000", currency: "EUR" } as const;
          assertEquals((await client.ask(ask)).outcome, "ok");
          acknowledged.push(movement);
        };
        await load();
        const movedTo = move(path);
        const before = acknowledged.length;
        const sinceMs = performance.now();
        if (moneyMoves) {
          const error = await load().then(load).catch((error) => error);
          assert(error instanceof NoAnswer, String(error));
          assertEquals(acknowledged.length, before, "nothing is acknowledged after the move");
        }
        assertEquals((await server.status).code, 1);
        assert(performance.now() - sinceMs < 3_000);
        assertStringIncludes(await log, "is no longer in its folder");
        await lines.cancel();
        await server.stdin.close().catch(() => {});
        await client.close();
        if (movedTo === null) return;
        const bank = await openBank(bankWorld(), movedTo);
        const rows = await bank.ledger.read.movementsAfter("00".repeat(16), 0, 1_000);
        await bank.close();
        const booked = new Set(rows.map(({ id }) => id));
        assertEquals(acknowledged.filter((movement) => !booked.has(movement)), []);
      }));
  }
}
