/** A witness cosigns what extends the last checkpoint, and refuses the rest by the specification's order. */
import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes.ts";
import { parseCheckpoint, signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import { cosignaturesOf } from "../../../server/transparency/cosignature.ts";
import {
  consistencyProof,
  leafHash,
  RightEdge,
  type SubtreeReader,
} from "../../../server/transparency/merkle.ts";
import {
  parseNote,
  signatureTypes,
  type SignerKey,
  verifierKeyOf,
} from "../../../server/transparency/note.ts";
import {
  formatAddCheckpoint,
  hashOf,
  Witness,
  type Witnessed,
} from "../../../server/transparency/witness.ts";
import { filled } from "../../lib/helpers.ts";

const log: SignerKey = {
  name: "bank.example/1",
  type: signatureTypes.note,
  secretKey: filled(1, 32),
};
const signer: SignerKey = {
  name: "witness.example",
  type: signatureTypes.cosignature,
  secretKey: filled(2, 32),
};

/** A log whose entries have this word. */
class Log {
  constructor(private readonly word: string) {}

  readonly subtree: SubtreeReader = async (level, index) => {
    const edge = new RightEdge();
    for (let at = index * 2 ** level; at < (index + 1) * 2 ** level; at++) {
      edge.append(leafHash(utf8(`${this.word} ${at}`)));
    }
    return await Promise.resolve(edge.root());
  };

  async checkpoint(size: number, key = log): Promise<string> {
    const edge = await RightEdge.read(size, this.subtree);
    return signCheckpoint({ size, root: edge.root() }, key);
  }

  async request(oldSize: number, size: number, key = log): Promise<string> {
    const proof = await consistencyProof(oldSize, size, this.subtree);
    return formatAddCheckpoint({ oldSize, proof, checkpoint: await this.checkpoint(size, key) });
  }
}

const honest = new Log("entry");
const fork = new Log("fork");

function newWitness() {
  const kept = new Map<string, Witnessed>();
  const storage = {
    read: (hash: string) => kept.get(hash) ?? null,
    write: (hash: string, witnessed: Witnessed) => void kept.set(hash, witnessed),
  };
  const nowMs = () => 1_795_597_200_999;
  return new Witness({ logs: [verifierKeyOf(log)], signer, storage, nowMs });
}

Deno.test("a witness cosigns a log that grows, and serves the last checkpoint", async () => {
  const witness = newWitness();
  assertEquals(witness.checkpoint(hashOf(log.name)).status, 404);
  for (const [oldSize, size] of [[0, 5], [5, 5], [5, 8], [8, 13]] as const) {
    const { status, body } = witness.addCheckpoint(await honest.request(oldSize, size));
    assertEquals(status, 200);
    const cosigned = parseNote(await honest.checkpoint(size) + body)!;
    const [by] = cosignaturesOf(cosigned, [verifierKeyOf(signer)]);
    assertEquals(by!.timeSeconds, 1_795_597_200);
    const served = witness.checkpoint(hashOf(log.name)).body;
    assertEquals(served, await honest.checkpoint(size) + body);
  }
  for (const path of ["", "x", "../x", hashOf("other")]) {
    assertEquals(witness.checkpoint(path).status, 404);
  }
});

Deno.test("a witness refuses by the specification's table, in its order, and keeps what it had", async () => {
  const witness = newWitness();
  assertEquals(witness.addCheckpoint(await honest.request(0, 8)).status, 200);
  const before = witness.checkpoint(hashOf(log.name)).body;
  const good = await honest.request(8, 13);
  const stranger = { ...log, secretKey: filled(3, 32) };
  const proof = await consistencyProof(8, 13, honest.subtree);
  const at = async (oldSize: number, size: number, from = honest, hashes: Uint8Array[] = proof) =>
    formatAddCheckpoint({ oldSize, proof: hashes, checkpoint: await from.checkpoint(size) });
  const wrongRoot = signCheckpoint({ size: 0, root: filled(5, 32) }, log);
  const cases: [string, number, string?][] = [
    [await honest.request(8, 13, { ...log, name: "other.example" }), 404],
    [await honest.request(8, 13, stranger), 403],
    [good.replace(/[A-Za-z0-9]={1,2}\n$/, "A==\n"), 400],
    [await at(14, 13), 400],
    ["", 400],
    ["old 8\n\n", 400],
    [good.replace("old 8", "old 08"), 400],
    [good.replace("old 8", "new 8"), 400],
    [good.replace(/^old 8\n/, `old 8\n${`${filled(1, 32).toBase64()}\n`.repeat(64)}`), 400],
    [good.replace(/^old 8\n/, "old 8\nAAAA\n"), 400],
    [await at(0, 13), 409, "8\n"],
    [await at(13, 13), 409, "8\n"],
    [await at(8, 13, fork, await consistencyProof(8, 13, fork.subtree)), 422],
    [await at(8, 8, fork, []), 422],
    [await at(8, 13, honest, proof.slice(1)), 422],
    [await at(8, 13, honest, []), 422],
    [await at(8, 8, honest, [filled(1, 32)]), 422],
  ];
  for (const [body, status, text] of cases) {
    const answer = witness.addCheckpoint(body);
    assertEquals(answer.status, status, body.slice(0, 200));
    if (text !== undefined) {
      assertEquals(answer.body, text);
      assertEquals(answer.contentType, "text/x.tlog.size");
    }
  }
  assertEquals(witness.checkpoint(hashOf(log.name)).body, before);
  const fresh = newWitness();
  const empty = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: wrongRoot });
  assertEquals(fresh.addCheckpoint(empty).status, 422, "an empty tree has one root");
  const unneeded = formatAddCheckpoint({
    oldSize: 0,
    proof,
    checkpoint: await honest.checkpoint(13),
  });
  assertEquals(fresh.addCheckpoint(unneeded).status, 422, "a proof from nothing is empty");
  assert(parseCheckpoint(wrongRoot));
});
