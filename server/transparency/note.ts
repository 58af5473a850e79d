/** Signed notes (C2SP signed-note v1.0.0): a text, and lines of signatures by named Ed25519 keys. */
import { type Bytes, concat, equalInConstantTime, readU32, u32, utf8 } from "../../lib/bytes.ts";
import { noteBytesMax, noteSignaturesMax } from "../../lib/limits.ts";
import { sha256 } from "../../lib/hmac.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { publicKeyOf, signEd25519, verifyEd25519 } from "./ed25519.ts";

/** Types of signatures, in key IDs and verifier keys. */
export const signatureTypes = { note: 0x01, cosignature: 0x04 } as const;
export type SignatureType = typeof signatureTypes[keyof typeof signatureTypes];

/** A public key with its name: `NAME+hex8(key ID)+base64(type || public key)`. */
export interface VerifierKey {
  name: string;
  type: SignatureType;
  /** 32 bytes. */
  publicKey: Bytes;
  /** The first 4 bytes of SHA-256(name, line feed, type, public key). */
  id: number;
}

/** A key that signs notes. */
export interface SignerKey {
  name: string;
  type: SignatureType;
  /** 32 bytes. */
  secretKey: Uint8Array;
}

/** One line of signatures: `— NAME base64(key ID || signature)`. */
export interface NoteSignature {
  name: string;
  id: number;
  signature: Bytes;
}

export interface Note {
  /** Ends in a line feed. */
  text: string;
  signatures: NoteSignature[];
}

const lineStart = "\u2014 ";
const lineFeed = new Uint8Array([0x0a]);

/** Returns whether a key may have this name: not empty, without Unicode spaces and plus signs. */
export function isKeyName(name: string): boolean {
  return name !== "" && !/[\p{White_Space}\p{Cc}+]/u.test(name) && name.isWellFormed();
}

export function verifierKey(name: string, type: SignatureType, publicKey: Bytes): VerifierKey {
  const id = readU32(sha256(utf8(name), lineFeed, new Uint8Array([type]), publicKey), 0);
  return { name, type, publicKey, id };
}

export function verifierKeyOf({ name, type, secretKey }: SignerKey): VerifierKey {
  return verifierKey(name, type, publicKeyOf(secretKey));
}

export function formatVerifierKey({ name, type, publicKey, id }: VerifierKey): string {
  const key = toBase64(concat(new Uint8Array([type]), publicKey));
  return `${name}+${id.toString(16).padStart(8, "0")}+${key}`;
}

/** Parses a verifier key; returns null for any other text, or if its ID is wrong. */
export function parseVerifierKey(text: string): VerifierKey | null {
  const [, name, id, encoded] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const key = encoded === undefined ? null : fromBase64(encoded);
  const type = Object.values(signatureTypes).find((each) => each === key?.[0]);
  if (!name || !isKeyName(name) || !key || key.length !== 33 || type === undefined) return null;
  const parsed = verifierKey(name, type, key.slice(1));
  return parsed.id === parseInt(id!, 16) ? parsed : null;
}

/** Formats a signature's line, with its line feed. */
export function formatSignature({ name, id, signature }: NoteSignature): string {
  return `${lineStart}${name} ${toBase64(concat(u32(id), signature))}\n`;
}

/**
 * Returns a text signed by one key, as a note.
 * @throws {RangeError} if a note cannot have this text
 */
export function signNote(text: string, signer: SignerKey): string {
  if (!isNoteText(text)) throw new RangeError("not the text of a note");
  const { name, id } = verifierKeyOf(signer);
  const signature = signEd25519(signer.secretKey, utf8(text));
  return `${text}\n${formatSignature({ name, id, signature })}`;
}

/** Parses a note without verifying it; returns null for any other text. */
export function parseNote(note: string): Note | null {
  const at = note.lastIndexOf("\n\n");
  if (at < 0 || utf8(note).length > noteBytesMax) return null;
  const text = note.slice(0, at + 1);
  const lines = note.slice(at + 2).split("\n");
  if (lines.pop() !== "" || lines.length === 0 || lines.length > noteSignaturesMax) return null;
  const signatures = lines.map(parseSignature);
  return isNoteText(text) && signatures.every((each) => each !== null)
    ? { text, signatures }
    : null;
}

/**
 * Returns the signatures of known keys over a note's text; null if one of them is invalid or there
 * is none. Ignores unknown keys.
 */
export function verifiedSignatures(
  { text, signatures }: Note,
  keys: readonly VerifierKey[],
): VerifierKey[] | null {
  const verified = new Set<VerifierKey>();
  for (const { name, id, signature } of signatures) {
    const key = keys.find((each) => each.name === name && each.id === id);
    if (!key) continue;
    if (key.type !== signatureTypes.note) continue;
    if (!verifyEd25519(key.publicKey, utf8(text), signature)) return null;
    verified.add(key);
  }
  return verified.size > 0 ? [...verified] : null;
}

function parseSignature(line: string): NoteSignature | null {
  const [, name, encoded] = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = encoded === undefined ? null : fromBase64(encoded);
  if (!name || !isKeyName(name) || !bytes || bytes.length <= 4) return null;
  return { name, id: readU32(bytes, 0), signature: bytes.slice(4) };
}

function isNoteText(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return text.endsWith("\n") && text.isWellFormed() && !/[\x00-\x09\x0b-\x1f]/.test(text);
}

/** Returns whether two keys are equal. */
export function isSameKey(one: VerifierKey, other: VerifierKey): boolean {
  return one.name === other.name && one.type === other.type &&
    equalInConstantTime(one.publicKey, other.publicKey);
}
