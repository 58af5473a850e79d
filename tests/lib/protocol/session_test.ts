/** A worked session, computed from PROTOCOL.md by another implementation: ours must say the same. */
import { assertEquals, assertRejects } from "@std/assert";
import { createDecipheriv } from "node:crypto";
import { hex, textOf, utf8 } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import { sha256 } from "../../../lib/hmac.ts";
import { frameBytesMax, plaintextSizeClassesBytes } from "../../../lib/limits.ts";
import { keyOfSeed, mlKem768 } from "../../../lib/ml_kem.ts";
import { Channel, type ChannelWorld } from "../../../lib/protocol/channel.ts";
import { encodeFrame, FrameReader, frameType } from "../../../lib/protocol/frame.ts";
import {
  binderHolds,
  consumeClientFinish,
  consumeServerHello,
  createClientHello,
  createServerHello,
  parseClientHello,
  parseServerHello,
} from "../../../lib/protocol/handshake.ts";
import {
  masterSecret,
  nextTrafficSecret,
  trafficKeys,
} from "../../../lib/protocol/key_schedule.ts";
import { answerPlaintextBytesMin } from "../../../lib/protocol/lengths.ts";
import { parseServerMessage } from "../../../lib/protocol/message.ts";
import {
  type Direction,
  fromClient,
  fromServer,
  type KeyLimits,
  RecordReceiver,
  RecordSender,
} from "../../../lib/protocol/record.ts";
import type { Socket } from "../../../lib/world.ts";
import session from "../../vectors/session.json" with { type: "json" };

const bytes = (text: string) => Uint8Array.fromHex(text);
const terminalKey = {
  terminal: bytes(session.terminal),
  version: session.version,
  key: bytes(session.sharedKey),
  bank: bytes(session.bank),
};
const kemKey = await keyOfSeed(bytes(session.kemSeed));
const clientFresh = {
  nonce: bytes(session.nonceC),
  shareSecret: bytes(session.shareSecretC),
  kemKey: kemKey.publicKey,
};
const serverFresh = { nonce: bytes(session.nonceS), shareSecret: bytes(session.shareSecretS) };

const client = createClientHello(terminalKey, clientFresh);
const hello = parseClientHello(client.bytes);
const ciphertext = bytes(session.kemCiphertext);
const kemSecret = await kemKey.decapsulate(ciphertext);
const server = createServerHello(hello, terminalKey, serverFresh, {
  ciphertext,
  secret: kemSecret,
});
const { finish, secrets } = consumeServerHello(client, parseServerHello(server.bytes), kemSecret);

Deno.test("the worked session's handshake is ours, byte for byte", () => {
  assertEquals(hex(encodeFrame(frameType.clientHello, client.bytes)), session.clientHello);
  assertEquals(binderHolds(hello, terminalKey), true);
  assertEquals(hex(encodeFrame(frameType.serverHello, server.bytes)), session.serverHello);
  assertEquals(hex(encodeFrame(frameType.clientFinish, finish)), session.clientFinish);
  consumeClientFinish(server, finish);
  const master = masterSecret(terminalKey.key, clientFresh.nonce, serverFresh.nonce);
  assertEquals(hex(master), session.masterSecret);
  assertEquals(hex(kemSecret), session.kemSecret);
  for (const each of [secrets, server.secrets]) {
    const { clientTraffic, serverTraffic, clientProofKey, serverProofKey } = each;
    assertEquals(
      [clientTraffic, serverTraffic, clientProofKey, serverProofKey].map(hex),
      [
        session.clientTraffic,
        session.serverTraffic,
        session.clientProofKey,
        session.serverProofKey,
      ],
    );
  }
});

/** Returns the random blocks that give one side's records the IVs of the worked session. */
function* randomBlocks(
  records: typeof session.records,
  traffic: Uint8Array,
): Generator<Uint8Array> {
  let secret = traffic, before = new Uint8Array(16);
  for (const { iv, type, frame } of records) {
    const cipher = createDecipheriv("aes-128-ecb", trafficKeys(secret).enc, null);
    const block = cipher.setAutoPadding(false).update(bytes(iv));
    yield before.map((byte, at) => byte ^ block[at]!);
    before = bytes(frame).slice(-48, -32);
    if (type !== frameType.rekey) continue;
    secret = nextTrafficSecret(secret);
    before = new Uint8Array(16);
  }
}

