/**
 * A pool of threads that answer one request at a time each: started on demand, replaced after a
 * failure.
 */

/** Answers requests in threads, or in the caller's process. */
export interface Threads<Request, Answer> {
  /** @throws if the request's thread fails */
  run(request: Request): Promise<Answer>;
  /** As `run`, once no other request is queued. */
  runLater(request: Request): Promise<Answer>;
  /** How many requests run at once. */
  readonly max: number;
  /** How many requests are queued, without those of `runLater`. */
  readonly waiting: number;
  /** Ends the threads; unanswered requests fail. */
  close(): void;
}

/** A thread's answer to one request. */
export type FromThread<Answer> = { value: Answer } | { error: string };

/** Runs a thread's work; a failure is an answer, too. */
export async function answerOf<Answer>(
  work: () => Answer | Promise<Answer>,
): Promise<FromThread<Answer>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

export interface ThreadPoolOptions {
  /**
   * Starts a thread, which answers each request with a `FromThread`.
   * @throws if it cannot be started now
   */
  start(): Worker;
  /** Threads at once. */
  max: number;
  /** Receives a line when a thread has failed. */
  log(line: string): void;
}

interface Job<Request, Answer> {
  request: Request;
  answer: PromiseWithResolvers<Answer>;
}

export class ThreadPool<Request, Answer> implements Threads<Request, Answer> {
  readonly #idle: Worker[] = [];
  /** Every thread, with its present job. */
  readonly #jobs = new Map<Worker, Job<Request, Answer> | null>();
  readonly #waiting: Job<Request, Answer>[] = [];
  readonly #later: Job<Request, Answer>[] = [];

  constructor(private readonly options: ThreadPoolOptions) {}

  get max(): number {
    return this.options.max;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  run(request: Request): Promise<Answer> {
    return this.#queue(request, this.#waiting);
  }

  runLater(request: Request): Promise<Answer> {
    return this.#queue(request, this.#later);
  }

  close(): void {
    const jobs = [...this.#jobs.values(), ...this.#waiting.splice(0), ...this.#later.splice(0)];
    for (const thread of this.#jobs.keys()) thread.terminate();
    this.#jobs.clear();
    this.#idle.length = 0;
    for (const job of jobs) job?.answer.reject(new Error("the threads were closed"));
  }

  #queue(request: Request, queue: Job<Request, Answer>[]): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    queue.push({ request, answer });
    this.#runNext();
    return answer.promise;
  }

  #runNext(): void {
    const queue = this.#waiting.length > 0 ? this.#waiting : this.#later;
    if (queue.length === 0) return;
    const thread = this.#idle.pop() ?? (this.#jobs.size < this.max ? this.#tryStart(queue) : null);
    if (!thread) return;
    const job = queue.shift()!;
    this.#jobs.set(thread, job);
    thread.postMessage(job.request);
  }

  /** Starts a thread. Where none can be started and none runs, the next request fails. */
  #tryStart(queue: Job<Request, Answer>[]): Worker | null {
    try {
      return this.#start();
    } catch (error) {
      this.options.log(`a thread could not be started: ${(error as Error).message}`);
      if (this.#jobs.size === 0) queue.shift()!.answer.reject(error);
      return null;
    }
  }

  #start(): Worker {
    const thread = this.options.start();
    this.#jobs.set(thread, null);
    thread.onmessage = ({ data }: MessageEvent<FromThread<Answer>>) => {
      const job = this.#jobs.get(thread);
      this.#jobs.set(thread, null);
      this.#idle.push(thread);
      if ("value" in data) job?.answer.resolve(data.value);
      else job?.answer.reject(new Error(data.error));
      this.#runNext();
    };
    thread.onerror = (event) => {
      event.preventDefault();
      const job = this.#jobs.get(thread);
      this.#jobs.delete(thread);
      const index = this.#idle.indexOf(thread);
      if (index >= 0) this.#idle.splice(index, 1);
      thread.terminate();
      this.options.log(`a thread failed: ${event.message}`);
      job?.answer.reject(new Error(`its thread failed: ${event.message}`));
      this.#runNext();
    };
    return thread;
  }
}
