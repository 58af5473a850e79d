/**
 * Checks receipts and proofs of a bank's transparency log. It shares no code with the bank, so that
 * anyone can read all of it. server/audit/FORMAT.md specifies receipts and leaves; C2SP
 * signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof and tlog-policy specify the rest.
 */
import { base64, type Bytes, bytesOf, hex, numberOf, textOf, u32, u64, utf8 } from "./bytes.ts";
import { type Cosigned, type Entry, type Fact, type Quorum, Refusal } from "./facts.ts";

export type Subtle = Pick<SubtleCrypto, "digest" | "importKey" | "verify">;
/** A key of the policy, or a signature, with its name. */
interface Named {
  name: string;
  id: number;
  bytes: Bytes;
}
interface Note {
  text: string;
  signatures: Named[];
}
/** A chain's first entry, and the sizes of the chains before it. */
type Start = { logged: Fact; later: string; sizes: Map<string, number> };

const textLengthMax = 65_536;
const policyLengthMax = 1 << 20;
const textsMax = 8;
const signaturesMax = 64;
const siblingsMax = 63;
const keyTypes = { log: 1, witness: 4 };
const timeSecondsMax = 253_402_300_799; // the year 9999
const startLabel = "strongroom/1 chains before";
const startText = "how far the logs before this one had come";

/** Checks texts under a policy, one after the other. */
export class Verifier {
  readonly facts: Fact[] = [];
  readonly #logs: Named[] = [];
  readonly #witnesses = new Map<string, Named>();
  readonly #groups: Quorum[] = [];
  #quorum = "";

  constructor(private readonly subtle: Subtle) {}

  /** @throws {Refusal} */
  async check(texts: readonly string[], policyText: string): Promise<void> {
    await this.#readPolicy(policyText);
    if (texts.length > textsMax) throw new Refusal("too_much");
    let [receipt, proof]: (Entry | undefined)[] = [];
    const starts: Start[] = [];
    for (const text of texts) {
      if (text.length > textLengthMax) throw new Refusal("too_much");
      if (text.startsWith("strongroom receipt 1\n")) {
        if (receipt) throw new Refusal("too_much");
        receipt = await this.#receipt(text);
      } else if (text.startsWith("c2sp.org/tlog-proof@v1\n")) {
        const found = await this.#proof(text);
        if ("sizes" in found) starts.push(found);
        else if (proof) throw new Refusal("too_much");
        else proof = found.entry;
      } else throw new Refusal("unknown_text");
    }
    if (receipt && proof) this.#compare(receipt, proof);
    else if (!proof) this.#withoutProof(receipt, starts);
    if ((proof || !receipt) && this.#quorum === "none") {
      this.facts.push({ unproved: "no_witnesses" });
    }
    if (proof || receipt) this.facts.push({ unproved: "owner" });
  }

  async #readPolicy(text: string): Promise<void> {
    if (text.length > policyLengthMax) throw new Refusal("policy", "it is too long");
    const names = new Set(["none"]);
    const keys = new Set<string>();
    for (const [index, line] of text.split("\n").entries()) {
      const [word = "", ...words] = line.split(/[ \t]+/).filter((each) => each !== "");
      if (word === "" || word.startsWith("#")) continue;
      const require = (isTrue: boolean) => {
        if (!isTrue) throw new Refusal("policy", `line ${index + 1} is wrong`);
      };
      const name = word === "log" ? "" : words.shift() ?? "";
      if (word === "witness" || word === "group") {
        require(name !== "" && !names.has(name));
        names.add(name);
      }
      if (word === "log" || word === "witness") {
        const [vkey = "", , ...more] = words;
        const key = await this.#parseKey(vkey, keyTypes[word]);
        require(key !== null && !keys.has(vkey) && more.length === 0);
        keys.add(vkey);
        if (word === "log") this.#logs.push(key!);
        else this.#witnesses.set(name, key!);
      } else if (word === "group") {
        const [count = "", ...members] = words;
        const needed = count === "all" ? members.length : count === "any" ? 1 : numberOf(count);
        require(needed !== null && needed >= 1 && needed <= members.length);
        require(new Set(members).size === members.length);
        require(members.every((each) => each !== "none" && each !== name && names.has(each)));
        this.#groups.push({ name, needed: needed!, members });
      } else {
        require(word === "quorum" && words.length === 0 && names.has(name) && this.#quorum === "");
        this.#quorum = name;
      }
    }
    if (this.#quorum === "") throw new Refusal("policy", "it has no quorum");
  }

  async #parseKey(vkey: string, type: number): Promise<Named | null> {
    const [, name = "", id = "", encoded = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ??
      [];
    const bytes = bytesOf(encoded);
    if (bytes?.length !== 33 || bytes[0] !== type) return null;
    const hash = await this.#hash(utf8(`${name}\n`), bytes);
    return u32(hash, 0) === parseInt(id, 16)
      ? { name, id: u32(hash, 0), bytes: bytes.slice(1) }
      : null;
  }

  async #receipt(text: string): Promise<Entry> {
    const note = parseNote(text);
    const [, entryText, terminal, reference = "", origin, index, w = "", salt = "", end, ...more] =
      note?.text.split("\n") ?? [];
    const place = numberOf(index ?? "");
    const isWhole = end === "" && more.length === 0 && /^[0-9a-f]{32}$/.test(reference) &&
      bytesOf(w)?.length === 32 && bytesOf(salt)?.length === 16;
    if (!note || !entryText || !terminal || !origin || place === null || !isWhole) {
      throw new Refusal("damaged", "receipt");
    }
    await this.#requireLog(note, origin, "receipt");
    const entry = { origin, index: place, text: entryText, w, salt };
    this.facts.push({ proved: "signed", entry, terminal, reference });
    return entry;
  }

