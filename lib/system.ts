/**
 * The real world: this process's clock, timers, randomness, sockets and files. The only file of
 * `lib` that does I/O; only programs, threads, the launcher and tests import it.
 */
import { statfsSync } from "node:fs";
import { setImmediate } from "node:timers";
import { UsageError } from "./errors.ts";
import { connectMsMax, deviceMessageLengthMax, spareHandles, threadHandles } from "./limits.ts";
import { mlKem768 } from "./ml_kem.ts";
import type {
  AcceptedSocket,
  Files,
  HttpAnswer,
  HttpAsk,
  HttpLimits,
  MessageSocket,
  OpenFile,
  Socket,
  SocketListener,
  World,
  WorldWithFiles,
} from "./world.ts";

export const system: World = {
  nowMs: Date.now,
  monotonicMs: () => Math.floor(performance.now()),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  kem: mlKem768,
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  nextTurn: (act) => void setImmediate(act),
};

/**
 * Sends an HTTP request; follows no redirection.
 * @throws if no whole answer comes within the limits
 */
export async function exchangeHttp(
  { method, url, body }: HttpAsk,
  { msMax, bodyBytesMax, signal }: HttpLimits,
): Promise<HttpAnswer> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(msMax)]);
  const asked = fetch(url, { method, body, redirect: "error", signal: ending });
  // "fetch failed" has the connection's error as its cause
  const response = await asked.catch((error: Error) => Promise.reject(error.cause ?? error));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error("the answer is too long");
    parts.push(part);
  }
  return { status: response.status, body: await new Blob(parts).text() };
}

/**
 * Connects by TCP.
 * @throws if the connection is refused
 */
export async function connectTcp(hostname: string, port: number): Promise<Socket> {
  const connection = await Deno.connect({ hostname, port });
  connection.setNoDelay();
  return socketOf(connection);
}

/**
 * Listens on TCP; port 0 selects a free one.
 * @throws if the port is in use or the address is not this host's
 */
export function listenTcp(
  { hostname, port, sharePort = false }: { hostname: string; port: number; sharePort?: boolean },
): SocketListener {
  const listener = Deno.listen({ hostname, port, reusePort: sharePort });
  const { addr } = listener;
  const host = addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname;
  return listenerOf(listener, `${host}:${addr.port}`, (connection) => {
    connection.setNoDelay();
    return connection.remoteAddr.hostname;
  });
}

/**
 * Connects to a Unix socket.
 * @throws {UsageError} if the runtime keeps the program out of the path
 */
export async function connectUnix(path: string): Promise<Socket> {
  try {
    return socketOf(await Deno.connect({ transport: "unix", path }));
  } catch (error) {
    throw error instanceof Deno.errors.NotCapable ? ofTheSystem(path) : error;
  }
}

/** Returns the error of a path that no set of permissions gives: one in `/proc`, `/sys` or `/dev`. */
const ofTheSystem = (path: string) =>
  new UsageError(`${path} cannot be used: the path is the system's. Choose another one`);

/**
 * Connects by WebSocket.
 * @param certificates PEM, of authorities that are trusted besides the system's
 * @throws if the connection is refused, or not answered in time
 */
export async function connectMessages(
  url: string,
  certificates?: string,
  msMax = connectMsMax,
): Promise<MessageSocket> {
  const client = certificates === undefined
    ? undefined
    : Deno.createHttpClient({ caCerts: [certificates] });
  // The types of the DOM lack Deno's options.
  const options = (client === undefined ? {} : { client }) as unknown as string[];
  const socket = new WebSocket(url, options);
  const messages = messagesOf(socket);
  const opened = Promise.withResolvers<void>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("error", (event) => {
    opened.reject(new Error((event as ErrorEvent).message || `${url} does not answer`));
  });
  socket.addEventListener("close", () => {
    opened.reject(new Error(`${url} closed the connection`));
    client?.close();
  });
  const late = setTimeout(() => {
    opened.reject(new Error(`${url} does not answer`));
    socket.close();
  }, msMax);
  await opened.promise.finally(() => clearTimeout(late));
  return messages;
}

