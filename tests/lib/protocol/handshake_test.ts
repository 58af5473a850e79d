import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { concat } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  binderHolds,
  consumeClientFinish,
  createClientHello,
  createServerHello,
  parseClientHello,
} from "../../../lib/protocol/handshake.ts";
import type { TerminalKey } from "../../../lib/terminal_key.ts";
import { hmac } from "../../../lib/hmac.ts";
import { binderKey, masterSecret } from "../../../lib/protocol/key_schedule.ts";
import { handshakeFrameBytesMax } from "../../../lib/limits.ts";
import x25519 from "../../vectors/x25519.json" with { type: "json" };
import {
  clientFresh,
  consume,
  eachBitFlipped,
  eachOtherLength,
  encapsulated,
  filled,
  serverFresh,
  shakeHands,
  terminalKey,
} from "../helpers.ts";

const client = createClientHello(terminalKey, clientFresh);
const hello = parseClientHello(client.bytes);
const server = createServerHello(hello, terminalKey, serverFresh, encapsulated);

/** Keys that differ from the terminal's in one thing each. */
const others: Record<string, TerminalKey> = {
  "another shared key": { ...terminalKey, key: filled(0x4c, 32) },
  "another bank": { ...terminalKey, bank: filled(0xbb, 16) },
};

Deno.test("both ends of an honest handshake have the same four secrets", () => {
  const secrets = shakeHands();
  assertEquals(secrets.client, secrets.server);
  const all = Object.values(secrets.client).map((secret) => secret.toHex());
  assertEquals(new Set(all).size, 4);
});

Deno.test("the Master Secret is HMAC(K_SHARED, nonce_c || nonce_s)", () => {
  const { key } = terminalKey;
  const nonces = concat(clientFresh.nonce, serverFresh.nonce);
  assertEquals(masterSecret(key, clientFresh.nonce, serverFresh.nonce), hmac(key, nonces));
  assertNotEquals(binderKey(key), hmac(key, nonces));
});

Deno.test("every handshake message fits the limit before proof", () => {
  for (const { bytes } of [client, server]) assert(bytes.length <= handshakeFrameBytesMax);
});

Deno.test("a fresh nonce, share, KEM key, ciphertext or KEM secret gives other secrets", () => {
  const client = (fresh: Partial<typeof clientFresh>) =>
    parseClientHello(createClientHello(terminalKey, { ...clientFresh, ...fresh }).bytes);
  const trafficOf = (
    of: typeof hello,
    fresh: Partial<typeof serverFresh> = {},
    secret: Partial<typeof encapsulated> = {},
  ) =>
    createServerHello(of, terminalKey, { ...serverFresh, ...fresh }, { ...encapsulated, ...secret })
      .secrets.clientTraffic.toHex();
  const [nonce, shareSecret, secret] = [filled(0x99, 32), filled(0x98, 32), filled(0x97, 32)];
  const all = [
    trafficOf(hello),
    trafficOf(client({ nonce })),
    trafficOf(client({ shareSecret })),
    trafficOf(client({ kemKey: filled(0x96, clientFresh.kemKey.length) })),
    trafficOf(hello, { nonce }),
    trafficOf(hello, { shareSecret }),
    trafficOf(hello, {}, { ciphertext: filled(0x95, encapsulated.ciphertext.length) }),
    trafficOf(hello, {}, { secret }),
  ];
  assertEquals(new Set(all).size, all.length);
});

Deno.test("a client whose KEM gives another secret refuses the server's proof", () => {
  assertThrows(
    () => consume(client, server.bytes, filled(0x54, 32)),
    ProtocolError,
    "server proof",
  );
});

Deno.test("every bit of the client's hello is under the binder or the protocol's name", () => {
  for (const bytes of eachBitFlipped(client.bytes)) {
    let taken = false;
    try {
      taken = binderHolds(parseClientHello(bytes), terminalKey);
    } catch (error) {
      assert(error instanceof ProtocolError);
    }
    assert(!taken);
  }
});

