/**
 * An operator's signed request: Ed25519 over the bank's id, a nonce that the bank accepts once, the
 * operator's name and the exact command. A secret in a command is covered by its hash.
 */
import { type Bytes, fromHex, hex, utf8 } from "../../lib/bytes.ts";
import { sha256 } from "../../lib/hmac.ts";
import type { OperatorCommand } from "../../lib/operator_commands.ts";
import type { Operator } from "../ledger/model.ts";
import { verifyEd25519 } from "../transparency/ed25519.ts";

/** What a signature is valid for: one request to one bank. */
export interface Challenge {
  bankId: string;
  /** 64 hex digits, accepted once. */
  nonce: string;
}

/** A request as it is sent. */
export interface SignedRequest {
  operator: string;
  command: OperatorCommand;
  /** 128 hex digits. */
  signature: string;
}

/** The key of an operator. */
export interface Signer {
  readonly name: string;
  /** 64 hex digits. */
  readonly publicKey: string;
  sign(message: Uint8Array): Bytes;
}

/** Returns a command as JSON with its names in order; the text of a terminal's key is hashed. */
export function canonicalCommand(command: object): string {
  const fields = Object.entries(command).filter(([, value]) => value !== undefined).sort(byName);
  return JSON.stringify(
    Object.fromEntries(fields.map(([name, value]) => [
      name,
      name === "key" ? hex(sha256(utf8(value as string))) : value,
    ])),
  );
}

const byName = ([one]: [string, unknown], [other]: [string, unknown]) => one < other ? -1 : 1;

/** Returns the bytes that an operator signs. */
export function requestBytes(
  { bankId, nonce }: Challenge,
  operator: string,
  command: object,
): Bytes {
  const lines = [label, bankId, nonce, operator, canonicalCommand(command)];
  return utf8(lines.join("\n"));
}

const label = "strongroom/1 operator request";

export function signRequest(
  signer: Signer,
  challenge: Challenge,
  command: OperatorCommand,
): SignedRequest {
  const signature = hex(signer.sign(requestBytes(challenge, signer.name, command)));
  return { operator: signer.name, command, signature };
}

/** Returns whether the signature is of this operator's key. */
export function isSignedBy(
  { publicKey }: Pick<Operator, "publicKey">,
  challenge: Challenge,
  { operator, command, signature }: SignedRequest,
): boolean {
  const [key, bytes] = [fromHex(publicKey, 32), fromHex(signature, 64)];
  return key !== null && bytes !== null &&
    verifyEd25519(key, requestBytes(challenge, operator, command), bytes);
}

/** Returns a signed request for the log, from where its signature can be checked again. */
export function evidenceOf(
  { nonce }: Challenge,
  { command, signature }: Pick<SignedRequest, "signature"> & { command: object },
): string {
  return JSON.stringify({ nonce, command: JSON.parse(canonicalCommand(command)), signature });
}

/** Returns the hash of a proposed command, which its approval signs. */
export function proposalHash(challenge: Challenge, { operator, command }: SignedRequest): string {
  return hex(sha256(requestBytes(challenge, operator, command)));
}
