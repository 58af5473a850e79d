/**
 * The world as client and server see it. Every clock, timer, random byte, socket and file reaches
 * them as an argument of one of these types, so that a simulator can be the world. Types, and pure
 * functions over them; `system` has the real one.
 */
import type { Bytes } from "./bytes.ts";

export interface Clock {
  /** Whole milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Whole milliseconds of a clock that only goes forward. */
  monotonicMs(): number;
}

export interface Timers {
  /** Calls `act` once, after so many milliseconds; the returned function cancels it. */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` once what is pending has been served. */
  nextTurn(act: () => void): void;
}

export interface World extends Clock, Timers {
  /** Bytes that nobody can foresee. */
  randomBytes(length: number): Bytes;
}

/** A connection, as a stream of bytes. */
export interface Socket {
  /** How many bytes were read; null at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** How many of the bytes were written. */
  write(bytes: Uint8Array): Promise<number>;
  /** May be called again. A read or write that waits is then over: at the end, or with an error. */
  close(): void;
}

/** A connection that a listener accepted. */
export interface AcceptedSocket extends Socket {
  /** The peer's IP address; empty on a socket that has none. */
  readonly address: string;
}

export interface SocketListener {
  /** `host:port`, with the port that was bound; a path for a Unix socket. */
  readonly address: string;
  /** The next connection; null once the listener is closed. */
  accept(): Promise<AcceptedSocket | null>;
  close(): void;
}

/** A file's facts. */
export interface FileFacts {
  readonly isFile: boolean;
  /** Permission bits; null where the system has none. */
  readonly mode: number | null;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly writtenMs: number;
}

/** An open file. */
export interface OpenFile {
  bytes(): number;
  /** Reads from this offset until `into` is full or the file ends; gives how many bytes it read. */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes all of the bytes at this offset. */
  writeAt(offset: number, bytes: Uint8Array): void;
  truncate(bytes: number): void;
  /** Waits until what was written is on disk. */
  sync(): void;
  /** Takes the lock that one process at a time can hold, until `close`; false when another has it. */
  lock(): boolean;
  close(): void;
}

/**
 * The files of one host. What fails throws an error whose `name` is `NotFound`, `AlreadyExists` or
 * another of Deno's. New files have mode 0600, new folders 0700.
 */
export interface Files {
  /** Null when nothing is there. */
  facts(path: string): FileFacts | null;
  read(path: string): Bytes;
  /** `create`: made when it is not there. `new`: it must not be there. */
  open(path: string, how: "read" | "write" | "create" | "new"): OpenFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  makeFolder(path: string): void;
  /** Names in a folder, in no order. */
  names(folder: string): string[];
  /** Waits until the names in a folder are on disk. */
  syncFolder(folder: string): void;
}

/** The world of a process that keeps files. */
export interface WorldWithFiles extends World {
  readonly files: Files;
}

/** Resolves after so many milliseconds, or at once when `signal` aborts. */
export function pause(timers: Timers, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.after(ms, done);
    signal?.addEventListener("abort", done);
  });
}
