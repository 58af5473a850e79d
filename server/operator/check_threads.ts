/** Checks the parts of a log in threads, one for each core; what it says comes in the log's order. */
import { checkThreadsMax } from "../../lib/limits.ts";
import { type LogTrust, LogVerifier } from "../audit/verify.ts";
import { checkPart, type LogPart } from "./check_part.ts";

/** One message in, one message out, in order: whether the part is good. */
export type ToCheckWorker = { trust: LogTrust } | LogPart;
export type FromCheckWorker = boolean;

interface Pending {
  part: LogPart;
  isGood: Promise<FromCheckWorker>;
}

/** A thread that has answered finds its next part waiting. */
const partsAThread = 2;
const threadsMax = Math.min(checkThreadsMax, navigator.hardwareConcurrency);

export class CheckThreads {
  readonly #threads: Thread[] = [];
  readonly #pending: Pending[] = [];
  #taken = 0;
  #goodCount = 0;

  /** No thread is begun before the first part. */
  constructor(private readonly trust: LogTrust) {}

  /**
   * The next part of the log; gives how many lines have been found good so far.
   * @throws {UsageError} saying of the first bad line what is wrong with it
   */
  async take(part: LogPart): Promise<number> {
    if (this.#threads.length < threadsMax) this.#threads.push(new Thread(this.trust));
    const thread = this.#threads[this.#taken++ % this.#threads.length]!;
    this.#pending.push({ part, isGood: thread.check(part) });
    if (this.#pending.length > partsAThread * threadsMax) await this.#settle();
    return this.#goodCount;
  }

  /** All parts have been taken. */
  async done(): Promise<void> {
    while (this.#pending.length > 0) await this.#settle();
  }

  close(): void {
    for (const thread of this.#threads) thread.close();
  }

  async #settle(): Promise<void> {
    const { part, isGood } = this.#pending.shift()!;
    if (!await isGood) this.#sayWhatIsWrong(part);
    this.#goodCount += part.lines.length;
  }

  #sayWhatIsWrong(part: LogPart): never {
    checkPart(new LogVerifier(this.trust), part);
    throw new Error("a thread finds bad what is good");
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #answers: PromiseWithResolvers<FromCheckWorker>[] = [];

  constructor(trust: LogTrust) {
    this.#worker = new Worker(import.meta.resolve("./check_worker.ts"), {
      type: "module",
      deno: { permissions: "none" },
    });
    this.#worker.onmessage = ({ data }) => this.#answers.shift()!.resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const answer of this.#answers) answer.reject(new Error(event.message));
    };
    this.#worker.postMessage({ trust } satisfies ToCheckWorker);
  }

  check(part: LogPart): Promise<FromCheckWorker> {
    const answer = Promise.withResolvers<FromCheckWorker>();
    answer.promise.catch(() => {}); // whoever asks may never come to it: another was bad before
    this.#answers.push(answer);
    this.#worker.postMessage(part satisfies ToCheckWorker);
    return answer.promise;
  }

  close(): void {
    this.#worker.terminate();
  }
}
