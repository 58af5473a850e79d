/** Signed notes, checkpoints, cosignatures and policies: the vectors, and every bit of them flipped. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { parseCheckpoint, signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import { cosign, cosignaturesOf } from "../../../server/transparency/cosignature.ts";
import {
  formatVerifierKey,
  isKeyName,
  parseNote,
  parseVerifierKey,
  signatureTypes,
  type SignerKey,
  signNote,
  verifiedSignatures,
  verifierKeyOf,
} from "../../../server/transparency/note.ts";
import { formatPolicy, meetsQuorum, parsePolicy } from "../../../server/transparency/policy.ts";
import { filled } from "../../lib/helpers.ts";

const log: SignerKey = {
  name: "bank.example/1",
  type: signatureTypes.note,
  secretKey: filled(7, 32),
};
const witness = (number: number): SignerKey => ({
  name: `witness.example/${number}`,
  type: signatureTypes.cosignature,
  secretKey: filled(0x20 + number, 32),
});
const logKey = verifierKeyOf(log);
const witnesses = [1, 2, 3].map(witness);
const witnessKeys = witnesses.map(verifierKeyOf);
const root = filled(9, 32);

/** The vector of C2SP's specification, from Go's own tests. */
const vector = {
  key: "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
  note: "This is an example message.\n\n" +
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm" +
    "RKuwHjG1Yu72IneyaQM=\n",
};

Deno.test("the published note verifies under the published key", () => {
  const key = parseVerifierKey(vector.key)!;
  assertEquals(formatVerifierKey(key), vector.key);
  const note = parseNote(vector.note)!;
  assertEquals(note.text, "This is an example message.\n");
  assertEquals(verifiedSignatures(note, [key, logKey]), [key]);
  assertEquals(verifiedSignatures(note, [logKey]), null, "no known key");
  assertEquals(verifiedSignatures(note, []), null);
});

