/**
 * The chain's key, which is only ratcheted forward. It is in a small file outside the database and
 * its backups, in two slots: the present epoch's key and, shortly before that epoch's end is
 * committed, the next one's. A key is overwritten only after the transaction that ends its epoch is
 * durable; at start the epoch of the log's last entry selects the slot.
 */
import { type Bytes, concat, equalInConstantTime, u64, utf8 } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { sha256 } from "../../lib/hmac.ts";
import { chainKeyReadTriesMax } from "../../lib/limits.ts";
import { isThere, requirePrivate } from "../../lib/private_file.ts";
import type { Files, OpenFile } from "../../lib/world.ts";
import { nextEpochKey } from "./chain.ts";

/** The key of a chain, for its writer. */
export interface ChainKey {
  readonly epoch: number;
  /** The present epoch's key, 32 bytes. */
  readonly key: Uint8Array;
  /**
   * Stores the next epoch's key durably, next to the present one.
   * @throws if it cannot be written: the epoch must not end then
   */
  prepare(): void;
  /**
   * Called after the epoch's end is durable: switches to the next key, and erases the present one.
   */
  step(): void;
  close(): void;
}

/** One slot's content. */
interface Slot {
  epoch: number;
  key: Bytes;
}

/** A key in a key file, with its chain and epoch. */
export interface KeptKey extends Slot {
  /** 16 bytes. */
  chainId: Uint8Array;
}

const magic = utf8("strongroom chain");
const slotBytes = magic.length + 16 + 8 + 32 + 32;
/** Slots do not share a sector, so that a torn write cannot damage both. */
const slotAt = (index: number) => index * 4_096;

export class ChainKeyFile implements ChainKey {
  /** Whether the next key is durable. */
  #prepared = false;

  private constructor(
    private readonly file: OpenFile,
    private readonly chainId: Uint8Array,
    private present: Slot,
  ) {}

  /** Creates the file of a new chain, which must not exist. */
  static create(files: Files, path: string, chainId: Uint8Array, firstKey: Uint8Array): void {
    const file = files.open(path, "new");
    try {
      writeSlot(file, chainId, { epoch: 0, key: new Uint8Array(firstKey) });
    } finally {
      file.close();
    }
  }

  /** Overwrites the keys of an ended chain, and removes their file, if it exists. */
  static destroy(files: Files, path: string): void {
    if (!isThere(files, path)) return;
    const file = files.open(path, "write");
    try {
      for (const index of [0, 1]) erase(file, index);
    } finally {
      file.close();
    }
    files.remove(path);
  }

