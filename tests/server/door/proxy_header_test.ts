import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { concat } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { proxyHeaderBytesMax } from "../../../lib/limits.ts";
import { readProxyHeader } from "../../../server/door/proxy_header.ts";
import { filled } from "../../lib/helpers.ts";
import { header } from "../helpers/proxy.ts";

const four = Uint8Array.of(192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0x12, 0xf0);
const six = concat(
  Uint8Array.fromHex("20010db8000000000000000000000007"),
  filled(1, 16),
  filled(2, 4),
);

/** Returns a socket that gives these bytes, so many at a time; `left` are those not read. */
function socketOf(bytes: Uint8Array, atOnce = Infinity) {
  let at = 0;
  return {
    address: "10.0.0.5",
    read(into: Uint8Array): Promise<number | null> {
      const part = bytes.subarray(at, at + Math.min(into.length, atOnce));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
    left: () => bytes.length - at,
  };
}

Deno.test("a header has the caller's address, and what follows it stays unread", async () => {
  const cases: [Uint8Array, string | null][] = [
    [header(0x21, 0x11, four), "192.0.2.7"],
    [header(0x21, 0x21, six), "2001:db8:0:0:0:0:0:7"],
    [header(0x21, 0x11, concat(four, filled(4, 40))), "192.0.2.7"],
    [header(0x20, 0x00, new Uint8Array(0)), null],
    [header(0x20, 0x11, four), null],
    [header(0x21, 0x00, new Uint8Array(0)), "10.0.0.5"],
    [header(0x21, 0x00, four), "10.0.0.5"],
  ];
  for (const [bytes, address] of cases) {
    for (const atOnce of [1, 7, Infinity]) {
      const socket = socketOf(concat(bytes, filled(9, 5)), atOnce);
      assertEquals(await readProxyHeader(socket), address);
      assertEquals(socket.left(), 5);
    }
  }
});

Deno.test("anything else is refused", async () => {
  const good = header(0x21, 0x11, four);
  const cases: Record<string, Uint8Array> = {
    "version 1": new TextEncoder().encode("PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n"),
    "another version": good.with(12, 0x31),
    "another command": good.with(12, 0x22),
    "datagrams": good.with(13, 0x12),
    "a Unix socket": header(0x21, 0x31, filled(0, 216)),
    "IPv4 too short": header(0x21, 0x11, four.subarray(1)),
    "IPv6 too short": header(0x21, 0x21, four),
    "too long": header(0x21, 0x11, concat(four, filled(0, proxyHeaderBytesMax))),
  };
  for (let length = 0; length < good.length; length++) {
    cases[`cut after ${length}`] = good.subarray(0, length);
  }
  for (let at = 0; at < 12; at++) {
    cases[`signature, byte ${at}`] = good.with(at, good[at]! ^ 1);
  }
  for (const [name, bytes] of Object.entries(cases)) {
    await assertRejects(() => readProxyHeader(socketOf(bytes)), ProtocolError, "proxy", name);
  }
});

Deno.test("any bytes give an address, none, or the one error", async () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.tuple(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 60 })).map(([c, f, body]) =>
      header(c, f, body)
    ),
  );
  await fc.assert(fc.asyncProperty(anything, async (bytes) => {
    const address = await readProxyHeader(socketOf(bytes)).catch((error) => error);
    assert(address === null || typeof address === "string" || address instanceof ProtocolError);
  }));
});