Deno.test("every bit turned in the server's hello is refused by the client", () => {
  const [begin, end] = [64, 64 + encapsulated.ciphertext.length];
  for (
    const [bit, bytes] of eachBitFlipped(server.bytes).map((bytes, bit) => [bit, bytes] as const)
  ) {
    const at = bit >> 3;
    if (at >= begin && at < end && bit % 8 !== at % 8) continue; // one of each byte of the ciphertext
    assertThrows(() => consume(client, bytes), ProtocolError);
  }
});

Deno.test("every bit turned in the client's finish is refused by the server", () => {
  const { finish } = consume(client, server.bytes);
  consumeClientFinish(server, finish);
  for (const bytes of eachBitFlipped(finish)) {
    assertThrows(() => consumeClientFinish(server, bytes), ProtocolError, "client proof");
  }
});

Deno.test("every other length of every message is refused", () => {
  const { finish } = consume(client, server.bytes);
  for (const bytes of eachOtherLength(client.bytes)) {
    assertThrows(() => parseClientHello(bytes), ProtocolError);
  }
  for (const bytes of eachOtherLength(server.bytes)) {
    assertThrows(() => consume(client, bytes), ProtocolError);
  }
  for (const bytes of eachOtherLength(finish)) {
    assertThrows(() => consumeClientFinish(server, bytes), ProtocolError);
  }
});

Deno.test("a binder made with another key, bank, terminal or version does not hold", () => {
  for (const [name, other] of Object.entries(others)) {
    assert(
      !binderHolds(parseClientHello(createClientHello(other, clientFresh).bytes), terminalKey),
      name,
    );
  }
  assert(!binderHolds({ ...hello, terminal: filled(1, 16) }, terminalKey));
  assert(!binderHolds({ ...hello, version: 4 }, terminalKey));
  assert(binderHolds(hello, terminalKey));
});

Deno.test("a server without this terminal's key, or of another bank, proves nothing", () => {
  for (const [name, other] of Object.entries(others)) {
    const impostor = createServerHello(hello, other, serverFresh, encapsulated);
    assertThrows(
      () => consume(client, impostor.bytes),
      ProtocolError,
      "server proof",
      name,
    );
  }
});

Deno.test("a client that saw only the hellos cannot finish", () => {
  for (const other of Object.values(others)) {
    const thief = { ...client, terminalKey: other };
    assertThrows(() => consume(thief, server.bytes), ProtocolError);
  }
  // Neither proof passes for the other: a reflected one is no finish.
  assertThrows(() => consumeClientFinish(server, server.bytes.slice(-32)), ProtocolError);
});

Deno.test("another version of the protocol is refused by its name", () => {
  const bytes = client.bytes.slice();
  bytes[12]! = "2".charCodeAt(0);
  assertThrows(() => parseClientHello(bytes), ProtocolError, "client hello protocol");
});

Deno.test("shares of low order are refused on both sides, under binder and proof that hold", () => {
  for (const { name, point } of x25519.lowOrder) {
    const share = Uint8Array.fromHex(point);
    assertThrows(
      () => createServerHello({ ...hello, share }, terminalKey, serverFresh, encapsulated),
      ProtocolError,
      undefined,
      name,
    );
    const answer = concat(serverFresh.nonce, share, encapsulated.ciphertext, filled(0, 32));
    assertThrows(() => consume(client, answer), ProtocolError, "share", name);
  }
});

Deno.test("a server's hello for one client's hello is no answer to another", () => {
  const later = createClientHello(terminalKey, { ...clientFresh, nonce: filled(0xc2, 32) });
  assertThrows(() => consume(later, server.bytes), ProtocolError, "server proof");
});

Deno.test("any bytes give a hello or the one error", () => {
  fc.assert(fc.property(
    fc.uint8Array({ maxLength: 1_400 }),
    fc.boolean(),
    (bytes, startsRight) => {
      const body = startsRight ? concat(client.bytes.subarray(0, 13), bytes) : bytes;
      for (
        const parse of [
          () => binderHolds(parseClientHello(body), terminalKey),
          () => consume(client, body) !== null,
          () => consumeClientFinish(server, body) === undefined,
        ]
      ) {
        try {
          assert(!parse());
        } catch (error) {
          assert(error instanceof ProtocolError);
        }
      }
    },
  ));
});