/** Returns a WebSocket's messages. Longer ones than `deviceMessageLengthMax`, and bytes, end it. */
export function messagesOf(socket: WebSocket): MessageSocket {
  const received: string[] = [];
  let waiting: ((text: string | null) => void) | null = null;
  let isOver = false;
  const end = () => {
    isOver = true;
    waiting?.(null);
    waiting = null;
  };
  socket.addEventListener("message", ({ data }) => {
    if (isOver) return;
    if (typeof data !== "string" || data.length > deviceMessageLengthMax) {
      end();
      return socket.close();
    }
    if (waiting) waiting(data);
    else received.push(data);
    waiting = null;
  });
  socket.addEventListener("close", end);
  socket.addEventListener("error", end);
  return {
    receive: () =>
      received.length > 0
        ? Promise.resolve(received.shift()!)
        : isOver
        ? Promise.resolve(null)
        : new Promise((resolve) => waiting = resolve),
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close() {
      end();
      socket.close();
    },
  };
}

/**
 * Listens on a Unix socket that only its owner can open.
 * @param group the id of a group that can open it, too, in a folder that has nothing else
 */
export function listenUnix(path: string, group?: number): SocketListener {
  const listener = Deno.listen({ transport: "unix", path });
  Deno.chmodSync(path, 0o600);
  if (group !== undefined) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    for (const [each, mode] of [[path, 0o660], [folder, 0o710]] as const) {
      Deno.chownSync(each, null, group);
      Deno.chmodSync(each, mode);
    }
  }
  return listenerOf(listener, path, () => "");
}

/** The names of errors about a connection that its peer has reset before it was accepted. */
const resetBefore: ReadonlySet<string> = new Set([
  "NotConnected",
  "ConnectionAborted",
  "ConnectionReset",
]);

const spare: Deno.FsFile[] = [];
let keepsSpare = false;

/**
 * Makes listeners accept a connection only once `spareHandles` file handles are kept, with which
 * `startThread` starts a thread when connections have taken all the others.
 */
export function keepSpareHandles(): void {
  keepsSpare = true;
}

/** @throws if the process is out of file handles; it then keeps none more than before */
function refillSpare(): void {
  if (keepsSpare && spare.length < spareHandles) {
    spare.push(...openHandles(spareHandles - spare.length));
  }
}

/** Opens this file several times, or not once. */
function openHandles(count: number): Deno.FsFile[] {
  const handles: Deno.FsFile[] = [];
  try {
    while (handles.length < count) handles.push(Deno.openSync(new URL(import.meta.url)));
  } catch (error) {
    closeAll(handles);
    throw error;
  }
  return handles;
}

function closeAll(handles: Deno.FsFile[]): void {
  for (const handle of handles.splice(0)) handle.close();
}

/**
 * Starts a thread. Without file handles for it, Deno would end the whole process.
 * @throws {UsageError} if the process is out of file handles
 */
export function startThread(url: string, options: WorkerOptions): Worker {
  closeAll(spare);
  try {
    closeAll(openHandles(threadHandles));
  } catch (error) {
    throw new UsageError(`no thread can be started (${(error as Error).message}). ${moreHandles}`);
  }
  return new Worker(url, options);
}

const moreHandles = "Try again later, or raise the limit of open files ('ulimit -n')";

/** Returns whether the process, or the system, is out of file handles. */
const lacksHandles = (error: unknown) =>
  error instanceof Error && "code" in error &&
  (error.code === "EMFILE" || error.code === "ENFILE");

/**
 * Starts a program.
 * @throws {UsageError} if the process is out of file handles
 */
