/**
 * A host's files in memory, with durability: what was not synced may be lost, or torn, when the host
 * loses its power. A disk can be full, and can fail to sync; what it failed to sync may be lost later
 * though the next sync succeeds.
 */
import type { FileFacts, Files, OpenFile } from "../../lib/world.ts";
import type { Host, Process } from "./host.ts";
import type { Random } from "./random.ts";

/** Each a probability for one write or sync. */
export interface DiskFaults {
  readonly full: number;
  readonly syncFails: number;
}

export const soundDisk: DiskFaults = { full: 0, syncFails: 0 };

/** A write that no sync has made durable. */
interface Write {
  offset: number;
  bytes: Uint8Array;
}

/** A name that is gone, one that is there for this file, or both at once. */
interface NameChange {
  removed: string | null;
  path: string;
  inode: Inode | null;
}

class Inode {
  content: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  length = 0;
  /** What survives a power cut for sure. */
  durable: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  unsynced: Write[] = [];
  writtenMs = 0;
  lockedBy: Process | null = null;

  constructor(readonly mode: number) {}

  get bytes(): Uint8Array {
    return this.content.subarray(0, this.length);
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.content.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.content.length));
      grown.set(this.bytes);
      this.content = grown;
    }
    this.content.fill(0, this.length, Math.max(this.length, offset));
    this.content.set(bytes, offset);
    this.length = Math.max(this.length, end);
  }

  truncate(bytes: number): void {
    this.content.fill(0, bytes, Math.max(bytes, this.length));
    if (bytes > this.length) this.write(bytes, new Uint8Array(0));
    this.length = bytes;
  }

  /** What is durable, with these writes over it. */
  withWrites(writes: readonly Write[]): Uint8Array<ArrayBuffer> {
    const length = writes.reduce(
      (most, { offset, bytes }) => Math.max(most, offset + bytes.length),
      this.durable.length,
    );
    const result = new Uint8Array(length);
    result.set(this.durable);
    for (const { offset, bytes } of writes) result.set(bytes, offset);
    return result;
  }

  /** What was written is durable from now on. */
  sync(): void {
    const isInside = this.unsynced.every(({ offset, bytes }) =>
      offset + bytes.length <= this.durable.length
    );
    if (isInside) {
      for (const { offset, bytes } of this.unsynced) {
        this.durable.set(bytes, offset);
      }
    } else this.durable = this.withWrites(this.unsynced);
    this.unsynced = [];
  }

  /** Nothing but these bytes is left, as after a power cut. */
  restart(bytes: Uint8Array<ArrayBuffer>): void {
    this.content = bytes;
    this.length = bytes.length;
    this.durable = bytes.slice();
    this.unsynced = [];
  }
}

class FileError extends Error {
  constructor(override readonly name: string, path: string) {
    super(`${path}: ${name}`);
  }
}

export class Disk {
  faults = soundDisk;
  /** Nothing can be written. */
  isFull = false;
  /** How often each fault happened. */
  readonly counted = new Map<string, number>();
  #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  #unsyncedNames: NameChange[] = [];
  readonly #folders = new Set<string>();
  readonly #random: Random;

  constructor(private readonly host: Host) {
    this.#random = host.random.split("disk");
  }

  /** The host has lost its power: what was not synced is lost, kept or torn. */
  losePower(): void {
    this.#commitNames(this.#random.below(this.#unsyncedNames.length + 1));
    this.#unsyncedNames = [];
    this.#names = new Map(this.#durableNames);
    for (const inode of new Set(this.#names.values())) this.#lose(inode);
  }

  /** Changes of names reach the disk in their order, as in a file system's journal. */
  #commitNames(count: number): void {
    for (const { removed, path, inode } of this.#unsyncedNames.splice(0, count)) {
      if (removed !== null) this.#durableNames.delete(removed);
      if (inode !== null) this.#durableNames.set(path, inode);
    }
  }

  #changeName(change: NameChange): void {
    this.#unsyncedNames.push(change);
    if (change.removed !== null) this.#names.delete(change.removed);
    if (change.inode !== null) this.#names.set(change.path, change.inode);
  }

