/** `bank status`: an operator sees the terminals, their cash, and what is wrong. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { OperatorCommand } from "../../../lib/operator_commands.ts";
import type { Ask } from "../../../lib/protocol/message.ts";
import { newId, onEachBank, RunningBank } from "../helpers/running_bank.ts";

async function statusOf(running: RunningBank, json: boolean): Promise<string> {
  const command = { command: "show_status", json, watch: false } as const;
  const answers = await Array.fromAsync(running.operate(command));
  return answers.map((answer) => "line" in answer ? answer.line : "").join("\n");
}

const report = {
  op: "report",
  cassettes: [{ value: "5000", count: 80 }, { value: "2000", count: 40 }],
  jammed: ["dispenser"],
  counted: true,
  left: "0",
} as const;

onEachBank(
  "the status has terminals, cassettes as bars, failures and the mend",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      await atm.ask({ ...report, cassettes: [...report.cassettes], jammed: ["dispenser"] });
      await atm.ask({ op: "log_in", username: "alice", password: "not her password" });
      const text = await statusOf(running, false);
      assertMatch(text, /^Test Bank\nserver +runs for \d+ s, connections: 1\n/);
      assertStringIncludes(text, "failed      1 log-ins, 0 handshakes since the start");
      assertStringIncludes(text, "€50.00 ######## 80  €20.00 ####---- 40");
      assertMatch(
        text,
        /lobby +connected +\d+ s ago +1 +none +dispenser jammed, since \d+ s ago +€50/,
      );
      assertStringIncludes(text, "mall      unseen     -             1");
      assertStringIncludes(
        text,
        "1. lobby is out of service: its dispenser is jammed\n   Do: open",
      );
      const { terminals, figures, problems, ...state } = JSON.parse(await statusOf(running, true));
      assertEquals([terminals[0].name, terminals[0].contact], ["lobby", "connected"]);
      assertEquals([figures.logInsFailed, figures.namesFailed], [1, 1]);
      assertEquals([problems[0].what, state.isServing], [text.match(/1\. (.*)/)![1], true]);
      assertEquals(problems[0].terminal, "lobby");
      const alice = await running.visit("alice");
      await alice.authorise("withdrawal", newId(), "4000");
      assertMatch(
        await statusOf(running, false),
        /^movements +\S+ a second, \d+ since the start; 1 open, the oldest for \d+ s, 0 in doubt$/m,
      );
      for (const { client } of [atm, alice]) await client.close();
      for (let tries = 0; tries < 500; tries++) {
        if (!/lobby +connected/.test(await statusOf(running, false))) break;
      }
      assertStringIncludes(await statusOf(running, false), "lobby     lost");
    }),
);

onEachBank(
  "a terminal that is new to a running server waits for its first contact, and one since before its start does not",
  (withBank) =>
    withBank(async (running) => {
      const waiting = async () =>
        (await statusOf(running, false)).match(/^.*no contact yet since its enrolment/mg);
      assertEquals(await waiting(), [
        "Next: lobby has had no contact yet since its enrolment",
        "Next: mall has had no contact yet since its enrolment",
      ]);
      const rotate = { command: "rotate_terminal", now: false } as const;
      await running.connect();
      await Array.fromAsync(running.operate({ ...rotate, name: "lobby" }));
      assertEquals(await waiting(), ["Next: mall has had no contact yet since its enrolment"]);
      await running.reopen();
      await Array.fromAsync(running.operate({ ...rotate, name: "mall" }));
      assertEquals(await waiting(), null);
    }),
);

onEachBank(
  "the same report again is stored, and not logged",
  (withBank) =>
    withBank(async (running) => {
      const atm = await running.connect();
      for (const count of [80, 79, 78]) {
        const cassettes = [{ value: "5000", count }];
        const answer = await atm.ask({ ...report, cassettes, jammed: [] });
        assertEquals(answer.outcome, "ok");
      }
      assertStringIncludes(await statusOf(running, false), "€50.00 ######## 78");
      const entries = await running.entries();
      assertEquals(entries.filter((entry) => entry.includes("report devices")).length, 1);
    }),
);

onEachBank(
  "the status has a device with newer keys as a next step, a revoked one as a problem, the next one as neither",
  (withBank) =>
    withBank(async (running) => {
      const linesAfter = async (command: OperatorCommand) => {
        await Array.fromAsync(running.operate(command));
        const lines = (await statusOf(running, false)).split("\n");
        const row = lines.find((line) => line.startsWith("lobby "))!;
        const found = lines.flatMap((line, index) =>
          /lobby.*(device|cash)/.test(line) && line !== row && !line.startsWith("   ")
            ? [line.replace(/^\d+\./, "n."), lines[index + 1]]
            : []
        );
        return [row.split(/ {2,}/)[4], ...found];
      };
      const enrol = { command: "enrol_device", terminal: "lobby" } as const;
      assertEquals(await linesAfter({ ...enrol, name: "first" }), ["tokens for first"]);
      assertEquals(await linesAfter({ command: "rotate_device", name: "first" }), [
        "tokens for first",
        "Next: lobby's device has not used its newest keys yet: with others it gets no token",
        "   Do: start 'deno task devices' with them; the next withdrawal uses them",
      ]);
      assertEquals(await linesAfter({ command: "revoke_device", name: "first" }), [
        "first is revoked",
        "n. lobby hands out no cash: its device is revoked",
        "   Do: 'deno task bank device enroll NAME --terminal lobby' writes the keys of the next " +
        "one: start 'deno task devices' with them",
      ]);
      assertEquals(await linesAfter({ ...enrol, name: "second" }), ["tokens for second"]);
    }),
);

Deno.test("lists and status show a jammed card reader and retained cards, with the time and the mend", () =>
  RunningBank.with(async (running) => {
    const atm = await running.connect();
    const cassettes = [...report.cassettes];
    await atm.ask({ ...report, cassettes, jammed: ["card_reader"], retained: 2 });
    const text = await statusOf(running, false);
    assertMatch(text, /card reader jammed, cards retained: 2, since \d+ s ago/);
    assertStringIncludes(text, "lobby takes no cards: its card reader is jammed\n   Do: open");
    assertStringIncludes(text, "lobby has retained 2 cards\n   Do: take them out");
    const list = { command: "list_terminals", json: false } as const;
    const answers = await Array.fromAsync(running.operate(list));
    const lines = answers.map((answer) => "line" in answer ? answer.line : "").join("\n");
    const instant = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
    const devices = `card reader jammed, cards retained: 2, since ${instant}`;
    const notes = `€50\\.00 × 80, €20\\.00 × 40, at ${instant}`;
    assertMatch(lines, new RegExp(`lobby .*${devices} +${notes}`));
    await atm.client.close();
  }));

Deno.test("the status names a device service without the keys that its terminal's device has", () =>
  RunningBank.with(async (running) => {
    const atm = await running.connect();
    const keyless = { ...report, cassettes: [...report.cassettes], jammed: [], keyless: true };
    await atm.ask(keyless);
    const line = "lobby hands out no cash: its device service was started without keys";
    assertEquals((await statusOf(running, false)).includes(line), false); // it needs none
    const enrol = { command: "enrol_device", terminal: "lobby", name: "cash" } as const;
    await Array.fromAsync(running.operate(enrol));
    const mend = "start 'deno task devices' with --keys and the file that 'deno task bank device " +
      "enroll' or 'device rotate' wrote for cash";
    assertStringIncludes(await statusOf(running, false), `${line}\n   Do: ${mend}`);
    await atm.ask({ ...keyless, keyless: undefined });
    assertEquals((await statusOf(running, false)).includes(line), false);
    await atm.client.close();
  }));

Deno.test("one command shows why an ATM is out of service, and the command that mends it", () =>
  RunningBank.with(async (running) => {
    const atm = await running.connect();
    const whys = [
      [{ jammed: ["dispenser"] }, "its dispenser is jammed", "atm cash count"],
      [{ away: true }, "its cash devices are not reachable", "deno task devices"],
      [{ away: true, cassettes: [] }, "its cash devices are not reachable", "deno task devices"],
      [{ counted: false }, "its devices have lost count", "atm cash count"],
      [{ stopped: "disk_failed" }, "its disk is full or fails", "make room"],
      [{ stopped: "journal_lost" }, "its journal lacks movements", "atm cash count"],
    ] as const;
    for (const [change, why, mend] of whys) {
      const asked = { ...report, jammed: [], ...change } as unknown as Ask;
      assertEquals(await atm.outcomeOf(asked), "ok");
      const [, what = "", act = ""] = /^1\. (.*)\n {3}Do: (.*)$/m.exec(
        await statusOf(running, false),
      )!;
      assertStringIncludes(what, `lobby is out of service: ${why}`);
      assertStringIncludes(act, mend);
    }
    const name = "lobby";
    await Array.fromAsync(running.operate({ command: "suspend_terminal", name }));
    const suspended = await statusOf(running, false);
    assertMatch(suspended, /^lobby +suspended/m);
    assertMatch(
      suspended,
      /^1\. lobby is out of service: it is suspended\n {3}Do: .*resume lobby/m,
    );
  }));
