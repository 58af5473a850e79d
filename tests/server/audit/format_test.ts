/** The worked example of FORMAT.md, computed by another implementation: ours must say the same. */
import { assertEquals } from "@std/assert";
import { chainStart, ChainVerifier, nextEpochKey } from "../../../server/audit/chain.ts";
import {
  checkpointKeyOf,
  formatCheckpoint,
  parseCheckpoint,
  signedBytes,
} from "../../../server/audit/checkpoint.ts";
import { formatLogLine, parseLogLine } from "../../../server/audit/log_line.ts";
import { AuditKeyRing, auditKeysOf, indexOf } from "../../../server/audit/keys.ts";
import { changeDigest } from "../../../server/audit/row_digests.ts";
import { MacKey } from "../../../lib/hmac.ts";
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
  for (const { line, who, plaintext, iv, rows } of vector.entries) {
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
    assertEquals(sealEntry(keys, place, logged, bytes(iv), changes), entry.sealed);
  }
  assertEquals([verifier.goodCount, verifier.epoch], [4, 1]);
  assertEquals(verifier.epochKey.toHex(), vector.epochKeys[1]);
});

Deno.test("the example's checkpoint is signed as ours are", () => {
  const { secretKey, publicKey, bank, timeMs, signed, signature } = vector.checkpoint;
  const last = parseLogLine(lines.at(-1)!)!.entry;
  const tag = new Uint8Array(last.tag);
  const heads = [{ id: chainId, sequence: last.sequence, epoch: last.epoch, tag }];
  const checkpoint = { bankId: bytes(bank), timeMs, heads };
  assertEquals(signedBytes(checkpoint).toHex(), signed);
  assertEquals(checkpointKeyOf(bytes(secretKey)).toHex(), publicKey);
  const text = formatCheckpoint(checkpoint, bytes(secretKey));
  assertEquals(JSON.parse(text).signature, signature);
  assertEquals(parseCheckpoint(text, "example", [bytes(publicKey)]), checkpoint);
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
    checkpoint.publicKey,
    checkpoint.signature,
  ];
  assertEquals(printed.filter((word) => !words.has(word)), []);
});

Deno.test("a text that is no line of the log is refused whole", () => {
  const [good] = lines as [string];
  const bad = [
    "",
    " ",
    good.slice(0, -1),
    `${good} `,
    ` ${good}`,
    good.replace(" 1 0 1 ", " 01 0 1 "),
    good.replace(" 1 0 1 ", " 0 0 1 "),
    good.replace(" 1 0 1 ", " 1 4294967296 1 "),
    good.replace(" 1 0 1 ", " 1 0 4294967296 "),
    good.replace(" 1 0 1 ", " -1 0 1 "),
    good.replace("==", "="),
    good.replace("==", ""),
    good.replace("Jw== ", "Jx== "), // bits that no byte has
    good.toUpperCase(),
  ];
  for (const text of bad) assertEquals(parseLogLine(text), null, text);
});
