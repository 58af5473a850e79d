/** Enrolled, rotated, revoked, sealed again: over real sockets, and across crashes in between. */
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { NoAnswer } from "../../../client/bank_client.ts";
import { fromHex } from "../../../lib/bytes.ts";
import { UsageError } from "../../../lib/errors.ts";
import { handshakeFrameBytesMax } from "../../../lib/limits.ts";
import { encodeFrame, FrameReader, frameType } from "../../../lib/protocol/frame.ts";
import {
  consumeServerHello,
  createClientHello,
  parseServerHello,
} from "../../../lib/protocol/handshake.ts";
import { parseTerminalKey, type TerminalKey } from "../../../lib/terminal_key.ts";
import { system, systemFiles } from "../../../lib/system.ts";
import { keysPath } from "../../../server/folder/bank_folder.ts";
import { readBankKeys, replaceBankKeys } from "../../../server/folder/bank_keys.ts";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { Command, Reply } from "../../../server/ledger/command.ts";
import { type KeyedBank, rotateMasterKey } from "../../../server/terminals/change_keys.ts";
import {
  type Atm,
  newId,
  onEachBank,
  readToEnd,
  type RunningBank,
} from "../helpers/running_bank.ts";

const rotate = (now: boolean): OperatorCommand => ({
  command: "rotate_terminal",
  name: "lobby",
  now,
});
const revoke: OperatorCommand = { command: "revoke_terminal", name: "lobby" };

/** The keys in the folder of a bank. */
const keysOf = ({ folder }: RunningBank) => readBankKeys(systemFiles, keysPath(folder));

/** Returns the lines of a command's answer, and the key of its file if it gives one. */
async function done(running: RunningBank, command: OperatorCommand) {
  const answers = await Array.fromAsync(running.operate(command));
  const file = answers.find((answer) => "keyFile" in answer);
  const lines = answers.flatMap((answer) => "line" in answer ? [answer.line] : []).join("\n");
  return { lines, key: file && parseTerminalKey(file.keyFile, "key") };
}

/** Returns the next key, as the bank sends it to a terminal. */
async function offered(atm: Atm, key: TerminalKey): Promise<TerminalKey> {
  const [push] = await atm.pushed(1);
  if (push?.push !== "new_key") throw new Error("another push");
  return { ...key, version: push.version, key: fromHex(push.key, 32)! };
}

const accepted = async (running: RunningBank, key: TerminalKey) => {
  try {
    const atm = await running.connect(key);
    assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
    await atm.client.close();
    return true;
  } catch (error) {
    if (error instanceof NoAnswer) return false;
    throw error;
  }
};

onEachBank(
  "a terminal gets its next key over its line, and the one before ends when it comes with it",
  (withBank) =>
    withBank(async (running) => {
      const old = running.keys.lobby;
      const atm = await running.connect();
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
      await done(running, rotate(false));
      const next = await offered(atm, old);
      assertEquals(next.version, 2);
      assertNotEquals(next.key, old.key);
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok", "the line goes on");
      // The terminal was not able to store it, again and again: it is offered again, and loses nothing.
      for (let tries = 0; tries < 3; tries++) {
        assertEquals(await offered(await running.connect(), old), next);
      }
      assert((await done(running, { command: "list_terminals" })).lines.includes("2 waits since"));
      await assertRejects(() => done(running, rotate(false)), UsageError, "--now");
      await running.reopen();
      assert(await accepted(running, old), "the next key outlives a restart, and so does this one");
      assert(await accepted(running, next));
      assertEquals(await accepted(running, old), false);
      assert(await accepted(running, next));
      await running.reopen();
      assertEquals([await accepted(running, old), await accepted(running, next)], [false, true]);
      const entries = await running.entries();
      assert(entries.includes("operator test | rotate the key of terminal lobby to 2"));
      assert(entries.includes("terminal lobby | connect with key 2 - key 1 has ended"));
      await done(running, rotate(false));
      assertEquals((await offered(await running.connect(next), next)).version, 3);
    }),
);

onEachBank(
  "after a theft: the old key ends at once, and its channel gets a close that says so",
  (withBank) =>
    withBank(async (running) => {
      const thief = await running.connect();
      assertEquals(await thief.outcomeOf({ op: "hello" }), "ok");
      const { key } = await done(running, rotate(true));
      const sinceMs = performance.now();
      assertEquals(await thief.client.ended, "revoked");
      console.log(`closed within ${(performance.now() - sinceMs).toFixed(1)} ms`);
      assertEquals(await accepted(running, running.keys.lobby), false);
      assertEquals(thief.pushes, [], "the new key is not sent to a channel under the old one");
      assert(await accepted(running, key!));
      assertEquals(key!.version, 2);
    }),
);