export function startProgram(command: Deno.Command): Deno.ChildProcess {
  try {
    return command.spawn();
  } catch (error) {
    if (!lacksHandles(error)) throw error;
    throw new UsageError(`no program can be started (${(error as Error).message}). ${moreHandles}`);
  }
}

function listenerOf<C extends Deno.Conn>(
  listener: { accept(): Promise<C>; close(): void },
  address: string,
  begin: (connection: C) => string,
): SocketListener {
  return {
    address,
    async accept() {
      for (;;) {
        refillSpare();
        try {
          const connection = await listener.accept();
          const address = begin(connection);
          return { ...socketOf(connection), address } satisfies AcceptedSocket;
        } catch (error) {
          const { name } = error as Error;
          if (["BadResource", "Interrupted"].includes(name)) return null;
          if (!resetBefore.has(name)) throw error;
        }
      }
    },
    close: () => listener.close(),
  };
}

function socketOf(connection: Deno.Conn): Socket {
  return {
    read: (into) => connection.read(into),
    write: (bytes) => connection.write(bytes),
    close() {
      try {
        connection.close();
      } catch {
        // already closed
      }
    },
  };
}

/** The real files. An access that the system denies throws a UsageError that names the path. */
export const systemFiles: Files = {
  facts(path) {
    try {
      const { isFile, mode, size, mtime, dev, ino } = permitted(path, () => Deno.statSync(path));
      const id = ino === null ? null : `${dev}:${ino}`;
      return { isFile, mode, bytes: size, writtenMs: mtime?.getTime() ?? 0, id };
    } catch (error) {
      const { NotFound, NotADirectory } = Deno.errors;
      if (error instanceof NotFound || error instanceof NotADirectory) return null;
      throw error;
    }
  },
  read: (path) => permitted(path, () => Deno.readFileSync(path)),
  open(path, how) {
    const write = how !== "read";
    const [create, createNew] = [how === "create", how === "new"];
    const options = { read: true, write, create, createNew, mode: 0o600 };
    return fileOf(permitted(path, () => Deno.openSync(path, options)));
  },
  rename: (from, to) => permitted(to, () => Deno.renameSync(from, to)),
  remove: (path) => permitted(path, () => Deno.removeSync(path)),
  makeFolder: (path) =>
    permitted(path, () => Deno.mkdirSync(path, { recursive: true, mode: 0o700 })),
  names: (folder) => permitted(folder, () => [...Deno.readDirSync(folder)].map(({ name }) => name)),
  syncFolder(folder) {
    if (Deno.build.os === "windows") return; // Windows cannot open folders
    using opened = permitted(folder, () => Deno.openSync(folder));
    opened.syncSync();
  },
};

/**
 * @throws {UsageError} if the system denies access to the path, or no file can be opened: the file may
 * be good then
 */
function permitted<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (lacksHandles(error)) {
      throw new UsageError(`${path} cannot be opened: too many files are open. ${moreHandles}`);
    }
    if (error instanceof Deno.errors.NotCapable) throw ofTheSystem(path);
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new UsageError(
      `access to ${path} is denied. Check its owner and mode, and those of its folders`,
    );
  }
}

/** Returns the free bytes on a folder's disk; null if the program may not read them. */
export function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

export const systemWithFiles: WorldWithFiles = { ...system, files: systemFiles };

function fileOf(file: Deno.FsFile): OpenFile {
  return {
    bytes: () => file.statSync().size,
    readAt(offset, into) {
      file.seekSync(offset, Deno.SeekMode.Start);
      let done = 0;
      while (done < into.length) {
        const count = file.readSync(into.subarray(done));
        if (count === null) break;
        done += count;
      }
      return done;
    },
    writeAt(offset, bytes) {
      file.seekSync(offset, Deno.SeekMode.Start);
      for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    },
    truncate: (bytes) => file.truncateSync(bytes),
    sync: () => file.syncDataSync(),
    lock: () => file.tryLockSync(true),
    close: () => file.close(),
  };
}