  /**
   * Some of the writes reached the disk, and the last of those perhaps in part. What a file grew by is
   * there up to some place, as file systems keep it that write data before the size.
   */
  #lose(inode: Inode): void {
    const isAppend = ({ offset }: Write) => offset >= inode.durable.length;
    const appends = inode.unsynced.filter(isAppend);
    const reached = [
      ...inode.unsynced.filter((write) => !isAppend(write) && this.#random.chance(0.5)),
      ...appends.slice(0, this.#random.below(appends.length + 1)),
    ];
    const last = reached.pop();
    if (last) {
      const { offset, bytes } = last;
      const torn = this.#random.chance(0.5);
      reached.push({
        offset,
        bytes: torn ? bytes.subarray(0, this.#random.below(bytes.length)) : bytes,
      });
    }
    inode.restart(inode.withWrites(reached));
  }

  /** Returns the files as a process sees them. */
  filesFor(process: Process): Files {
    const point = (what: string, path: string) => process.point(`${what} ${path}`);
    return {
      facts: (path) => {
        process.requireAlive();
        return this.#facts(path);
      },
      read: (path) => {
        process.requireAlive();
        return this.#inode(path).bytes.slice();
      },
      open: (path, how) => {
        process.requireAlive();
        return this.#open(process, path, how);
      },
      rename: (from, to) => {
        point("before renaming", from);
        this.#changeName({ removed: from, path: to, inode: this.#inode(from) });
        point("after renaming", from);
      },
      remove: (path) => {
        point("before removing", path);
        this.#inode(path);
        this.#changeName({ removed: path, path, inode: null });
        point("after removing", path);
      },
      makeFolder: (path) => {
        process.requireAlive();
        this.#folders.add(path);
      },
      names: (folder) => {
        process.requireAlive();
        return this.#namesIn(folder);
      },
      syncFolder: (folder) => {
        point("before syncing", folder);
        this.#commitNames(this.#unsyncedNames.length);
        point("after syncing", folder);
      },
    };
  }

  /** Reads as an onlooker does, whatever lives. */
  look(path: string): Uint8Array | null {
    return this.#names.get(path)?.bytes.slice() ?? null;
  }

  /** Puts a file there that is durable at once, as people do who bring one. */
  put(path: string, bytes: Uint8Array): void {
    const inode = new Inode(0o600);
    inode.restart(bytes.slice());
    inode.writtenMs = this.host.nowMs();
    this.#names.set(path, inode);
    this.#durableNames.set(path, inode);
  }

  #inode(path: string): Inode {
    const inode = this.#names.get(path);
    if (!inode) throw new FileError("NotFound", path);
    return inode;
  }

  #facts(path: string): FileFacts | null {
    const inode = this.#names.get(path);
    if (inode) {
      const { mode, length, writtenMs } = inode;
      return { isFile: true, mode, bytes: length, writtenMs, id: null };
    }
    const isFolder = this.#folders.has(path) || this.#namesIn(path).length > 0;
    return isFolder ? { isFile: false, mode: 0o700, bytes: 0, writtenMs: 0, id: null } : null;
  }

  #namesIn(folder: string): string[] {
    const start = `${folder}/`;
    const below = [...this.#names.keys()].filter((path) => path.startsWith(start));
    return [...new Set(below.map((path) => path.slice(start.length).split("/")[0]!))].sort();
  }

  #open(process: Process, path: string, how: "read" | "write" | "create" | "new"): OpenFile {
    const there = this.#names.get(path);
    if (there && how === "new") throw new FileError("AlreadyExists", path);
    if (!there && (how === "read" || how === "write")) throw new FileError("NotFound", path);
    const inode = there ?? new Inode(0o600);
    if (!there) {
      inode.writtenMs = this.host.nowMs();
      this.#changeName({ removed: null, path, inode });
    }
    return new DiskFile(process, path, inode, {
      mayFail: (what) => this.#mayFail(what, path),
      // As journaling file systems do: a new file's first sync brings its name along.
      named: () => {
        const made = this.#unsyncedNames.findIndex((change) =>
          change.inode === inode && change.removed === null
        );
        this.#commitNames(made + 1);
      },
    });
  }

  /** @throws when the disk is full, or does not sync */
  #mayFail(what: "write" | "sync", path: string): void {
    const { full, syncFails } = this.faults;
    const fails = what === "write"
      ? this.isFull || this.#random.chance(full)
      : this.#random.chance(syncFails);
    if (!fails) return;
    const kind = `fault: disk ${what === "write" ? "full" : "does not sync"}`;
    this.counted.set(kind, (this.counted.get(kind) ?? 0) + 1);
    throw new FileError(what === "write" ? "StorageFull" : "Input/output error", path);
  }
}

interface DiskOfFile {
  mayFail(what: "write" | "sync"): void;
  named(): void;
}

class DiskFile implements OpenFile {
  #open = true;

  constructor(
    private readonly process: Process,
    private readonly path: string,
    private readonly inode: Inode,
    private readonly disk: DiskOfFile,
  ) {
    process.atEnd(() => this.#unlock());
  }

  bytes(): number {
    this.process.requireAlive();
    return this.inode.length;
  }

  readAt(offset: number, into: Uint8Array): number {
    this.process.requireAlive();
    const found = this.inode.bytes.subarray(offset, offset + into.length);
    into.set(found);
    return found.length;
  }

  writeAt(offset: number, bytes: Uint8Array): void {
    this.process.point(`before writing ${this.path}`);
    this.disk.mayFail("write");
    this.inode.write(offset, bytes);
    this.inode.unsynced.push({ offset, bytes: bytes.slice() });
    this.inode.writtenMs = this.process.world.nowMs();
    this.process.point(`after writing ${this.path}`);
  }

  truncate(bytes: number): void {
    this.process.point(`before truncating ${this.path}`);
    this.inode.truncate(bytes);
    // Truncating is metadata, which journaling file systems keep in order: what it cut off stays gone.
    this.inode.durable = this.inode.durable.slice(0, bytes);
    this.inode.unsynced = this.inode.unsynced.flatMap(({ offset, bytes: written }) => {
      const kept = written.subarray(0, Math.max(0, bytes - offset));
      return kept.length > 0 ? [{ offset, bytes: kept }] : [];
    });
    this.process.point(`after truncating ${this.path}`);
  }

  sync(): void {
    this.process.point(`before syncing ${this.path}`);
    try {
      this.disk.mayFail("sync");
    } catch (error) {
      this.inode.unsynced = []; // no later sync writes these pages: a power cut loses them
      throw error;
    }
    this.inode.sync();
    this.disk.named();
    this.process.point(`after syncing ${this.path}`);
  }

  lock(): boolean {
    this.process.requireAlive();
    const { lockedBy } = this.inode;
    if (lockedBy !== null && lockedBy.alive) return false;
    this.inode.lockedBy = this.process;
    return true;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#unlock();
  }

  #unlock(): void {
    if (this.inode.lockedBy === this.process) this.inode.lockedBy = null;
  }
}
