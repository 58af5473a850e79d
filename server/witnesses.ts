/**
 * Sends a server's checkpoints, and the last ones of its logs that have ended, to its witnesses and
 * collects their cosignatures, each witness apart from the others. Nothing that moves money waits for
 * it.
 */
import type { WitnessNews } from "../lib/console.ts";
import { cosignedMsMax, noteBytesMax, witnessAnswerMsMax, witnessRetryMs } from "../lib/limits.ts";
import { type ExchangeHttp, pause } from "../lib/world.ts";
import type { SignedTree } from "./audit/signed_tree.ts";
import type { Bank } from "./bank.ts";
import { openEndedLogs } from "./ended_logs.ts";
import { logCommand } from "./ledger/command.ts";
import { askWitness, type WitnessResult } from "./transparency/ask_witness.ts";
import { parseCheckpoint } from "./transparency/checkpoint.ts";
import { cosignaturesOf } from "./transparency/cosignature.ts";
import type { VerifierKey } from "./transparency/note.ts";
import { meetsQuorum, type Policy, type Witness } from "./transparency/policy.ts";

/** A witness that the bank can reach. */
type ReachableWitness = Witness & { url: string };

/** A log that witnesses cosign. */
interface WitnessedLog {
  key: VerifierKey;
  tree: Pick<SignedTree, "last" | "consistency" | "addCosignature" | "stop">;
}

export class Witnesses {
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>[];
  /** What each witness answered last, unless it was a cosignature. */
  readonly #answers = new Map<string, string>();
  #signed = Promise.withResolvers<void>();
  #cosigned = Promise.withResolvers<void>();

  /** @param policy its witnesses that have a URL are asked; its quorum decides when a proof has enough */
  constructor(
    private readonly bank: Bank,
    private readonly policy: Policy,
    private readonly exchange: ExchangeHttp,
  ) {
    bank.checkpoints.cosigning = {
      onSigned: () => {
        this.#signed.resolve();
        this.#signed = Promise.withResolvers();
      },
      waitFor: (sequence) => this.#waitFor(sequence),
      witnesses: () => this.#state(),
    };
    const reachable = policy.witnesses.flatMap((witness) =>
      witness.url === undefined ? [] : [{ ...witness, url: witness.url }]
    );
    this.#following = [
      ...reachable.map((witness) => this.#follow(witness)),
      this.#followEnded(reachable).catch((error: Error) =>
        bank.world.log(`logs that have ended are not sent to witnesses: ${error.message}`)
      ),
    ];
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.bank.checkpoints.cosigning = null;
    await Promise.all(this.#following);
  }

  /** Asks one witness, first for what was signed before the start: it may have seen more. */
  async #follow(witness: ReachableWitness): Promise<void> {
    const { checkpoints } = this.bank;
    const { signal } = this.#stopping;
    let cosignedSize = 0;
    let isFirst = true;
    let reported = "";
    while (!signal.aborted && !checkpoints.isStopped) {
      const signed = this.#signed.promise;
      const { last } = checkpoints;
      if (last && (isFirst || !this.#hasCosigned(last.note, witness))) {
        const result = await this.#ask(witness, this.#ownLog, last, cosignedSize);
        if (signal.aborted) return;
        isFirst &&= result.result === "unreachable";
        if (result.result === "cosigned") cosignedSize = last.size;
        const said = "why" in result ? `${result.result}: ${result.why}` : "";
        this.#answers.set(witness.name, said);
        if (said !== reported) {
          const isStopped = "contradiction" in result;
          await this.#report(witness.name, result, isStopped).catch(() => {});
        }
        reported = said;
      }
      await this.#wait(signed, witnessRetryMs);
    }
  }

