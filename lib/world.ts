/**
 * The types of the world: every clock, timer, random byte, socket and file reaches client and
 * server as an argument of one of these types, so that a simulator can replace it. Types, and pure
 * functions over them; `system` implements them.
 */
import type { Bytes } from "./bytes.ts";
import type { Kem } from "./kem.ts";

export interface Clock {
  /** Whole milliseconds since 1970. May jump. */
  nowMs(): number;
  /** Whole milliseconds of a monotonic clock. */
  monotonicMs(): number;
}

export interface Timers {
  /** Calls `act` once, after `ms` milliseconds; the returned function cancels the call. */
  after(ms: number, act: () => void): () => void;
  /** Calls `act` once all pending events have been handled. */
  nextTurn(act: () => void): void;
}

export interface World extends Clock, Timers {
  /** Returns unpredictable bytes. */
  randomBytes(length: number): Bytes;
  readonly kem: Kem;
}

/** A connection as a stream of bytes. */
export interface Socket {
  /** Returns the number of bytes read; null at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Returns the number of bytes written. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes the socket; further calls do nothing. A pending read or write ends or throws. */
  close(): void;
}

/** A connection that a listener accepted. */
export interface AcceptedSocket extends Socket {
  /** The peer's IP address; empty for a Unix socket. */
  readonly address: string;
}

/** A connection that carries whole messages of text, as WebSocket does. */
export interface MessageSocket {
  /** Returns the next message; null at the end. */
  receive(): Promise<string | null>;
  /** Sends a message; does nothing after the end. */
  send(text: string): void;
  close(): void;
}

export interface SocketListener {
  /** `host:port`, with the port that was bound; a path for a Unix socket. */
  readonly address: string;
  /** Returns the next connection; null after the listener is closed. */
  accept(): Promise<AcceptedSocket | null>;
  close(): void;
}

/** An HTTP request. */
export interface HttpAsk {
  method: "GET" | "POST";
  url: string;
  body?: string;
}

/** An HTTP answer. */
export interface HttpAnswer {
  status: number;
  body: string;
}

/** The limits of an HTTP exchange. */
export interface HttpLimits {
  msMax: number;
  bodyBytesMax: number;
  /** Ends the exchange. */
  signal: AbortSignal;
}

/** Sends an HTTP request. Rejects if no whole answer comes within the limits. */
export type ExchangeHttp = (ask: HttpAsk, limits: HttpLimits) => Promise<HttpAnswer>;

/** A file's metadata. */
export interface FileFacts {
  readonly isFile: boolean;
  /** Permission bits; null where the system has none. */
  readonly mode: number | null;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly writtenMs: number;
  /** The same for one file under any path, another for any other; null where the system has none. */
  readonly id: string | null;
}

/** An open file. */
export interface OpenFile {
  bytes(): number;
  /**
   * Reads from this offset until `into` is full or the file ends; returns the number of bytes read.
   */
  readAt(offset: number, into: Uint8Array): number;
  /** Writes all of the bytes at this offset. */
  writeAt(offset: number, bytes: Uint8Array): void;
  truncate(bytes: number): void;
  /** Syncs the file to disk. */
  sync(): void;
  /**
   * Takes the file's exclusive lock, held until `close`; returns false if another process has it.
   */
  lock(): boolean;
  close(): void;
}

/**
 * The files of one host. Failures throw an error whose `name` is `NotFound`, `AlreadyExists` or
 * another of Deno's; a denied access throws a `UsageError`. New files have mode 0600, new folders 0700.
 */
export interface Files {
  /** Returns a file's metadata, or null if it does not exist. */
  facts(path: string): FileFacts | null;
  read(path: string): Bytes;
  /** Opens a file. `create` makes it if it is missing; `new` requires that it is missing. */
  open(path: string, how: "read" | "write" | "create" | "new"): OpenFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  makeFolder(path: string): void;
  /** Returns the names in a folder, in no order. */
  names(folder: string): string[];
  /** Syncs a folder's entries to disk. */
  syncFolder(folder: string): void;
}

/** The world of a process with files. */
export interface WorldWithFiles extends World {
  readonly files: Files;
}

/** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
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
