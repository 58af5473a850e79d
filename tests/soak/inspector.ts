/**
 * Measures the heap of another process of the runtime after a forced garbage collection, over V8's
 * inspector: of its main thread and of each of its workers.
 */

interface Message {
  id?: number;
  method?: string;
  result?: { usedSize: number; backingStorageSize?: number };
  error?: { message: string };
  // deno-lint-ignore no-explicit-any
  params?: any;
}

const answerMsMax = 60_000;
/** Objects that a finalizer releases are collected by the second of two collections. */
const collections = 2;

/** Returns the runtime's arguments with an inspector on this port of loopback. */
export function withInspector(args: readonly string[], port: number): string[] {
  const [run, ...others] = args;
  return [run!, `--inspect=127.0.0.1:${port}`, ...others];
}

export class Inspector {
  #serial = 0;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #workers: string[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Connects to the process whose inspector has this port; it reports each worker to one connection only. */
  static async connect(port: number): Promise<Inspector> {
    const listed = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const socket = new WebSocket(listed[0].webSocketDebuggerUrl);
    await new Promise((resolve, reject) => [socket.onopen, socket.onerror] = [resolve, reject]);
    const inspector = new Inspector(socket);
    await inspector.#ask(null, "NodeWorker.enable", { waitForDebuggerOnStart: false });
    return inspector;
  }

  /**
   * Collects the garbage of every thread.
   * @returns the bytes that remain in each thread's heap and its buffers, the main thread's first
   */
  async heaps(): Promise<number[]> {
    const heaps: number[] = [];
    for (const session of [null, ...this.#workers]) heaps.push(await this.#heapOf(session));
    return heaps;
  }

  close(): void {
    this.socket.close();
  }

  /** @param session a worker's; null for the main thread */
  async #heapOf(session: string | null): Promise<number> {
    await this.#ask(session, "HeapProfiler.enable");
    for (let count = 0; count < collections; count++) {
      await this.#ask(session, "HeapProfiler.collectGarbage");
    }
    const { result } = await this.#ask(session, "Runtime.getHeapUsage");
    return result!.usedSize + (result!.backingStorageSize ?? 0);
  }

  async #ask(session: string | null, method: string, params: unknown = {}): Promise<Message> {
    const id = ++this.#serial;
    const answer = Promise.withResolvers<Message>();
    const timer = setTimeout(() => answer.reject(new Error(`${method}: no answer`)), answerMsMax);
    this.#waiting.set(id, answer.resolve);
    const message = JSON.stringify({ id, method, params });
    this.socket.send(
      session === null ? message : JSON.stringify({
        id: ++this.#serial,
        method: "NodeWorker.sendMessageToWorker",
        params: { sessionId: session, message },
      }),
    );
    const { error, ...rest } = await answer.promise.finally(() => clearTimeout(timer));
    if (error) throw new Error(`${method}: ${error.message}`);
    return rest;
  }

  #receive({ method, params, ...rest }: Message): void {
    if (method === "NodeWorker.attachedToWorker") this.#workers.push(params.sessionId);
    if (method === "NodeWorker.detachedFromWorker") {
      this.#workers.splice(this.#workers.indexOf(params.sessionId), 1);
    }
    if (method === "NodeWorker.receivedMessageFromWorker") {
      return this.#receive(JSON.parse(params.message));
    }
    if (rest.id !== undefined) this.#waiting.get(rest.id)?.(rest);
  }
}