/** Returns one side's records, sealed by our own code: each frame in hex. */
function recordsOf(from: "client" | "server", direction: Direction): string[] {
  const records = session.records.filter((record) => record.from === from);
  const traffic = from === "client" ? secrets.clientTraffic : secrets.serverTraffic;
  const random = randomBlocks(records, traffic);
  // Each end turns its keys after its first record: its second message comes at a later time.
  const limits: KeyLimits = { records: 1_000, bytes: 2 ** 30, ageMs: 1_000 };
  const sender = new RecordSender(direction, traffic, 0, () => random.next().value!, limits);
  const reader = new FrameReader(frameBytesMax);
  records.filter(({ type }) => type === frameType.data)
    .forEach(({ message }, index) => {
      const least = from === "server" ? answerPlaintextBytesMin() : 0;
      reader.push(sender.data(utf8(message), index * 1_000, least));
    });
  reader.push(sender.close());
  const frames: string[] = [];
  for (let frame; (frame = reader.next());) frames.push(hex(encodeFrame(frame.type, frame.body)));
  return frames;
}

/** Returns the worked session as PROTOCOL.md prints it: names, and hex in lines of 32 bytes. */
function printed(): string {
  const sealed = new Map<string, string[]>();
  for (const [from, direction] of [["client", fromClient], ["server", fromServer]] as const) {
    sealed.set(from, recordsOf(from, direction));
  }
  const { clientTraffic, serverTraffic, clientProofKey, serverProofKey } = secrets;
  const master = masterSecret(terminalKey.key, clientFresh.nonce, serverFresh.nonce);
  const values: [string, string][] = [
    ["terminal", hex(terminalKey.terminal)],
    ["version", String(terminalKey.version)],
    ["K_SHARED", hex(terminalKey.key)],
    ["bank", hex(terminalKey.bank)],
    ["nonce_c", hex(clientFresh.nonce)],
    ["secret of share_c", hex(clientFresh.shareSecret)],
    ["seed of kem_key, d || z", session.kemSeed],
    ["nonce_s", hex(serverFresh.nonce)],
    ["secret of share_s", hex(serverFresh.shareSecret)],
    ["kem_secret", hex(kemSecret)],
    ["client hello, frame", hex(encodeFrame(frameType.clientHello, client.bytes))],
    ["Master Secret", hex(master)],
    ["client_traffic", hex(clientTraffic)],
    ["server_traffic", hex(serverTraffic)],
    ["client_proof_key", hex(clientProofKey)],
    ["server_proof_key", hex(serverProofKey)],
    ["server hello, frame", hex(encodeFrame(frameType.serverHello, server.bytes))],
    ["client finish, frame", hex(encodeFrame(frameType.clientFinish, finish))],
  ];
  const kinds: Record<number, string> = {
    [frameType.data]: "data",
    [frameType.rekey]: "rekey",
    [frameType.close]: "close",
  };
  for (const { from, type, iv, message } of session.records) {
    const name = `${from}'s ${kinds[type]}${message ? `, ${message}` : ""}, IV ${iv}, frame`;
    values.push([name, sealed.get(from)!.shift()!]);
  }
  return values.map(([name, value]) =>
    `${name}\n${value.match(/.{1,64}/g)!.map((line) => `  ${line}`).join("\n")}`
  ).join("\n");
}

Deno.test("the worked session that PROTOCOL.md prints is what the code computes", () => {
  const page = Deno.readTextFileSync(
    new URL("../../../lib/protocol/PROTOCOL.md", import.meta.url),
  );
  const [, shown] = /## A worked session[^]*?```\n([^]*?)\n```/.exec(page)!;
  assertEquals(shown, printed());
});

Deno.test("the worked session's records open as its messages", () => {
  const receivers = {
    client: new RecordReceiver(fromClient, secrets.clientTraffic, 0),
    server: new RecordReceiver(fromServer, secrets.serverTraffic, 0),
  };
  for (const { from, type, message, frame } of session.records) {
    const reader = new FrameReader(frameBytesMax);
    reader.push(bytes(frame));
    const opened = receivers[from as "client" | "server"].open(reader.next()!, 0);
    const content = opened instanceof Uint8Array ? textOf(opened) : opened;
    assertEquals(
      content,
      type === frameType.data ? message : type === frameType.close ? "close" : null,
    );
  }
});

