/** The witness as its operator starts it: made, killed, started again, and asked by the bank's own client. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { askWitness, type WitnessResult } from "../../server/transparency/ask_witness.ts";
import { signCheckpoint } from "../../server/transparency/checkpoint.ts";
import { parseVerifierKey, signatureTypes, verifierKeyOf } from "../../server/transparency/note.ts";
import { formatAddCheckpoint } from "../../server/transparency/witness.ts";
import { filled } from "../lib/helpers.ts";
import { findIn, treeOf } from "../process_tree.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { SmallLog } from "../server/transparency/small_log.ts";
import { freePort, Program, run, until } from "./programs.ts";

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

const lineOf = (result: WitnessResult) => result.result === "cosigned" ? result.lines : "";

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
    const first8 = await ask(first.url, key, log, 8);
    assertEquals(first8.result, "cosigned");
    const witness = findIn(treeOf(first.program.pid), "server/programs/witness.ts");
    Deno.kill(witness!, "SIGKILL");
    assert(await first.program.ended() !== 0);
    const second = await start();
    const contradiction = (await log.checkpoint(8)) + lineOf(first8);
    assertEquals(await ask(second.url, key, fork, 13), {
      result: "alarm",
      why: "it has another tree than the log's",
      contradiction,
    });
    assertEquals(await ask(second.url, key, log, 5), {
      result: "alarm",
      why: "it cosigned 8 entries, and the bank signed 5",
      contradiction,
    });
    assertEquals((await ask(second.url, key, log, 13)).result, "cosigned");
    assertEquals(await second.program.end(), 0);
  }));

Deno.test("a server's witnesses: a quorum cosigns its proofs, one is down, and a split view stops it", () =>
  inTemporaryFolder(async (folder) => {
    const bank = ["--data", `${folder}/bank`];
    const kept = `${folder}/bank-first.key`;
    const policy = `${folder}/bank.policy`;
    const proof = `${folder}/entry.tlog-proof`;
    const ok = async (args: string[]) => {
      const { code, out, err } = await run(args);
      assertEquals([code, err], [0, ""], args.join(" "));
      return out;
    };
    await ok(["bank", "init", ...bank, "--single-operator", "--first-key", kept]);
    const ports = [freePort(), freePort(), freePort()];
    const keys = await Promise.all([1, 2, 3].map(async (number) => {
      const data = ["--data", `${folder}/witness-${number}`];
      const out = await ok(["witness", "init", "--name", `witness.example/${number}`, ...data]);
      return out.split("\n")[0]!;
    }));
    const writePolicy = (quorum: number) =>
      ok([
        ...["bank", "audit", "policy", ...bank, "--first-key", kept, "--quorum", `${quorum}`],
        ...["--witness", keys.map((key, at) => `${key}@http://127.0.0.1:${ports[at]}`).join(",")],
        ...["--out", policy],
      ]);
    await writePolicy(2);
    const witness = async (number: number) => {
      const program = new Program([
        ...["witness", "--policy", policy, "--listen", `127.0.0.1:${ports[number - 1]}`],
        ...["--data", `${folder}/witness-${number}`],
      ]);
      await program.line();
      return program;
    };
    const serve = async () => {
      const listen = `127.0.0.1:${freePort()}`;
      const program = new Program(["server", ...bank, "--listen", listen, "--policy", policy]);
      await program.line();
      return program;
    };
    const [first, second] = await Promise.all([witness(1), witness(2)]);
    const server = await serve();
    await ok(["bank", "receipt", "1.1", ...bank, "--out", proof]);
    const text = await Deno.readTextFile(proof);
    assertEquals([...text.matchAll(/^\u2014 (witness\S+)/gm)].map(([, name]) => name).sort(), [
      "witness.example/1",
      "witness.example/2",
    ]);
    const verified = await ok([
      "bank",
      "audit",
      "verify",
      ...bank,
      "--policy",
      policy,
      "--receipt",
      proof,
    ]);
    assertMatch(
      verified,
      /Cosigned by w[12] .*, w[12] .*; the policy's quorum "witnesses" asks for 2 of w1, w2, w3\./,
    );
    assertEquals(await server.end(), 0);

    // the bank shows the third witness, which was down, another log under the same key
    const third = await witness(3);
    const [, origin] = /^log ([^+]+)\+/m.exec(await Deno.readTextFile(policy))!;
    const { checkpoint } = JSON.parse(await Deno.readTextFile(`${folder}/bank/bank.keys`));
    const secretKey = Uint8Array.fromHex(checkpoint);
    const signer = { name: origin!, type: signatureTypes.note, secretKey };
    const lie = signCheckpoint({ size: 2, root: filled(9, 32) }, signer);
    const shown = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: lie });
    const url = `http://127.0.0.1:${ports[2]}/add-checkpoint`;
    assertEquals((await http(url, { method: "POST", body: shown })).status, 200);
    const again = await serve();
    let tries = 0;
    const tried = () =>
      run(["bank", "audit", "checkpoint", ...bank, "--out", `${folder}/checkpoint-${++tries}`]);
    await until(
      "signing stops",
      async () => /signing failed: a witness has/.test((await tried()).err),
    );
    const log = await ok(["bank", "audit", "show", ...bank]);
    assertMatch(log, /alarm - witness w3: it has another tree than the log's; signing has stopped/);
    assertEquals(await again.end(), 0, "it went on, and ends in order");
    for (const program of [first, second, third]) assertEquals(await program.end(), 0);
  }));
