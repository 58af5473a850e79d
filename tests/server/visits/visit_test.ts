import { assertEquals } from "@std/assert";
import { noLimits } from "../../../server/ledger/model.ts";
import { logOutPauseMsMin, visitIdleMsMax } from "../../../lib/limits.ts";
import type { Bank } from "../../../server/bank.ts";
import type { Command } from "../../../server/ledger/command.ts";
import { Presence } from "../../../server/visits/presence.ts";
import { Visit } from "../../../server/visits/visit.ts";

/** A bank with nothing but a clock that the test sets, a log, and accounts that can be watched. */
class Surroundings {
  nowMs = 0;
  readonly logged: string[] = [];
  readonly watchers = new Map<number, () => void>();
  readonly presence = new Presence();
  logFails = false;
  /** How often the log cannot take an entry yet. */
  refusals = 0;
  readonly stopping = new AbortController();
  #timer: { atMs: number; act: () => void } | null = null;

  readonly bank = {
    world: {
      monotonicMs: () => this.nowMs,
      log: () => {},
      after: (ms: number, act: () => void) => {
        this.#timer = { atMs: this.nowMs + ms, act };
        return () => this.#timer = null;
      },
    },
    ledger: {
      watch: (id: number, notify: (account: unknown) => void) => {
        this.watchers.set(id, () => notify({ id }));
        return () => this.watchers.delete(id);
      },
      submit: (command: Command) => {
        if (this.logFails) return Promise.reject(new Error("the disk is full"));
        if (this.refusals-- > 0) return Promise.resolve({ outcome: "try_later", timeMs: 0 });
        if (command.op === "log") this.logged.push(`${command.who} | ${command.action}`);
        return Promise.resolve({ outcome: "ok", timeMs: 0 });
      },
    },
  } as unknown as Bank;

  /** Begins a visit, and lists what happens to it. */
  begin(terminal: string): { visit: Visit; events: unknown[] } {
    const events: unknown[] = [];
    const proved = {
      id: terminal,
      name: terminal,
      keyVersion: 1,
      connection: `line of ${terminal}`,
    };
    const accounts = [{ id: 3, number: "a", uid: "c" }, { id: 4, number: "b", uid: "d" }];
    const context = { ...this, stopping: this.stopping.signal };
    const money = { accounts, cash: undefined, limits: noLimits, day: 0 };
    const customer = { username: "alice", byCard: false, oneTime: false };
    const visit = new Visit(context, proved, customer, money, 1, {
      onAccountChanged: ({ id }) => events.push(id),
      onElsewhereChanged: (terminals) => events.push(terminals),
      onEndedByBank: (reason) => events.push(reason),
    }, this.bank.world);
    return { visit, events };
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (let due; (due = this.#timer) && due.atMs <= this.nowMs;) {
      this.#timer = null;
      due.act();
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
}

Deno.test("a visit ends when no request comes for too long, counted from the last one", async () => {
  const world = new Surroundings();
  const { visit, events } = world.begin("lobby");
  for (let requests = 0; requests < 3; requests++) {
    await world.pass(visitIdleMsMax - 1);
    visit.touch();
  }
  await world.pass(visitIdleMsMax - 1);
  assertEquals([visit.isOver, events, world.logged], [false, [], []]);
  await world.pass(1);
  assertEquals([visit.isOver, events, world.logged], [true, ["idle"], ["alice | log out - idle"]]);
  await visit.end("log out - connection lost");
  assertEquals(world.logged.length, 1, "the first end counts");
});

Deno.test("a visit that is over watches no account, is present nowhere, and does not end again", async () => {
  const world = new Surroundings();
  const { visit, events } = world.begin("lobby");
  const other = world.begin("mall");
  assertEquals([other.visit.elsewhere, events], [["lobby"], [["mall"]]]);
  world.watchers.get(3)!();
  assertEquals(other.events, [3], "one watcher an account here: the last");
  await visit.end("log out");
  assertEquals([other.visit.elsewhere, other.events.at(-1)], [[], []]);
  await other.visit.end("log out");
  assertEquals(world.watchers.size, 0);
  assertEquals(world.presence.usernames, []);
  await world.pass(visitIdleMsMax);
  assertEquals(world.logged, ["alice | log out", "alice | log out"]);
});

Deno.test("a visit that the log cannot take ends without a word to the ATM", async () => {
  const world = new Surroundings();
  const { visit, events } = world.begin("lobby");
  world.logFails = true;
  await world.pass(visitIdleMsMax);
  assertEquals([visit.isOver, events], [true, []]);
});

Deno.test("the end of a visit waits until it is in the log, or the server stops", async () => {
  const world = new Surroundings();
  const { visit } = world.begin("lobby");
  world.refusals = 3;
  let ended = false;
  visit.end("log out").then(() => ended = true);
  await world.pass(0);
  for (const pauseMs of [logOutPauseMsMin, 2 * logOutPauseMsMin, 4 * logOutPauseMsMin]) {
    await world.pass(pauseMs - 1);
    assertEquals([visit.isOver, ended, world.logged], [true, false, []]);
    await world.pass(1);
  }
  assertEquals([ended, world.logged], [true, ["alice | log out"]]);

  const other = world.begin("mall").visit;
  world.refusals = Infinity;
  const stopped = other.end("log out");
  await world.pass(0);
  await world.pass(logOutPauseMsMin);
  world.stopping.abort();
  await stopped;
  assertEquals(world.logged.length, 1);
});

Deno.test("a changed password ends the customer's other visits", async () => {
  const world = new Surroundings();
  const first = world.begin("lobby"), second = world.begin("mall");
  const changed = { outcome: "ok", timeMs: 0, passwordVersion: 2 } as const;
  assertEquals(await second.visit.raisePasswordVersion(() => Promise.resolve(changed)), "ok");
  await world.pass(0);
  assertEquals([first.visit.isOver, second.visit.isOver], [true, false]);
  assertEquals(second.visit.passwordVersion, 2);
  assertEquals([first.events.at(-1), second.events.at(-1)], ["bank", []]);
  assertEquals(world.logged, ["alice | log out - password changed or account locked"]);
});

Deno.test("a visit's own change of the password, seen in the books before its answer, does not end it", async () => {
  const world = new Surroundings();
  const { visit, events } = world.begin("lobby");
  const seen = () => world.presence.onPasswordVersion("alice", 2);
  const answer = { outcome: "ok", timeMs: 0, passwordVersion: 2 } as const;
  const change = () => (seen(), Promise.resolve(answer));
  assertEquals(await visit.raisePasswordVersion(change), "ok");
  seen();
  await world.pass(0);
  assertEquals([visit.isOver, events], [false, []]);
  // Another's change, or its own whose commit was in doubt.
  const doubt = () => Promise.resolve({ outcome: "try_later", timeMs: 0 } as const);
  assertEquals(await visit.raisePasswordVersion(doubt), "try_later");
  world.presence.onPasswordVersion("alice", 3);
  await world.pass(0);
  assertEquals([visit.isOver, events], [true, ["bank"]]);
});
