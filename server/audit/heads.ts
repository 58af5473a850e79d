/**
 * The heads of chains: the last entry of each at a moment. A chain's first key and first entry list
 * those of the earlier chains, whose ends nothing else authenticates.
 */
import {
  type Bytes,
  concat,
  equalInConstantTime,
  fromHex,
  hex,
  readU32,
  u32,
  u64,
  utf8,
} from "../../lib/bytes.ts";
import { emptyRoot } from "../transparency/merkle.ts";
import { inClear, type SealedEntry } from "./entry.ts";
import type { LogStore } from "./log_store.ts";
import { readEdge } from "./tree.ts";

/** The last entry of a chain. */
export interface ChainHead {
  /** The chain's id, 16 bytes. */
  id: Bytes;
  sequence: number;
  epoch: number;
  /** 32 bytes. */
  tag: Bytes;
}

/** A head with the root of the tree of all entries up to it. */
export interface HeadWithRoot extends ChainHead {
  /** 32 bytes. */
  root: Bytes;
}

/** An earlier chain, as listed in a later one's first key. */
export interface ChainBefore extends HeadWithRoot {
  /** The epoch of the chain's key, which its log must reach. */
  keyEpoch: number;
}

/** Returns the last committed entry of every chain, by number; omits a chain without entries. */
export async function headsOf(
  store: Pick<LogStore, "chains" | "lastEntries">,
): Promise<(ChainHead & { number: number })[]> {
  const heads = [];
  for (const { number, id } of await store.chains()) {
    for (const { sequence, epoch, tag } of await store.lastEntries(number, 1)) {
      heads.push({ number, id, sequence, epoch, tag: new Uint8Array(tag) });
    }
  }
  return heads;
}

/** Returns the heads with the roots of their trees; reads the whole log. */
export async function headsWithRoots(
  store: Pick<LogStore, "chains" | "lastEntries" | "entriesAfter">,
): Promise<(HeadWithRoot & { number: number })[]> {
  const heads = [];
  for (const head of await headsOf(store)) {
    const edge = await readEdge(store, head.number, head.sequence);
    heads.push({ ...head, root: edge.root() });
  }
  return heads;
}

/** Returns every chain with entries, each with the epoch of its last entry. */
export async function chainsBefore(
  store: Pick<LogStore, "chains" | "lastEntries" | "entriesAfter">,
): Promise<ChainBefore[]> {
  return (await headsWithRoots(store)).map((head) => ({ ...head, keyEpoch: head.epoch }));
}

/** Returns these chains, with the key's epoch for one of them. */
export function withKeyEpoch(
  chains: readonly ChainBefore[],
  chainId: Uint8Array,
  keyEpoch: number,
): ChainBefore[] {
  const isIt = (chain: ChainBefore) => equalInConstantTime(chain.id, chainId);
  if (!chains.some(isIt)) {
    if (keyEpoch === 0) return [...chains];
    const id = new Uint8Array(chainId);
    const [tag, root] = [new Uint8Array(32), emptyRoot()];
    return [...chains, { id, sequence: 0, epoch: 0, tag, root, keyEpoch }];
  }
  return chains.map((chain) =>
    isIt(chain) && keyEpoch > chain.keyEpoch ? { ...chain, keyEpoch } : chain
  );
}

/** Returns heads as JSON. */
export function headFields(heads: readonly HeadWithRoot[]) {
  return heads.map(({ id, sequence, epoch, tag, root }) => ({
    chain: hex(id),
    sequence,
    epoch,
    tag: hex(tag),
    root: hex(root),
  }));
}

/** Parses heads from JSON; returns null for anything else. */
export function headsOfFields(fields: unknown): HeadWithRoot[] | null {
  if (!Array.isArray(fields)) return null;
  const heads = fields.map(headOfFields);
  return heads.every((head) => head !== null) ? heads : null;
}

function headOfFields(fields: Record<string, unknown> | null): HeadWithRoot | null {
  const { chain, sequence, epoch, tag: tagText, root: rootText } = fields ?? {};
  const [id, tag, root] = [fromHex(chain, 16), fromHex(tagText, 32), fromHex(rootText, 32)];
  return id && tag && root && isPlace(sequence, epoch)
    ? { id, sequence: sequence as number, epoch: epoch as number, tag, root }
    : null;
}

const isPlace = (sequence: unknown, epoch: unknown) =>
  Number.isSafeInteger(sequence) && sequence as number >= 0 &&
  Number.isInteger(epoch) && epoch as number >= 0 && epoch as number < 2 ** 32;

/** Returns heads as tagged bytes, 92 each. */
function headBytes(heads: readonly HeadWithRoot[]): Bytes {
  return concat(
    u32(heads.length),
    ...heads.flatMap(({ id, sequence, epoch, tag, root }) => [
      id,
      u64(sequence),
      u32(epoch),
      tag,
      root,
    ]),
  );
}

const oneHeadBytes = 92;
const startLabel = utf8("strongroom/1 chains before");

/** Returns the first entry of a chain that has earlier ones: their heads, unencrypted. */
export function startEntry(
  chain: number,
  before: readonly HeadWithRoot[],
): Omit<SealedEntry, "tag"> {
  return inClear(chain, 1, 0, concat(startLabel, headBytes(before)));
}

/** Returns the heads in a chain's first entry; null for any other entry. */
export function headsOfStart({ sequence, keyVersion, sealed }: SealedEntry): HeadWithRoot[] | null {
  const at = startLabel.length + 4;
  const label = sealed.subarray(0, startLabel.length);
  if (sequence !== 1 || keyVersion !== 0 || sealed.length < at) return null;
  if (!equalInConstantTime(label, startLabel)) return null;
  const count = readU32(sealed, startLabel.length);
  if (sealed.length !== at + count * oneHeadBytes) return null;
  const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.length);
  return Array.from({ length: count }, (_, index) => {
    const start = at + index * oneHeadBytes;
    return {
      id: sealed.slice(start, start + 16),
      sequence: Number(view.getBigUint64(start + 16)),
      epoch: view.getUint32(start + 24),
      tag: sealed.slice(start + 28, start + 60),
      root: sealed.slice(start + 60, start + oneHeadBytes),
    };
  });
}
