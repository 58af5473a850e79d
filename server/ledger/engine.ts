/**
 * The engine: load → pure rules → commit, one batch at a time. Changes and the audit entries that
 * speak of them commit together, and nobody is answered before.
 */
import { chainStart, chainTag, type SealedEntry } from "../audit/chain.ts";
import { type AuditKeys, indexOf, openEntry, sealEntry } from "../audit/seal.ts";
import { Books, touchOf } from "./books.ts";
import { Clock, jumpInWords } from "./clock.ts";
import type { AccountState, AuditEntry, Command, Note, Reply } from "./command.ts";
import { applyCommands } from "./rules.ts";
import type { Store } from "./store.ts";

/** What the engine needs beside its store. */
export interface EngineParts {
  store: Store;
  keys: AuditKeys;
  chainId: Uint8Array;
  chainKey: Uint8Array;
  nowMs: () => number;
  monotonicMs: () => number;
  randomBytes: (length: number) => Uint8Array;
}

/** What is known once a batch is on disk: a reply for each command, and every account it changed. */
export interface BatchOutcome {
  replies: Reply[];
  accounts: AccountState[];
}

/** A failed commit: nothing of the batch happened, and the same ids may be tried again. */
const tryLater = (timeMs: number): Reply => ({ outcome: "try_later", timeMs });

/** What the log is told when the clock stops being believed, or is believed again. */
function noteOf(jumpMs: number | null): Note {
  const action = jumpMs === null
    ? "the clock is right again - money moves"
    : `the clock jumped ${jumpInWords(jumpMs)} - money stops`;
  return { op: "note", who: "bank", action, kind: "other", outcome: "ok" };
}

interface Head {
  sequence: number;
  tag: Uint8Array;
  timeMs: number;
}

/** Where the log ends. */
async function headOf({ store, keys, chainId }: EngineParts): Promise<Head> {
  const last = await store.lastEntry();
  if (!last) return { sequence: 0, tag: chainStart(chainId), timeMs: 0 };
  const { sequence, tag, sealed } = last;
  return { sequence, tag, timeMs: openEntry(keys, { chainId, sequence }, sealed)?.timeMs ?? 0 };
}

export class Engine {
  /** Whether money is stopped, as far as the log knows. */
  #stopped = false;

  private constructor(
    private readonly parts: EngineParts,
    private readonly clock: Clock,
    private head: Head,
  ) {}

  /** Takes up where the log's last entry left off. */
  static async open(parts: EngineParts): Promise<Engine> {
    const head = await headOf(parts);
    const clock = new Clock(parts, head.timeMs, await parts.store.confirmedClock());
    return new Engine(parts, clock, head);
  }

  /** Runs one batch. `onError` hears of what the store refused. */
  async run(commands: readonly Command[], onError: (error: Error) => void): Promise<BatchOutcome> {
    try {
      return await this.#runTogether(commands, onError);
    } catch (error) {
      onError(error as Error);
      await this.#lookAgain(onError);
      if (commands.length === 1) return { replies: [tryLater(this.parts.nowMs())], accounts: [] };
      // One bad command must not take the others with it.
      const outcomes: BatchOutcome[] = [];
      for (const command of commands) outcomes.push(await this.run([command], onError));
      return {
        replies: outcomes.flatMap(({ replies }) => replies),
        accounts: outcomes.flatMap(({ accounts }) => accounts),
      };
    }
  }

  /** A commit that failed may have happened: the log itself says where it ends. */
  async #lookAgain(onError: (error: Error) => void): Promise<void> {
    try {
      this.head = await headOf(this.parts);
    } catch (error) {
      onError(error as Error); // the next commit fails too, and looks again
    }
  }

  async #runTogether(
    commands: readonly Command[],
    onError: (error: Error) => void,
  ): Promise<BatchOutcome> {
    const { store } = this.parts;
    const books = new Books(await store.load(touchOf(commands)));
    const { timeMs, nowMs, jumpMs } = this.clock.read(this.head.timeMs);
    const stopped = jumpMs !== null;
    const noticed = stopped === this.#stopped ? [] : [noteOf(jumpMs)];
    const result = applyCommands(books, [...noticed, ...commands], timeMs, stopped);
    const sealed = this.#seal(result.entries);
    const confirmed = commands.some(({ op }) => op === "confirm_clock");
    const clock = confirmed ? { confirmedMs: nowMs, timeMs } : null;
    const changes = { ...books.changes(), clock };
    await store.commit(changes, sealed);
    const last = sealed.at(-1);
    if (last) this.head = { sequence: last.sequence, tag: last.tag, timeMs };
    for (const { action } of noticed) onError(new Error(action));
    this.#stopped = stopped;
    if (confirmed) {
      this.clock.confirm();
      this.#stopped = false;
    }
    return { replies: result.replies.slice(noticed.length), accounts: changes.accounts };
  }

  #seal(entries: readonly AuditEntry[]): SealedEntry[] {
    const { keys, chainId, chainKey, randomBytes } = this.parts;
    let { sequence, tag } = this.head;
    return entries.map((entry) => {
      sequence++;
      const untagged = {
        sequence,
        epoch: 0,
        keyVersion: keys.version,
        who: indexOf(keys, entry.who),
        sealed: sealEntry(keys, { chainId, sequence }, entry, randomBytes(16)),
      };
      tag = chainTag(chainKey, tag, untagged);
      return { ...untagged, tag };
    });
  }
}
