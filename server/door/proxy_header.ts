/**
 * The PROXY protocol, version 2 (the header that a balancer puts before a connection, so that the
 * server behind it has the caller's address). Taken from configured addresses alone: anyone else could
 * claim any address.
 */
import { equalInConstantTime } from "../../lib/bytes.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { proxyHeaderBytesMax } from "../../lib/limits.ts";

const signature = Uint8Array.fromHex("0d0a0d0a000d0a515549540a");
export const proxyHeadBytes = 16;
const local = 0x20, proxy = 0x21;
const unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21;

/**
 * How many bytes follow the first 16.
 * @throws {ProtocolError} when they are no header of version 2
 */
export function proxyBodyLength(head: Uint8Array): number {
  const known = equalInConstantTime(head.subarray(0, signature.length), signature) &&
    (head[12] === local || head[12] === proxy);
  const length = head[14]! * 256 + head[15]!;
  if (!known || length > proxyHeaderBytesMax) throw new ProtocolError("proxy header");
  return length;
}

/**
 * The caller's address; null for the balancer's own connections, which check the server's health.
 * @throws {ProtocolError} when the body is not as the head describes
 */
export function proxiedAddress(head: Uint8Array, body: Uint8Array): string | null {
  const [command, family] = [head[12], head[13]];
  if (command === local || family === unspecified) return null;
  if (family === tcp4 && body.length >= 12) return body.subarray(0, 4).join(".");
  if (family === tcp6 && body.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, at) => body[2 * at]! * 256 + body[2 * at + 1]!);
    return groups.map((group) => group.toString(16)).join(":");
  }
  throw new ProtocolError("proxy header");
}

/**
 * Reads the header off a connection, and not a byte more.
 * @throws {ProtocolError} when the connection does not begin with one
 */
export async function readProxyHeader(
  socket: { read(into: Uint8Array): Promise<number | null> },
): Promise<string | null> {
  const head = await readExactly(socket, proxyHeadBytes);
  return proxiedAddress(head, await readExactly(socket, proxyBodyLength(head)));
}

async function readExactly(
  socket: { read(into: Uint8Array): Promise<number | null> },
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await socket.read(bytes.subarray(at)).catch(() => null);
    if (count === null) throw new ProtocolError("proxy header cut");
    at += count;
  }
  return bytes;
}
