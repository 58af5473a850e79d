/**
 * What is sent comes back: over bare TCP, TLS 1.3 of the same runtime, or this project's records.
 * `echo_program.ts KIND FOLDER`.
 */
import { frameBytesMax } from "../../../lib/limits.ts";
import { FrameReader } from "../../../lib/protocol/frame.ts";
import {
  fromClient,
  fromServer,
  RecordReceiver,
  RecordSender,
} from "../../../lib/protocol/record.ts";
import { system } from "../../../lib/system.ts";
import { makeCertificate } from "./certificate.ts";
import { serveLines } from "./program.ts";

export type EchoKind = "tcp" | "tls" | "records";

export interface EchoReach {
  kind: EchoKind;
  port: number;
  /** Empty without TLS. */
  certificate: string;
}

/** A session that both ends have without a handshake: this bench is of records alone. */
const secret = new Uint8Array(32).fill(7);

/** One end of a connection. */
export interface EchoEnd {
  send(message: Uint8Array): Promise<void>;
  /** As many bytes, or messages, as were sent once; null at the end. */
  receive(length: number): Promise<Uint8Array | null>;
}

export function endOf(
  kind: EchoKind,
  socket: Deno.Conn,
  isServer: boolean,
): EchoEnd {
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
  };
  const chunk = new Uint8Array(65_536);
  if (kind !== "records") {
    return {
      send: write,
      async receive(length) {
        for (let at = 0; at < length;) {
          const count = await socket.read(chunk.subarray(at, length)).catch(() => null);
          if (count === null) return null;
          at += count;
        }
        return chunk.slice(0, length);
      },
    };
  }
  const [mine, theirs] = isServer ? [fromServer, fromClient] : [fromClient, fromServer];
  const sender = new RecordSender(mine, secret, Date.now(), system.randomBytes);
  const receiver = new RecordReceiver(theirs, secret, Date.now());
  const frames = new FrameReader(frameBytesMax);
  return {
    send: (message) => write(sender.data(message, Date.now())),
    async receive() {
      for (;;) {
        const frame = frames.next();
        if (frame) {
          const message = receiver.open(frame, Date.now());
          if (message instanceof Uint8Array) return message;
          if (message !== null) return null;
          continue;
        }
        const count = await socket.read(chunk).catch(() => null);
        if (count === null) return null;
        frames.push(chunk.subarray(0, count));
      }
    },
  };
}

async function serve(kind: EchoKind, socket: Deno.Conn): Promise<void> {
  try {
    if (kind === "tls") await (socket as Deno.TlsConn).handshake();
    const end = endOf(kind, socket, true);
    // the first message says how long the others are
    const first = await end.receive(4);
    if (!first) return;
    const length = new DataView(first.buffer).getUint32(0);
    for (;;) {
      const message = await end.receive(length);
      if (message === null) return;
      await end.send(message);
    }
  } catch {
    // the other end has gone
  } finally {
    socket.close();
  }
}

async function acceptAll(listener: Deno.Listener, kind: EchoKind): Promise<void> {
  for await (const socket of listener) {
    if (kind !== "tls") (socket as Deno.TcpConn).setNoDelay();
    serve(kind, socket);
  }
}

if (import.meta.main) {
  const [kind, folder] = Deno.args as [EchoKind, string];
  const place = { hostname: "127.0.0.1", port: 0 };
  let certificate = "";
  let listener: Deno.Listener;
  if (kind === "tls") {
    const made = await makeCertificate(folder);
    certificate = made.certificate;
    listener = Deno.listenTls({ ...place, cert: certificate, key: made.key });
  } else listener = Deno.listen(place);
  acceptAll(listener, kind);
  const reach: EchoReach = { kind, port: (listener.addr as Deno.NetAddr).port, certificate };
  await serveLines(reach, () => null);
  Deno.exit(0);
}
