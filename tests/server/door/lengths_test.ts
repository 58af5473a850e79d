/**
 * What the lengths of real messages reveal on the network: of a request in a visit nothing, of an
 * answer the kind of its request, no more.
 */
import { assertEquals } from "@std/assert";
import {
  accountNameLengthMax,
  plaintextSizeClassesBytes,
  transferMessageLengthMax,
} from "../../../lib/limits.ts";
import { encodeFrame, frameType } from "../../../lib/protocol/frame.ts";
import {
  answerPlaintextBytesMin,
  requestPlaintextBytesMin,
} from "../../../lib/protocol/lengths.ts";
import type { Ask } from "../../../lib/protocol/message.ts";
import { sealedLength } from "../../../lib/seal.ts";
import { newId, passwords, RunningBank } from "../helpers/running_bank.ts";

/** A request id of a long visit, whose digits make an answer longer. */
const longVisit = 1_000;

const frameLength = (plaintextBytes: number) =>
  encodeFrame(frameType.data, new Uint8Array(sealedLength(plaintextBytes))).length;

/** Returns how many bytes these are, and empties the list. */
const taken = (parts: Uint8Array[]) => parts.splice(0).reduce((sum, { length }) => sum + length, 0);

Deno.test("requests of one kind are of one length, and their answers too, whatever is typed, refused, limited or booked", () =>
  RunningBank.with(async (running) => {
    const outcomes: string[] = [];
    const sent: Uint8Array[] = [], received: Uint8Array[] = [];
    const lobby = () => running.connect(running.keys.lobby, sent, received);
    let atm = await lobby();
    const asks = async (when: string, ask: Ask) => {
      [sent, received].forEach(taken);
      const answer = await atm.ask(ask);
      const what = `${when}: ${ask.op}: ${answer.outcome}`;
      outcomes.push(what);
      const [smallest] = plaintextSizeClassesBytes;
      assertEquals(
        [sent, received].map(taken),
        [Math.max(smallest, requestPlaintextBytesMin(ask)), answerPlaintextBytesMin(ask)]
          .map(frameLength),
        what,
      );
      return answer;
    };
    const to = (await running.visit("bob", running.keys.mall)).account;
    const logIn = async (when: string) => {
      await asks(when, { op: "log_in", username: "alice", password: '"'.repeat(100) });
      const { alice: password } = passwords;
      return await asks(when, { op: "log_in", username: "alice", password });
    };
    const move = async (when: string, account: string, amount: string) => {
      const money = { account, amount, currency: "EUR" };
      const withdrawal = { op: "authorise", kind: "withdrawal", ...money } as const;
      const nonce = "AB".repeat(16);
      for (const done of [amount, "0"]) {
        const movement = newId();
        await asks(when, { ...withdrawal, movement, nonce });
        await asks(when, { ...withdrawal, movement: newId(), amount: "90000000000", nonce });
        await asks(when, { op: "complete", movement, amount: done, status: "S".repeat(320) });
        await asks(when, { op: "complete", movement, amount: done });
        await asks(when, { op: "reverse", movement });
      }
      for (const sign of ["", '"', "貯"]) {
        const message = sign === "" ? {} : { message: sign.repeat(transferMessageLengthMax) };
        const transfer = { op: "transfer", to, ...money, ...message } as const;
        const { logged } = await asks(when, { ...transfer, movement: newId() });
        await asks(when, { ...transfer, movement: newId(), amount: "90000000000" });
        await asks(when, { op: "receipt", place: logged!.place });
      }
      await asks(when, { op: "void", movement: newId() });
    };
    const look = async (when: string, account: string) => {
      await asks(when, { op: "touch" });
      await asks(when, { op: "balance", account });
      await asks(when, { op: "recipient", from: account, account: to });
      for (const text of ["", "groceries", "貯".repeat(64)]) {
        await asks(when, { op: "history", filter: text === "" ? {} : { text } });
      }
      await asks(when, { op: "history", filter: { kind: "money" }, sealed: true });
    };
    const set = (limits: Partial<Record<"withdrawal" | "day" | "terminal" | "cashOut", string>>) =>
      Array.fromAsync(running.operate({ command: "set_limits", ...limits }));
    const { account: { id: account } = { id: "" } } = await logIn("at first");
    await look("at first", account);
    await move("at first", account, "2000");
    await set({ withdrawal: "500.00", day: "1000.00" });
    await move("with limits", account, "2100");
    await set({ withdrawal: "none", day: "none" });
    for (let count = 0; count < 6; count++) {
      const movement = newId();
      const amount = "1000000000";
      await atm.authorise("deposit", movement, amount, account);
      await atm.ask({ op: "complete", movement, amount });
    }
    for (let id = 0; id < longVisit; id++) await atm.ask({ op: "touch" });
    const when = "rich, in a long visit";
    const [current, next] = [passwords.alice, "貯".repeat(100)];
    await asks(when, { op: "change_password", current, next });
    await asks(when, { op: "change_password", current: next, next: current });
    await move(when, account, "123456789");
    await look(when, account);
    await atm.client.close();
    await Array.fromAsync(
      running.operate({ command: "enrol_device", name: "lobby-cash", terminal: "lobby" }),
    );
    await set({ withdrawal: "90000000.00", day: "90000000.00" });
    atm = await lobby();
    await logIn("with a keyed device");
    await move("with a keyed device, limits and riches", account, "2000");
    const name = "貯".repeat(accountNameLengthMax);
    const opening = { command: "open_account", username: "alice", opening: "9000000.00" } as const;
    await Array.fromAsync(running.operate({ ...opening, name }));
    await set({ terminal: "lobby", cashOut: "90000000.00" });
    await atm.client.close();
    atm = await lobby();
    const { accounts } = await logIn("with the longest name, too");
    await move(
      "with the longest name, too",
      accounts!.find((each) => each.name === name)!.id,
      "2000",
    );
    for (const op of ["log_in", "authorise", "complete", "transfer"]) {
      const all = outcomes.filter((each) => each.includes(`: ${op}: `));
      const kinds = new Set(all.map((each) => each.split(": ").at(-1)));
      assertEquals(kinds.has("ok") && kinds.size > 1, true, `${op}: ${[...kinds]}`);
    }
  }));
