/** The verifier with receipts and proofs of the bank's code: every sentence, and every refusal. */
import { assert, assertEquals } from "@std/assert";
import { filled } from "../../lib/helpers.ts";
import { signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import {
  formatVerifierKey,
  signatureTypes,
  signNote,
  verifierKeyOf,
} from "../../../server/transparency/note.ts";
import { verifyReceipt } from "../../../ui/receipt_page/verify_receipt.ts";
import {
  allWitnesses,
  policyOf,
  SmallLog,
  twoWitnesses,
} from "../../server/transparency/small_log.ts";

const log = new SmallLog(12);
const other = new SmallLog(12, filled(0x22, 16));
const later = new SmallLog(4, filled(0x33, 16), [
  { chain: log.chain, size: 7 },
  { chain: filled(0x44, 16), size: 3 },
]);
const strict = policyOf([log, other, later], allWitnesses);
const lenient = policyOf([log, other, later], twoWitnesses);
const none = policyOf([log, other, later]);

const otherBank = {
  name: `second-bank/${"22".repeat(16)}`,
  type: signatureTypes.note,
  secretKey: filled(0x66, 32),
};

const verdict = (texts: readonly string[], policy = strict) =>
  verifyReceipt(texts, policy, crypto.subtle);

/** Returns each finding as "kind: sentence". */
async function findings(texts: readonly string[], policy = strict): Promise<string[]> {
  const { findings } = await verdict(texts, policy);
  return findings.map(({ kind, sentence }) => `${kind}: ${sentence}`);
}

const owner = "unproved: Whose entry it is: neither a receipt nor a proof names a customer.";

Deno.test("a receipt alone is the bank's word, and says what it leaves open", async () => {
  const texts = [log.receipt(5)];
  assertEquals((await verdict(texts)).outcome, "signed");
  assertEquals(await findings(texts), [
    "proved: On 28 November 2026 First Bank signed this receipt: withdraw €40.05, done",
    "proved: The receipt names the terminal main-station-lobby and the reference " +
    log.receipt(5).split("\n")[3] + ".",
    `unproved: That the log has this entry: the receipt promises entry 6 of ${log.origin}. Ask the ` +
    "bank for the proof, a .tlog-proof file. If the log lacks the entry, this receipt convicts the " +
    "bank.",
    owner,
  ]);
});

Deno.test("a proof shows the entry in the log, who cosigned and which quorum", async () => {
  for (
    const [texts, more] of [
      [[await log.proof(5)], []],
      [[log.receipt(5), await log.proof(5)], [
        "The log has the entry of the receipt, at the place that the receipt promises.",
      ]],
    ] as const
  ) {
    assertEquals((await verdict(texts)).outcome, "logged");
    const found = await findings(texts);
    const by = (name: string) => `${name} (28 November 2026, 18:04 UTC)`;
    for (
      const sentence of [
        "On 28 November 2026 First Bank logged: withdraw €40.05, done",
        `It is entry 6 of 12 in the log ${log.origin}.`,
        `Cosigned by ${by("w1")}, ${by("w2")}, ${by("w3")}; the policy's quorum "all" asks for 3 ` +
        "of w1, w2, w3.",
        ...more,
      ]
    ) assert(found.includes(`proved: ${sentence}`), found.join("\n"));
    assertEquals(found.at(-1), owner);
  }
});

Deno.test("every entry of every tree up to 70 entries is proved", async () => {
  const large = new SmallLog(70);
  const policy = policyOf([large]);
  for (let size = 1; size <= 70; size++) {
    for (const index of new Set([0, size >> 2, size >> 1, size - 2, size - 1])) {
      if (index < 0) continue;
      const texts = [large.receipt(index), await large.proof(index, size, { by: [] })];
      assertEquals((await verdict(texts, policy)).outcome, "logged", `${index} of ${size}`);
    }
  }
});

Deno.test("without witnesses in the policy, a proof says that another log may be shown elsewhere", async () => {
  const texts = [await log.proof(5, 12, { by: [] })];
  assertEquals((await verdict(texts, none)).outcome, "logged");
  const found = await findings(texts, none);
  assert(found.includes("proved: Cosigned by nobody; the policy asks for no witness."));
  assert(found.some((each) => each.startsWith("unproved: That everybody sees the same log")));
});

Deno.test("a quorum counts cosignatures that verify, each witness once", async () => {
  const quorums = [
    ["quorum w1", [1], true],
    ["quorum w1", [2, 3], false],
    [twoWitnesses, [1, 3], true],
    [twoWitnesses, [2], false],
    [twoWitnesses, [2, 2], false],
    ["group some any w1 w2\nquorum some", [2], true],
    ["group two 2 w1 w2\ngroup strict all two w3\nquorum strict", [1, 2], false],
    ["group two 2 w1 w2\ngroup strict all two w3\nquorum strict", [1, 2, 3], true],
  ] as const;
  for (const [quorum, by, isMet] of quorums) {
    const { outcome } = await verdict([await log.proof(5, 12, { by })], policyOf([log], quorum));
    assertEquals(outcome, isMet ? "logged" : "refused", `${quorum}, by ${by}`);
  }
  const [line] = await findings([await log.proof(5, 12, { by: [2] })], lenient);
  assertEquals(
    line,
    "refused: The quorum is missed: the policy asks for 2 of w1, w2, w3, and the cosignatures that " +
      "verify are by w2.",
  );
});

Deno.test("a damaged cosignature is never counted, and spoils no other", async () => {
  const lines = (await log.proof(5)).split("\n");
  const cosignatures = lines.flatMap((line, at) => line.includes("witness.example") ? [at] : []);
  assertEquals(cosignatures.length, 3);
  const damaged = (...which: number[]) =>
    lines.map((line, at) =>
      which.some((each) => cosignatures[each] === at)
        ? line.slice(0, 60) + (line[60] === "A" ? "B" : "A") + line.slice(61)
        : line
    ).join("\n");
  assertEquals((await verdict([damaged()], lenient)).outcome, "logged");
  assertEquals((await verdict([damaged(1)], lenient)).outcome, "logged");
  assert(
    (await findings([damaged(1)], lenient)).some((each) =>
      /^proved: Cosigned by w1 \([^)]*\), w3 \([^)]*\);/.test(each)
    ),
  );
  assertEquals((await verdict([damaged(0, 1)], lenient)).outcome, "refused");
  assertEquals((await verdict([damaged(1)], strict)).outcome, "refused");
});

