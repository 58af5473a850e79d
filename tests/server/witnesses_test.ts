/** A running bank and its witnesses: cosignatures in its proofs, and what trouble with them does and does not. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { WatchedBank } from "../../lib/console.ts";
import { UsageError } from "../../lib/errors.ts";
import { systemFiles } from "../../lib/system.ts";
import type { ExchangeHttp, HttpAnswer } from "../../lib/world.ts";
import { treesPath } from "../../server/folder/bank_folder.ts";
import { anotherChain, policyOf } from "../../server/operator/log_programs.ts";
import { signCheckpoint } from "../../server/transparency/checkpoint.ts";
import {
  formatVerifierKey,
  type VerifierKey,
  verifierKeyOf,
} from "../../server/transparency/note.ts";
import { parsePolicy } from "../../server/transparency/policy.ts";
import { hashOf, Witness, type Witnessed } from "../../server/transparency/witness.ts";
import { Witnesses } from "../../server/witnesses.ts";
import { verifyReceipt } from "../../ui/receipt_page/verify_receipt.ts";
import { until } from "../client/branch.ts";
import { filled } from "../lib/helpers.ts";
import { addOperator } from "./helpers/operators.ts";
import { newId, RunningBank } from "./helpers/running_bank.ts";
import { bankWorld } from "./helpers/world.ts";
import { cosignedSeconds, witnessSigners } from "./transparency/small_log.ts";

type Answer = (path: string, body?: string) => HttpAnswer | Promise<HttpAnswer>;

const hosts = witnessSigners.map((_, index) => `https://w${index + 1}.example`);

/** Returns a policy of the bank's chain and three witnesses; `quorum` of them are enough. */
function policyTextOf(
  running: RunningBank,
  quorum: number,
  laterKeys: readonly string[] = [],
): string {
  const path = `${running.folder}-first.key`;
  Deno.writeTextFileSync(path, running.firstKey, { mode: 0o600 });
  const witnesses = witnessSigners.map((signer, index) =>
    `${formatVerifierKey(verifierKeyOf(signer))}@${hosts[index]}`
  );
  return policyOf(systemFiles, { firstKeys: [path, ...laterKeys], witnesses, quorum }).text;
}

/** Returns an honest witness of the bank, which has seen these checkpoints. */
function honest(running: RunningBank, index: number, seen?: Witnessed): Answer {
  const { key } = running.bank.checkpoints;
  return honestOf([key], index, seen && new Map([[hashOf(key.name), seen]]));
}

/** @param seen the last checkpoints, by their origins' hashes */
function honestOf(
  logs: readonly VerifierKey[],
  index: number,
  seen = new Map<string, Witnessed>(),
): Answer {
  const witness = new Witness({
    logs,
    signer: witnessSigners[index]!,
    storage: {
      read: (originHash) => seen.get(originHash) ?? null,
      write: (originHash, witnessed) => void seen.set(originHash, witnessed),
    },
    nowMs: () => cosignedSeconds * 1_000,
  });
  return (path, body) =>
    body === undefined ? witness.checkpoint(path.split("/")[1]!) : witness.addCheckpoint(body);
}

const down: Answer = () => Promise.reject(new Error("connection refused"));
const silent: Answer = () => new Promise(() => {});
const lying: Answer = (_, body) =>
  body === undefined ? { status: 404, body: "" } : { status: 422, body: "" };

function exchangeWith(...answers: Answer[]): ExchangeHttp {
  return async ({ url, body }, { signal }) => {
    const { host, pathname } = new URL(url);
    const ended = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("aborted")))
    );
    return await Promise.race([answers[Number(host[1]) - 1]!(pathname, body), ended]);
  };
}

async function answerOf(running: RunningBank, reference: string, note: boolean): Promise<string> {
  const answers = running.operate({ command: "read_receipt", reference, note });
  for await (const answer of answers) if ("receipt" in answer) return answer.receipt;
  throw new Error("no receipt");
}

async function withWitnesses(
  running: RunningBank,
  quorum: number,
  answers: Answer[],
  run: (policy: string) => Promise<void>,
  laterKeys: readonly string[] = [],
): Promise<void> {
  const policy = policyTextOf(running, quorum, laterKeys);
  const witnesses = new Witnesses(
    running.bank,
    parsePolicy(policy, "policy"),
    exchangeWith(...answers),
  );
  try {
    await run(policy);
  } finally {
    await witnesses.close();
  }
}

async function withdrawal(running: RunningBank): Promise<string> {
  const atm = await running.visit("alice");
  const { logged } = await atm.authorise("withdrawal", newId(), "100");
  await atm.ask({ op: "log_out", reason: "customer" });
  await atm.client.close();
  return logged!.place;
}

