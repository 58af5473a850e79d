/**
 * The handshake of PROTOCOL.md, both ends, as pure functions over bytes. The caller passes nonces
 * and X25519 secrets (32 random bytes each, never used twice), and runs the KEM.
 */
import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { type Bytes, concat, equalInConstantTime, putU64, readU32, u32, utf8 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import { hmac, sha256 } from "../hmac.ts";
import { type Encapsulated, kemCiphertextBytes, kemKeyBytes } from "../kem.ts";
import type { TerminalKey } from "../terminal_key.ts";
import {
  binderKey,
  masterSecret,
  protocolName,
  type SessionSecrets,
  sessionSecrets,
} from "./key_schedule.ts";

/** Fresh randomness for one handshake, 32 bytes each. */
export interface Freshness {
  readonly nonce: Uint8Array;
  readonly shareSecret: Uint8Array;
}

/** What is fresh of a client: also a public key of the KEM, never used twice. */
export interface ClientFreshness extends Freshness {
  readonly kemKey: Uint8Array;
}

/** A client hello's fields, all unauthenticated. */
export interface ClientHello {
  readonly terminal: Uint8Array;
  readonly version: number;
  readonly nonce: Uint8Array;
  readonly share: Uint8Array;
  readonly kemKey: Uint8Array;
  readonly binder: Uint8Array;
}

const name = utf8(protocolName);
const nonceBytes = 32;
const shareBytes = 32;
const proofBytes = 32;
const helloBytes = 1 + name.length + 16 + 4 + nonceBytes + shareBytes + kemKeyBytes + proofBytes;
const answerBytes = nonceBytes + shareBytes + kemCiphertextBytes + proofBytes;

/** The client's state between its hello and the server's. */
export interface ClientHandshake {
  readonly bytes: Bytes;
  readonly terminalKey: TerminalKey;
  readonly fresh: ClientFreshness;
  readonly share: Uint8Array;
  readonly binder: Uint8Array;
}

/** Creates the client's hello: `bytes` is the body of a `clientHello` frame. */
export function createClientHello(
  terminalKey: TerminalKey,
  fresh: ClientFreshness,
): ClientHandshake {
  const share = publicShare(fresh.shareSecret);
  const { nonce, kemKey } = fresh;
  const unbound = { ...terminalKey, nonce, share, kemKey };
  const binder = binderOf(terminalKey, unbound);
  const bytes = concat(
    Uint8Array.of(name.length),
    name,
    terminalKey.terminal,
    u32(terminalKey.version),
    nonce,
    share,
    kemKey,
    binder,
  );
  return { bytes, terminalKey, fresh, share, binder };
}

/**
 * Parses a client's hello, which is still unauthenticated.
 * @throws {ProtocolError} if it is not a hello of this protocol
 */
export function parseClientHello(body: Uint8Array): ClientHello {
  if (body.length !== helloBytes) throw new ProtocolError("client hello length");
  if (body[0] !== name.length || !equalInConstantTime(body.subarray(1, 1 + name.length), name)) {
    throw new ProtocolError("client hello protocol");
  }
  let at = 1 + name.length;
  const take = (length: number) => body.slice(at, at += length);
  const terminal = take(16);
  const version = readU32(take(4), 0);
  return {
    terminal,
    version,
    nonce: take(nonceBytes),
    share: take(shareBytes),
    kemKey: take(kemKeyBytes),
    binder: take(proofBytes),
  };
}

/** Returns whether a hello was made with this key, in constant time. */
export function binderHolds(hello: ClientHello, terminalKey: TerminalKey): boolean {
  return equalInConstantTime(hello.binder, binderOf(terminalKey, hello));
}

/** The server's state between its hello and the client's finish. */
export interface ServerHandshake {
  readonly bytes: Bytes;
  readonly secrets: SessionSecrets;
  readonly finishHash: Uint8Array;
}

/**
 * Creates the server's answer to a hello with a valid binder: `bytes` is the body of a
 * `serverHello` frame.
 * @param encapsulated a fresh secret for the hello's `kemKey`
 * @throws {ProtocolError} if the client's share is of low order
 */
export function createServerHello(
  hello: ClientHello,
  terminalKey: TerminalKey,
  { nonce, shareSecret }: Freshness,
  { ciphertext, secret }: Encapsulated,
): ServerHandshake {
  const share = publicShare(shareSecret);
  const transcript = transcriptHash(terminalKey, hello, { nonce, share, ciphertext });
  const secrets = sessionSecrets(
    masterSecret(terminalKey.key, hello.nonce, nonce),
    sharedSecret(shareSecret, hello.share),
    secret,
    transcript,
  );
  const proof = hmac(secrets.serverProofKey, transcript);
  return {
    bytes: concat(nonce, share, ciphertext, proof),
    secrets,
    finishHash: sha256(transcript, proof),
  };
}

/** A server hello's fields, all unauthenticated. */
export interface ServerHello {
  readonly nonce: Uint8Array;
  readonly share: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly proof: Uint8Array;
}

/**
 * Parses a server's hello, which is still unauthenticated.
 * @throws {ProtocolError} if it has another length
 */
export function parseServerHello(body: Uint8Array): ServerHello {
  if (body.length !== answerBytes) throw new ProtocolError("server hello length");
  let at = 0;
  const take = (length: number) => body.slice(at, at += length);
  return {
    nonce: take(nonceBytes),
    share: take(shareBytes),
    ciphertext: take(kemCiphertextBytes),
    proof: take(proofBytes),
  };
}

/**
 * Verifies the server's proof; `finish` is the body of a `clientFinish` frame.
 * @param kemSecret the secret in the answer's ciphertext
 * @throws {ProtocolError} if the proof is invalid
 */
export function consumeServerHello(
  { terminalKey, fresh, share, binder }: ClientHandshake,
  answer: ServerHello,
  kemSecret: Uint8Array,
): { finish: Bytes; secrets: SessionSecrets } {
  const { terminal, version } = terminalKey;
  const { nonce, kemKey, shareSecret } = fresh;
  const hello = { terminal, version, nonce, share, kemKey, binder };
  const transcript = transcriptHash(terminalKey, hello, answer);
  const secrets = sessionSecrets(
    masterSecret(terminalKey.key, nonce, answer.nonce),
    sharedSecret(shareSecret, answer.share),
    kemSecret,
    transcript,
  );
  if (!equalInConstantTime(answer.proof, hmac(secrets.serverProofKey, transcript))) {
    throw new ProtocolError("server proof");
  }
  return { finish: hmac(secrets.clientProofKey, sha256(transcript, answer.proof)), secrets };
}

/**
 * Verifies the client's proof.
 * @throws {ProtocolError} if the proof is invalid
 */
export function consumeClientFinish(server: ServerHandshake, body: Uint8Array): void {
  if (!equalInConstantTime(body, hmac(server.secrets.clientProofKey, server.finishHash))) {
    throw new ProtocolError("client proof");
  }
}

type Unbound = Omit<ClientHello, "binder">;

function binderOf(terminalKey: TerminalKey, hello: Unbound): Bytes {
  return hmac(
    binderKey(terminalKey.key),
    lengthed(
      name,
      hello.terminal,
      u32(hello.version),
      terminalKey.bank,
      hello.nonce,
      hello.share,
      hello.kemKey,
    ),
  );
}

function transcriptHash(
  terminalKey: TerminalKey,
  hello: ClientHello,
  answer: Omit<ServerHello, "proof">,
): Bytes {
  return sha256(lengthed(
    name,
    utf8("client"),
    hello.terminal,
    u32(hello.version),
    utf8("server"),
    terminalKey.bank,
    hello.nonce,
    answer.nonce,
    hello.share,
    answer.share,
    hello.kemKey,
    answer.ciphertext,
    hello.binder,
  ));
}

/** Prefixes each part with its length, so that different lists of parts give different bytes. */
function lengthed(...parts: Uint8Array[]): Bytes {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 8 + part.length, 0));
  let at = 0;
  for (const part of parts) {
    putU64(bytes, at, part.length);
    bytes.set(part, at + 8);
    at += 8 + part.length;
  }
  return bytes;
}