Deno.test("what does not fit is refused by name", async () => {
  const proof = await log.proof(5);
  const receipt = log.receipt(5);
  const forged = { ...log.signer, secretKey: filled(1, 32) };
  const lied = signCheckpoint({ size: 12, root: filled(3, 32) }, log.signer);
  const withCheckpoint = (note: string) => proof.slice(0, proof.indexOf("\n\n") + 2) + note;
  const notes = (await log.checkpoint(12)).split("\n\n");
  const cases: [string, string[], string, string?][] = [
    ["no text", [], "There is no receipt and no proof: neither begins like this."],
    ["another text", ["hello\n"], "There is no receipt and no proof"],
    ["a checkpoint", [await log.checkpoint(12)], "There is no receipt and no proof"],
    ["two receipts", [receipt, log.receipt(6)], "There is too much"],
    ["two proofs", [proof, await log.proof(6)], "There is too much"],
    ["nine texts", Array(9).fill(receipt), "There is too much"],
    ["a long text", [receipt + "x".repeat(70_000)], "There is too much"],
    ["a receipt cut short", [receipt.slice(0, 100)], "The receipt is damaged"],
    ["a receipt without its last line feed", [receipt.slice(0, -1)], "The receipt is damaged"],
    ["a leading zero", [receipt.replace("\n5\n", "\n05\n")], "The receipt is damaged"],
    ["another amount", [receipt.replace("€40", "€90")], "The receipt was changed"],
    ["a forged receipt", [log.receipt(5, { signer: forged })], "The receipt has no signature of"],
    [
      "a receipt of another bank's key",
      [log.receipt(5, { signer: otherBank, origin: log.origin })],
      "The receipt has no signature of",
      `log ${formatVerifierKey(verifierKeyOf(otherBank))}\n${policyOf([log])}`,
    ],
    ["another policy", [receipt], "The policy has no key of the log", policyOf([other])],
    ["a proof of another policy", [proof], "The policy has no key of", policyOf([other])],
    ["a proof without extra", [proof.replace(/\nextra .*/, "")], "The proof is damaged"],
    [
      "a proof without siblings",
      [proof.replace(/(index 5)[^]*?\n\n/, "$1\n\n")],
      "The proof is wr",
    ],
    ["another index", [proof.replace("index 5", "index 4")], "The proof is wrong"],
    ["an index behind the end", [proof.replace("index 5", "index 12")], "The proof is wrong"],
    ["a lie of the log", [withCheckpoint(lied)], "The proof is wrong", none],
    [
      "a checkpoint with a receipt's signature",
      [withCheckpoint(`${notes[0]}\n\n${receipt.split("\n\n")[1]}`)],
      "The proof was changed",
    ],
    ["another entry's proof", [receipt, await log.proof(6)], "The proof is of another entry than"],
    ["another log's proof", [receipt, await other.proof(5)], "The proof is of another log than"],
    [
      "another index in the receipt",
      [log.receipt(5, { as: 7 }), proof],
      "The receipt promises entry 8, and the proof is of entry 6: ask the bank for the proof of",
    ],
    [
      "another entry at the promised place",
      [log.receipt(7, { as: 5 }), proof],
      "The log has another entry at the place that the receipt promises. The bank signed both",
    ],
    [
      "another text in the proof",
      [await log.proof(5, 12, { opening: { ...log.opening(5), text: "withdraw €1.00 | x" } })],
      "The proof is wrong",
    ],
    ["an empty policy", [receipt], "The policy cannot be used: it has no quorum.", ""],
    ["a damaged policy", [receipt], "The policy cannot be used: line 1 is wrong.", "log x\n"],
  ];
  for (const [name, texts, sentence, policy] of cases) {
    const { outcome, findings } = await verdict(texts, policy);
    assertEquals(outcome, "refused", name);
    const refused = findings.filter(({ kind }) => kind === "refused");
    assertEquals(refused.length, 1, name);
    assert(refused[0]!.sentence.startsWith(sentence), `${name}: ${refused[0]!.sentence}`);
  }
});