Deno.test("the worked session's new key is one that an ATM takes", () => {
  const pushes = session.records.map(({ message }) => message).filter((text) => /push/.test(text));
  const key = hex(Uint8Array.from({ length: 32 }, (_, at) => 0x70 + at));
  assertEquals(
    pushes.map((text) => parseServerMessage(utf8(text))),
    [{ push: "new_key", version: 3, key }],
  );
});

Deno.test("the shortest and the longest message of every size class are sealed as by the other", () => {
  const classes = new Set(session.sizes.map((size) => size.class));
  assertEquals([...classes], [...plaintextSizeClassesBytes]);
  for (const { class: size, messageBytes, iv, frameBytes, frameSha256 } of session.sizes) {
    const random = randomBlocks([{ iv }] as typeof session.records, secrets.clientTraffic);
    const block = random.next().value!;
    const sender = new RecordSender(fromClient, secrets.clientTraffic, 0, () => block);
    const frame = sender.data(new Uint8Array(messageBytes).fill(0x20), 0);
    assertEquals([frame.length, hex(sha256(frame))], [frameBytes, frameSha256], `${size}`);
  }
});

/** Returns an end of the worked session, whose peer sends these bytes, and what it writes. */
function endOf(role: "client" | "server", received: Uint8Array) {
  const { nonce, shareSecret } = role === "client" ? clientFresh : serverFresh;
  const random = [nonce, shareSecret];
  const written: string[] = [];
  let left = received;
  const socket: Socket = {
    read: (into) => {
      const part = left.subarray(0, into.length);
      left = left.subarray(part.length);
      into.set(part);
      return Promise.resolve(part.length || null);
    },
    write: (sent) => {
      written.push(hex(sent));
      return Promise.resolve(sent.length);
    },
    close: () => {},
  };
  const world: ChannelWorld = {
    monotonicMs: () => 0,
    randomBytes: (length) => Uint8Array.from(random.shift() ?? new Uint8Array(length)),
    kem: {
      newKey: () => Promise.resolve(kemKey),
      encapsulate: async (key) => {
        await mlKem768.encapsulate(key);
        return { ciphertext, secret: kemSecret };
      },
    },
    after: () => () => {},
  };
  const channel = new Channel(socket, world, { readBytes: 1_024 });
  const find = () => ({ known: true, key: terminalKey });
  const run = async () => {
    if (role === "client") await channel.connect(terminalKey);
    else await channel.accept({ find, inTurn: (exchange) => exchange() });
    await channel.receive();
  };
  return { run, written };
}

/** What each end receives before the frame of a stage, and what it has written then. */
const before: Record<string, { received: string[]; written: string[] }> = {
  clientHello: { received: [], written: [] },
  serverHello: { received: [], written: [session.clientHello] },
  clientFinish: { received: [session.clientHello], written: [session.serverHello] },
  "record of the client": {
    received: [session.clientHello, session.clientFinish],
    written: [session.serverHello],
  },
  "record of the server": {
    received: [session.serverHello],
    written: [session.clientHello, session.clientFinish],
  },
};

Deno.test("the worked session's failures are refused by its ends, each for its class, and unanswered", async () => {
  for (const { stage, class: named, name, from = "client", frame } of session.failures) {
    const role = stage === "serverHello" || from === "server" ? "client" : "server";
    const { received, written } = before[stage === "record" ? `record of the ${from}` : stage]!;
    const end = endOf(role, bytes([...received, frame].join("")));
    await assertRejects(end.run, ProtocolError, named, `${stage}: ${name}`);
    assertEquals(end.written, written, `${stage}: ${name}`);
  }
  for (const role of ["client", "server"] as const) {
    const peers = session.records.filter(({ from }) => from !== role).map(({ frame }) => frame);
    const { received, written } =
      before[`record of the ${role === "client" ? "server" : "client"}`]!;
    const end = endOf(role, bytes([...received, peers[0]].join("")));
    await end.run();
    assertEquals(end.written, written, role);
  }
});

Deno.test("the worked session's records are sealed the same", () => {
  for (const [from, direction] of [["client", fromClient], ["server", fromServer]] as const) {
    const frames = session.records.filter((record) => record.from === from)
      .map(({ frame }) => frame);
    assertEquals(recordsOf(from, direction), frames, from);
  }
});