// RFC 8410's fixed prefixes: the runtime imports raw X25519 keys only in these envelopes.
const privatePrefix = Uint8Array.fromHex("302e020100300506032b656e04220420");
const publicPrefix = Uint8Array.fromHex("302a300506032b656e032100");

function privateKey(secret: Uint8Array) {
  return createPrivateKey({
    // deno-lint-ignore no-explicit-any -- the runtime's types ask for Buffer, any bytes serve
    key: concat(privatePrefix, secret) as any,
    format: "der",
    type: "pkcs8",
  });
}

/** Returns the X25519 share of a secret (RFC 7748), 32 bytes. */
export function publicShare(secret: Uint8Array): Bytes {
  const der = createPublicKey(privateKey(secret)).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(publicPrefix.length));
}

/**
 * Returns the X25519 shared secret (RFC 7748), 32 bytes.
 * @throws {ProtocolError} if the peer's share is of low order, which makes the secret all zero
 */
export function sharedSecret(secret: Uint8Array, share: Uint8Array): Bytes {
  let shared: Uint8Array;
  try {
    const publicKey = createPublicKey({
      // deno-lint-ignore no-explicit-any -- as above
      key: concat(publicPrefix, share) as any,
      format: "der",
      type: "spki",
    });
    shared = diffieHellman({ privateKey: privateKey(secret), publicKey });
  } catch {
    throw new ProtocolError("low-order share"); // the only share of 32 bytes that the runtime refuses
  }
  if (shared.every((byte) => byte === 0)) throw new ProtocolError("low-order share");
  return new Uint8Array(shared);
}
