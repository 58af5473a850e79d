/**
 * Records: everything sent after the handshake. Each is sealed under its direction's keys, with
 * direction, type and the exact next sequence number as associated data (PROTOCOL.md, "Records").
 * After any failure the object accepts no further bytes.
 */
import { type Bytes, concat, lengthOf, noBytes, putU64, readU32, u32 } from "../bytes.ts";
import { ProtocolError } from "../errors.ts";
import {
  bytesPerKeyMax,
  keyAgeGraceMs,
  keyAgeMsMax,
  plaintextSizeClassesBytes,
  recordsPerKeyMax,
  silentMsMax,
} from "../limits.ts";
import { sealedLength, Sealer } from "../seal.ts";
import { type Frame, frameHead, frameType } from "./frame.ts";
import { nextTrafficSecret, trafficKeys } from "./key_schedule.ts";

/** The sender; the number is the direction's byte in the associated data. */
export type Direction = 0 | 1;
export const fromClient: Direction = 0;
export const fromServer: Direction = 1;

/**
 * How a direction ends: normally, because the bank no longer accepts the channel's key, or because
 * the same terminal has a newer channel.
 */
export type Ending = "close" | "revoked" | "replaced";

/** The message of a close record. */
const endings: Record<Ending, Uint8Array> = {
  close: noBytes,
  revoked: Uint8Array.of(1),
  replaced: Uint8Array.of(2),
};

/** The use after which a direction's keys are replaced. Only tests override these. */
export interface KeyLimits {
  readonly records: number;
  readonly bytes: number;
  readonly ageMs: number;
}

const defaultKeyLimits: KeyLimits = {
  records: recordsPerKeyMax,
  bytes: bytesPerKeyMax,
  ageMs: keyAgeMsMax,
};

/**
 * A sender rekeys early, since its next record may be sent only after the longest silence allowed.
 */
const senderKeyLimits: KeyLimits = { ...defaultKeyLimits, ageMs: keyAgeMsMax - silentMsMax };

const largestRecordBytes = sealedLength(plaintextSizeClassesBytes.at(-1)!);

/** Keys, sequence number and use of one direction, shared by sender and receiver. */
class DirectionState {
  sealer: Sealer;
  records = 0;
  bytes = 0;
  #sequence = 0;
  /** Overwritten for every record. */
  readonly #aad = new Uint8Array(10);

  constructor(
    readonly direction: Direction,
    private trafficSecret: Uint8Array,
    public keysSinceMs: number,
  ) {
    this.sealer = new Sealer(trafficKeys(trafficSecret));
  }

  /** Returns the associated data of the next record of this type, until the next call. */
  aad(type: number): Bytes {
    this.#aad[0] = this.direction;
    this.#aad[1] = type;
    putU64(this.#aad, 2, this.#sequence);
    return this.#aad;
  }

  /** Counts a record; the sequence number continues across rekeying and is never reused. */
  count(bytes: number): void {
    this.#sequence++;
    this.records++;
    this.bytes += bytes;
  }

  ratchet(nowMs: number): void {
    this.sealer.end();
    this.trafficSecret = nextTrafficSecret(this.trafficSecret);
    this.sealer = new Sealer(trafficKeys(this.trafficSecret));
    this.records = 0;
    this.bytes = 0;
    this.keysSinceMs = nowMs;
  }
}

/** Seals the messages of one end. */
export class RecordSender {
  #state: DirectionState;
  #closed = false;

  /** @param randomBytes returns unpredictable IVs */
  constructor(
    direction: Direction,
    trafficSecret: Uint8Array,
    nowMs: number,
    private readonly randomBytes: (length: number) => Uint8Array,
    private readonly limits: KeyLimits = senderKeyLimits,
  ) {
    this.#state = new DirectionState(direction, trafficSecret, nowMs);
  }

  /**
   * Seals a message; prepends a rekey if the keys have reached their limits.
   * @param plaintextBytesMin the smallest size class that may be used
   */
  data(message: Uint8Array, nowMs: number, plaintextBytesMin = 0): Bytes {
    const plaintext = padded(message, plaintextBytesMin); // first, since it throws for a message that is too long
    const rekey = this.#keysAreSpent(nowMs) ? this.#rekey(nowMs) : null;
    const record = this.#record(frameType.data, plaintext);
    return rekey ? concat(rekey, record) : record;
  }

  /** Seals the record that ends the session: a stream that ends without one was truncated. */
  close(ending: Ending = "close"): Bytes {
    const bytes = this.#record(frameType.close, padded(endings[ending]));
    this.#closed = true;
    this.rest();
    return bytes;
  }

