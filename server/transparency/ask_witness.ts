/**
 * The client of witnesses (C2SP tlog-witness v1.0.0): requests a cosignature of a checkpoint, and
 * detects answers that only a fork or a rolled back log can explain.
 */
import { noteBytesMax, witnessTriesMax } from "../../lib/limits.ts";
import type { HttpAnswer } from "../../lib/world.ts";
import { parseCheckpoint, type UnverifiedCheckpoint } from "./checkpoint.ts";
import { cosignaturesOf } from "./cosignature.ts";
import { provesConsistency } from "./merkle.ts";
import { formatSignature, parseNote, verifiedSignatures, type VerifierKey } from "./note.ts";
import { formatAddCheckpoint, hashOf } from "./witness.ts";

export interface WitnessRequest {
  /** The chain's last signed checkpoint. */
  checkpoint: string;
  logKey: VerifierKey;
  witness: { key: VerifierKey; url: string };
  /**
   * The size of the last checkpoint that this witness cosigned, as stored by the bank; otherwise 0.
   */
  oldSize: number;
  /**
   * Returns the proof that the checkpoint's tree begins with `size` leaves; null if it has fewer.
   */
  consistency(size: number): Promise<readonly Uint8Array[] | null>;
  /** Returns the largest size of this chain that the bank has ever signed. */
  lastSignedSize(): number;
  /** Sends a request. Rejects if the witness cannot be reached. */
  post(url: string, body: string): Promise<HttpAnswer>;
  get(url: string): Promise<HttpAnswer>;
}

export type WitnessResult =
  /** Verified lines, to be appended to the checkpoint. */
  | { result: "cosigned"; lines: string }
  /** To be retried later; nothing is wrong with the log. */
  | { result: "unreachable" | "refused"; why: string }
  /**
   * The witness has a larger or a different tree, or lies.
   * @property contradiction a checkpoint that this chain's key signed and that contradicts the log:
   * nothing more may be signed under this key
   */
  | { result: "alarm"; why: string; contradiction?: string };

/**
 * Requests a cosignature from a witness.
 * @throws {RangeError} if the checkpoint is invalid
 */
export async function askWitness(request: WitnessRequest): Promise<WitnessResult> {
  const own = parseCheckpoint(request.checkpoint);
  if (!own) throw new RangeError("not a checkpoint");
  const { size } = own.checkpoint;
  const url = request.witness.url.replace(/\/$/, "");
  let oldSize = Math.min(request.oldSize, size);
  for (let tries = 0; tries < witnessTriesMax; tries++) {
    const proof = await request.consistency(oldSize);
    if (!proof) return { result: "refused", why: "the log has no proof for this checkpoint" };
    const body = formatAddCheckpoint({ oldSize, proof, checkpoint: request.checkpoint });
    const answer = await reach(() => request.post(`${url}/add-checkpoint`, body));
    if ("result" in answer) return answer;
    if (answer.status === 200) return cosignedLines(own, answer.body, request.witness.key);
    if (answer.status === 422) {
      return await alarm(request, own, url, "it has another tree than the log's");
    }
    if (answer.status !== 409) return { result: "refused", why: `it answered ${answer.status}` };
    const witnessed = sizeOf(answer.body);
    if (witnessed === null) return { result: "refused", why: "its answer 409 has no size" };
    if (witnessed > request.lastSignedSize()) {
      const why =
        `it cosigned ${witnessed} entries, and the bank signed ${request.lastSignedSize()}`;
      return await alarm(request, own, url, why);
    }
    if (witnessed > size) return { result: "refused", why: "it has a newer checkpoint" };
    oldSize = witnessed;
  }
  return { result: "refused", why: "its size changed at each try" };
}

async function reach(ask: () => Promise<HttpAnswer>): Promise<HttpAnswer | WitnessResult> {
  try {
    const answer = await ask();
    if (answer.body.length <= noteBytesMax) return answer;
    return { result: "refused", why: "its answer is too long" };
  } catch (error) {
    return { result: "unreachable", why: (error as Error).message };
  }
}

/** Returns the cosignatures of this witness among the lines of its answer. */
function cosignedLines(
  { note }: UnverifiedCheckpoint,
  body: string,
  key: VerifierKey,
): WitnessResult {
  const answered = parseNote(`${note.text}\n${body}`);
  for (const signature of answered?.signatures ?? []) {
    const line = { text: note.text, signatures: [signature] };
    if (cosignaturesOf(line, [key]).length === 0) continue;
    return { result: "cosigned", lines: formatSignature(signature) };
  }
  return { result: "refused", why: "its cosignature does not verify" };
}

/** Reads the witness's checkpoint: its answer alone cannot stop a bank. */
async function alarm(
  { logKey, consistency, lastSignedSize, get }: WitnessRequest,
  own: UnverifiedCheckpoint,
  url: string,
  why: string,
): Promise<WitnessResult> {
  const { origin } = own.checkpoint;
  const answer = await reach(() => get(`${url}/${hashOf(origin)}/checkpoint`));
  const stored = "status" in answer && answer.status === 200 ? parseCheckpoint(answer.body) : null;
  const isOwn = stored !== null && stored.checkpoint.origin === origin &&
    verifiedSignatures(stored.note, [logKey]) !== null;
  if (!isOwn) return { result: "alarm", why };
  const { checkpoint } = stored;
  const proof = checkpoint.size > own.checkpoint.size ? null : await consistency(checkpoint.size);
  const isConsistent = proof
    ? provesConsistency(proof, checkpoint, own.checkpoint)
    : checkpoint.size <= lastSignedSize();
  return {
    result: "alarm",
    why,
    ...(!isConsistent && { contradiction: (answer as HttpAnswer).body }),
  };
}

function sizeOf(body: string): number | null {
  const [, digits] = /^(0|[1-9][0-9]{0,15})\n$/.exec(body) ?? [];
  const size = Number(digits);
  return digits !== undefined && Number.isSafeInteger(size) ? size : null;
}