onEachBank(
  "a revoked terminal gets a close that says so, and is refused without a reason afterwards",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.visit("alice");
      const other = await running.connect(running.keys.mall);
      await done(running, revoke);
      assertEquals(await atm.client.ended, "revoked");
      assertEquals(await accepted(running, running.keys.lobby), false);
      assertEquals(await other.outcomeOf({ op: "hello" }), "ok");
      for (const command of [rotate(false), rotate(true)]) {
        await assertRejects(() => done(running, command), UsageError, "terminal revoked");
      }
      await assertRejects(() => done(running, { ...revoke, name: "none" }), UsageError, "list");
      await running.reopen();
      assertEquals(await accepted(running, running.keys.lobby), false);
      assert((await running.entries()).includes("alice | log out - connection lost"));
    }),
);

onEachBank(
  "a revocation between hello and finish shuts the terminal out",
  (withBank) =>
    withBank(async (running) => {
      const { publicKey: kemKey, decapsulate } = await system.kem.newKey();
      const fresh = { nonce: system.randomBytes(32), shareSecret: system.randomBytes(32), kemKey };
      const hello = createClientHello(running.keys.lobby, fresh);
      const socket = await Deno.connect(running.address);
      await socket.write(encodeFrame(frameType.clientHello, hello.bytes));
      const frames = new FrameReader(handshakeFrameBytesMax), chunk = new Uint8Array(256);
      let answer;
      while (!(answer = frames.next())) {
        frames.push(chunk.subarray(0, (await socket.read(chunk))!));
      }
      await done(running, revoke);
      const parsed = parseServerHello(answer.body);
      const secret = await decapsulate(parsed.ciphertext);
      const { finish } = consumeServerHello(hello, parsed, secret);
      await socket.write(encodeFrame(frameType.clientFinish, finish));
      assertEquals(await readToEnd(socket), new Uint8Array(0));
      socket.close();
    }),
);

onEachBank(
  "what a terminal asked while it was being revoked is not done",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      const before = await running.bank.ledger.read.accounts();
      const revoked = done(running, revoke);
      const asked = Array.from(
        { length: 50 },
        () =>
          atm.outcomeOf({ op: "load_cash", movement: newId(), amount: "1", currency: "EUR" })
            .catch(() => "none"),
      );
      await revoked;
      const outcomes = await Promise.all(asked);
      const done1 = BigInt(outcomes.filter((outcome) => outcome === "ok").length);
      assertEquals(await atm.client.ended, "revoked");
      const booked = (rows: typeof before) => rows.find(({ kind }) => kind === "vault")!.balance;
      const after = await running.bank.ledger.read.accounts();
      assert(booked(after) - booked(before) - done1 <= 1n, "at most the one whose answer was lost");
      assert(outcomes.includes("none"));
    }),
);

onEachBank(
  "a suspended terminal is shut out at once, and comes back when it is resumed; a revoked one does not",
  (withBank) =>
    withBank(async (running) => {
      const suspend = { command: "suspend_terminal", name: "lobby" } as const;
      const resume = { command: "resume_terminal", name: "lobby" } as const;
      const atm = await running.connect();
      assertEquals(await atm.outcomeOf({ op: "hello" }), "ok");
      await done(running, suspend);
      assertEquals(await atm.client.ended, "revoked");
      await assertRejects(() => running.connect());
      await running.reopen();
      await assertRejects(() => running.connect());
      await done(running, resume);
      const again = await running.connect();
      assertEquals(await again.outcomeOf({ op: "hello" }), "ok");
      await done(running, revoke);
      await assertRejects(() => done(running, resume), UsageError, "terminal revoked");
      await assertRejects(() => done(running, suspend), UsageError, "terminal revoked");
      assertEquals((await running.bank.ledger.check()).problem, null);
    }),
);

onEachBank(
  "a new master key seals every key again, and the old one opens nothing",
  (withBank) =>
    withBank(async (running) => {
      const before = keysOf(running);
      const stays = await running.connect();
      const waiting = await running.connect(running.keys.mall);
      await done(running, { command: "rotate_terminal", name: "mall", now: false });
      const next = await offered(waiting, running.keys.mall);
      await done(running, { command: "rotate_key" });
      assertEquals(await stays.outcomeOf({ op: "hello" }), "ok", "lines go on");
      assertNotEquals(keysOf(running).master, before.master);
      const hall = await running.enrol("hall");
      await running.reopen();
      assert(await accepted(running, running.keys.lobby));
      assert(await accepted(running, hall));
      assert(await accepted(running, next));
      await running.stop();
      replaceBankKeys(systemFiles, keysPath(running.folder), before);
      await assertRejects(
        () => running.reopen(),
        Error,
        "does not open under this bank's master key",
      );
    }),
);

