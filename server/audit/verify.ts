/**
 * Whether a log is as it was written: every chain followed from its first key, held against the key
 * file that is there now, and against a checkpoint. In constant memory, whatever the log's length.
 */
import { equalInConstantTime, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { ChainVerifier } from "./chain.ts";
import type { ChainHead, Checkpoint } from "./checkpoint.ts";
import type { FirstKey } from "./first_key.ts";
import type { LogLine } from "./log_line.ts";

/** A key that a chain's key file has, for an epoch. */
export interface EpochKey {
  epoch: number;
  key: Uint8Array;
}

/** An entry by its place and its tag, as a receipt has them. Chains are numbered as they come. */
export interface LogReceipt {
  chain: number;
  sequence: number;
  /** 32 bytes. */
  tag: Uint8Array;
}

export interface LogTrust {
  /** The first key of every chain. */
  firstKeys: readonly FirstKey[];
  /** A checkpoint that was taken elsewhere. */
  checkpoint?: Checkpoint;
  /** What a customer's receipt says of an entry. */
  receipt?: LogReceipt;
  /**
   * What the key file has for each chain, read before the log was: shows what was cut off up to the
   * present epoch. Null where only the log is at hand.
   */
  keyFile: ((chainId: Uint8Array) => EpochKey[]) | null;
}

/** The log is not as it was written: exit code 1, where all else that ends a check is 2. */
export class BadLog extends UsageError {
  override name = "BadLog";
  constructor(problem: string, what = "the audit log is bad") {
    super(`${what}: ${problem}`, 1);
  }
}

const badReceipt = "the receipt does not fit the log";

class FollowedChain {
  readonly #name: string;
  readonly #verifier: ChainVerifier;

  constructor(
    private readonly firstKey: FirstKey,
    private readonly head: ChainHead | undefined,
    private readonly epochKeys: readonly EpochKey[],
    verifier?: ChainVerifier,
  ) {
    this.#name = `chain ${hex(firstKey.chainId).slice(0, 8)}`;
    this.#verifier = verifier ?? new ChainVerifier(firstKey.key, firstKey.chainId);
    this.#holdAgainstKeyFile();
  }

  copy(): FollowedChain {
    return new FollowedChain(this.firstKey, this.head, this.epochKeys, this.#verifier.copy());
  }

  get goodCount(): number {
    return this.#verifier.goodCount;
  }

  next(line: LogLine): void {
    const epochBefore = this.#verifier.epoch;
    const problem = this.#verifier.next(line.entry);
    if (problem) throw this.#bad(problem);
    if (this.head?.sequence === this.goodCount) {
      if (!equalInConstantTime(this.head.tag, this.#verifier.tag)) {
        throw this.#bad(`entry ${this.goodCount} is not the one that the checkpoint lists`);
      }
    }
    if (this.#verifier.epoch !== epochBefore) this.#holdAgainstKeyFile();
  }

  end(): void {
    const listed = this.head?.sequence ?? 0;
    const missing = `entry ${this.goodCount + 1} is missing: the chain ends before it`;
    if (listed > this.goodCount) {
      throw this.#bad(`${missing}, and the checkpoint lists ${listed} entries`);
    }
    const earliest = Math.min(...this.epochKeys.map(({ epoch }) => epoch));
    if (Number.isFinite(earliest) && earliest > this.#verifier.epoch) {
      throw this.#bad(
        `${missing}, in epoch ${this.#verifier.epoch}, and its key has come to epoch ${earliest}`,
      );
    }
  }

  #holdAgainstKeyFile(): void {
    const { epoch, epochKey } = this.#verifier;
    const kept = this.epochKeys.find((each) => each.epoch === epoch);
    if (kept && !equalInConstantTime(kept.key, epochKey)) {
      throw this.#bad(`the key of epoch ${epoch} does not come of the first key`);
    }
  }

  #bad(problem: string): BadLog {
    return new BadLog(`${this.#name}: ${problem}`);
  }
}

export class LogVerifier {
  readonly #chains = new Map<string, FollowedChain>();
  /** The chains that have come, in the order in which they came. */
  readonly #come: FollowedChain[] = [];
  readonly #receipt: LogReceipt | null;
  #receiptFound = false;
  #lines = 0;
  /** Whether the chain's key file was given, and has no key of these chains. */
  #isKeyFileStrange: boolean;

  constructor({ firstKeys, checkpoint, keyFile, receipt }: LogTrust) {
    this.#receipt = receipt ?? null;
    let keysKept = 0;
    for (const firstKey of firstKeys) {
      const id = hex(firstKey.chainId);
      const head = checkpoint?.heads.find((each) => hex(each.id) === id);
      const epochKeys = keyFile?.(firstKey.chainId) ?? [];
      keysKept += epochKeys.length;
      this.#chains.set(id, new FollowedChain(firstKey, head, epochKeys));
    }
    this.#isKeyFileStrange = keyFile !== null && keysKept === 0;
    for (const { id } of checkpoint?.heads ?? []) this.#requireFirstKey(hex(id));
  }

  /** Another that goes on from here by itself: a log that may end in many ways is begun once. */
  copy(): LogVerifier {
    const copy = new LogVerifier({ firstKeys: [], keyFile: null });
    for (const [id, chain] of this.#chains) copy.#chains.set(id, chain.copy());
    copy.#lines = this.#lines;
    copy.#isKeyFileStrange = this.#isKeyFileStrange;
    return copy;
  }

  /** How many entries have been good so far. */
  get goodCount(): number {
    return this.#chains.values().reduce((sum, { goodCount }) => sum + goodCount, 0);
  }

  /**
   * The next line of the log; chains may be mixed.
   * @param line null for a text that is no line of a log
   * @throws {BadLog} naming the first entry that is not as it was written
   * @throws {UsageError} with exit code 2 when a chain's first key was not given
   */
  next(line: LogLine | null): void {
    this.#lines++;
    if (line === null) throw new BadLog(`line ${this.#lines} is no entry of a log`);
    const chain = this.#requireFirstKey(hex(line.chainId));
    chain.next(line);
    if (this.#receipt) this.#holdAgainstReceipt(this.#receipt, chain, line);
  }

  /** The log has ended: @throws {BadLog} when it ends too early. */
  end(): void {
    // only now: a chain whose first key was not given is no fault of the log's
    if (this.#isKeyFileStrange) {
      throw new BadLog("the chain's key file has no key of its chains");
    }
    for (const [id, chain] of this.#chains) {
      if (chain.goodCount === 0) throw new BadLog(`chain ${id.slice(0, 8)} is missing`);
      chain.end();
    }
    if (this.#receipt && !this.#receiptFound) {
      throw new BadLog("there is no entry at its place", badReceipt);
    }
  }

  #holdAgainstReceipt(receipt: LogReceipt, chain: FollowedChain, { entry }: LogLine): void {
    if (!this.#come.includes(chain)) this.#come.push(chain);
    const at = this.#come.indexOf(chain) + 1 === receipt.chain &&
      entry.sequence === receipt.sequence;
    if (!at) return;
    if (!equalInConstantTime(entry.tag, receipt.tag)) {
      throw new BadLog("the entry at its place has another tag", badReceipt);
    }
    this.#receiptFound = true;
  }

  #requireFirstKey(id: string): FollowedChain {
    const chain = this.#chains.get(id);
    if (chain) return chain;
    throw new UsageError(
      `chain ${
        id.slice(0, 8)
      } cannot be checked: give its first key, too, with --first-key FILE,FILE`,
      2,
    );
  }
}