const cosignaturesIn = (proof: string) =>
  [...proof.matchAll(/^\u2014 (witness\S+) /gm)].map(([, name]) => name);

Deno.test("a proof has the cosignatures of all witnesses that answer", () =>
  RunningBank.with(async (running) => {
    const answers = [0, 1, 2].map((index) => honest(running, index));
    await withWitnesses(running, 3, answers, async (policy) => {
      for (let count = 0; count < 3; count++) {
        const place = await withdrawal(running);
        const [note, proof] = [
          await answerOf(running, place, true),
          await answerOf(running, place, false),
        ];
        assertEquals(cosignaturesIn(proof).sort(), witnessSigners.map(({ name }) => name));
        assertEquals((await verifyReceipt([note, proof], policy, crypto.subtle)).outcome, "logged");
      }
    });
    assertEquals(running.log.filter((line) => line.includes("witness")), []);
  }));

Deno.test("one witness down, one lying: the third cosigns, an alarm is logged once, signing goes on", () =>
  RunningBank.with(async (running) => {
    await withWitnesses(running, 1, [honest(running, 0), down, lying], async (policy) => {
      for (let count = 0; count < 2; count++) {
        const proof = await answerOf(running, await withdrawal(running), false);
        assertEquals(cosignaturesIn(proof), ["witness.example/1"]);
        assertEquals((await verifyReceipt([proof], policy, crypto.subtle)).outcome, "logged");
      }
      const alarm = "bank | alarm - witness w3: it has another tree than the log's";
      const entries = async () =>
        (await running.entries()).filter((line) => line.includes("alarm"));
      await until("the alarm is logged", async () => (await entries()).length > 0);
      assertEquals(await entries(), [alarm]);
      assertEquals(running.log.filter((line) => line.startsWith("witness ")).sort(), [
        "witness w2: no cosignature: connection refused",
        "witness w3: no cosignature: it has another tree than the log's",
      ]);
      assertEquals(running.bank.checkpoints.isStopped, false);
      await addOperator(running.bank, "test");
      const watched = await Array.fromAsync(
        running.operate({ command: "watch_bank", follow: false }),
      );
      const { news } = JSON.parse((watched[0] as { line: string }).line) as WatchedBank;
      assertEquals(news!.log.witnesses, [
        { name: "w1", hasCosigned: true, why: "" },
        { name: "w2", hasCosigned: false, why: "unreachable: connection refused" },
        { name: "w3", hasCosigned: false, why: "alarm: it has another tree than the log's" },
      ]);
    });
  }));

Deno.test("witnesses that never answer delay no money, no checkpoint and no end", () =>
  RunningBank.with(async (running) => {
    await withWitnesses(running, 3, [silent, silent, silent], async () => {
      await Array.fromAsync(running.operate({ command: "take_checkpoint" }));
      const atm = await running.visit("alice");
      for (let count = 0; count < 20; count++) {
        assertEquals((await atm.authorise("withdrawal", newId(), "100")).outcome, "ok");
      }
      await Array.fromAsync(running.operate({ command: "take_checkpoint" }));
    });
  }));

Deno.test("a proof prefers an older checkpoint with a quorum to a newer one without", () =>
  RunningBank.with(async (running) => {
    const place = await withdrawal(running);
    const answers = [0, 1, 2].map((index) => honest(running, index));
    await withWitnesses(running, 3, answers, async () => {
      assertEquals(cosignaturesIn(await answerOf(running, place, false)).length, 3);
    });
    await Array.fromAsync(running.operate({ command: "take_checkpoint" }));
    assertEquals(cosignaturesIn(await answerOf(running, place, false)).length, 3);
    await running.reopen();
    assertEquals(cosignaturesIn(await answerOf(running, place, false)).length, 3);
  }));

/** Ends the bank's chain; returns the path of the next one's first key. */
async function endChain(running: RunningBank): Promise<string> {
  await running.stop();
  const firstKeyPath = `${running.folder}-second.key`;
  const world = { ...bankWorld([]), path: running.folder };
  await anotherChain(world as never, { path: running.folder, firstKeyPath, operator: "test" });
  await running.reopen();
  return firstKeyPath;
}

