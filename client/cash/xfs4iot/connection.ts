/**
 * A client's connection to one service: sends commands and returns their completions. What breaks
 * the specification ends it.
 */
import { deviceAnswerMsMax, deviceKeepAliveMs } from "../../../lib/limits.ts";
import type { MessageSocket, Timers } from "../../../lib/world.ts";
import {
  checkEvent,
  type CommandName,
  commands,
  type CompletionCode,
  type CompletionOf,
  type EventName,
  failure,
  formatMessage,
  type Message,
  parseMessage,
  type PayloadOf,
} from "./messages.ts";
import { MalformedMessage, type Schema } from "./schema.ts";

/** The connection ended before a command's completion: its effect is unknown. */
export class ConnectionEnded extends Error {
  override name = "ConnectionEnded";
}

export interface Completion<N extends CommandName = CommandName> {
  code: CompletionCode;
  payload: CompletionOf<N>;
  /** For logs. */
  description: string;
}

interface Pending {
  name: CommandName;
  completed: (message: Message) => void;
  failed: (error: Error) => void;
}

export interface ConnectionOptions {
  world: Timers;
  /** Called for events, during a command or unsolicited. */
  onEvent?: (name: EventName, payload: unknown) => void;
  log: (line: string) => void;
}

export class DeviceConnection {
  /** Resolves at the end. */
  readonly ended: Promise<void>;
  readonly #pending = new Map<number, Pending>();
  #requestId = 0;
  #isOver = false;
  #cancelKeepAlive = () => {};

  constructor(
    private readonly socket: MessageSocket,
    private readonly options: ConnectionOptions,
  ) {
    this.ended = this.#read();
  }

  /** The id of the last command. */
  get lastRequest(): number {
    return this.#requestId;
  }

  /**
   * Sends a command and returns its completion.
   * @param patient whether it may wait for a customer
   * @throws {ConnectionEnded} if none comes
   */
  command<N extends CommandName>(
    name: N,
    payload: PayloadOf<N>,
    patient = false,
  ): Promise<Completion<N>> {
    const requestId = ++this.#requestId;
    const { promise, resolve, reject } = Promise.withResolvers<Completion<N>>();
    if (this.#isOver) {
      return Promise.reject(new ConnectionEnded(`${name} was not sent: the devices do not answer`));
    }
    const { versions: [version] } = commands[name];
    try {
      this.socket.send(formatMessage({ type: "command", name, requestId, version }, payload));
    } catch (error) {
      return Promise.reject(error); // nothing waits for the completion of what was not sent
    }
    const cancel = patient ? () => {} : this.options.world.after(deviceAnswerMsMax, () => {
      this.options.log(`the devices failed: ${name} was not completed in time`);
      this.close();
    });
    this.#pending.set(requestId, {
      name,
      completed: ({ header, payload }) => {
        cancel();
        const { completionCode, errorDescription = "" } = header;
        // A command that was not executed has nothing to say but its error.
        const schema = completionCode === "success" ? commands[name].completion : failure;
        const checked = (schema as Schema<CompletionOf<N>>)(payload, name);
        resolve({ code: completionCode!, payload: checked, description: errorDescription });
      },
      failed: (error) => {
        cancel();
        reject(error);
      },
    });
    return promise;
  }

  /**
   * Checks repeatedly that the service still answers, until the end. A command that waits for a
   * customer has no other limit.
   */
  keepAlive(): void {
    if (this.#isOver) return;
    this.#cancelKeepAlive = this.options.world.after(deviceKeepAliveMs, () => {
      this.command("Common.Status", {}).then(() => this.keepAlive(), () => this.close());
    });
  }

  close(): void {
    this.socket.close();
    this.#end();
  }

  async #read(): Promise<void> {
    try {
      for (let line; (line = await this.socket.receive()) !== null;) this.#take(parseMessage(line));
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      this.options.log(`the devices sent a malformed message: ${error.message}`);
      this.socket.close();
    }
    this.#end();
  }

  #take(message: Message): void {
    const { type, name, requestId = 0, status } = message.header;
    if (type === "event" || type === "unsolicited") {
      const event = checkEvent(message);
      if (event) this.options.onEvent?.(event, message.payload);
      return;
    }
    const pending = this.#pending.get(requestId);
    // Responses to requests that this connection did not make concern nobody.
    if (!pending || type === "command") return;
    if (name !== pending.name) throw new MalformedMessage(`${name} answers ${pending.name}`);
    if (type === "acknowledge" && !status) return;
    if (type === "acknowledge") {
      throw new MalformedMessage(`${name} was not acknowledged: ${status}`);
    }
    pending.completed(message);
    this.#pending.delete(requestId);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelKeepAlive();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { name, failed } of pending) {
      failed(new ConnectionEnded(`the devices did not complete ${name}`));
    }
  }
}

/**
 * Executes a command that must succeed, or fail for one of these reasons.
 * @throws {Error} if it fails for another one
 */
export async function required<N extends CommandName>(
  connection: DeviceConnection,
  name: N,
  payload: PayloadOf<N>,
  allowed: readonly string[] = [],
): Promise<Completion<N>["payload"]> {
  const { code, payload: answer, description } = await connection.command(name, payload);
  const errorCode = "errorCode" in answer ? answer.errorCode as string : "";
  if (code === "success" || allowed.includes(errorCode)) return answer;
  throw new Error(`${name} failed: ${[code, errorCode, description].filter(Boolean).join(", ")}`);
}
