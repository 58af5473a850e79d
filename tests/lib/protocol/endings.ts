/** Every way in which a connection may end: in the handshake, after records, or abandoned. */
import { assertEquals, assertRejects } from "@std/assert";
import { u32, utf8 } from "../../../lib/bytes.ts";
import { ProtocolError } from "../../../lib/errors.ts";
import {
  cipherIdleMsMax,
  closeMsMax,
  frameBytesMax,
  handshakeMsMax,
  keyAgeMsMax,
  silentMsMax,
} from "../../../lib/limits.ts";
import { terminalKey } from "../helpers.ts";
import { type Ends, server } from "./ends.ts";

export type Ending = (ends: Ends) => Promise<void>;

/** Handles the bytes of one write instead of the socket. */
type Strike = (
  bytes: Uint8Array,
  write: (bytes: Uint8Array) => Promise<number>,
  ends: Ends,
) => unknown;

const cut = (keptBytes = Infinity): Strike => async (bytes, write, { near }) => {
  await write(bytes.subarray(0, keptBytes));
  near.close();
};
/** A proof or a tag is the last part of each frame. */
const forged: Strike = (bytes, write) => write(bytes.with(-1, bytes.at(-1)! ^ 1));
const lost: Strike = () => {};
const doubled: Strike = async (bytes, write) => {
  await write(bytes);
  await write(bytes);
};
const tooLong: Strike = (_, write) => write(u32(frameBytesMax + 2));

/** Strikes a write of one end, counted from now. */
function strike(ends: Ends, from: "near" | "far", index: number, act: Strike): void {
  const end = ends[from];
  const write = end.write.bind(end);
  let written = 0;
  end.write = async (bytes) => {
    if (written++ !== index) return await write(bytes);
    await act(bytes, write, ends);
    return bytes.length;
  };
}

function closeBoth({ client, bank }: Ends): void {
  client.close();
  bank.close();
}

const inHandshake = (from: "near" | "far", index: number, act: Strike): Ending => async (ends) => {
  const { client, bank } = ends;
  strike(ends, from, index, act);
  const accepted = assertRejects(() => bank.accept(server), ProtocolError);
  accepted.then(() => bank.close());
  await client.connect(terminalKey).catch(() => client.close());
  await accepted;
  client.close();
};

/** Endings of two ends that have not begun. */
export const endingsInHandshake: Record<string, Ending> = {
  "a cut before the hello": inHandshake("near", 0, cut(0)),
  "a cut in the hello": inHandshake("near", 0, cut(700)),
  "a forged hello": inHandshake("near", 0, forged),
  "a cut between the hellos": inHandshake("near", 0, cut()),
  "a cut in the bank's hello": inHandshake("far", 0, cut(700)),
  "a forged hello of the bank": inHandshake("far", 0, forged),
  "a cut before the finish": inHandshake("near", 1, cut(0)),
  "a cut in the finish": inHandshake("near", 1, cut(20)),
  "a forged finish": inHandshake("near", 1, forged),
  "silence before the hello": async ({ client, bank, time }) => {
    bank.closeAfter(handshakeMsMax);
    const accepted = assertRejects(() => bank.accept(server), ProtocolError);
    await time.pass(handshakeMsMax);
    await accepted;
    client.close();
  },
};

/** Sends questions and their answers, for which each end keeps two ciphers. */
export async function exchange({ client, bank }: Ends, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) {
    client.send(utf8("question"));
    await bank.receive();
    bank.send(utf8("answer"));
    await client.receive();
  }
}

/** Replaces the keys of both directions. */
async function rekey(ends: Ends): Promise<void> {
  ends.time.nowMs += keyAgeMsMax - silentMsMax; // without the timers, which would free the ciphers
  await exchange(ends, 1);
}

const atRecord = (act: Strike, why: string): Ending => async (ends) => {
  const { client, bank } = ends;
  strike(ends, "near", 0, act);
  for (let sent = 0; sent < 2; sent++) client.send(utf8("question"));
  const receiving = async () => {
    while (await bank.receive());
  };
  await assertRejects(receiving, ProtocolError, why);
  closeBoth(ends);
};

const clientEnds: Ending = async ({ client, bank }) => {
  client.finish();
  assertEquals(await bank.receive(), "close");
  await bank.end();
  assertEquals(await client.receive(), "close");
  client.close();
};

/** Endings of two ends that have proved themselves. */
export const endingsAfterRecords: Record<string, Ending> = {
  "both close": (ends) => Promise.resolve(closeBoth(ends)),
  "the client ends it": clientEnds,
  "the bank ends it": async ({ client, bank }) => {
    await bank.end("revoked");
    assertEquals(await client.receive(), "revoked");
    client.close();
  },
  "both end it": async ({ client, bank }) => {
    await Promise.all([client.end(), bank.end()]);
  },
  "a cut between records": atRecord(cut(), "stream truncated"),
  "a cut in a record": atRecord(cut(40), "frame truncated"),
  "a forged record": atRecord(forged, "record tag"),
  "a doubled record": atRecord(doubled, "record tag"),
  "a lost record": atRecord(lost, "record tag"),
  "a frame that is too long": atRecord(tooLong, "frame length"),
  "an end after a rekey": async (ends) => {
    await rekey(ends);
    await clientEnds(ends);
  },
  "a cut after a rekey": async (ends) => {
    await rekey(ends);
    await atRecord(cut(), "stream truncated")(ends);
  },
  "a cut after silence": async (ends) => {
    await ends.time.pass(cipherIdleMsMax);
    ends.near.close();
    await assertRejects(() => ends.bank.receive(), ProtocolError, "stream truncated");
    closeBoth(ends);
  },
  "an end after silence and more records": async (ends) => {
    await ends.time.pass(cipherIdleMsMax);
    await exchange(ends, 1);
    await clientEnds(ends);
  },
  "a slow peer": async ({ client, bank, far, time }) => {
    far.isStuck = true;
    bank.send(utf8("stuck"));
    bank.end();
    client.close();
    await time.pass(closeMsMax);
  },
  "a deadline": async ({ client, bank, time }) => {
    [client, bank].forEach((end) => end.closeAfter(5));
    await time.pass(5);
  },
};

/** Endings of two ends that have proved themselves, of which only a finalizer is notified. */
export const abandonments: Record<string, Ending> = {
  "abandoned after records": () => Promise.resolve(),
  "abandoned after a rekey": rekey,
  "abandoned while a record is waited for": (ends) => {
    ends.bank.receive();
    return Promise.resolve();
  },
};
