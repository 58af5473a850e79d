/**
 * A witness (C2SP tlog-witness v1.0.0): cosigns a checkpoint only if it extends the last one of its
 * origin. Its storage compares and stores in one synchronous step.
 */
import { hex, utf8 } from "../../lib/bytes.ts";
import { witnessProofHashesMax } from "../../lib/limits.ts";
import { sha256 } from "../../lib/hmac.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { cosign } from "./cosignature.ts";
import { emptyRoot, provesConsistency, type TreeHead } from "./merkle.ts";
import {
  formatSignature,
  type Note,
  type SignerKey,
  verifiedSignatures,
  type VerifierKey,
} from "./note.ts";

/** The last checkpoint that a witness cosigned for an origin. */
export interface Witnessed extends TreeHead {
  /** The checkpoint with the log's signature and the witness's. */
  note: string;
}

/** The storage of a witness, by the SHA-256 of the origin in hex. */
export interface WitnessStorage {
  read(originHash: string): Witnessed | null;
  /** Returns after the write is durable. */
  write(originHash: string, witnessed: Witnessed): void;
}

export interface WitnessDependencies {
  /** The keys of the witnessed logs; a key's name is its log's origin. */
  logs: readonly VerifierKey[];
  signer: SignerKey;
  storage: WitnessStorage;
  nowMs(): number;
}

/** An HTTP answer. */
export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422;
  body: string;
  contentType?: string;
}

/** A request to add a checkpoint. */
export interface AddCheckpoint {
  oldSize: number;
  /** From `oldSize` to the checkpoint's size. */
  proof: readonly Uint8Array[];
  checkpoint: string;
}

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return [`old ${oldSize}`, ...proof.map(toBase64), "", checkpoint].join("\n");
}

/** Parses a request; returns null for any other body. */
export function parseAddCheckpoint(body: string): AddCheckpoint | null {
  const at = body.indexOf("\n\n");
  const [old = "", ...lines] = body.slice(0, Math.max(at, 0)).split("\n");
  const [, size] = /^old (0|[1-9][0-9]{0,15})$/.exec(old) ?? [];
  const proof = lines.map(fromBase64);
  if (size === undefined || !Number.isSafeInteger(Number(size))) return null;
  if (proof.length > witnessProofHashesMax) return null;
  if (!proof.every((hash) => hash !== null && hash.length === 32)) return null;
  return { oldSize: Number(size), proof: proof as Uint8Array[], checkpoint: body.slice(at + 2) };
}

export class Witness {
  constructor(private readonly dependencies: WitnessDependencies) {}

  /** Answers `POST PREFIX/add-checkpoint`. The checks are in the specification's order. */
  addCheckpoint(body: string): WitnessAnswer {
    const { logs, signer, storage, nowMs } = this.dependencies;
    const request = parseAddCheckpoint(body);
    const parsed = request && parseCheckpoint(request.checkpoint);
    if (!request || !parsed) return { status: 400, body: "" };
    const { checkpoint: { origin, size, root }, note } = parsed;
    const keys = logs.filter(({ name }) => name === origin);
    if (keys.length === 0) return { status: 404, body: "" };
    if (!verifiedSignatures(note, keys)) return { status: 403, body: "" };
    const { oldSize, proof } = request;
    if (oldSize > size) return { status: 400, body: "" };
    const originHash = hashOf(origin);
    const last = storage.read(originHash) ?? { size: 0, root: emptyRoot() };
    if (oldSize !== last.size) {
      return { status: 409, body: `${last.size}\n`, contentType: "text/x.tlog.size" };
    }
    if (!provesConsistency(proof, last, { size, root })) return { status: 422, body: "" };
    const signature = cosign(note.text, Math.floor(nowMs() / 1000), signer);
    storage.write(originHash, { size, root, note: withLogSignatures(note, keys) + signature });
    return { status: 200, body: signature };
  }

  /** Answers `GET PREFIX/HEX(SHA-256(origin))/checkpoint`. */
  checkpoint(originHash: string): WitnessAnswer {
    const last = /^[0-9a-f]{64}$/.test(originHash)
      ? this.dependencies.storage.read(originHash)
      : null;
    return last ? { status: 200, body: last.note } : { status: 404, body: "" };
  }
}

/** Returns the file and path name of an origin. */
export function hashOf(origin: string): string {
  return hex(sha256(utf8(origin)));
}

/** Returns a checkpoint's note with only the log's signature lines. */
function withLogSignatures({ text, signatures }: Note, keys: readonly VerifierKey[]): string {
  const known = signatures.filter(({ name, id }) =>
    keys.some((key) => key.name === name && key.id === id)
  );
  return `${text}\n${known.map(formatSignature).join("")}`;
}
