/** What the length of a real answer reveals on the network: the kind of its request, no more. */
import { assertEquals } from "@std/assert";
import { longAnswerPlaintextBytesMin } from "../../../lib/limits.ts";
import { encodeFrame, frameType } from "../../../lib/protocol/frame.ts";
import type { Ask } from "../../../lib/protocol/message.ts";
import { sealedLength } from "../../../lib/seal.ts";
import { newId, passwords, RunningBank } from "../helpers/running_bank.ts";

/** A request id of a long visit, whose digits make an answer longer. */
const longVisit = 1_000;

Deno.test("answers to a log-in and to movements are of one length, whatever is refused, limited or booked", () =>
  RunningBank.with(async (running) => {
    const record = sealedLength(longAnswerPlaintextBytesMin);
    const long = encodeFrame(frameType.data, new Uint8Array(record)).length;
    const outcomes: string[] = [];
    const received: Uint8Array[] = [];
    let atm = await running.connect(running.keys.lobby, [], received);
    const check = async (when: string, ask: Ask) => {
      received.length = 0;
      const { outcome } = await atm.ask(ask);
      const what = `${when}: ${ask.op}: ${outcome}`;
      outcomes.push(what);
      const bytes = received.reduce((sum, { length }) => sum + length, 0);
      assertEquals(bytes, long, what);
    };
    const to = (await running.visit("bob", running.keys.mall)).account;
    const logIn = async (when: string) => {
      await check(when, { op: "log_in", username: "alice", password: "not this one" });
      const asked = { op: "log_in", username: "alice", password: passwords.alice } as const;
      received.length = 0;
      const answer = await atm.ask(asked);
      assertEquals(received.reduce((sum, { length }) => sum + length, 0), long, `${when}: log_in`);
      return answer.account!.id;
    };
    const move = async (when: string, account: string, amount: string) => {
      const money = { account, amount, currency: "EUR" };
      const withdrawal = { op: "authorise", kind: "withdrawal", ...money } as const;
      const nonce = "AB".repeat(16);
      for (const done of [amount, "0"]) {
        const movement = newId();
        await check(when, { ...withdrawal, movement, nonce });
        await check(when, { ...withdrawal, movement: newId(), amount: "90000000000", nonce });
        await check(when, { op: "complete", movement, amount: done });
        await check(when, { op: "reverse", movement });
      }
      await check(when, { op: "transfer", movement: newId(), to, ...money });
      await check(when, { op: "transfer", movement: newId(), to, ...money, amount: "90000000000" });
      await check(when, { op: "void", movement: newId() });
    };
    const account = await logIn("at first");
    await move("at first", account, "2000");
    await Array.fromAsync(
      running.operate({ command: "set_limits", withdrawal: "500.00", day: "1000.00" }),
    );
    await move("with limits", account, "2100");
    await Array.fromAsync(
      running.operate({ command: "set_limits", withdrawal: "none", day: "none" }),
    );
    for (let count = 0; count < 6; count++) {
      const movement = newId();
      const amount = "1000000000";
      await atm.authorise("deposit", movement, amount, account);
      await atm.ask({ op: "complete", movement, amount });
    }
    for (let id = 0; id < longVisit; id++) await atm.ask({ op: "touch" });
    await move("rich, in a long visit", account, "123456789");
    await atm.client.close();
    await Array.fromAsync(
      running.operate({ command: "enrol_device", name: "lobby-cash", terminal: "lobby" }),
    );
    atm = await running.connect(running.keys.lobby, [], received);
    await move("with a keyed device", await logIn("with a keyed device"), "2000");
    for (const op of ["authorise", "complete", "transfer"]) {
      const all = outcomes.filter((each) => each.includes(`: ${op}: `));
      const kinds = new Set(all.map((each) => each.split(": ").at(-1)));
      assertEquals(kinds.has("ok") && kinds.size > 1, true, `${op}: ${[...kinds]}`);
    }
  }));
