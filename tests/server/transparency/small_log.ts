/** A log of so many entries with its receipts, proofs, witnesses and policy, the same in every run. */
import { type Bytes, concat, hex, u32, u64, utf8 } from "../../../lib/bytes.ts";
import { sha256 } from "../../../lib/hmac.ts";
import { signCheckpoint } from "../../../server/transparency/checkpoint.ts";
import { cosign } from "../../../server/transparency/cosignature.ts";
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  RightEdge,
  type SubtreeReader,
} from "../../../server/transparency/merkle.ts";
import {
  formatVerifierKey,
  parseNote,
  signatureTypes,
  type SignerKey,
  verifierKeyOf,
} from "../../../server/transparency/note.ts";
import { formatProof } from "../../../server/transparency/proof.ts";
import {
  commitmentOf,
  type Opening,
  proofExtra,
  signReceipt,
} from "../../../server/transparency/receipt.ts";
import { filled } from "../../lib/helpers.ts";

export const witnessSigners: SignerKey[] = [1, 2, 3].map((number) => ({
  name: `witness.example/${number}`,
  type: signatureTypes.cosignature,
  secretKey: filled(0x20 + number, 32),
}));

/** 2026-11-28T18:04:05Z */
export const cosignedSeconds = 1_795_889_045;

/** A chain before another one, as that one's first entry has it. */
interface Before {
  chain: Bytes;
  size: number;
}

export class SmallLog {
  readonly signer: SignerKey;
  readonly leaves: Bytes[];
  readonly #start: Bytes | null;
  readonly #openings: Opening[];
  /** The roots of full subtrees, by height. */
  readonly #levels: Bytes[][];

  /** @param before chains that the first entry names, which is in clear then */
  constructor(size: number, readonly chain = filled(0x11, 16), before: readonly Before[] = []) {
    this.signer = {
      name: `first-bank/${hex(chain)}`,
      type: signatureTypes.note,
      secretKey: sha256(chain),
    };
    this.#openings = Array.from({ length: size }, (_, index) => ({
      w: sha256(chain, u64(index), utf8("w")),
      salt: sha256(chain, u64(index), utf8("salt")).slice(0, 16),
      text: `withdraw €40.${String(index % 100).padStart(2, "0")}, done | 2026-11-28T18:03:` +
        `${String(index % 60).padStart(2, "0")}.250Z`,
    }));
    const tag = filled(0x7a, 32);
    this.#start = before.length === 0 ? null : concat(
      utf8("strongroom/1 chains before"),
      u32(before.length),
      ...before.flatMap((each) => [each.chain, u64(each.size), u32(9), tag, filled(0x70, 32)]),
      tag,
    );
    this.leaves = this.#openings.map((opening, index) =>
      this.#start && index === 0
        ? leafHash(sha256(this.#start), filled(0, 32))
        : leafHash(this.sealedHash(index), commitmentOf(opening))
    );
    this.#levels = [this.leaves];
    for (let level = this.leaves; level.length > 1;) {
      const edges = Array.from({ length: level.length >> 1 }, (_, index) => {
        const edge = new RightEdge();
        edge.append(level[2 * index]!);
        edge.append(level[2 * index + 1]!);
        return edge.root();
      });
      this.#levels.push(level = edges);
    }
  }

  readonly subtree: SubtreeReader = (level, index) => Promise.resolve(this.#levels[level]![index]!);

  get origin(): string {
    return this.signer.name;
  }

  get key(): string {
    return formatVerifierKey(verifierKeyOf(this.signer));
  }

  sealedHash(index: number): Bytes {
    return sha256(this.chain, u64(index), utf8("sealed and tag"));
  }

  opening(index: number): Opening {
    return this.#openings[index]!;
  }

  receipt(
    index: number,
    { as = index, signer = this.signer, origin = this.origin, terminal = "main-station-lobby" } =
      {},
  ): string {
    const reference = hex(sha256(u64(index))).slice(0, 32);
    return signReceipt({ ...this.opening(index), terminal, reference, origin, index: as }, signer);
  }

  /** @param by numbers of witnesses that cosign, from 1 */
  async checkpoint(size: number, by: readonly number[] = []): Promise<string> {
    const edge = await RightEdge.read(size, this.subtree);
    const checkpoint = signCheckpoint({ size, root: edge.root() }, this.signer);
    const { text } = parseNote(checkpoint)!;
    return checkpoint +
      by.map((number) => cosign(text, cosignedSeconds, witnessSigners[number - 1]!)).join("");
  }

  async proof(
    index: number,
    size = this.leaves.length,
    { by = [1, 2, 3], opening = this.opening(index) }: {
      by?: readonly number[];
      opening?: Opening;
    } = {},
  ): Promise<string> {
    const extra = this.#start && index === 0
      ? this.#start
      : proofExtra(this.sealedHash(index), opening);
    const siblings = await inclusionProof(index, size, this.subtree);
    return formatProof({ extra, index, siblings, checkpoint: await this.checkpoint(size, by) });
  }

  async consistency(first: number, size: number): Promise<Bytes[]> {
    return await consistencyProof(first, size, this.subtree);
  }
}

/** Returns a policy of these logs. @param quorum the last lines; `none` by default */
export function policyOf(logs: readonly SmallLog[], quorum = "quorum none"): string {
  return [
    ...logs.map(({ key }) => `log ${key}`),
    ...witnessSigners.map((signer, index) =>
      `witness w${index + 1} ${formatVerifierKey(verifierKeyOf(signer))}`
    ),
    quorum,
    "",
  ].join("\n");
}

export const allWitnesses = "group all all w1 w2 w3\nquorum all";
export const twoWitnesses = "group two 2 w1 w2 w3\nquorum two";