Deno.test("the last checkpoint of an ended chain is cosigned after its end, by a witness that was down, too", () =>
  RunningBank.with(async (running) => {
    const ended = running.bank.checkpoints.key;
    const seen = new Map<string, Witnessed>();
    await withWitnesses(running, 2, [honestOf([ended], 0, seen), down, down], async () => {
      await Array.fromAsync(running.operate({ command: "take_checkpoint" }));
      await until("the witness has a checkpoint", () => seen.size > 0);
    });
    const place = await withdrawal(running);
    const laterKeys = [await endChain(running)];
    assertEquals(cosignaturesIn(await answerOf(running, place, false)), []);
    const logs = [ended, running.bank.checkpoints.key];
    const answers = [honestOf(logs, 0, seen), honestOf(logs, 1), down];
    await withWitnesses(running, 2, answers, async (policy) => {
      let proof = "";
      await until("the ended chain's last checkpoint has a quorum", async () => {
        proof = await answerOf(running, place, false);
        return cosignaturesIn(proof).length === 2;
      });
      assertEquals((await verifyReceipt([proof], policy, crypto.subtle)).outcome, "logged");
    }, laterKeys);
    assertEquals(running.log.filter((line) => line.includes("ended log")), [
      `witness w3, ended log ${ended.name}: no cosignature: connection refused`,
    ]);
  }));

Deno.test("a witness with another tree of an ended chain is an alarm, and the present chain signs", () =>
  RunningBank.with(async (running) => {
    await withdrawal(running);
    const { key: ended } = running.bank.checkpoints;
    const secretKey = new Uint8Array(running.bank.keys.checkpoint);
    const laterKeys = [await endChain(running)];
    const root = filled(9, 32);
    const note = signCheckpoint({ size: 900, root }, { ...ended, secretKey });
    const logs = [ended, running.bank.checkpoints.key];
    const seen = new Map([[hashOf(ended.name), { size: 900, root, note }]]);
    await withWitnesses(running, 1, [honestOf(logs, 0, seen), down, down], async (policy) => {
      await until(
        "the alarm is logged",
        async () =>
          (await running.entries()).some((line) =>
            line.startsWith(
              `bank | alarm - witness w1, ended log ${ended.name}: it cosigned 900 `,
            ) &&
            !line.includes("stopped")
          ),
      );
      const proof = await answerOf(running, await withdrawal(running), false);
      assertEquals((await verifyReceipt([proof], policy, crypto.subtle)).outcome, "logged");
    }, laterKeys);
  }));

/** What a witness has seen of the bank, where the bank has been rolled back, or lied to it. */
const contradictions: [name: string, size: (last: number) => number, why: RegExp][] = [
  [
    "a larger tree, behind a rolled back folder",
    (last) => last + 5,
    /it cosigned \d+ entries, and the bank signed \d+/,
  ],
  [
    "another tree of the same size: a split view",
    (last) => last,
    /it has another tree than the log's/,
  ],
  [
    "another tree, behind the last: a split view",
    (last) => last - 1,
    /it has another tree than the log's/,
  ],
];
for (const [name, sizeOf, why] of contradictions) {
  Deno.test(`a witness has ${name}: signing stops, money goes on, and another chain signs`, () =>
    RunningBank.with(async (running) => {
      await Array.fromAsync(running.operate({ command: "take_checkpoint" }));
      const { checkpoints, keys } = running.bank;
      const secretKey = new Uint8Array(keys.checkpoint);
      const size = sizeOf(checkpoints.last!.size);
      const root = filled(9, 32);
      const note = signCheckpoint({ size, root }, { ...checkpoints.key, secretKey });
      const shown = honest(running, 1, { size, root, note });
      await withWitnesses(running, 1, [honest(running, 0), shown, down], async () => {
        await until("signing stops", () => checkpoints.isStopped);
        const place = await withdrawal(running);
        await assertRejects(
          () => Array.fromAsync(running.operate({ command: "take_checkpoint" })),
          UsageError,
          "signing failed: a witness has the checkpoint in ",
        );
        await assertRejects(
          () => answerOf(running, place, true),
          UsageError,
          "signing has stopped",
        );
        const atm = await running.visit("alice");
        assertEquals(await atm.outcomeOf({ op: "receipt", place }), "signing_stopped");
        await until(
          "the alarm is logged",
          async () =>
            (await running.entries()).some((line) =>
              line.startsWith("bank | alarm - witness w2: ") &&
              why.test(line) &&
              line.endsWith("; signing has stopped")
            ),
        );
      });
      const evidence = [...Deno.readDirSync(treesPath(running.folder))].map(({ name }) => name)
        .filter((name) => name.endsWith(".contradiction"));
      assertEquals(evidence.length, 1);
      assertEquals(Deno.readTextFileSync(`${treesPath(running.folder)}/${evidence[0]}`), note);
      await running.reopen();
      assert(running.bank.checkpoints.isStopped, "after a restart, too");
      await endChain(running);
      const place = await withdrawal(running);
      assert((await answerOf(running, place, true)).startsWith("strongroom receipt 1\n"));
    }));
}