  /** Frees the kept cipher. The next record makes another. */
  rest(): void {
    this.#state.sealer.end();
  }

  #keysAreSpent(nowMs: number): boolean {
    const { records, bytes, keysSinceMs } = this.#state;
    // One record is reserved for the rekey, one for a close.
    return records >= this.limits.records - 2 ||
      bytes + 3 * largestRecordBytes > this.limits.bytes ||
      nowMs - keysSinceMs >= this.limits.ageMs;
  }

  #rekey(nowMs: number): Bytes {
    const bytes = this.#record(frameType.rekey, padded(noBytes));
    this.#state.ratchet(nowMs);
    return bytes;
  }

  #record(type: number, plaintext: readonly Uint8Array[]): Bytes {
    if (this.#closed) throw new Error("cannot send after a close");
    const bodyBytes = sealedLength(lengthOf(plaintext));
    const plain = { aad: this.#state.aad(type), plaintext };
    const head = frameHead(type, bodyBytes);
    const frame = this.#state.sealer.sealNext(this.randomBytes(16), plain, head);
    this.#state.count(bodyBytes);
    return frame;
  }
}

/** Opens the other end's messages, in order. */
export class RecordReceiver {
  #state: DirectionState;
  #dead = false;

  constructor(
    direction: Direction,
    trafficSecret: Uint8Array,
    nowMs: number,
    private readonly limits: KeyLimits = defaultKeyLimits,
  ) {
    this.#state = new DirectionState(direction, trafficSecret, nowMs);
  }

  /**
   * Returns the message of a frame, the `Ending` of the session, or null for a rekey.
   * @throws {ProtocolError} on anything but the exact next record; every later call throws, too
   */
  open(frame: Frame, nowMs: number): Bytes | Ending | null {
    if (this.#dead) throw new ProtocolError("dead channel");
    this.#dead = true; // until this record is verified
    const message = this.#message(frame, nowMs);
    if (frame.type === frameType.close) return endingOf(message, this.#state.direction);
    if (frame.type === frameType.rekey) this.#state.ratchet(nowMs);
    this.#dead = false;
    return frame.type === frameType.data ? message : null;
  }

  /** Frees the kept cipher. The next record makes another. */
  rest(): void {
    this.#state.sealer.end();
  }

  #message({ type, body }: Frame, nowMs: number): Bytes {
    const { data, rekey, close } = frameType;
    if (type !== data && type !== rekey && type !== close) throw new ProtocolError("record type");
    const state = this.#state;
    if (
      state.records >= this.limits.records || state.bytes + body.length > this.limits.bytes ||
      nowMs - state.keysSinceMs > this.limits.ageMs + keyAgeGraceMs
    ) throw new ProtocolError("keys used too long");
    const plaintext = state.sealer.openNext(state.aad(type), body);
    if (plaintext === null) throw new ProtocolError("record tag");
    const message = unpadded(plaintext);
    if (type === rekey && message.length > 0) throw new ProtocolError("record content");
    state.count(body.length);
    return message;
  }
}

/** Parses the message of a close: a server's may carry a reason; a client's is empty. */
function endingOf(message: Bytes, direction: Direction): Ending {
  for (const [ending, bytes] of Object.entries(endings)) {
    if (message.length !== bytes.length || message[0] !== bytes[0]) continue;
    if (direction === fromServer || ending === "close") return ending as Ending;
  }
  throw new ProtocolError("record content");
}

const zeros = new Uint8Array(plaintextSizeClassesBytes.at(-1)!);

/** Returns `u32 length || message || zeros`, padded to the next size class, in parts. */
function padded(message: Uint8Array, bytesMin = 0): readonly Uint8Array[] {
  const filled = 4 + message.length;
  const size = plaintextSizeClassesBytes.find((bytes) => Math.max(filled, bytesMin) <= bytes);
  if (size === undefined) throw new RangeError("message too long for a record");
  return [u32(message.length), message, zeros.subarray(filled, size)];
}

function unpadded(plaintext: Bytes): Bytes {
  const known = (plaintextSizeClassesBytes as readonly number[]).includes(plaintext.length);
  const length = known ? readU32(plaintext, 0) : Infinity;
  if (4 + length > plaintext.length) throw new ProtocolError("record padding");
  for (let at = 4 + length; at < plaintext.length; at++) {
    if (plaintext[at] !== 0) throw new ProtocolError("record padding");
  }
  return plaintext.slice(4, 4 + length);
}
