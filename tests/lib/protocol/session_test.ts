/** A worked session, computed from PROTOCOL.md by another implementation: ours must say the same. */
import { assertEquals } from "@std/assert";
import { hex, textOf, utf8 } from "../../../lib/bytes.ts";
import { frameBytesMax } from "../../../lib/limits.ts";
import { encodeFrame, FrameReader, frameType } from "../../../lib/protocol/frame.ts";
import {
  binderHolds,
  consumeClientFinish,
  consumeServerHello,
  createClientHello,
  createServerHello,
  parseClientHello,
} from "../../../lib/protocol/handshake.ts";
import { masterSecret } from "../../../lib/protocol/key_schedule.ts";
import {
  fromClient,
  fromServer,
  type KeyLimits,
  RecordReceiver,
  RecordSender,
} from "../../../lib/protocol/record.ts";
import session from "../../vectors/session.json" with { type: "json" };

const bytes = (text: string) => Uint8Array.fromHex(text);
const terminalKey = {
  terminal: bytes(session.terminal),
  version: session.version,
  key: bytes(session.sharedKey),
  bank: bytes(session.bank),
};
const clientFresh = { nonce: bytes(session.nonceC), shareSecret: bytes(session.shareSecretC) };
const serverFresh = { nonce: bytes(session.nonceS), shareSecret: bytes(session.shareSecretS) };

const client = createClientHello(terminalKey, clientFresh);
const hello = parseClientHello(client.bytes);
const server = createServerHello(hello, terminalKey, serverFresh);
const { finish, secrets } = consumeServerHello(client, server.bytes);

Deno.test("the worked session's handshake is ours, byte for byte", () => {
  assertEquals(hex(encodeFrame(frameType.clientHello, client.bytes)), session.clientHello);
  assertEquals(binderHolds(hello, terminalKey), true);
  assertEquals(hex(encodeFrame(frameType.serverHello, server.bytes)), session.serverHello);
  assertEquals(hex(encodeFrame(frameType.clientFinish, finish)), session.clientFinish);
  consumeClientFinish(server, finish);
  const master = masterSecret(terminalKey.key, clientFresh.nonce, serverFresh.nonce);
  assertEquals(hex(master), session.masterSecret);
  for (const  of of[secrets, server.secrets]) {
    const { clientTraffic, serverTraffic, clientProofKey, serverProofKey } = of;
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

Deno.test("the worked session's records open as its messages", () => {
  const receivers = {
    client: new RecordReceiver(fromClient, secrets.clientTraffic, 0),
    server: new RecordReceiver(fromServer, secrets.serverTraffic, 0),
  };
  for (const { from, type, message, frame } of session.records) {
    const reader = new FrameReader(frameBytesMax);
    reader.push(bytes(frame));
    const opened = receivers[from as "client" | "server"].open(reader.next()!, 0);
    const said = opened instanceof Uint8Array ? textOf(opened) : opened;
    assertEquals(
      said,
      type === frameType.data ? message : type === frameType.close ? "close" : null,
    );
  }
});

Deno.test("the worked session's records are sealed the same", () => {
  for (const [from, direction] of [["client", fromClient], ["server", fromServer]] as const) {
    const records = session.records.filter((record) => record.from === from);
    const ivs = records.map(({ iv }) => bytes(iv));
    const traffic = from === "client" ? secrets.clientTraffic : secrets.serverTraffic;
    // The client turns its keys after its first record: its second message comes at a later time.
    const limits: KeyLimits = { records: 1_000, bytes: 2 ** 30, ageMs: 1_000 };
    const sender = new RecordSender(direction, traffic, 0, () => ivs.shift()!, limits);
    const said = records.filter(({ type }) => type === frameType.data)
      .map(({ message }, index) => hex(sender.data(utf8(message), index * 1_000)));
    said.push(hex(sender.close()));
    assertEquals(said.join(""), records.map(({ frame }) => frame).join(""), from);
  }
});
