/**
 * What the lengths of real messages reveal on the network: of a request in a visit nothing, of an
 * answer the kind of its request, no more.
 */
import { assertEquals } from "@std/assert";
import {
  accountNameLengthMax,
  answerPlaintextBytesMin,
  longAnswerPlaintextBytesMin,
  plaintextSizeClassesBytes,
} from "../../../lib/limits.ts";
import { encodeFrame, frameType } from "../../../lib/protocol/frame.ts";
import type { Ask } from "../../../lib/protocol/message.ts";
import { sealedLength } from "../../../lib/seal.ts";
import { newId, passwords, RunningBank } from "../helpers/running_bank.ts";

/** A request id of a long visit, whose digits make an answer longer. */
const longVisit = 1_000;

const frameLength = (plaintextBytes: number) =>
  encodeFrame(frameType.data, new Uint8Array(sealedLength(plaintextBytes))).length;

/** Returns how many bytes these are, and empties the list. */
const taken = (parts: Uint8Array[]) => parts.splice(0).reduce((sum, { length }) => sum + length, 0);

Deno.test("a visit's requests are of one length, answers to its log-in and to each kind of movement too, whatever is refused, limited or booked", () =>
  RunningBank.with(async (running) => {
    const short = frameLength(plaintextSizeClassesBytes[0]);
    const usual = frameLength(answerPlaintextBytesMin);
    const long = frameLength(longAnswerPlaintextBytesMin);
    const isLong = new Set<Ask["op"]>(["log_in", "authorise"]);
    const outcomes: string[] = [];
    const sent: Uint8Array[] = [], received: Uint8Array[] = [];
    const lobby = () => running.connect(running.keys.lobby, sent, received);
    let atm = await lobby();
    const asks = async (ask: Ask) => {
      [sent, received].forEach(taken);
      const answer = await atm.ask(ask);
      assertEquals(taken(sent), short, ask.op);
      return answer;
    };
    const check = async (when: string, ask: Ask) => {
      const { outcome } = await asks(ask);
      const what = `${when}: ${ask.op}: ${outcome}`;
      outcomes.push(what);
      assertEquals(taken(received), isLong.has(ask.op) ? long : usual, what);
    };
    const to = (await running.visit("bob", running.keys.mall)).account;
    const logIn = async (when: string) => {
      await check(when, { op: "log_in", username: "alice", password: "not this one" });
      const { alice: password } = passwords;
      const answer = await asks({ op: "log_in", username: "alice", password });
      assertEquals(taken(received), long, `${when}: log_in`);
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
    await asks({ op: "touch" });
    await asks({ op: "balance", account });
    await asks({ op: "recipient", from: account, account: to });
    await asks({ op: "history", filter: { text: "groceries" } });
    await asks({ op: "change_password", current: passwords.alice, next: passwords.alice });
    await move("rich, in a long visit", account, "123456789");
    await atm.client.close();
    await Array.fromAsync(
      running.operate({ command: "enrol_device", name: "lobby-cash", terminal: "lobby" }),
    );
    await Array.fromAsync(
      running.operate({ command: "set_limits", withdrawal: "90000000.00", day: "90000000.00" }),
    );
    atm = await lobby();
    await move(
      "with a keyed device, limits and riches",
      await logIn("with a keyed device"),
      "2000",
    );
    const name = "貯".repeat(accountNameLengthMax);
    const opening = { command: "open_account", username: "alice", opening: "9000000.00" } as const;
    await Array.fromAsync(running.operate({ ...opening, name }));
    await Array.fromAsync(
      running.operate({ command: "set_limits", terminal: "lobby", cashOut: "90000000.00" }),
    );
    const { alice: password } = passwords;
    await atm.client.close();
    atm = await lobby();
    const { accounts } = await atm.ask({ op: "log_in", username: "alice", password });
    await move(
      "with the longest name, too",
      accounts!.find((each) => each.name === name)!.id,
      "2000",
    );
    for (const op of ["authorise", "complete", "transfer"]) {
      const all = outcomes.filter((each) => each.includes(`: ${op}: `));
      const kinds = new Set(all.map((each) => each.split(": ").at(-1)));
      assertEquals(kinds.has("ok") && kinds.size > 1, true, `${op}: ${[...kinds]}`);
    }
  }));
