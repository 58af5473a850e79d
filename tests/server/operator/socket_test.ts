/** The operators' socket: requests that are too long, too many or never sent are answered or ended. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UsageError } from "../../../lib/errors.ts";
import {
  operatorCommandBytesMax,
  operatorConnectionsMax,
  operatorRequestBytesMax,
  operatorSilentMsMax,
} from "../../../lib/limits.ts";
import { connectUnix, listenUnix, system } from "../../../lib/system.ts";
import type { Socket } from "../../../lib/world.ts";
import {
  operatorSocketPath,
  sharedSocketFolder,
  sharedSocketPath,
} from "../../../server/folder/bank_folder.ts";
import { CommandRefused, CommandUnsure } from "../../../server/operator/request.ts";
import { makeOperatorKey } from "../../../server/operator/operator_key.ts";
import { askServer, serveOperators } from "../../../server/operator/socket.ts";
import { addOperator, noSigner } from "../helpers/operators.ts";
import { readToEnd, RunningBank } from "../helpers/running_bank.ts";
import { inTemporaryFolder } from "../helpers/temporary.ts";

/** Runs with the socket of a running bank. */
function withSocket(
  run: (path: string, running: RunningBank) => Promise<void>,
  requestMsMax?: number,
): Promise<void> {
  return RunningBank.with(async (running) => {
    const operators = serveOperators(running.bank, listenUnix, { requestMsMax });
    try {
      await run(operatorSocketPath(running.folder), running);
    } finally {
      await operators.close();
    }
  });
}

const textOf = async (socket: Deno.Conn) =>
  new TextDecoder().decode(await readToEnd(socket as Deno.TcpConn));

Deno.test("a request that is too long gets a named error", () =>
  withSocket(async (path, running) => {
    const socket = await Deno.connect({ transport: "unix", path });
    await socket.write(new Uint8Array(operatorRequestBytesMax + 1).fill(0x61));
    const { error, exitCode } = JSON.parse((await textOf(socket)).split("\n")[1]!);
    socket.close();
    assertStringIncludes(error, `at most ${operatorCommandBytesMax} bytes`);
    assertEquals(exitCode, 1);
    const reason = "x".repeat(operatorRequestBytesMax);
    const request = { command: "end_restore", reason } as const;
    const answers =
      (await askServer({ ...system, connectUnix }, running.folder, request, noSigner))!;
    await assertRejects(() => Array.fromAsync(answers), UsageError, "is too long");
    assertEquals(running.log, []);
  }));