Deno.test("a note with any bit flipped does not verify", () => {
  const key = parseVerifierKey(vector.key)!;
  let bits = 0;
  for (const signed of [vector.note, signNote("a\n\nb\n", { ...log, name: key.name })]) {
    const keys = [key, verifierKeyOf({ ...log, name: key.name })];
    const bytes = utf8(signed);
    for (let bit = 0; bit < bytes.length * 8; bit++, bits++) {
      const copy = new Uint8Array(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      const note = parseNote(decodeLeniently(copy));
      assert(!note || !verifiedSignatures(note, keys), `bit ${bit}`);
    }
  }
  console.log(`${bits} bits of notes flipped, none of which verifies`);
});

Deno.test("the last empty line ends the text, and a known signature that fails spoils the note", () => {
  const note = signNote("one\n\ntwo\n", log);
  assertEquals(parseNote(note)!.text, "one\n\ntwo\n");
  const other = signNote("other\n", log);
  const withBoth = note + other.split("\n\n")[1]!;
  assertEquals(verifiedSignatures(parseNote(withBoth)!, [logKey]), null);
  const stranger = signNote("one\n\ntwo\n", { ...log, name: "stranger" }).split("\n\n").at(-1)!;
  assertEquals(verifiedSignatures(parseNote(note + stranger)!, [logKey]), [logKey]);
});

Deno.test("what is no note, no key name and no verifier key is refused", () => {
  const good = signNote("text\n", log);
  const [text, line] = good.split("\n\n") as [string, string];
  const bad = [
    "",
    text,
    `${text}\n`,
    `${text}\n\n`,
    good.slice(0, -1),
    `${good}\n`,
    good.replace("\u2014", "-"),
    good.replace("=\n", "\n"),
    `te\x01xt\n\n${line}`,
    `te\rxt\n\n${line}`,
    `\ud800\n\n${line}`,
    `${text}\n\n${line.repeat(65)}`,
    `${"x".repeat(70_000)}\n\n${line}`,
    `${text}\n\n\u2014 bank.example/1 AAAA\n`,
  ];
  for (const each of bad) assertEquals(parseNote(each), null, JSON.stringify(each.slice(0, 80)));
  for (const name of ["", "a b", "a\u00a0b", "a+b", "a\nb", "\ud800"]) {
    assert(!isKeyName(name), name);
  }
  assertThrows(() => signNote("no line feed", log), RangeError);
  const [name, id, key] = vector.key.split("+") as [string, string, string];
  const badKeys = [
    `${name}+${id}`,
    `${name}x+${id}+${key}`,
    `${name}+530d903b+${key}`,
    `${name}+${id}+${key.slice(0, -4)}`,
    `${name}+${id}+${key}=`,
    `+${id}+${key}`,
  ];
  for (const each of badKeys) assertEquals(parseVerifierKey(each), null, each);
});

Deno.test("a checkpoint is read as it was signed; other texts are invalid", () => {
  const text = signCheckpoint({ size: 12, root }, log);
  const { checkpoint, note } = parseCheckpoint(text)!;
  assertEquals(checkpoint, { origin: "bank.example/1", size: 12, root });
  assertEquals(verifiedSignatures(note, [logKey]), [logKey]);
  const bodies = [
    "o\n12\n",
    "o\n012\nAA==\n",
    "o\n-1\n",
    "\n1\n",
    `o\n1\n${root.toBase64()}\n\nx\n`,
  ];
  for (const body of bodies) assertEquals(parseCheckpoint(signNote(body, log)), null, body);
  const huge = `o\n9007199254740993\n${root.toBase64()}\n`;
  assertEquals(parseCheckpoint(signNote(huge, log)), null);
  const extended = `o\n1\n${root.toBase64()}\nmore\n`;
  assertEquals(parseCheckpoint(signNote(extended, log))!.checkpoint.size, 1);
});

Deno.test("a cosignature counts for its witness alone, and a damaged one for nobody", () => {
  const checkpoint = signCheckpoint({ size: 12, root }, log);
  const { note: { text } } = parseCheckpoint(checkpoint)!;
  const line = cosign(text, 1_795_597_200, witnesses[0]!);
  const counted = (cosigned: string, keys = witnessKeys) =>
    cosignaturesOf(parseNote(cosigned)!, keys).map(({ witness }) => witness.name);
  assertEquals(counted(checkpoint + line), ["witness.example/1"]);
  assertEquals(counted(checkpoint + line + line), ["witness.example/1"], "once");
  assertEquals(counted(checkpoint + line, witnessKeys.slice(1)), []);
  assertEquals(
    cosignaturesOf(parseNote(checkpoint + line)!, witnessKeys)[0]!.timeSeconds,
    1_795_597_200,
  );
  const start = utf8(checkpoint).length;
  const bytes = utf8(checkpoint + line);
  for (let bit = start * 8; bit < bytes.length * 8; bit++) {
    const copy = new Uint8Array(bytes);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    const note = parseNote(decodeLeniently(copy));
    assertEquals(note ? cosignaturesOf(note, witnessKeys) : [], [], `bit ${bit - start * 8}`);
  }
  const otherTree = signCheckpoint({ size: 13, root }, log);
  assertEquals(counted(otherTree + line), []);
});

Deno.test("a policy says which witnesses must have cosigned", () => {
  const lines = [
    "# what we trust",
    `log ${formatVerifierKey(logKey)} https://bank.example/log`,
    ...witnessKeys.map((key, index) => `witness w${index + 1}\t${formatVerifierKey(key)}`),
    " \t# any two",
    "group banks 2 w1 w2 w3",
    "group strict all banks w3",
    "quorum strict",
  ];
  const policy = parsePolicy(lines.join("\n"), "p");
  assertEquals(parsePolicy(formatPolicy(policy), "p"), policy);
  const checkpoint = signCheckpoint({ size: 12, root }, log);
  const { note } = parseCheckpoint(checkpoint)!;
  const by = (...numbers: number[]) => {
    const cosigned = numbers.map((number) => cosign(note.text, 5, witnesses[number - 1]!)).join("");
    return meetsQuorum(policy, cosignaturesOf(parseNote(checkpoint + cosigned)!, witnessKeys));
  };
  assertEquals([by(), by(1), by(1, 2), by(1, 3), by(2, 3), by(3), by(1, 2, 3)], [
    ...[false, false, false, true, true, false, true],
  ]);
  const none = parsePolicy("quorum none\n", "p");
  assert(meetsQuorum(none, []));
});

Deno.test("a policy that says anything twice, too little or something else is refused by its line", () => {
  const key = formatVerifierKey(witnessKeys[0]!);
  const cases: [string, string][] = [
    ["", "p has no quorum line"],
    ["quorum x", "p, line 1: 'x' is not defined"],
    ["quorum none\nquorum none", "p, line 2: there is a second quorum"],
    [`witness none ${key}`, "p, line 1: 'none' is not a new name"],
    [`witness w ${key}\nwitness v ${key}`, "p, line 2: this key occurs twice"],
    [
      `witness w ${key}\nwitness w ${formatVerifierKey(witnessKeys[1]!)}`,
      "line 2: 'w' is not a new",
    ],
    [`log ${key}`, "p, line 1: "],
    [`witness w ${formatVerifierKey(logKey)}`, "is not a key for this line"],
    ["group g 1 w", "p, line 1: 'w' is not defined before this line"],
    [`witness w ${key}\ngroup g 2 w`, "line 2: expected: group"],
    [`witness w ${key}\ngroup g 0 w`, "line 2: expected: group"],
    [`witness w ${key}\ngroup g 1 w w`, "line 2: a member occurs twice"],
    [`witness w ${key} u x`, "expected: witness"],
    ["quorum none # a comment has a line", "p, line 1: 'none' is not defined"],
    ["something else", "unknown word 'something'"],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parsePolicy(text, "p"), UsageError, message);
  }
});

/** Bytes as a text, with the replacement character where they are no UTF-8. */
function decodeLeniently(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
