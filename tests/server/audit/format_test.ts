/** The worked example of FORMAT.md, computed by another implementation: ours must say the same. */
import { assertEquals } from "@std/assert";
import { chainStart, ChainVerifier, nextEpochKey } from "../../../server/audit/chain.ts";
import { trustedCheckpoint } from "../../../server/audit/checkpoint.ts";
import { leafOf, originOf, sealedHash } from "../../../server/audit/tree.ts";
import { signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import { publicKeyOf } from "../../../server/transparency/ed25519.ts";
import { RightEdge } from "../../../server/transparency/merkle.ts";
import {
  formatVerifierKey,
  signatureTypes,
  verifierKeyOf,
} from "../../../server/transparency/note.ts";
import { formatProof } from "../../../server/transparency/proof.ts";
import { commitmentOf, proofExtra, signReceipt } from "../../../server/transparency/receipt.ts";
import { formatLogLine, parseLogLine } from "../../../server/audit/log_line.ts";
import { AuditKeyRing, auditKeysOf, indexOf, nameHashOf } from "../../../server/audit/keys.ts";
import { changeDigest } from "../../../server/audit/row_digests.ts";
import { DatabaseSync } from "node:sqlite";
import { utf8 } from "../../../lib/bytes.ts";
import { MacKey } from "../../../lib/hmac.ts";
import { schema } from "../../../server/ledger/sqlite/schema.ts";
import { sealEntry } from "../helpers/seal_entry.ts";
import vector from "../../vectors/audit_log.json" with { type: "json" };

const bytes = (text: string) => Uint8Array.fromHex(text);
const chainId = bytes(vector.chainId);
const versions = vector.auditKeys.map(({ version, key }) => auditKeysOf(bytes(key), version));
const ring = new AuditKeyRing(versions);
const lines = vector.entries.map(({ line }) => line);

Deno.test("the example's keys are ours: of each AUDIT_KEY, and of each epoch", () => {
  for (const { version, enc, mac, index, rows } of vector.derived) {
    const keys = versions.find((each) => each.version === version)!;
    const ours = [keys.seal.enc, keys.seal.mac, keys.index, keys.rows].map((key) => key.toHex());
    assertEquals(ours, [enc, mac, index, rows]);
  }
  assertEquals(chainStart(chainId).toHex(), vector.chainStart);
  const [first, second] = vector.epochKeys;
  assertEquals(first, vector.firstKey);
  assertEquals(nextEpochKey(bytes(first!)).toHex(), second);
});

Deno.test("the example's entries are sealed, indexed and chained as ours are", () => {
  const verifier = new ChainVerifier(bytes(vector.firstKey), chainId);
  const key = new MacKey(bytes(vector.derived[0]!.rows));
  for (const { line, who, plaintext, iv, rows, salts, w } of vector.entries) {
    const { entry } = parseLogLine(line)!;
    assertEquals(verifier.next(entry), null, line);
    assertEquals(formatLogLine(chainId, entry), line);
    if (who === undefined) continue;
    const { entry: opened, digests } = ring.openWithDigests(entry, chainId)!;
    assertEquals(opened, ring.open(entry, chainId));
    assertEquals(
      digests,
      rows.map(({ name, digest }) => ({ name, digest: BigInt(`0x${digest}`) })),
    );
    const changes = rows.map((change) => changeDigest(key, change));
    assertEquals(changes.map((digest) => digest.toHex()), rows.map(({ digest }) => digest));
    const time = new Date(opened.timeMs).toISOString();
    assertEquals(`${opened.who} | ${opened.action} | ${time}`, plaintext.split("\n")[0]);
    const keys = versions.find(({ version }) => version === entry.keyVersion)!;
    assertEquals(entry.who, indexOf(keys, who));
    const place = { chainId, sequence: entry.sequence };
    const logged = { ...opened, rows };
    const { sealed, commitment } = entry;
    const ours = sealEntry(keys, place, logged, bytes(iv), changes, bytes(salts));
    assertEquals(ours, { sealed: new Uint8Array(sealed), commitment: new Uint8Array(commitment) });
    assertEquals(ring.openForStranger(entry, chainId)!.opening.w.toHex(), w);
  }
  assertEquals([verifier.goodCount, verifier.epoch], [4, 1]);
  assertEquals(verifier.epochKey.toHex(), vector.epochKeys[1]);
});

const { secretKey, publicKey } = vector.checkpoint;
const origin = originOf("First Bank", chainId);
const signer = { name: origin, type: signatureTypes.note, secretKey: bytes(secretKey) };

Deno.test("the example's tree and its checkpoint are ours", () => {
  const edge = new RightEdge();
  for (const { line, leaf } of vector.entries) {
    const ours = leafOf(parseLogLine(line)!.entry);
    assertEquals(ours.toHex(), leaf);
    edge.append(ours);
  }
  assertEquals(edge.root().toHex(), vector.root);
  assertEquals(publicKeyOf(bytes(secretKey)).toHex(), publicKey);
  assertEquals(formatVerifierKey(verifierKeyOf(signer)), vector.checkpoint.verifierKey);
  const note = signCheckpoint({ size: 4, root: edge.root() }, signer);
  assertEquals(note, vector.checkpoint.note);
  const key = bytes(vector.firstKey);
  const firstKey = { chainId, key, origin, checkpointKey: bytes(publicKey), before: [] };
  const trusted = trustedCheckpoint(note, "example", [firstKey]);
  assertEquals(trusted, { chainId, size: 4, root: edge.root() });
});

Deno.test("the example's receipt and its proof are ours", () => {
  const [first, second, third, fourth] = vector.entries;
  const { entry } = parseLogLine(second!.line)!;
  const { entry: { terminal, movement }, opening } = ring.openForStranger(entry, chainId)!;
  assertEquals(new Uint8Array(entry.commitment), commitmentOf(opening));
  const receipt = { ...opening, terminal, reference: movement!, index: 1 };
  assertEquals(signReceipt({ ...receipt, origin: signer.name }, signer), vector.receipt.note);
  const right = new RightEdge();
  for (const { leaf } of [third!, fourth!]) right.append(bytes(leaf));
  const proof = formatProof({
    extra: proofExtra(sealedHash(entry), opening),
    index: 1,
    siblings: [bytes(first!.leaf), right.root()],
    checkpoint: vector.checkpoint.note,
  });
  assertEquals(proof, vector.receipt.proof);
});

Deno.test("FORMAT.md prints the example as it is", async () => {
  const document = await Deno.readTextFile(
    new URL("../../../server/audit/FORMAT.md", import.meta.url),
  );
  const words = new Set(document.split(/\s+/).map((word) => word.replaceAll("`", "")));
  const { chainStart, firstKey, epochKeys, derived, checkpoint } = vector;
  const printed = [
    ...lines.flatMap((line) => line.split(" ")),
    ...derived.flatMap(({ enc, mac, index }) => [enc, mac, index]),
    derived[0]!.rows,
    ...vector.entries.flatMap(({ rows }) => rows?.map(({ digest }) => digest) ?? []),
    ...epochKeys,
    chainStart,
    firstKey,
    checkpoint.verifierKey,
    ...[checkpoint.note, vector.receipt.note, vector.receipt.proof].flatMap((text) =>
      text.trim().split(/\s+/)
    ),
    vector.root,
    ...vector.entries.flatMap(({ salts, w, leaf }) => [salts, w, leaf]).filter((word) =>
      word !== undefined
    ),
  ];
  assertEquals(printed.filter((word) => !words.has(word)), []);
});

Deno.test("the tables and columns of a bank's file are those that FORMAT.md lists", () => {
  const format = Deno.readTextFileSync("server/audit/FORMAT.md");
  const section = format.split("## The database of a bank in a file")[1]!.split("\n## ")[0]!;
  const listed = section.matchAll(/^\| `(\w+)` +\| ([\w, ]+?) +\|$/gm);
  const database = new DatabaseSync(":memory:");
  database.exec(schema);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const made = tables.map(({ name }) => {
    const columns = database.prepare(`PRAGMA table_xinfo(${name})`).all();
    return [name, columns.map(({ name }) => name).join(", ")];
  });
  database.close();
  assertEquals([...listed].map(([, name, columns]) => [name, columns]), made);
});

Deno.test("an unknown name is in the log as FORMAT.md says", () => {
  const { index } = vector.derived.at(-1)!;
  const hash = new MacKey(bytes(index)).tag(utf8("name a password")).toHex().slice(0, 16);
  const nameHash = nameHashOf(versions.at(-1)!, "a password");
  assertEquals(nameHash.slice(0, 16), hash);
});

Deno.test("a text that is no line of the log is refused whole", () => {
  const [good, , , padded] = lines as [string, string, string, string];
  const bad = [
    "",
    " ",
    good.slice(0, -1),
    `${good} `,
    ` ${good}`,
    good.replace(" 1 0 1 ", " 01 0 1 "),
    good.replace(" 1 0 1 ", " 0 0 1 "),
    good.replace(" 1 0 1 ", " 1 00 1 "),
    good.replace(" 1 0 1 ", " 1 0 01 "),
    `\ufeff${good}`,
    `${good}\r`,
    good.replace(" 1 0 1 ", " 1 4294967296 1 "),
    good.replace(" 1 0 1 ", " 1 0 4294967296 "),
    good.replace(" 1 0 1 ", " -1 0 1 "),
    padded.replace("== ", "= "),
    padded.replace("== ", " "),
    padded.replace("KQ== ", "KR== "), // bits that no byte has
    good.toUpperCase(),
  ];
  for (const text of bad) assertEquals(parseLogLine(text), null, text);
});