Deno.test("connections beyond a limit get a named error; a command still runs when some have ended", () =>
  withSocket(async (path, running) => {
    const connect = () => Deno.connect({ transport: "unix", path });
    const silent = await Promise.all(Array.from({ length: operatorConnectionsMax }, connect));
    const late = await connect();
    assertStringIncludes(await textOf(late), "too many operators' commands");
    late.close();
    for (const socket of silent) socket.close();
    const request = { command: "list_terminals" } as const;
    const { signer } = await addOperator(running.bank, "test");
    for (let tries = 0;; tries++) {
      const key = () => Promise.resolve(signer);
      const answers = (await askServer({ ...system, connectUnix }, running.folder, request, key))!;
      const lines = await Array.fromAsync(answers).catch(() => []);
      if (lines.length > 0) return;
      assert(tries < 100, "no place has come free");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }));

Deno.test("a connection that sends no request is closed", () =>
  withSocket(async (path, running) => {
    const silent = await Deno.connect({ transport: "unix", path });
    await silent.write(new TextEncoder().encode('{"command"'));
    assertStringIncludes((await textOf(silent)).split("\n")[0]!, '"nonce"');
    silent.close();
    assertEquals(running.log, []);
  }, 100));

Deno.test("operators have the socket in a folder that is open to their group, and the bank's stays shut", () =>
  RunningBank.with(async (running) => {
    const { signer } = await addOperator(running.bank, "test");
    const group = Deno.statSync(running.folder).gid!;
    const operators = serveOperators(running.bank, listenUnix, { group });
    try {
      const modes = [
        [running.folder, 0o700],
        [sharedSocketFolder(running.folder), 0o710],
        [sharedSocketPath(running.folder), 0o660],
      ] as const;
      for (const [path, mode] of modes) {
        const facts = Deno.statSync(path);
        assertEquals([facts.mode! & 0o777, facts.gid], [mode, group], path);
      }
      const request = { command: "list_operators" } as const;
      const key = () => Promise.resolve(signer);
      const answers = (await askServer({ ...system, connectUnix }, running.folder, request, key))!;
      assert((await Array.fromAsync(answers)).length > 0);
    } finally {
      await operators.close();
    }
    const forbidden = Object.assign(new Error(), { name: "PermissionDenied" });
    const world = { ...system, connectUnix: () => Promise.reject(forbidden) };
    await assertRejects(
      () => askServer(world, running.folder, { command: "list_operators" }, noSigner),
      UsageError,
      "only the bank's account can open the folder",
    );
  }));

Deno.test("a command that takes long has signs of life until its answer, which its operator does not get as lines", () =>
  withSocket(async (_path, running) => {
    const { bank, folder } = running;
    const { signer } = await addOperator(bank, "anna");
    const waiting = Promise.withResolvers<void>();
    const { submit } = bank.ledger;
    bank.ledger.submit = async (command) => {
      await waiting.promise;
      return await submit.call(bank.ledger, command);
    };
    let received = "";
    const listening = async (path: string): Promise<Socket> => {
      const socket = await connectUnix(path);
      return {
        ...socket,
        async read(into) {
          const count = await socket.read(into);
          received += new TextDecoder().decode(into.subarray(0, count ?? 0));
          if (received.split('{"alive":true}\n').length === 3) waiting.resolve();
          return count;
        },
      };
    };
    const key = () => Promise.resolve(signer);
    const watch = { command: "watch_bank", follow: false } as const;
    const answers = (await askServer({ ...system, connectUnix: listening }, folder, watch, key))!;
    const lines = await Array.fromAsync(answers);
    assertEquals(lines.length, 1);
    assert("line" in lines[0]! && lines[0].line.includes('"news"'));
    assert(received.includes('{"alive":true}\n{"line"'));
  }));

Deno.test("a server ends although its socket cannot be removed, and says so", () =>
  RunningBank.with(async (running) => {
    const { bank, folder } = running;
    const path = operatorSocketPath(folder);
    const files = { ...bank.world.files };
    const operators = serveOperators({ ...bank, world: { ...bank.world, files } }, listenUnix);
    const facts = files.facts(path);
    files.facts = () => facts; // on a read-only disk closing the listener removes nothing
    files.remove = () => {
      throw new Error("Read-only file system");
    };
    await operators.close();
    assertEquals(running.log, [`${path} cannot be removed: Read-only file system`]);
  }));

Deno.test("a connection that is reset amid an answer leaves the outcome unknown, in words", () =>
  withSocket(async (path, running) => {
    const { signer } = await addOperator(running.bank, "anna");
    const resetting = async (): Promise<Socket> => {
      const socket = await connectUnix(path);
      let isSent = false;
      return {
        ...socket,
        write(bytes) {
          isSent = true;
          return socket.write(bytes);
        },
        read: (into) =>
          isSent ? Promise.reject(new Deno.errors.ConnectionReset()) : socket.read(into),
        close: () => socket.close(),
      };
    };
    const world = { ...system, connectUnix: resetting };
    const key = () => Promise.resolve(signer);
    const request = { command: "list_operators" } as const;
    const answers = (await askServer(world, running.folder, request, key))!;
    await assertRejects(() => answers.next(), CommandUnsure, "the server ended before its answer");
  }));

Deno.test("a server that accepts a connection and never answers is not waited for, and the answer names what it may have done", async () => {
  const { signer } = await makeOperatorKey(system, "anna", null);
  const challenge = JSON.stringify({ bankId: "ab".repeat(16), nonce: "cd".repeat(32) });
  const silent = `the server has not answered for ${operatorSilentMsMax / 1_000} s`;
  const rows = [
    ["", CommandRefused, `${silent}: the command was not sent`],
    [
      `${challenge}\n`,
      CommandUnsure,
      `${silent}. The command may be executed all the same: check before you repeat it`,
    ],
    [`${challenge}\n{"alive":true}\n`, CommandUnsure, silent],
  ] as const;
  for (const [says, error, message] of rows) {
    await inTemporaryFolder(async (folder) => {
      const listener = listenUnix(operatorSocketPath(folder));
      const accepted = listener.accept().then(async (socket) => {
        if (says !== "") await socket!.write(new TextEncoder().encode(says));
        return socket!;
      });
      const after = (ms: number, act: () => void) =>
        system.after(ms === operatorSilentMsMax ? 200 : ms, act);
      const command = { command: "approve", proposal: "ab".repeat(32) } as const;
      const key = () => Promise.resolve(signer);
      const answers = (await askServer({ after, connectUnix }, folder, command, key))!;
      await assertRejects(() => Array.fromAsync(answers), error, message);
      (await accepted).close();
      listener.close();
    });
  }
});
