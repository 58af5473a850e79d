/** Strangers at the bank's door who prove nothing: resets, health checks, and all handles taken. */
import { assert, assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { BankClient } from "../../client/bank_client.ts";
import { connectTcp, system, systemFiles } from "../../lib/system.ts";
import { parseTerminalKey, type TerminalKey } from "../../lib/terminal_key.ts";
import { serverArguments } from "../bank_programs.ts";
import { until } from "../client/branch.ts";
import { linesOf } from "../server/helpers/lines.ts";
import { makeBank } from "../server/helpers/made_bank.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { inTemporaryFolder } from "../server/helpers/temporary.ts";
import { reset, type Target } from "./storms.ts";

type Address = Target["address"];

/** Connects from another address of this host, and sends nothing. */
function silentFrom(localAddress: string, { hostname, port }: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: hostname, localAddress }, () => resolve(socket));
    socket.on("error", reject);
  });
}

/** Connects and closes, as a balancer does that looks whether the port is open. */
async function look(address: Address): Promise<void> {
  (await Deno.connect(address)).close();
}

async function handshakeMs({ hostname, port }: Address, terminalKey: TerminalKey): Promise<number> {
  const sinceMs = performance.now();
  const client = await BankClient.connect({
    connect: () => connectTcp(hostname, port),
    terminalKey,
    world: system,
  });
  const tookMs = performance.now() - sinceMs;
  await client.close();
  return tookMs;
}

const refusals = async (running: RunningBank) =>
  (await running.entries()).filter((entry) => entry.includes("| refuse "));

Deno.test("a burst of resets delays no ATM, and the operator's log gets no line of it", () =>
  RunningBank.with(async (running) => {
    await Promise.all(Array.from({ length: 500 }, () => reset(running.address)));
    const tookMs = await handshakeMs(running.address, running.keys.lobby);
    assert(tookMs < 2_000, `${tookMs} ms`);
    assertEquals(running.log, []);
  }, { limits: { failures: 10, failuresPerMinute: 0 } }));

Deno.test("a hundred resets a second leave every handshake its time", () =>
  RunningBank.with(async (running) => {
    const storm = setInterval(() => {
      for (let count = 0; count < 2; count++) reset(running.address);
    }, 20);
    const times: number[] = [];
    try {
      for (let count = 0; count < 20; count++) {
        times.push(await handshakeMs(running.address, running.keys.lobby));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      clearInterval(storm);
    }
    assert(Math.max(...times) < 1_000, `${times.map(Math.round)} ms`);
    assertEquals(running.log, []);
  }, { limits: { failures: 10, failuresPerMinute: 0 } }));

Deno.test("a health check that says nothing is no failed handshake", () =>
  RunningBank.with(async (running) => {
    for (let count = 0; count < 50; count++) await look(running.address);
    await handshakeMs(running.address, running.keys.lobby);
    await running.reopen();
    assertEquals(await refusals(running), []);
  }, { limits: { failures: 10, failuresPerMinute: 0 } }));

Deno.test("a bank without handles left goes on, lets an ATM in, and logs it once", () =>
  inTemporaryFolder(async (root) => {
    const folder = `${root}/bank`;
    const [lobby] = await makeBank(folder, { terminals: ["lobby"] });
    const words = [Deno.execPath(), ...serverArguments({ folder }, 0)];
    const server = new Deno.Command("sh", {
      args: ["-c", 'ulimit -n 300; exec "$@"', "sh", ...words],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines = linesOf(server.stdout).getReader();
    const log = new Response(server.stderr).text();
    try {
      const { address } = JSON.parse((await lines.read()).value!);
      const [hostname, port] = address.split(":");
      const at = { hostname, port: Number(port) };
      const silent = await Promise.all(
        Array.from({ length: 400 }, (_, number) => silentFrom(`127.0.0.${2 + number % 4}`, at)),
      );
      const key = parseTerminalKey(lobby!, "lobby");
      await until("an ATM is let in", async () => {
        const ms = await handshakeMs(at, key).catch(() => null);
        return ms !== null;
      });
      for (const socket of silent) socket.destroy();
      await handshakeMs(at, key);
    } finally {
      await server.stdin.close();
      await lines.cancel();
      assertEquals((await server.status).code, 0);
    }
    const failed = (await log).split("\n").filter((line) => line.includes("accept"));
    assert(failed.length >= 1 && failed.length <= 2, await log);
    assert(systemFiles.facts(`${folder}/bank.sqlite`));
  }));
