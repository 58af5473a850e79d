/**
 * Whether a log is as it was written: every chain followed from its first key, held against the key
 * file that is there now, and against a checkpoint. In constant memory, whatever the log's length.
 */
import { equalInConstantTime, hex } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { ChainVerifier } from "./chain.ts";
import type { KeptKey } from "./chain_key.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { SealedEntry } from "./entry.ts";
import type { FirstKey } from "./first_key.ts";
import { type ChainBefore, type ChainHead, headsOfStart } from "./heads.ts";
import type { LogLine } from "./log_line.ts";

/** An entry by its place and its tag, as a receipt has them. Chains are numbered as they come. */
export interface LogReceipt {
  chain: number;
  sequence: number;
  /** 32 bytes. */
  tag: Uint8Array;
}

/** What a log is compared with: plain values, which cross threads. */
export interface LogTrust {
  /** The first key of every chain. */
  firstKeys: readonly FirstKey[];
  /** A checkpoint that was taken elsewhere. */
  checkpoint?: Checkpoint;
  /** The entry on a customer's receipt. */
  receipt?: LogReceipt;
  /**
   * The key file's keys for these chains, read before the log was: they show what was cut off up to the
   * present epoch. Null where there is only the log.
   */
  keyFile: readonly KeptKey[] | null;
}

/** A place in a log, from which a part of it can be checked. */
export interface LogPosition {
  /** How many lines come before it. */
  lines: number;
  /** The last line of every chain before it, in the order in which the chains have come. */
  last: readonly LogLine[];
}

/** The log is not as it was written: exit code 1, where all else that ends a check is 2. */
export class BadLog extends UsageError {
  override name = "BadLog";
  constructor(problem: string, what = "the audit log is bad") {
    super(`${what}: ${problem}`, 1);
  }
}

const badReceipt = "the receipt does not fit the log";

/** A head of a chain, which must be an entry of it, and the words for what lists it. */
interface ListedHead {
  head: ChainHead & Partial<ChainBefore>;
  by: string;
}

const nameOf = (chainId: Uint8Array) => `chain ${hex(chainId).slice(0, 8)}`;

class FollowedChain {
  readonly #name: string;
  readonly #verifier: ChainVerifier;

  constructor(
    private readonly firstKey: FirstKey,
    private readonly listed: readonly ListedHead[],
    private readonly keptKeys: readonly KeptKey[],
  ) {
    this.#name = nameOf(firstKey.chainId);
    this.#verifier = new ChainVerifier(firstKey.key, firstKey.chainId);
    this.#holdAgainstKeyFile();
  }

  goOnAfter({ entry }: LogLine): void {
    if (!this.#verifier.goOnAfter(entry)) {
      throw this.#bad(`it has gone back to epoch ${entry.epoch}`);
    }
    this.#holdAgainstKeyFile();
  }

  get goodCount(): number {
    return this.#verifier.goodCount;
  }

  next(line: LogLine): void {
    const epochBefore = this.#verifier.epoch;
    const problem = this.#verifier.next(line.entry);
    if (problem) throw this.#bad(problem);
    for (const { head, by } of this.listed) {
      if (head.sequence !== this.goodCount) continue;
      if (!equalInConstantTime(head.tag, this.#verifier.tag)) {
        throw this.#bad(`entry ${this.goodCount} is not the one that ${by} lists`);
      }
    }
    if (this.goodCount === 1) this.#requireChainsBefore(line.entry);
    if (this.#verifier.epoch !== epochBefore) this.#holdAgainstKeyFile();
  }

  end(): void {
    const { epoch } = this.#verifier;
    const missing = `entry ${this.goodCount + 1} is missing: the chain ends before it`;
    for (const { head: { sequence, keyEpoch = 0 }, by } of this.listed) {
      if (sequence > this.goodCount) {
        throw this.#bad(`${missing}, and ${by} lists ${sequence} entries`);
      }
      if (keyEpoch > epoch) {
        throw this.#bad(`${missing}, in epoch ${epoch}, and ${by} lists epoch ${keyEpoch}`);
      }
    }
    const earliest = Math.min(...this.keptKeys.map(({ epoch }) => epoch));
    if (Number.isFinite(earliest) && earliest > epoch) {
      throw this.#bad(`${missing}, in epoch ${epoch}, and its key has come to epoch ${earliest}`);
    }
  }

  /** The chain itself names the chains before it, no earlier than its first key's file does. */
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
  #lines = 0;

  constructor(private readonly trust: LogTrust) {
    const { firstKeys, checkpoint, keyFile } = trust;
    const listed: ListedHead[] = [
      ...(checkpoint?.heads ?? []).map((head) => ({ head, by: "the checkpoint" })),
      ...firstKeys.flatMap(({ chainId, before }) =>
        before.map((head) => ({ head, by: `the first key of ${nameOf(chainId)}` }))
      ),
    ];
    for (const firstKey of firstKeys) {
      const id = hex(firstKey.chainId);
      const its = listed.filter(({ head }) => hex(head.id) === id);
      const keptKeys = keyFile?.filter(({ chainId }) => hex(chainId) === id) ?? [];
      this.#chains.set(id, new FollowedChain(firstKey, its, keptKeys));
    }
    // A file may have one server's chain alone; a bank has all of them.
    const required = keyFile === null ? checkpoint?.heads ?? [] : listed.map(({ head }) => head);
    for (const { id } of required) this.#requireFirstKey(hex(id));
  }

  /**
   * Goes on at a place further on: what is found good from there on is so if all before it is, too.
   * @throws {BadLog} when no good log has such a place
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

  /** The log has ended: @throws {BadLog} when it ends too early. */
  end(): void {
    const { keyFile, receipt } = this.trust;
    // only now: a chain whose first key was not given is no fault of the log's
    if (keyFile?.length === 0) {
      throw new BadLog("the chain's key file has no key of its chains");
    }
    for (const [id, chain] of this.#chains) {
      if (chain.goodCount === 0) throw new BadLog(`chain ${id.slice(0, 8)} is missing`);
      chain.end();
    }
    if (!receipt) return;
    const { goodCount } = this.#come[receipt.chain - 1] ?? { goodCount: 0 };
    if (goodCount < receipt.sequence) {
      throw new BadLog("there is no entry at its place", badReceipt);
    }
  }

  #chainOf({ chainId }: LogLine): FollowedChain {
    return this.#requireFirstKey(hex(chainId));
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
