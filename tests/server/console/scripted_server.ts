/** A server of operators that answers as a test says, for what no bank here does. */
import { utf8 } from "../../../lib/bytes.ts";
import type { WatchedBank } from "../../../lib/console.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { Socket } from "../../../lib/world.ts";

/** A connection of the console, after its request. */
export interface Asked {
  command: OperatorCommand;
  /** Sends a line of JSON. */
  send(line: unknown): void;
  /** Ends the connection. */
  end(): void;
}

export class ScriptedServer {
  bankId = "ab".repeat(16);
  /** The requests that have come, in order. */
  readonly asked: Asked[] = [];
  #waiting: { command: OperatorCommand["command"]; resolve(asked: Asked): void }[] = [];

  /** As of `ConsoleWorld`. */
  readonly connectUnix = (): Promise<Socket> => {
    const lines = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1e6 });
    const [writer, reader] = [lines.writable.getWriter(), lines.readable.getReader()];
    const send = (line: unknown) =>
      void writer.write(utf8(`${JSON.stringify(line)}\n`)).catch(() => {});
    const end = () => void writer.close().catch(() => {});
    send({ bankId: this.bankId, nonce: "cd".repeat(32) });
    return Promise.resolve({
      async read(into) {
        const { value, done } = await reader.read();
        if (done) return null;
        into.set(value);
        return value.length;
      },
      write: (bytes) => {
        const { operator: _, signature: __, ...command } = JSON.parse(
          new TextDecoder().decode(bytes),
        );
        this.#take({ command, send, end });
        return Promise.resolve(bytes.length);
      },
      close: end,
    });
  };

  /** Returns the next request of this command. */
  next(command: OperatorCommand["command"]): Promise<Asked> {
    return new Promise((resolve) => void this.#waiting.push({ command, resolve }));
  }

  #take(asked: Asked): void {
    this.asked.push(asked);
    const index = this.#waiting.findIndex(({ command }) => command === asked.command.command);
    if (index >= 0) this.#waiting.splice(index, 1)[0]!.resolve(asked);
  }
}

/** Returns the answer with a piece of `watch_bank`. */
export const pieceOf = (piece: WatchedBank) => ({ line: JSON.stringify(piece) });

/** News of a bank where nothing is: what is shown of it does not matter here. */
export const someNews = { bank: { name: "Test Bank" } } as WatchedBank["news"] & object;
