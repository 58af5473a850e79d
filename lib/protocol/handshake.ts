/**
 * The handshake of PROTOCOL.md, both ends, as pure functions over bytes. The caller passes nonces
 * and X25519 secrets (32 random bytes each, never used twice).
 */
import { createPrivateKey, createPublicKey, diffieHellman } from "node:crypto";
import { type Bytes, concat, equalInConstantTime, putU64, readU32, u32, utf8 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import { hmac, sha256 } from "../hmac.ts";
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

/** A client hello's fields, all unauthenticated. */
export interface ClientHello {
  readonly terminal: Uint8Array;
  readonly version: number;
  readonly nonce: Uint8Array;
  readonly share: Uint8Array;
  readonly binder: Uint8Array;
}

const name = utf8(protocolName);
const nonceBytes = 32;
const shareBytes = 32;
const proofBytes = 32;
const helloBytes = 1 + name.length + 16 + 4 + nonceBytes + shareBytes + proofBytes;

/** The client's state between its hello and the server's. */
export interface ClientHandshake {
  readonly bytes: Bytes;
  readonly terminalKey: TerminalKey;
  readonly fresh: Freshness;
  readonly share: Uint8Array;
  readonly binder: Uint8Array;
}

/** Creates the client's hello: `bytes` is the body of a `clientHello` frame. */
export function createClientHello(terminalKey: TerminalKey, fresh: Freshness): ClientHandshake {
  const share = publicShare(fresh.shareSecret);
  const unbound = { ...terminalKey, nonce: fresh.nonce, share };
  const binder = binderOf(terminalKey, unbound);
  const bytes = concat(
    Uint8Array.of(name.length),
    name,
    terminalKey.terminal,
    u32(terminalKey.version),
    fresh.nonce,
    share,
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
 * @throws {ProtocolError} if the client's share is of low order
 */
export function createServerHello(
  hello: ClientHello,
  terminalKey: TerminalKey,
  fresh: Freshness,
): ServerHandshake {
  const share = publicShare(fresh.shareSecret);
  const transcript = transcriptHash(terminalKey, hello, fresh.nonce, share);
  const secrets = sessionSecrets(
    masterSecret(terminalKey.key, hello.nonce, fresh.nonce),
    sharedSecret(fresh.shareSecret, hello.share),
    transcript,
  );
  const proof = hmac(secrets.serverProofKey, transcript);
  return {
    bytes: concat(fresh.nonce, share, proof),
    secrets,
    finishHash: sha256(transcript, proof),
  };
}

/**
 * Verifies the server's proof; `finish` is the body of a `clientFinish` frame.
 * @throws {ProtocolError} if the proof is invalid
 */
export function consumeServerHello(
  client: ClientHandshake,
  body: Uint8Array,
): { finish: Bytes; secrets: SessionSecrets } {
  if (body.length !== nonceBytes + shareBytes + proofBytes) {
    throw new ProtocolError("server hello length");
  }
  const nonce = body.slice(0, nonceBytes);
  const share = body.slice(nonceBytes, nonceBytes + shareBytes);
  const proof = body.slice(nonceBytes + shareBytes);
  const { terminalKey, fresh } = client;
  const hello = {
    ...client,
    terminal: terminalKey.terminal,
    version: terminalKey.version,
    nonce: fresh.nonce,
  };
  const transcript = transcriptHash(terminalKey, hello, nonce, share);
  const secrets = sessionSecrets(
    masterSecret(terminalKey.key, fresh.nonce, nonce),
    sharedSecret(fresh.shareSecret, share),
    transcript,
  );
  if (!equalInConstantTime(proof, hmac(secrets.serverProofKey, transcript))) {
    throw new ProtocolError("server proof");
  }
  return { finish: hmac(secrets.clientProofKey, sha256(transcript, proof)), secrets };
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
    lengthed(name, hello.terminal, u32(hello.version), terminalKey.bank, hello.nonce, hello.share),
  );
}

function transcriptHash(
  terminalKey: TerminalKey,
  hello: ClientHello,
  nonceS: Uint8Array,
  shareS: Uint8Array,
): Bytes {
  return sha256(lengthed(
    name,
    utf8("client"),
    hello.terminal,
    u32(hello.version),
    utf8("server"),
    terminalKey.bank,
    hello.nonce,
    nonceS,
    hello.share,
    shareS,
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
    throw new ProtocolError("share refused");
  }
  if (shared.every((byte) => byte === 0)) throw new ProtocolError("low-order share");
  return new Uint8Array(shared);
}