  async #proof(text: string): Promise<{ entry: Entry } | Start> {
    const at = Math.max(text.indexOf("\n\n"), 0);
    const [, extraLine = "", indexLine = "", ...lines] = text.slice(0, at).split("\n");
    const extra = extraLine.startsWith("extra ") ? bytesOf(extraLine.slice(6)) : null;
    const index = indexLine.startsWith("index ") ? numberOf(indexLine.slice(6)) : null;
    const siblings = lines.map(bytesOf).filter((hash) => hash?.length === 32) as Bytes[];
    const note = parseNote(text.slice(at + 2));
    const [origin, sizeText = "", rootText = "", ...more] = note?.text.split("\n") ?? [];
    const [size, root] = [numberOf(sizeText), bytesOf(rootText)];
    if (
      !extra || index === null || siblings.length < lines.length || lines.length > siblingsMax ||
      !note || !origin || size === null || root?.length !== 32 || more.length === 0
    ) throw new Refusal("damaged", "proof");
    await this.#requireLog(note, origin, "proof");
    const start = index === 0 ? startSizes(extra, origin) : null;
    const [w, salt] = [extra.slice(32, 64), extra.slice(64, 80)];
    const entryText = start ? startText : textOf(extra.slice(80));
    if (entryText === "") throw new Refusal("damaged", "proof");
    const commitment = await this.#hash(w, await this.#hash(salt, utf8(entryText)));
    const leaf = start
      ? await this.#hash([0], await this.#hash(extra), new Uint8Array(32))
      : await this.#hash([0], extra.slice(0, 32), commitment);
    if (!await this.#includes(siblings, index, leaf, size, root)) throw new Refusal("not_included");
    const cosigned = await this.#cosigned(note);
    const quorum = this.#requireQuorum(cosigned);
    const entry = { origin, index, text: entryText, w: base64(w), salt: base64(salt) };
    const logged: Fact = { proved: "logged", entry, size, cosigned, quorum };
    if (start) return { logged, later: origin, sizes: start };
    this.facts.push(logged);
    return { entry };
  }