  /** Asks for the last checkpoints of the logs that have ended, until every witness has cosigned. */
  async #followEnded(witnesses: readonly ReachableWitness[]): Promise<void> {
    const logs = await openEndedLogs(this.bank, this.policy);
    const reported = new Map<string, string>();
    try {
      for (;;) {
        let missing = 0;
        for (const log of logs) {
          for (const witness of witnesses) {
            const { last, isStopped } = log.tree;
            if (!last || isStopped || this.#hasCosigned(last.note, witness)) continue;
            const result = await this.#ask(witness, log, last, 0);
            if (this.#stopping.signal.aborted) return;
            if (result.result !== "cosigned") missing++;
            const name = `${witness.name}, ended log ${log.key.name}`;
            const said = "why" in result ? `${result.result}: ${result.why}` : "";
            if (said !== (reported.get(name) ?? "")) {
              await this.#report(name, result, false).catch(() => {});
            }
            reported.set(name, said);
          }
        }
        if (missing === 0) return;
        await this.#wait(new Promise(() => {}), witnessRetryMs);
        if (this.#stopping.signal.aborted) return;
      }
    } finally {
      for (const { tree } of logs) tree.close();
    }
  }

  get #ownLog(): WitnessedLog {
    const { checkpoints } = this.bank;
    return { key: checkpoints.key, tree: checkpoints };
  }

  async #ask(
    witness: ReachableWitness,
    { key, tree }: WitnessedLog,
    { note, size }: { note: string; size: number },
    oldSize: number,
  ): Promise<WitnessResult> {
    const limits = {
      msMax: witnessAnswerMsMax,
      bodyBytesMax: noteBytesMax,
      signal: this.#stopping.signal,
    };
    try {
      const result = await askWitness({
        checkpoint: note,
        logKey: key,
        witness,
        oldSize,
        consistency: (first) => tree.consistency(first, size),
        lastSignedSize: () => tree.last?.size ?? 0,
        post: (url, body) => this.exchange({ method: "POST", url, body }, limits),
        get: (url) => this.exchange({ method: "GET", url }, limits),
      });
      if (result.result === "cosigned") this.#add(tree, note, result.lines);
      if (result.result === "alarm" && result.contradiction !== undefined) {
        tree.stop(result.contradiction);
      }
      return result;
    } catch (error) { // the database or the disk failed, not the witness
      return { result: "refused", why: (error as Error).message };
    }
  }

  #add(tree: WitnessedLog["tree"], note: string, line: string): void {
    const { text } = parseCheckpoint(note)!.note;
    tree.addCosignature(text, line, (cosigned) => this.#hasQuorum(cosigned));
    this.#cosigned.resolve();
    this.#cosigned = Promise.withResolvers();
  }

  /** Returns each witness with whether it has cosigned the last checkpoint, or why not. */
  #state(): WitnessNews[] {
    const { last } = this.bank.checkpoints;
    return this.policy.witnesses.map((witness) => ({
      name: witness.name,
      hasCosigned: last !== null && this.#hasCosigned(last.note, witness),
      why: witness.url === undefined
        ? "the policy has no URL of it"
        : this.#answers.get(witness.name) ?? "",
    }));
  }

  #hasQuorum(checkpoint: string): boolean {
    const { note } = parseCheckpoint(checkpoint)!;
    const keys = this.policy.witnesses.map(({ key }) => key);
    return meetsQuorum(this.policy, cosignaturesOf(note, keys));
  }

  #hasCosigned(checkpoint: string, { key }: Witness): boolean {
    return cosignaturesOf(parseCheckpoint(checkpoint)!.note, [key]).length > 0;
  }

  async #waitFor(sequence: number): Promise<void> {
    const { checkpoints, world } = this.bank;
    const untilMs = world.monotonicMs() + cosignedMsMax;
    while (!checkpoints.isCosigned(sequence)) {
      const leftMs = untilMs - world.monotonicMs();
      if (leftMs <= 0 || checkpoints.isStopped || this.#stopping.signal.aborted) return;
      await this.#wait(this.#cosigned.promise, leftMs);
    }
  }

  /** Resolves at an event, after `ms` milliseconds, or when this is closed. */
  async #wait(event: Promise<void>, ms: number): Promise<void> {
    const done = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, done.signal]);
    await Promise.race([event, pause(this.bank.world, ms, signal)]);
    done.abort();
  }

  /**
   * Reports what a witness says, once for each change.
   * @param name the witness's, and its log's if that has ended
   */
  async #report(name: string, result: WitnessResult, isStopped: boolean): Promise<void> {
    const { world, ledger } = this.bank;
    if (!("why" in result)) return world.log(`witness ${name} cosigns again`);
    world.log(`witness ${name}: no cosignature: ${result.why}`);
    if (result.result !== "alarm") return;
    const ends = isStopped ? "; signing has stopped" : "";
    await ledger.submit(logCommand("bank", `alarm - witness ${name}: ${result.why}${ends}`));
  }
}
