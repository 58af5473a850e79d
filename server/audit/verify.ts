/**
 * Verifies a log's integrity: follows every chain from its first key, and compares it with the
 * present key file and a checkpoint. Uses constant memory, whatever the log's length.
 */
import { equalInConstantTime, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { ChainVerifier } from "./chain.ts";
import type { KeptKey } from "./chain_key.ts";
import { PieceHasher, PieceJoiner, type TreePiece } from "../transparency/tree_pieces.ts";
import type { TrustedCheckpoint } from "./checkpoint.ts";
import type { SealedEntry } from "./entry.ts";
import type { FirstKey } from "./first_key.ts";
import { type ChainBefore, headsOfStart } from "./heads.ts";
import type { LogLine } from "./log_line.ts";
import { leafOf } from "./tree.ts";

/**
 * An entry by its place and its tag, as on a receipt. Chains are numbered in order of appearance.
 */
export interface LogReceipt {
  chain: number;
  sequence: number;
  /** 32 bytes. */
  tag: Uint8Array;
}

/** The trusted inputs of a verification: plain values, which can be sent to threads. */
export interface LogTrust {
  /** The first key of every chain. */
  firstKeys: readonly FirstKey[];
  /** Checkpoints kept elsewhere. */
  checkpoints?: readonly TrustedCheckpoint[];
  /** The entry on a customer's receipt. */
  receipt?: LogReceipt;
  /**
   * The key file's keys for these chains, read before the log: they reveal a truncation before the
   * present epoch. Null if only the log is available.
   */
  keyFile: readonly KeptKey[] | null;
  /** Whether the log is a file of one server of several, which lacks the others' chains. */
  ofOneServer?: boolean;
}

/** A place in a log from which a part of it can be verified. */
export interface LogPosition {
  /** The number of lines before it. */
  lines: number;
  /** The last line before it of every chain, in order of appearance. */
  last: readonly LogLine[];
}

/** The log was changed: exit code 1, while all other failures of a verification have 2. */
export class BadLog extends UsageError {
  override name = "BadLog";
  constructor(problem: string, what = "the audit log is bad") {
    super(`${what}: ${problem}`, 1);
  }
}

const badReceipt = "the receipt does not fit the log";

/** A size that a chain must have reached, its tree's root there, and the words for the list that has it. */
interface ListedHead extends Pick<ChainBefore, "id" | "sequence" | "root"> {
  tag?: Uint8Array;
  keyEpoch?: number;
  by: string;
}

/** The hashed leaves of one chain in a part of the log. */
export interface ChainPieces {
  /** The chain's id in hex. */
  chain: string;
  pieces: TreePiece[];
}

const nameOf = (chainId: Uint8Array) => `chain ${hex(chainId).slice(0, 8)}`;

/** Returns whether a chain's first key lists another chain. */
const lists = ({ before }: FirstKey, { chainId }: FirstKey) =>
  before.some(({ id }) => equalInConstantTime(id, chainId));

class FollowedChain {
  readonly #name: string;
  readonly #verifier: ChainVerifier;
  /** Where roots are needed: no leaf is hashed beyond. */
  readonly #sizes: ReadonlySet<number>;
  readonly #sizeMax: number;
  #hasher: PieceHasher;

  constructor(
    readonly firstKey: FirstKey,
    private readonly listed: readonly ListedHead[],
    private readonly keptKeys: readonly KeptKey[],
  ) {
    this.#name = nameOf(firstKey.chainId);
    this.#verifier = new ChainVerifier(firstKey.key, firstKey.chainId);
    this.#sizes = new Set(listed.map(({ sequence }) => sequence));
    this.#sizeMax = Math.max(0, ...this.#sizes);
    this.#hasher = new PieceHasher(0, this.#sizes);
    this.#holdAgainstKeyFile();
  }

  goOnAfter({ entry }: LogLine): void {
    if (!this.#verifier.goOnAfter(entry)) {
      throw this.#bad(`it is of past epoch ${entry.epoch}`);
    }
    this.#hasher = new PieceHasher(entry.sequence, this.#sizes);
    this.#holdAgainstKeyFile();
  }

  get goodCount(): number {
    return this.#verifier.goodCount;
  }

  next(line: LogLine): void {
    const epochBefore = this.#verifier.epoch;
    const problem = this.#verifier.next(line.entry);
    if (problem) throw this.#bad(problem);
    if (this.goodCount <= this.#sizeMax) this.#hasher.append(leafOf(line.entry));
    for (const { sequence, tag, by } of this.listed) {
      if (sequence !== this.goodCount || !tag) continue;
      if (!equalInConstantTime(tag, this.#verifier.tag)) {
        throw this.#bad(`entry ${this.goodCount} is not the one that ${by} lists`);
      }
    }
    if (this.goodCount === 1) this.#requireChainsBefore(line.entry);
    if (this.#verifier.epoch !== epochBefore) this.#holdAgainstKeyFile();
  }

  /** Returns the hashes since the start, or since `goOnAfter`. */
  finishPieces(): TreePiece[] {
    return this.#hasher.finish();
  }

  /** @param pieces of the whole chain, as far as roots are needed */
  end(pieces: readonly TreePiece[]): void {
    const { epoch } = this.#verifier;
    const missing = `entry ${this.goodCount + 1} is missing: the chain ends before it`;
    for (const { sequence, keyEpoch = 0, by } of this.listed) {
      if (sequence > this.goodCount) {
        throw this.#bad(`${missing}, and ${by} lists ${sequence} entries`);
      }
      if (keyEpoch > epoch) {
        throw this.#bad(`${missing}, in epoch ${epoch}, and ${by} lists epoch ${keyEpoch}`);
      }
    }
    this.#compareRoots(pieces);
    const earliest = Math.min(...this.keptKeys.map(({ epoch }) => epoch));
    if (Number.isFinite(earliest) && earliest > epoch) {
      throw this.#bad(`${missing}, in epoch ${epoch}, and its key is in epoch ${earliest}`);
    }
  }

  #compareRoots(pieces: readonly TreePiece[]): void {
    const joiner = new PieceJoiner(this.#sizes);
    for (const piece of pieces) joiner.take(piece);
    for (const { sequence, root, by } of this.listed) {
      const found = joiner.rootAt(sequence);
      if (!found) throw new Error(`no root at ${sequence} of ${this.#name}`);
      if (!equalInConstantTime(found, root)) {
        throw this.#bad(`its first ${sequence} entries are not those that ${by} lists`);
      }
    }
  }

  /** Checks the chain's own list of earlier chains, which must not be older than its first key's. */
  #requireChainsBefore(first: SealedEntry): void {
    const named = new Map(headsOfStart(first)?.map((head) => [hex(head.id), head.sequence]));
    for (const { id, sequence } of this.firstKey.before) {
      if ((named.get(hex(id)) ?? 0) >= sequence) continue;
      throw this.#bad("its first entry does not name the chains before it");
    }
  }

  #holdAgainstKeyFile(): void {
    const { epoch, epochKey } = this.#verifier;
    const kept = this.keptKeys.find((each) => each.epoch === epoch);
    if (kept && !equalInConstantTime(kept.key, epochKey)) {
      throw this.#bad(`the key of epoch ${epoch} is not derived from the first key`);
    }
  }

  #bad(problem: string): BadLog {
    return new BadLog(`${this.#name}: ${problem}`);
  }
}

export class LogVerifier {
  readonly #chains = new Map<string, FollowedChain>();
  /** The chains that have appeared, in order. */
  readonly #come: FollowedChain[] = [];
  #lines = 0;

  constructor(private readonly trust: LogTrust) {
    const { firstKeys, checkpoints = [], keyFile } = trust;
    const kept = checkpoints.map(({ chainId, size, root }): ListedHead => {
      return { id: chainId, sequence: size, root, by: "the checkpoint" };
    });
    const listed: ListedHead[] = [
      ...kept,
      ...firstKeys.flatMap(({ chainId, before }) =>
        before.map((head) => ({ ...head, by: `the first key of ${nameOf(chainId)}` }))
      ),
    ];
    for (const firstKey of firstKeys) {
      const id = hex(firstKey.chainId);
      const its = listed.filter((head) => hex(head.id) === id);
      const keptKeys = keyFile?.filter(({ chainId }) => hex(chainId) === id) ?? [];
      this.#chains.set(id, new FollowedChain(firstKey, its, keptKeys));
    }
    // A file of one server has only its own chain; a checkpoint's chain must be there all the same.
    const required = trust.ofOneServer ? kept : listed;
    for (const { id, by } of required) this.#requireFirstKey(hex(id), by);
  }

  /**
   * Continues at a later place: the result holds if everything before it is valid, too.
   * @throws {BadLog} if no valid log has such a place
   */
  goOnAt({ lines, last }: LogPosition): void {
    this.#lines = lines;
    this.#come.length = 0;
    for (const line of last) {
      const chain = this.#chainOf(line);
      chain.goOnAfter(line);
      this.#come.push(chain);
    }
  }

  /** The number of valid entries so far. */
  get goodCount(): number {
    return this.#chains.values().reduce((sum, { goodCount }) => sum + goodCount, 0);
  }

  /**
   * Verifies the next line of the log; chains may be interleaved.
   * @param line null for a text that is not a line of a log
   * @throws {BadLog} naming the first invalid entry
   * @throws {UsageError} with exit code 2 if a chain's first key is missing
   */
  next(line: LogLine | null): void {
    this.#lines++;
    if (line === null) throw new BadLog(`line ${this.#lines} is not an entry of a log`);
    const chain = this.#chainOf(line);
    chain.next(line);
    if (chain.goodCount === 1) this.#come.push(chain);
    const { receipt } = this.trust;
    if (!receipt || receipt.sequence !== chain.goodCount) return;
    if (this.#come[receipt.chain - 1] !== chain) return;
    if (!equalInConstantTime(line.entry.tag, receipt.tag)) {
      throw new BadLog("the entry at its place has another tag", badReceipt);
    }
  }

  /** Returns the hashes since the start, or since `goOnAt`, in each chain's order. */
  finishPieces(): ChainPieces[] {
    return [...this.#chains].map(([chain, followed]) => ({
      chain,
      pieces: followed.finishPieces(),
    })).filter(({ pieces }) => pieces.length > 0);
  }

  /**
   * Ends the log.
   * @param before the pieces of the parts before this one, in the log's order
   * @throws {BadLog} if it is truncated, or differs from a checkpoint or from the list of a first key
   */
  end(before: readonly ChainPieces[] = []): void {
    const { keyFile, receipt } = this.trust;
    // last, since a missing first key is not a fault of the log
    if (keyFile?.length === 0) {
      throw new BadLog("the chain's key file has no key of its chains");
    }
    const all = [...before, ...this.finishPieces()];
    // first, since a missing chain may be the only one that lists more of another
    for (const chain of this.#chains.values()) {
      if (chain.goodCount === 0) throw new BadLog(this.#missing(chain));
    }
    for (const [id, chain] of this.#chains) {
      chain.end(all.filter((each) => each.chain === id).flatMap(({ pieces }) => pieces));
    }
    if (!receipt) return;
    const { goodCount } = this.#come[receipt.chain - 1] ?? { goodCount: 0 };
    if (goodCount < receipt.sequence) {
      throw new BadLog("there is no entry at its place", badReceipt);
    }
  }

  /** Describes a missing chain. One that a chain of the log replaces is not listed by it. */
  #missing(chain: FollowedChain): string {
    const { firstKey } = chain;
    const missing = `${nameOf(firstKey.chainId)} is missing`;
    // The lists do not show which of these is older than the missing one.
    const replacing = this.#come.filter((other) =>
      !lists(other.firstKey, firstKey) && !lists(firstKey, other.firstKey)
    ).map((other) => nameOf(other.firstKey.chainId));
    if (replacing.length === 0) return missing;
    const since = replacing.length === 1 ? replacing[0] : `one of these: ${replacing.join(", ")}`;
    return `${missing}: it was removed, or left out by a restore of a backup from before it, which ` +
      `began ${since}. 'deno task bank audit show' has what each restore left out. If the bank made ` +
      "this restore, verify without the first key of the missing chain: the database that was " +
      "replaced has it";
  }

  #chainOf({ chainId }: LogLine): FollowedChain {
    return this.#requireFirstKey(hex(chainId));
  }

  /** @param by what lists the chain; absent if the log has it */
  #requireFirstKey(id: string, by?: string): FollowedChain {
    const chain = this.#chains.get(id);
    if (chain) return chain;
    const leftOut = by?.startsWith("the first key")
      ? `. If a restore left out both chains, leave out ${by}, which lists it`
      : "";
    throw new UsageError(
      `chain ${id.slice(0, 8)} cannot be checked: give its first key, too, with --first-key ` +
        `FILE,FILE${leftOut}`,
      2,
    );
  }
}