onEachBank(
  "a crash while the master key is changed leaves keys that open",
  (withBank) =>
    withBank(async (running) => {
      for (const databaseChanged of [false, true]) {
        const before = keysOf(running);
        if (databaseChanged) await rotateMasterKey(running.bank, "test");
        const nextMaster = databaseChanged ? running.bank.keys.master : system.randomBytes(32);
        await running.stop();
        replaceBankKeys(systemFiles, keysPath(running.folder), { ...before, nextMaster });
        await running.reopen();
        const after = keysOf(running);
        assertEquals(after.nextMaster, undefined);
        assertEquals(after.master, databaseChanged ? nextMaster : before.master);
        assert(await accepted(running, running.keys.lobby));
      }
    }),
);

/** Returns the bank, but for the answers to commands that change master keys. */
function answering(
  { bank }: RunningBank,
  answer: (reply: Promise<Reply>) => Promise<Reply>,
): KeyedBank {
  const submit = (command: Command) => {
    const reply = bank.ledger.submit(command);
    return command.op === "reseal_terminals" ? answer(reply) : reply;
  };
  const { world, folder, settings, terminals, keepTerminals } = bank;
  return {
    world,
    folder,
    settings,
    terminals,
    keepTerminals,
    ledger: { submit, read: bank.ledger.read },
  };
}

onEachBank(
  "a new master key whose commit is in doubt destroys no terminal's key",
  (withBank) =>
    withBank(async (running) => {
      const unanswered = async (reply: Promise<Reply>): Promise<Reply> => {
        await reply;
        throw new Error("the ledger's thread failed");
      };
      const refused = async (reply: Promise<Reply>): Promise<Reply> => ({
        ...await reply,
        outcome: "try_later",
      });
      for (const answer of [unanswered, refused]) {
        const before = keysOf(running).master;
        await rotateMasterKey(answering(running, answer), "test").catch(() => {});
        const inDoubt = keysOf(running);
        assertEquals(inDoubt.master, before, "the one that the keys were sealed under");
        assert(inDoubt.nextMaster, "the one that they are sealed under now");
        // Everything goes on, whichever of the two a key is sealed under.
        const annex = await running.enrol(`annex-${before.toHex().slice(0, 4)}`);
        await done(running, rotate(true)).then(({ key }) => running.keys.lobby = key!);
        assert(await accepted(running, running.keys.lobby));
        await running.reopen();
        assert(await accepted(running, running.keys.mall));
        await done(running, { command: "rotate_key" });
        const after = keysOf(running);
        assertEquals([after.master, after.nextMaster], [inDoubt.nextMaster, undefined]);
        await running.reopen();
        for (const key of [running.keys.lobby, running.keys.mall, annex]) {
          assert(await accepted(running, key));
        }
      }
    }),
);

onEachBank(
  "a new version of the AUDIT_KEY leaves the next master key in the file, and the other way round",
  (withBank) =>
    withBank(async (running) => {
      const before = keysOf(running);
      const unanswered = async (reply: Promise<Reply>) => {
        await reply;
        throw new Error("no answer");
      };
      await rotateMasterKey(answering(running, unanswered), "test").catch(() => {});
      const { nextMaster } = keysOf(running);
      await done(running, { command: "rotate_audit_key" });
      assertEquals(keysOf(running).nextMaster, nextMaster!);
      await done(running, { command: "rotate_key" });
      const after = keysOf(running);
      assertNotEquals(after.master, before.master);
      assertEquals(after.audit.map(({ version }) => version), [1, 2]);
      await running.reopen();
      assert(await accepted(running, running.keys.lobby));
    }),
);

onEachBank(
  "an older bank.keys is refused: the next version of the AUDIT_KEY would be there twice",
  (withBank) =>
    withBank(async (running) => {
      const before = keysOf(running);
      await done(running, { command: "rotate_audit_key" });
      const newest = keysOf(running);
      await running.stop();
      replaceBankKeys(systemFiles, keysPath(running.folder), before);
      await assertRejects(() => running.reopen(), UsageError, "not this bank's newest");
      replaceBankKeys(systemFiles, keysPath(running.folder), newest);
      await running.reopen();
      assertEquals(await (await running.connect()).outcomeOf({ op: "hello" }), "ok");
    }),
);
