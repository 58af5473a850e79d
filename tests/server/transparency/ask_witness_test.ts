/** A witness's answers to a bank: cosignatures, refusals, and alarms that stop it or do not. */
import { assertEquals } from "@std/assert";
import type { HttpAnswer } from "../../../lib/world.ts";
import { signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import { cosignaturesOf } from "../../../server/transparency/cosignature.ts";
import { askWitness, type WitnessRequest } from "../../../server/transparency/ask_witness.ts";
import { parseNote, verifierKeyOf } from "../../../server/transparency/note.ts";
import { hashOf, Witness, type Witnessed } from "../../../server/transparency/witness.ts";
import { filled } from "../../lib/helpers.ts";
import { cosignedSeconds, SmallLog, witnessSigners } from "./small_log.ts";

const log = new SmallLog(20);
/** Another log under the same key: what a restored or forked bank would sign. */
const fork = new SmallLog(20, filled(0x55, 16));
Object.assign(fork, { signer: log.signer });
const [signer] = witnessSigners as [typeof witnessSigners[number]];
const url = "http://witness.example/w";

/** Returns a witness that has cosigned these checkpoints, and what was posted to it. */
function witnessOf(...seen: Witnessed[]) {
  const kept = new Map(seen.map((each) => [hashOf(log.origin), each]));
  const storage = {
    read: (hash: string) => kept.get(hash) ?? null,
    write: (hash: string, witnessed: Witnessed) => void kept.set(hash, witnessed),
  };
  const logs = [verifierKeyOf(log.signer)];
  const witness = new Witness({ logs, signer, storage, nowMs: () => cosignedSeconds * 1_000 });
  const posted: string[] = [];
  return {
    posted,
    post(to: string, body: string): Promise<HttpAnswer> {
      assertEquals(to, `${url}/add-checkpoint`);
      posted.push(body.split("\n")[0]!);
      return Promise.resolve(witness.addCheckpoint(body));
    },
    get(from: string): Promise<HttpAnswer> {
      return Promise.resolve(witness.checkpoint(from.split("/").at(-2)!));
    },
  };
}

async function requestOf(
  size: number,
  http: Pick<WitnessRequest, "post" | "get">,
  more: Partial<WitnessRequest> = {},
): Promise<WitnessRequest> {
  return {
    checkpoint: await log.checkpoint(size),
    logKey: verifierKeyOf(log.signer),
    witness: { key: verifierKeyOf(signer), url: `${url}/` },
    oldSize: 0,
    consistency: async (first) => first > size ? null : await log.consistency(first, size),
    lastSignedSize: () => size,
    ...http,
    ...more,
  };
}

async function seenOf(from: SmallLog, size: number): Promise<Witnessed> {
  const note = await from.checkpoint(size, [1]);
  const [, , root] = note.split("\n");
  return { size, root: Uint8Array.fromBase64(root!), note };
}

Deno.test("a witness cosigns, whatever size it has and whatever size the bank stores", async () => {
  for (
    const [seen, oldSize, posts] of [
      [null, 0, ["old 0"]],
      [8, 8, ["old 8"]],
      [8, 0, ["old 0", "old 8"]],
      [8, 5, ["old 5", "old 8"]],
      [null, 8, ["old 8", "old 0"]],
      [13, 13, ["old 13"]],
      [13, 40, ["old 13"]],
    ] as const
  ) {
    const witness = witnessOf(...(seen === null ? [] : [await seenOf(log, seen)]));
    const found = await askWitness(await requestOf(13, witness, { oldSize }));
    const lines = found.result === "cosigned" ? found.lines : "";
    const cosigned = parseNote(await log.checkpoint(13) + lines)!;
    assertEquals(cosignaturesOf(cosigned, [verifierKeyOf(signer)]).length, 1);
    assertEquals(witness.posted, [...posts], `${seen} ${oldSize}`);
  }
});

Deno.test("an answer that proves nothing against the log is tried again later", async () => {
  const good = witnessOf();
  const ok = await askWitness(await requestOf(13, good));
  const lines = ok.result === "cosigned" ? ok.lines : "";
  const stranger = (await log.checkpoint(13, [2])).split("\n").at(-2) + "\n";
  const cases: [name: string, answer: HttpAnswer | Error, result: string, why: string][] = [
    ["no connection", new Error("connection refused"), "unreachable", "connection refused"],
    ["an unknown log", { status: 404, body: "" }, "refused", "it answered 404"],
    ["an unknown key", { status: 403, body: "" }, "refused", "it answered 403"],
    ["a malformed request", { status: 400, body: "" }, "refused", "it answered 400"],
    ["a fault of the witness", { status: 500, body: "" }, "refused", "it answered 500"],
    ["no size", { status: 409, body: "" }, "refused", "its answer 409 has no size"],
    ["no number", { status: 409, body: "08\n" }, "refused", "its answer 409 has no size"],
    [
      "always another size",
      { status: 409, body: "8\n" },
      "refused",
      "its size changed at each try",
    ],
    ["nothing signed", { status: 200, body: "" }, "refused", "its cosignature does not verify"],
    [
      "another witness",
      { status: 200, body: stranger },
      "refused",
      "its cosignature does not verify",
    ],
    [
      "a damaged line",
      { status: 200, body: lines.replace(/.{8}\n$/, "AAAAAAA=\n") },
      "refused",
      "its cosignature does not verify",
    ],
    ["a flood", { status: 200, body: "x".repeat(70_000) }, "refused", "its answer is too long"],
  ];
  for (const [name, answer, result, why] of cases) {
    const post = () => answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    const get = () => Promise.reject(new Error("never asked"));
    assertEquals(
      await askWitness(await requestOf(13, { post, get })),
      { result, why } as never,
      name,
    );
  }
  const mixed = {
    post: () => Promise.resolve({ status: 200, body: stranger + lines }),
    get: good.get,
  };
  assertEquals(await askWitness(await requestOf(13, mixed)), { result: "cosigned", lines });
});

Deno.test("a newer checkpoint of the bank that arrived first is no alarm", async () => {
  const witness = witnessOf(await seenOf(log, 15));
  const found = await askWitness(await requestOf(13, witness, { lastSignedSize: () => 15 }));
  assertEquals(found, { result: "refused", why: "it has a newer checkpoint" });
});

Deno.test("a witness with a larger or another tree raises an alarm; only the chain's own signature stops", async () => {
  const forged = { ...log.signer, secretKey: filled(1, 32) };
  const made = (size: number, signedBy = log.signer, root = filled(9, 32)): Witnessed => ({
    size,
    root,
    note: signCheckpoint({ size, root }, signedBy),
  });
  const larger = "it cosigned 17 entries, and the bank signed 13";
  const another = "it has another tree than the log's";
  const lies = { status: 422, body: "" };
  const cases: [
    name: string,
    seen: Witnessed | null,
    why: string,
    stop: boolean,
    lie?: HttpAnswer,
  ][] = [
    ["behind a restore", await seenOf(log, 17), larger, true],
    ["a fork of the same size", await seenOf(fork, 13), another, true],
    ["a fork behind", await seenOf(fork, 8), another, true],
    ["a fork ahead", await seenOf(fork, 17), larger, true],
    ["a larger tree that nobody signed", made(17, forged), larger, false],
    ["another tree that nobody signed", made(8, forged), another, false],
    ["another log's checkpoint", made(17, fork.signer, filled(9, 32)), larger, true],
    ["a lie about a good checkpoint", await seenOf(log, 8), another, false, lies],
    ["a lie about nothing", null, another, false, lies],
    ["a size alone", null, larger, false, { status: 409, body: "17\n" }],
    ["a size over a good checkpoint", await seenOf(log, 8), larger, false, {
      status: 409,
      body: "17\n",
    }],
  ];
  for (const [name, seen, why, stop, lie] of cases) {
    const witness = witnessOf(...(seen ? [seen] : []));
    const post = lie ? () => Promise.resolve(lie) : witness.post;
    const found = await askWitness(await requestOf(13, { post, get: witness.get }));
    const contradiction = stop && { contradiction: seen!.note };
    assertEquals(found, { result: "alarm", why, ...contradiction }, name);
  }
  const unreachable = {
    post: () => Promise.resolve({ status: 409, body: "17\n" }),
    get: () => Promise.reject(new Error("gone")),
  };
  const found = await askWitness(await requestOf(13, unreachable));
  assertEquals(found, { result: "alarm", why: larger });
  const elsewhere = signCheckpoint({ size: 17, root: filled(9, 32) }, {
    ...log.signer,
    name: "first-bank/other",
  });
  const foreign = { ...unreachable, get: () => Promise.resolve({ status: 200, body: elsewhere }) };
  assertEquals((await askWitness(await requestOf(13, foreign))) as unknown, {
    result: "alarm",
    why: larger,
  });
});