  /**
   * Opens the key of the log's present epoch.
   * @throws {UsageError} if the file is missing, other users can read it, or it has no key of this
   * epoch
   */
  static open(files: Files, path: string, chainId: Uint8Array, epoch: number): ChainKeyFile {
    const file = opened(files, path, "write");
    try {
      const slots = readSlots(file, chainId);
      const present = requireSlot(path, slots, epoch);
      const key = new ChainKeyFile(file, chainId, present);
      key.#eraseBefore(slots);
      return key;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Checks that the file has the key of the log's present epoch; changes nothing.
   * @throws {UsageError} as `open` does
   */
  static requireEpoch(files: Files, path: string, chainId: Uint8Array, epoch: number): void {
    const file = opened(files, path, "read");
    try {
      requireSlot(path, readSlots(file, chainId), epoch);
    } finally {
      file.close();
    }
  }

  /** Reads the keys in the file, to check them against the first one. Omits a torn slot. */
  static read(files: Files, path: string, chainId: Uint8Array): KeptKey[] {
    const file = opened(files, path, "read");
    try {
      let slots: Slot[] = [];
      // A running server may switch slots during the read, which is then repeated.
      for (let tries = 0; tries < chainKeyReadTriesMax && slots.length === 0; tries++) {
        slots = readSlots(file, chainId).filter((slot) => slot !== null);
      }
      return slots.map((slot) => ({ chainId, ...slot }));
    } finally {
      file.close();
    }
  }

  get epoch(): number {
    return this.present.epoch;
  }

  get key(): Uint8Array {
    return this.present.key;
  }

  prepare(): void {
    if (this.#prepared) return;
    writeSlot(this.file, this.chainId, this.#next());
    this.#prepared = true;
  }

  step(): void {
    const before = this.present;
    this.present = this.#next();
    before.key.fill(0); // best effort: JavaScript gives no guarantee
    this.#prepared = false;
    erase(this.file, before.epoch);
  }

  close(): void {
    this.file.close();
  }

  #next(): Slot {
    return { epoch: this.present.epoch + 1, key: nextEpochKey(this.present.key) };
  }

  /** Erases an old key after a crash between its epoch's end and its erasure. */
  #eraseBefore(slots: (Slot | null)[]): void {
    if (slots.some((slot) => slot && slot.epoch < this.present.epoch)) {
      erase(this.file, this.present.epoch - 1);
    }
  }
}

function opened(files: Files, path: string, how: "read" | "write"): OpenFile {
  try {
    requirePrivate(path, files.facts(path)?.mode ?? null);
    return files.open(path, how);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be opened (${(error as Error).message}): ` +
        "if it is lost, start another chain with 'deno task bank audit chain'",
    );
  }
}

function requireSlot(path: string, slots: (Slot | null)[], epoch: number): Slot {
  const present = slots.find((slot) => slot?.epoch === epoch);
  if (!present) throw new UsageError(whyNone(path, slots, epoch));
  return present;
}

function whyNone(path: string, slots: (Slot | null)[], epoch: number): string {
  const epochs = slots.flatMap((slot) => slot ? [slot.epoch] : []);
  const earliest = Math.min(...epochs);
  const has = epochs.length > 0 ? `has the key of epoch ${earliest}` : "has no key";
  const differs = `${path} ${has}, and the log is in epoch ${epoch}`;
  // Another chain would only hide the truncation, and an older database is an older state of the
  // bank.
  return epochs.length > 0 && earliest > epoch
    ? `${differs}: the end of the log is missing, as 'deno task bank audit verify' shows. Install ` +
      "the newest bank.sqlite with its bank.sqlite-wal; if it is lost, restore a backup with " +
      "'deno task bank restore'"
    : `${differs}: it is not the newest. Install the newest one; if it is lost, start ` +
      "another chain with 'deno task bank audit chain'";
}

function writeSlot(file: OpenFile, chainId: Uint8Array, { epoch, key }: Slot): void {
  const body = concat(magic, chainId, u64(epoch), key);
  writeAt(file, slotAt(epoch % 2), concat(body, sha256(body)));
}

function erase(file: OpenFile, epoch: number): void {
  writeAt(file, slotAt(epoch % 2), new Uint8Array(slotBytes));
}

/** Writes in place and syncs to disk. */
function writeAt(file: OpenFile, at: number, bytes: Uint8Array): void {
  file.writeAt(at, bytes);
  file.sync();
}

function readSlots(file: OpenFile, chainId: Uint8Array): (Slot | null)[] {
  return [0, 1].map((index) => readSlot(file, chainId, index));
}

/** Returns null for a slot that is empty, torn, or of another chain. */
function readSlot(file: OpenFile, chainId: Uint8Array, index: number): Slot | null {
  const bytes = new Uint8Array(slotBytes);
  if (file.readAt(slotAt(index), bytes) < slotBytes) return null;
  const body = bytes.subarray(0, slotBytes - 32);
  const right = equalInConstantTime(sha256(body), bytes.subarray(slotBytes - 32)) &&
    equalInConstantTime(body.subarray(0, magic.length + 16), concat(magic, chainId));
  if (!right) return null;
  const at = magic.length + 16;
  const epoch = Number(new DataView(bytes.buffer).getBigUint64(at));
  return { epoch, key: bytes.slice(at + 8, at + 40) };
}