Deno.test("a receipt of what happened at no terminal says so", async () => {
  const receipt = log.receipt(5, { terminal: "" });
  const [, sentence] = await findings([receipt]);
  assertEquals(
    sentence,
    `proved: The receipt names no terminal, and the reference ${receipt.split("\n")[3]}.`,
  );
  assertEquals((await verdict([receipt, await log.proof(5)])).outcome, "logged");
});

Deno.test("a bank's present log signs the receipts of its other logs, and no checkpoint of theirs", async () => {
  const texts = [log.receipt(5, { signer: later.signer, origin: log.origin }), await log.proof(5)];
  const [signed] = await findings(texts.slice(0, 1));
  assertEquals(
    signed,
    "proved: On 28 November 2026 First Bank signed this receipt: withdraw €40.05, done",
  );
  assertEquals((await verdict(texts)).outcome, "logged");
  const [, text] = texts[1]!.split("\n\n");
  const forged = texts[1]!.replace(/\n\u2014 [^]*/, "") +
    signNote(text + "\n", later.signer).slice(text!.length + 1);
  assertEquals((await verdict([forged], none)).outcome, "refused");
});

Deno.test("the first entry of a later chain shows that a restore lost what the receipt promises", async () => {
  const start = await later.proof(0);
  const lost = await findings([log.receipt(9), start]);
  assert(
    lost.includes(`proved: The later log ${later.origin} began when ${log.origin} had 7 entries.`),
  );
  const sentence = lost.find((each) => each.includes("A restore lost this entry"));
  assert(
    sentence?.startsWith(
      "unproved: That the log has this entry. A restore lost this entry; the receipt is still the " +
        "bank's word.",
    ),
  );
  assertEquals((await verdict([log.receipt(9), start])).outcome, "signed");
  const alone = await verdict([start]);
  assertEquals(alone.outcome, "logged");
  assertEquals(alone.findings.map(({ sentence }) => sentence.replace(/ \(.*/, "")), [
    "First Bank logged: how far the logs before this one had come",
    `It is entry 1 of 4 in the log ${later.origin}.`,
    "Cosigned by w1",
    ...[[log.origin, 7], [`first-bank/${"44".repeat(16)}`, 3]].map(([origin, size]) =>
      `The later log ${later.origin} began when ${origin} had ${size} entries.`
    ),
  ]);
  const kept = await findings([log.receipt(6), start]);
  assert(!kept.some((each) => each.includes("A restore lost")));
  assert(kept.some((each) => each.includes("Ask the bank for the proof")));
  const unnamed = await findings([other.receipt(9), start]);
  assert(!unnamed.some((each) => each.includes("later log")));
  const proved = [log.receipt(9), await log.proof(9), start];
  assertEquals((await verdict(proved)).outcome, "logged", "a proof says more than a later chain");
});

Deno.test("a policy that says anything twice, too little or something else is refused", async () => {
  const [one, two] = none.split("\n").filter((line) => line.startsWith("witness"));
  const key = (line = "") => line.split(" ")[2];
  const wrong = [
    "quorum x",
    "quorum none\nquorum none",
    `witness none ${key(one)}\nquorum none`,
    `witness w ${key(one)}\nwitness v ${key(one)}\nquorum none`,
    `witness w ${key(one)}\nwitness w ${key(two)}\nquorum none`,
    `log ${key(one)}\nquorum none`,
    `witness w ${log.key}\nquorum none`,
    "group g 1 w\nquorum none",
    `witness w ${key(one)}\ngroup g 2 w\nquorum none`,
    `witness w ${key(one)}\ngroup g 0 w\nquorum none`,
    `witness w ${key(one)}\ngroup g 01 w\nquorum none`,
    `witness w ${key(one)}\ngroup g 1 w w\nquorum none`,
    `witness w ${key(one)}\ngroup g 1 g\nquorum none`,
    `witness w ${key(one)} u x\nquorum none`,
    `log ${log.key.replace("+", "+0")}\nquorum none`,
    `log ${log.key.replace(/\+[0-9a-f]{8}\+/, "+00000000+")}\nquorum none`,
    "something else\nquorum none",
    "quorum none # a comment after it",
    "x".repeat(1 << 21),
  ];
  for (const policy of wrong) {
    const [found] = await findings([log.receipt(5)], policy);
    assert(found?.startsWith("refused: The policy cannot be used: "), policy.slice(0, 80));
  }
  const commented = `# ours\n \t# theirs\n\n${strict.replaceAll(" ", "\t ")}`;
  assertEquals((await verdict([log.receipt(5)], commented)).outcome, "signed");
});

Deno.test("a sentence has no character that controls a screen or ends a line", async () => {
  const [text] = log.receipt(5).split("\n\n");
  const odd = text!.replace("main-station", "\u202e\u009b31m").replace("done", "done\u2028Proved");
  const { findings } = await verdict([signNote(odd + "\n", log.signer)]);
  assert(findings.every(({ sentence }) => !/[\p{C}\p{Zl}\p{Zp}]/u.test(sentence)));
  assert(findings[0]!.sentence.startsWith("On 28 November 2026 "), findings[0]!.sentence);
});

Deno.test("a browser without Ed25519 is an error, not a wrong receipt", async () => {
  const subtle = {
    digest: crypto.subtle.digest.bind(crypto.subtle),
    importKey: () => Promise.reject(new DOMException("no Ed25519", "NotSupportedError")),
    verify: () => Promise.resolve(false),
  } as unknown as SubtleCrypto;
  const error = await verifyReceipt([log.receipt(5)], strict, subtle).catch((error) => error);
  assertEquals(error.name, "NotSupportedError");
});

Deno.test("the checker has at most 300 lines", async () => {
  const path = new URL("../../../ui/receipt_page/verifier.ts", import.meta.url);
  const lines = (await Deno.readTextFile(path)).trimEnd().split("\n").length;
  assert(lines <= 300, `${lines} lines`);
});

Deno.test("the worked example of the log's format is proved", async () => {
  const path = new URL("../../vectors/audit_log.json", import.meta.url);
  const { checkpoint, receipt } = JSON.parse(await Deno.readTextFile(path));
  const policy = `log ${checkpoint.verifierKey}\nquorum none\n`;
  const { outcome, findings } = await verdict([receipt.note, receipt.proof], policy);
  assertEquals(outcome, "logged");
  assertEquals(
    findings[0]!.sentence,
    "On 25 November 2026 First Bank logged: withdraw €100.00 failed - insufficient funds",
  );
});
