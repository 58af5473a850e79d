/**
 * Parses the PROXY protocol, version 2: the header with the caller's address that a balancer puts
 * before a connection. Accepted only from configured addresses, since anyone could claim any
 * address.
 */
import { equalInConstantTime } from "../../lib/bytes.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { proxyHeaderBytesMax } from "../../lib/limits.ts";
import type { AcceptedSocket } from "../../lib/world.ts";

const signature = Uint8Array.fromHex("0d0a0d0a000d0a515549540a");
export const proxyHeadBytes = 16;
const local = 0x20, proxy = 0x21;
const unspecified = 0x00, tcp4 = 0x11, tcp6 = 0x21;

/**
 * Returns the number of bytes that follow the first 16.
 * @throws {ProtocolError} if they are not a header of version 2
 */
export function proxyBodyLength(head: Uint8Array): number {
  const known = equalInConstantTime(head.subarray(0, signature.length), signature) &&
    (head[12] === local || head[12] === proxy);
  const length = head[14]! * 256 + head[15]!;
  if (!known || length > proxyHeaderBytesMax) throw new ProtocolError("proxy header");
  return length;
}

/**
 * Returns the caller's address, or the balancer's if the header has none; null for the balancer's
 * own connections, which check the server's health.
 * @param balancer the address of the connection
 * @throws {ProtocolError} if the body does not match the head
 */
export function proxiedAddress(
  head: Uint8Array,
  body: Uint8Array,
  balancer: string,
): string | null {
  const [command, family] = [head[12], head[13]];
  if (command === local) return null;
  if (family === unspecified) return balancer;
  if (family === tcp4 && body.length >= 12) return body.subarray(0, 4).join(".");
  if (family === tcp6 && body.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, at) => body[2 * at]! * 256 + body[2 * at + 1]!);
    return groups.map((group) => group.toString(16)).join(":");
  }
  throw new ProtocolError("proxy header");
}

/**
 * Reads exactly the header from a connection.
 * @throws {ProtocolError} if the connection does not begin with one
 */
export async function readProxyHeader(
  socket: Pick<AcceptedSocket, "read" | "address">,
): Promise<string | null> {
  const head = await readExactly(socket, proxyHeadBytes);
  return proxiedAddress(head, await readExactly(socket, proxyBodyLength(head)), socket.address);
}

async function readExactly(
  socket: Pick<AcceptedSocket, "read">,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await socket.read(bytes.subarray(at)).catch(() => null);
    if (count === null) throw new ProtocolError("proxy header truncated");
    at += count;
  }
  return bytes;
}
