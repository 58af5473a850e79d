/** What the tests of `lib` share: bytes that are the same in every run, and ways to spoil bytes. */
import { type Bytes, concat } from "../../lib/bytes.ts";
import { type Encapsulated, kemCiphertextBytes, kemKeyBytes } from "../../lib/kem.ts";
import {
  type ClientFreshness,
  type ClientHandshake,
  consumeClientFinish,
  consumeServerHello,
  createClientHello,
  createServerHello,
  type Freshness,
  parseClientHello,
  parseServerHello,
} from "../../lib/protocol/handshake.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";
import type { SessionSecrets } from "../../lib/protocol/key_schedule.ts";

/** `length` bytes, all of this value. */
export const filled = (value: number, length: number): Bytes => new Uint8Array(length).fill(value);

/** Bytes that differ from call to call and are the same in every run: for IVs in tests. */
export function countingBytes(): (length: number) => Bytes {
  let calls = 0;
  return (length) => filled(++calls % 256, length);
}

/** Returns the bytes with each single bit turned, one after the other. */
export function* eachBitFlipped(bytes: Uint8Array): Generator<Bytes> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = new Uint8Array(bytes);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
}

/** Returns the bytes cut at every length, and with one byte more. */
export function* eachOtherLength(bytes: Uint8Array): Generator<Bytes> {
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length);
  yield concat(bytes, filled(0, 1));
}

export const terminalKey: TerminalKey = {
  terminal: filled(0x7e, 16),
  version: 3,
  key: filled(0x4b, 32),
  bank: filled(0xba, 16),
};
export const clientFresh: ClientFreshness = {
  nonce: filled(0xc0, 32),
  shareSecret: filled(0xc1, 32),
  kemKey: filled(0xc2, kemKeyBytes),
};
export const serverFresh: Freshness = {
  nonce: filled(0x50, 32),
  shareSecret: filled(0x51, 32),
};

/** What the KEM gives the server for the client's key: the handshake itself runs no KEM. */
export const encapsulated: Encapsulated = {
  ciphertext: filled(0x52, kemCiphertextBytes),
  secret: filled(0x53, 32),
};

/** Verifies a server's hello as a client does whose KEM gives this secret. */
export const consume = (
  client: ClientHandshake,
  body: Uint8Array,
  kemSecret: Uint8Array = encapsulated.secret,
) => consumeServerHello(client, parseServerHello(body), kemSecret);

/** Returns a whole handshake between two honest ends that hold these keys. */
export function shakeHands(
  clientKey: TerminalKey = terminalKey,
  serverKey: TerminalKey = terminalKey,
): { client: SessionSecrets; server: SessionSecrets } {
  const client = createClientHello(clientKey, clientFresh);
  const hello = parseClientHello(client.bytes);
  const server = createServerHello(hello, serverKey, serverFresh, encapsulated);
  const { finish, secrets } = consume(client, server.bytes);
  consumeClientFinish(server, finish);
  return { client: secrets, server: server.secrets };
}
