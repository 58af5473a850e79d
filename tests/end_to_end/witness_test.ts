/** The witness as its operator starts it: made, killed, started again, and asked by the bank's own client. */
import { assert, assertEquals } from "@std/assert";
import { askWitness, type WitnessResult } from "../../server/transparency/ask_witness.ts";
import { parseVerifierKey, verifierKeyOf } from "../../server/transparency/note.ts";
import { filled } from "../lib/helpers.ts";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { SmallLog } from "../server/transparency/small_log.ts";
import { Program, run } from "./programs.ts";

const log = new SmallLog(20);
const fork = new SmallLog(20, filled(0x55, 16));
Object.assign(fork, { signer: log.signer });

async function http(url: string, init?: RequestInit) {
  const answer = await fetch(url, init);
  return { status: answer.status, body: await answer.text() };
}

/** Asks for the cosignature of a tree of this size. */
async function ask(url: string, key: string, from: SmallLog, size: number): Promise<WitnessResult> {
  return await askWitness({
    checkpoint: await from.checkpoint(size),
    logKey: verifierKeyOf(log.signer),
    witness: { key: parseVerifierKey(key)!, url },
    oldSize: 0,
    consistency: async (first) => first > size ? null : await from.consistency(first, size),
    lastSignedSize: () => size,
    post: (to, body) => http(to, { method: "POST", body }),
    get: (from) => http(from),
  });
}

Deno.test("a witness that is killed and started again cosigns no fork", () =>
  inTemporaryFolder(async (folder) => {
    const data = ["--data", `${folder}/witness`];
    const made = await run(["witness", "init", "--name", "witness.example/1", ...data]);
    assertEquals([made.code, made.err], [0, ""]);
    const [key = "", next] = made.out.split("\n");
    assert(parseVerifierKey(key), key);
    assertEquals(
      next,
      `Next: 'deno task witness --policy FILE --data ${folder}/witness', with the policy of a bank.`,
    );
    const again = await run(["witness", "init", "--name", "witness.example/1", ...data]);
    assertEquals(again.code, 1);
    const policy = `${folder}/bank.policy`;
    await Deno.writeTextFile(policy, `log ${log.key}\nquorum none\n`);
    const start = async () => {
      const program = new Program([
        ...["witness", "--policy", policy, "--listen", "127.0.0.1:0", ...data],
      ]);
      const line = await program.line();
      const [, address] = /^The witness listens on (\S+)\. /.exec(line) ?? [];
      return { program, url: `http://${address}` };
    };
    const first = await start();
    assertEquals((await ask(first.url, key, log, 8)).result, "cosigned");
    const witness = findIn(treeOf(first.program.pid), "server/programs/witness.ts");
    Deno.kill(witness!, "SIGKILL");
    assert(await first.program.ended() !== 0);
    const second = await start();
    assertEquals(await ask(second.url, key, fork, 13), {
      result: "alarm",
      why: "it has another tree than the log's",
      stop: true,
    });
    assertEquals(await ask(second.url, key, log, 5), {
      result: "alarm",
      why: "it cosigned 8 entries, and the bank signed 5",
      stop: true,
    });
    assertEquals((await ask(second.url, key, log, 13)).result, "cosigned");
    assertEquals(await second.program.end(), 0);
  }));
