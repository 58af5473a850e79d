import { assertEquals } from "@std/assert";
import { BankClient, NoAnswer } from "../../client/bank_client.ts";
import { connectTcp, system } from "../../lib/system.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";
import { helloUnder, keysOfStrangers, kinds } from "./strangers.ts";
import { areaUnderCurve } from "./timing.ts";

Deno.test("unknown, revoked and wrong-key terminals get the same bytes: none, and a close", () =>
  RunningBank.with(async (running) => {
    const keys = await keysOfStrangers(running);
    for (let round = 0; round < 50; round++) {
      for (const kind of kinds) {
        assertEquals(await running.answerTo(helloUnder(keys[kind]())), new Uint8Array(0), kind);
      }
    }
  }, { limits: { failures: Infinity } }));

Deno.test("to their clients they look alike, too", () =>
  RunningBank.with(async (running) => {
    const keys = await keysOfStrangers(running);
    const messages = new Set<string>();
    const { hostname, port } = running.address;
    for (const kind of kinds) {
      const line = {
        connect: () => connectTcp(hostname, port),
        terminalKey: keys[kind](),
        world: system,
      };
      const error = await BankClient.connect(line).catch((error) => error);
      messages.add(error instanceof NoAnswer ? error.message : "another error");
    }
    assertEquals([...messages], ["server hello"]);
  }));

Deno.test("the measure of timing separates what differs, and nothing that is alike", () => {
  const even = Array.from({ length: 500 }, (_, at) => at % 100);
  assertEquals(areaUnderCurve(even, even), 0.5);
  assertEquals(areaUnderCurve(even, even.map((value) => value + 1_000)), 1);
  assertEquals(areaUnderCurve(even.map((value) => value + 1_000), even), 1);
  assertEquals(areaUnderCurve([1, 3], [2, 4]), 0.75);
});