  #compare(receipt: Entry, proof: Entry): void {
    if (receipt.origin !== proof.origin) throw new Refusal("other_log");
    const isSameEntry = receipt.text === proof.text && receipt.w === proof.w &&
      receipt.salt === proof.salt;
    const isSamePlace = receipt.index === proof.index;
    if (!isSameEntry) throw new Refusal(isSamePlace ? "contradiction" : "other_entry");
    if (!isSamePlace) throw new Refusal("other_index", `${receipt.index + 1} ${proof.index + 1}`);
    this.facts.push({ proved: "same_entry" });
  }

  /** Reports a receipt without a proof, and what the first entries of later chains say of it. */
  #withoutProof(receipt: Entry | undefined, starts: readonly Start[]): void {
    if (!receipt && starts.length === 0) throw new Refusal("unknown_text");
    let isLost = false;
    for (const { logged, later, sizes } of starts) {
      if (!receipt) this.facts.push(logged);
      for (const [origin, size] of sizes) {
        if (origin === later || receipt && receipt.origin !== origin) continue;
        this.facts.push({ proved: "later_log", origin, later, size });
        isLost ||= receipt !== undefined && receipt.index >= size;
      }
    }
    if (receipt) this.facts.push({ unproved: isLost ? "lost" : "no_proof", entry: receipt });
  }

  async #requireLog({ text, signatures }: Note, origin: string, what: string): Promise<void> {
    if (!this.#logs.some(({ name }) => name === origin)) throw new Refusal("unknown_log", origin);
    const isSigner = (name: string) =>
      what === "receipt" ? bankOf(name) === bankOf(origin) : name === origin;
    const keys = this.#logs.filter(({ name }) => isSigner(name));
    let isSigned = false;
    for (const { name, id, bytes } of signatures) {
      const key = keys.find((each) => each.name === name && each.id === id);
      if (!key) continue;
      isSigned = await this.#verifies(key, bytes, text);
      if (!isSigned) throw new Refusal("bad_signature", what);
    }
    if (!isSigned) throw new Refusal("not_signed", what);
  }

  /** Returns the witnesses of the policy whose cosignature verifies, each once. */
  async #cosigned({ text, signatures }: Note): Promise<Cosigned[]> {
    const found = new Map<string, Cosigned>();
    for (const [witness, key] of this.#witnesses) {
      for (const { name, id, bytes } of signatures) {
        if (name !== key.name || id !== key.id || bytes.length !== 72) continue;
        const timeSeconds = u64(bytes, 0);
        const signed = `cosignature/v1\ntime ${timeSeconds}\n${text}`;
        if (timeSeconds > timeSecondsMax) continue;
        if (!await this.#verifies(key, bytes.slice(8), signed)) continue;
        found.set(witness, { witness, timeSeconds });
      }
    }
    return [...found.values()];
  }

  #requireQuorum(cosigned: readonly Cosigned[]): Quorum {
    const met = new Set(["none", ...cosigned.map(({ witness }) => witness)]);
    // a group's members are defined before it, so one pass decides
    for (const { name, needed, members } of this.#groups) {
      if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
    }
    const name = this.#quorum;
    const members = name === "none" ? [] : [name];
    const single = { name, needed: members.length, members };
    const quorum = this.#groups.find((group) => group.name === name) ?? single;
    if (met.has(name)) return quorum;
    const counted = cosigned.map(({ witness }) => witness).join(", ") || "nobody";
    throw new Refusal("no_quorum", `${counted}; ${quorum.needed} of ${quorum.members.join(", ")}`);
  }

  /** Checks an inclusion proof (RFC 9162, 2.1.3.2). */
  async #includes(
    siblings: readonly Bytes[],
    index: number,
    leaf: Bytes,
    size: number,
    root: Bytes,
  ) {
    if (index >= size) return false;
    let [node, last, hash] = [BigInt(index), BigInt(size) - 1n, leaf];
    for (const sibling of siblings) {
      if (last === 0n) return false;
      if (node % 2n === 1n || node === last) {
        hash = await this.#hash([1], sibling, hash);
        while (node % 2n === 0n && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
      } else hash = await this.#hash([1], hash, sibling);
      [node, last] = [node >> 1n, last >> 1n];
    }
    return last === 0n && base64(hash) === base64(root);
  }

  async #hash(...parts: readonly ArrayLike<number>[]): Promise<Bytes> {
    const bytes = Uint8Array.from(parts.flatMap((part) => Array.from(part)));
    return new Uint8Array(await this.subtle.digest("SHA-256", bytes));
  }

  async #verifies({ bytes }: Named, signature: Bytes, signed: string): Promise<boolean> {
    const key = await this.subtle.importKey("raw", bytes, "Ed25519", false, ["verify"])
      .catch((error: Error) => {
        if (error.name === "NotSupportedError") throw error;
        return null; // 32 bytes that are not a point of the curve
      });
    return key !== null && await this.subtle.verify("Ed25519", key, signature, utf8(signed));
  }
}

/** Returns the part of an origin that all logs of a bank share. */
const bankOf = (origin: string) => origin.replace(/[^/]*$/, "");

function parseNote(note: string): Note | null {
  const at = note.lastIndexOf("\n\n");
  const text = note.slice(0, at + 1);
  const lines = note.slice(at + 2).split("\n");
  // deno-lint-ignore no-control-regex
  if (at < 0 || lines.pop() !== "" || /[\x00-\x09\x0b-\x1f]/.test(text)) return null;
  const signatures = lines.map((line) => {
    const [, name = "", encoded = ""] = /^\u2014 ([^\s+]+) (\S+)$/.exec(line) ?? [];
    const bytes = bytesOf(encoded);
    return bytes && bytes.length > 4 ? { name, id: u32(bytes, 0), bytes: bytes.slice(4) } : null;
  });
  const isNote = lines.length > 0 && lines.length <= signaturesMax;
  return isNote && signatures.every((each) => each !== null) ? { text, signatures } : null;
}

/** Returns the sizes of the chains before one, by origin; null if it is not a chain's first entry. */
function startSizes(extra: Bytes, origin: string): Map<string, number> | null {
  const at = startLabel.length + 4;
  if (textOf(extra.slice(0, at - 4)) !== startLabel || extra.length < at) return null;
  if (extra.length !== at + u32(extra, at - 4) * 92 + 32) return null;
  const sizes = new Map<string, number>();
  for (let head = at; head < extra.length - 32; head += 92) {
    sizes.set(bankOf(origin) + hex(extra.slice(head, head + 16)), u64(extra, head + 16));
  }
  return sizes;
}
