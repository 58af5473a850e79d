/**
 * The subset of HTTP/1.1 (RFC 9112) that witnesses and the page's host need, within size limits: one
 * request per connection, its body with a Content-Length.
 */
import { concat, textOf, utf8 } from "./bytes.ts";
import { httpHeadBytesMax, httpReadBytes } from "./limits.ts";
import type { Socket } from "./world.ts";

/** A request without its body. */
export interface HttpHead {
  method: string;
  path: string;
  /** By lower-case name. */
  headers: ReadonlyMap<string, string>;
  /** The beginning of the body, which came with the head. */
  rest: Uint8Array;
}

export interface HttpResponse {
  status: number;
  /** A stream ends with the connection. */
  body: string | ReadableStream<Uint8Array>;
  contentType?: string;
  headers?: Record<string, string>;
}

/** An unreadable request, with the status of its answer. */
export class BadRequest extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

/**
 * Reads a request's head; returns null if the connection ends before it is complete.
 * @throws {BadRequest}
 */
export async function readHead(socket: Socket): Promise<HttpHead | null> {
  let received = new Uint8Array(0);
  let headLength: number;
  while ((headLength = endOfHead(received)) < 0) {
    if (received.length > httpHeadBytesMax) throw new BadRequest(431);
    const more = await readSome(socket);
    if (more === null) return null;
    received = concat(received, more);
  }
  const [requestLine = "", ...lines] = decoded(received.subarray(0, headLength)).split("\r\n");
  const [, method, path] = /^([A-Z]+) ([\x21-\x7e]+) HTTP\/1\.[01]$/.exec(requestLine) ?? [];
  if (!method || !path) throw new BadRequest(400);
  const headers = headersOf(lines);
  return { method, path, headers, rest: received.subarray(headLength + headEnd.length) };
}

/**
 * Reads a request's body; returns null if the connection ends before it is complete.
 * @throws {BadRequest}
 */
export async function readBody(
  socket: Socket,
  { headers, rest }: HttpHead,
  bytesMax: number,
): Promise<string | null> {
  if (headers.has("transfer-encoding")) throw new BadRequest(411);
  const digits = headers.get("content-length") ?? "0";
  if (!/^[0-9]{1,15}$/.test(digits)) throw new BadRequest(400);
  const length = Number(digits);
  if (length > bytesMax) throw new BadRequest(413);
  if (headers.get("expect")?.toLowerCase() === "100-continue") {
    await writeAll(socket, utf8("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  let body = rest;
  while (body.length < length) {
    const more = await readSome(socket);
    if (more === null) return null;
    body = concat(body, more);
  }
  return decoded(body.subarray(0, length));
}

/** Writes an answer; the connection is closed after it. */
export async function writeResponse(
  socket: Socket,
  { status, body, contentType = "text/plain; charset=utf-8", headers = {} }: HttpResponse,
): Promise<void> {
  const bytes = typeof body === "string" ? utf8(body) : null;
  const head = [
    `HTTP/1.1 ${status} ${status < 300 ? "OK" : "Refused"}`,
    `Content-Type: ${contentType}`,
    ...(bytes ? [`Content-Length: ${bytes.length}`] : []),
    "X-Content-Type-Options: nosniff",
    "Connection: close",
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  await writeAll(socket, concat(utf8(head.join("\r\n") + headEnd), bytes ?? new Uint8Array(0)));
  if (typeof body !== "string") await writeStream(socket, body);
}

/** Writes a stream until it ends or the peer disconnects, and cancels it then. */
async function writeStream(socket: Socket, body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  untilDisconnected(socket).then(cancel);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await writeAll(socket, value);
    }
  } finally {
    cancel();
  }
}

/** Discards input until the peer disconnects. */
export async function untilDisconnected(socket: Socket): Promise<void> {
  try {
    while (await readSome(socket) !== null);
  } catch {
    // reset, or closed here
  }
}

const headEnd = "\r\n\r\n";

/** Returns some bytes; null at the end of the connection. */
async function readSome(socket: Socket): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunk = new Uint8Array(httpReadBytes);
  const count = await socket.read(chunk);
  return count === null ? null : chunk.subarray(0, count);
}

function endOfHead(bytes: Uint8Array): number {
  for (let at = 3; at < bytes.length; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) {
      return at - 3;
    }
  }
  return -1;
}

/** Parses headers, by lower-case name. @throws {BadRequest} for an invalid or repeated one */
function headersOf(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (!name || value === undefined) throw new BadRequest(400);
    const key = name.toLowerCase();
    if (headers.has(key) && decisive.has(key)) throw new BadRequest(400);
    headers.set(key, value);
  }
  return headers;
}

/** Headers that decide about a request: none may come twice. */
const decisive: ReadonlySet<string> = new Set([
  "content-length",
  "transfer-encoding",
  "host",
  "origin",
]);

function decoded(bytes: Uint8Array): string {
  try {
    return textOf(bytes);
  } catch {
    throw new BadRequest(400);
  }
}

/** Writes all of the bytes. */
export async function writeAll(socket: Pick<Socket, "write">, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await socket.write(bytes.subarray(done));
}
