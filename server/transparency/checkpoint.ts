/** Checkpoints (C2SP tlog-checkpoint v1.0.0): the size and root of one log's tree, as a signed note. */
import type { Bytes } from "../../lib/bytes.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import type { TreeHead } from "./merkle.ts";
import { type Note, parseNote, type SignerKey, signNote } from "./note.ts";

export interface Checkpoint extends TreeHead {
  /** Identifies one log permanently; also the name of its key. */
  origin: string;
  root: Bytes;
}

/** Returns the text that is signed and cosigned. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Returns a checkpoint as a note. The origin is the signer's name. */
export function signCheckpoint(
  { size, root }: Omit<Checkpoint, "origin">,
  signer: SignerKey,
): string {
  return signNote(checkpointText({ origin: signer.name, size, root }), signer);
}

/** A note in the form of a checkpoint, its signatures unverified. */
export interface UnverifiedCheckpoint {
  checkpoint: Checkpoint;
  note: Note;
}

/**
 * Parses a checkpoint; returns null for any other text. Lines after the root are allowed, and
 * signed.
 */
export function parseCheckpoint(text: string): UnverifiedCheckpoint | null {
  const note = parseNote(text);
  const [origin, size, encoded, ...more] = note?.text.split("\n") ?? [];
  const root = encoded === undefined ? null : fromBase64(encoded);
  if (!note || !origin || !root || root.length !== 32 || more.length === 0) return null;
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size!) || !Number.isSafeInteger(Number(size))) return null;
  if (more.slice(0, -1).some((line) => line === "")) return null;
  return { checkpoint: { origin, size: Number(size), root }, note };
}
