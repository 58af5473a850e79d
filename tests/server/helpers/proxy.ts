/** The header that a balancer puts before a connection (PROXY protocol, version 2). */
import { concat } from "../../../lib/bytes.ts";

const signature = Uint8Array.fromHex("0d0a0d0a000d0a515549540a");

export function header(command: number, family: number, body: Uint8Array): Uint8Array {
  const head = Uint8Array.of(command, family, body.length >> 8, body.length & 0xff);
  return concat(signature, head, body);
}
