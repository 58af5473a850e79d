/**
 * The attacker in the middle: TCP between an ATM and its bank that sees every frame and does with it
 * what it likes. Frames' lengths and types are in clear, so that it can distinguish them.
 */
import { concat } from "../../lib/bytes.ts";
import { frameBytesMax } from "../../lib/limits.ts";
import { encodeFrame, FrameReader } from "../../lib/protocol/frame.ts";

export type Side = "client" | "server";

/** One frame on its way: who sent it, and its place among that side's frames on this line. */
export interface Passing {
  readonly from: Side;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** The outcome of a frame. */
export interface Deed {
  /** What goes on to the other side. */
  readonly on: readonly Uint8Array[];
  /** What goes back to the sender. */
  readonly back?: readonly Uint8Array[];
  /** Cuts the line afterwards. */
  readonly cut?: boolean;
}

/** Decides on every frame; null passes it on as it is. */
export type Attack = (frame: Passing) => Deed | null;

const leaveAlone: Attack = () => null;

/** One line through the attacker, from its first byte to the end of both sides. */
export class TappedLine {
  /** What each side sent, whether it arrived or not. */
  readonly sent: Record<Side, Uint8Array[]> = { client: [], server: [] };
  /** How many bytes each side sent after the attack struck. */
  readonly saidAfter: Record<Side, number> = { client: 0, server: 0 };
  struck = false;
  readonly ended: Promise<void>;

  constructor(
    private readonly sockets: Record<Side, Deno.TcpConn>,
    private readonly attack: Attack,
  ) {
    this.ended = Promise.all([this.#pump("client"), this.#pump("server")]).then(() => this.#cut());
  }

  async #pump(from: Side): Promise<void> {
    const { [from]: source, [from === "client" ? "server" : "client"]: target } = this.sockets;
    const frames = new FrameReader(frameBytesMax);
    const chunk = new Uint8Array(16_384);
    try {
      for (let count; (count = await source.read(chunk)) !== null;) {
        if (this.struck) this.saidAfter[from] += count;
        frames.push(chunk.subarray(0, count));
        for (let frame; (frame = frames.next());) {
          const bytes = encodeFrame(frame.type, frame.body);
          const index = this.sent[from].push(bytes) - 1;
          const deed = this.attack({ from, index, bytes });
          if (deed) this.struck = true;
          for (const part of deed?.on ?? [bytes]) await writeAll(target, part);
          for (const part of deed?.back ?? []) await writeAll(source, part);
          if (deed?.cut) return this.#cut();
        }
      }
      await target.closeWrite();
    } catch {
      this.#cut(); // an end that closed while something was on its way to it
    }
  }

  #cut(): void {
    for (const socket of Object.values(this.sockets)) {
      try {
        socket.close();
      } catch {
        // closed already
      }
    }
  }
}

/** The attacker's own port, which ATMs take for the bank's. */
export class Middle {
  #attack: Attack = leaveAlone;
  /** Every line there was. */
  readonly lines: TappedLine[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #accepting: Promise<void>;

  constructor(private readonly bank: { hostname: string; port: number }) {
    this.#accepting = this.#accept();
  }

  /** Reaches the bank through the attacker. */
  connect = async (): Promise<Deno.TcpConn> => {
    const { port } = this.#listener.addr as Deno.NetAddr;
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    socket.setNoDelay();
    return socket;
  };

  /** Attacks the next line, and none after it. */
  attackNext(attack: Attack): void {
    this.#attack = attack;
  }

  async close(): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.lines.map((line) => line.ended));
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const attack = this.#attack;
      this.#attack = leaveAlone;
      client.setNoDelay();
      const server = await Deno.connect(this.bank).catch(() => null);
      if (server === null) {
        client.close(); // the bank is gone, and so is this one's
        continue;
      }
      server.setNoDelay();
      this.lines.push(new TappedLine({ client, server }, attack));
    }
  }
}

/** Strikes one frame of the line, and no other. */
export function strike(from: Side, index: number, deed: (frame: Uint8Array) => Deed): Attack {
  return (frame) => frame.from === from && frame.index === index ? deed(frame.bytes) : null;
}

/** Lets a frame wait for the next one of its side, which goes first. */
export function swapWithNext(from: Side, index: number): Attack {
  let held: Uint8Array | null = null;
  return (frame) => {
    if (frame.from !== from) return null;
    if (frame.index === index) {
      held = frame.bytes;
      return { on: [] };
    }
    return frame.index === index + 1 ? { on: [concat(frame.bytes, held!)] } : null;
  };
}

async function writeAll(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}
