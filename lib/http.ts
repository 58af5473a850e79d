/**
 * The subset of HTTP/1.1 (RFC 9112) that witnesses and the page's host need, within size limits: one
 * request per connection, its body with a Content-Length.
 */
import { concat, textOf, utf8 } from "./bytes.ts";
import { httpHeadBytesMax, httpReadBytes } from "./limits.ts";
import type { Socket } from "./world.ts";

export interface HttpRequest {
  method: string;
  path: string;
  body: string;
}

export interface HttpResponse {
  status: number;
  body: string;
  contentType?: string;
}

/** An unreadable request, with the status of its answer. */
export class BadRequest extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

/**
 * Reads one request; returns null if the connection ends before the request is complete.
 * @throws {BadRequest}
 */
export async function readRequest(
  socket: Socket,
  bodyBytesMax: number,
): Promise<HttpRequest | null> {
  let received = new Uint8Array(0);
  const chunk = new Uint8Array(httpReadBytes);
  const readMore = async () => {
    const count = await socket.read(chunk);
    if (count !== null) received = concat(received, chunk.subarray(0, count));
    return count !== null;
  };
  let headLength: number;
  while ((headLength = endOfHead(received)) < 0) {
    if (received.length > httpHeadBytesMax) throw new BadRequest(431);
    if (!await readMore()) return null;
  }
  const [requestLine = "", ...lines] = decoded(received.subarray(0, headLength)).split("\r\n");
  const [, method, path] = /^([A-Z]+) (\/[\x21-\x7e]*) HTTP\/1\.[01]$/.exec(requestLine) ?? [];
  if (!method || !path) throw new BadRequest(400);
  const headers = headersOf(lines);
  if (headers.has("transfer-encoding")) throw new BadRequest(411);
  const digits = headers.get("content-length") ?? "0";
  if (!/^[0-9]{1,15}$/.test(digits)) throw new BadRequest(400);
  const length = Number(digits);
  if (length > bodyBytesMax) throw new BadRequest(413);
  const start = headLength + headEnd.length;
  if (headers.get("expect")?.toLowerCase() === "100-continue") {
    await writeAll(socket, utf8("HTTP/1.1 100 Continue\r\n\r\n"));
  }
  while (received.length < start + length) if (!await readMore()) return null;
  return { method, path, body: decoded(received.subarray(start, start + length)) };
}

/** Writes an answer; the connection is closed after it. */
export async function writeResponse(
  socket: Socket,
  { status, body, contentType = "text/plain; charset=utf-8" }: HttpResponse,
): Promise<void> {
  const bytes = utf8(body);
  const head = [
    `HTTP/1.1 ${status} ${status < 300 ? "OK" : "Refused"}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${bytes.length}`,
    "X-Content-Type-Options: nosniff",
    "Connection: close",
  ];
  await writeAll(socket, concat(utf8(head.join("\r\n") + headEnd), bytes));
}

const headEnd = "\r\n\r\n";

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
    if (headers.has(key) && ["content-length", "transfer-encoding"].includes(key)) {
      throw new BadRequest(400);
    }
    headers.set(key, value);
  }
  return headers;
}

function decoded(bytes: Uint8Array): string {
  try {
    return textOf(bytes);
  } catch {
    throw new BadRequest(400);
  }
}

async function writeAll(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await socket.write(bytes.subarray(done));
}
