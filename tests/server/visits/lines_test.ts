/** Two servers on one database, whose clock the test turns: newest connections, and who is seen where. */
import { assertEquals } from "@std/assert";
import { otherServersMs, serverAbsentMsMax } from "../../../lib/limits.ts";
import type { Bank } from "../../../server/bank.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import { type Command, logCommand, type Reply } from "../../../server/ledger/command.ts";
import { Lines } from "../../../server/visits/lines.ts";
import { Presence } from "../../../server/visits/presence.ts";
import { MemoryDatabase, MemoryStore } from "../../simulation/memory_store.ts";
import { filled } from "../../lib/helpers.ts";
import { addCustomer, enrolTerminal, writerOn } from "../helpers/engine.ts";
import { idOf, settings } from "../helpers/small_bank.ts";

/** A clock and timers that only `pass` moves. */
class ManualWorld {
  nowMs = 1_000_000;
  readonly #timers = new Set<{ atMs: number; act: () => void }>();

  monotonicMs = () => this.nowMs;

  after = (ms: number, act: () => void) => {
    const timer = { atMs: this.nowMs + ms, act };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += otherServersMs;
      for (const timer of [...this.#timers].filter(({ atMs }) => atMs <= this.nowMs)) {
        this.#timers.delete(timer);
        timer.act();
      }
      await settled();
    }
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 2));

class Server {
  readonly presence = new Presence();
  readonly stopping = new AbortController();
  readonly lines: Lines;
  readonly events: string[] = [];

  private constructor(readonly submit: (command: Command) => Promise<Reply>, bank: Bank) {
    this.lines = new Lines(bank, this.presence, this.stopping.signal);
  }

  static async open(database: MemoryDatabase, world: ManualWorld, id: number): Promise<Server> {
    const create = id === 1 ? settings : undefined;
    const store = await MemoryStore.open(database, null, create);
    const chainId = filled(id, 16);
    const log = await writerOn(store, chainId);
    const clock = { nowMs: () => world.nowMs, monotonicMs: () => world.nowMs };
    const engine = await Engine.open({ store, log, clock });
    let last: Promise<unknown> = Promise.resolve();
    const submit = (command: Command): Promise<Reply> => {
      const reply = last.then(async () =>
        (await engine.run([command], (error) => {
          throw error;
        })).replies[0]!
      );
      last = reply;
      return reply;
    };
    const read = { linesOf: store.linesOf };
    const bank = {
      world: { ...world, log: () => {} },
      keys: { chainId },
      ledger: { submit, read },
    };
    Object.assign(bank.world, { monotonicMs: world.monotonicMs, after: world.after });
    return new Server(submit, bank as unknown as Bank);
  }

  /** A connection of a terminal, at which alice logs in. */
  async visit(name: string, connection: string): Promise<void> {
    const terminal = idOf(name);
    let leave = () => {};
    await this.lines.enter({ id: terminal, name, keyVersion: 1, connection }, {
      isOpen: () => true,
      onReplaced: () => {
        this.events.push(`${connection} replaced`);
        leave();
      },
    });
    const who = { username: "alice", nameHash: idOf("alice"), terminal };
    const { passwordVersion = 0 } = await this.submit({ op: "begin_log_in", ...who });
    const end = { op: "end_log_in", ...who, passed: true, passwordVersion, connection } as const;
    assertEquals((await this.submit(end)).outcome, "ok");
    ({ leave } = this.presence.enter("alice", {
      terminal: name,
      passwordVersion: () => passwordVersion,
      onElsewhereChanged: (terminals) => this.events.push(`${name} sees ${terminals}`),
      end: () => {
        this.events.push(`${name} ends`);
        leave();
      },
    }));
  }
}

async function withTwo(
  test: (one: Server, other: Server, world: ManualWorld) => Promise<void>,
): Promise<void> {
  const world = new ManualWorld();
  const database = new MemoryDatabase();
  const one = await Server.open(database, world, 1);
  for (const name of ["lobby", "mall"]) await one.submit(enrolTerminal(name));
  await one.submit(addCustomer("alice", 10_000n));
  const other = await Server.open(database, world, 2);
  try {
    await test(one, other, world);
  } finally {
    for (const { stopping, lines } of [one, other]) {
      stopping.abort();
      await lines.stopped;
    }
  }
}

Deno.test("of two connections of a terminal at two servers the newer wins, and its visit alone is seen", () =>
  withTwo(async (one, other, world) => {
    await one.visit("lobby", "first");
    await other.visit("lobby", "second");
    await world.pass(2 * otherServersMs);
    assertEquals(one.events, ["first replaced"]);
    assertEquals(other.events, []);
    // The end of the older visit takes nothing from the newer one.
    await one.submit(logCommand("alice", "log out", { terminal: idOf("lobby"), leaves: "first" }));
    await one.visit("mall", "third");
    await world.pass(2 * otherServersMs);
    assertEquals(one.events.at(-1), "mall sees lobby");
  }));

Deno.test("visits at other servers are seen until they end, or their server is absent for 5 s", () =>
  withTwo(async (one, other, world) => {
    await one.visit("lobby", "first");
    await other.visit("mall", "second");
    await world.pass(2 * otherServersMs);
    assertEquals([one.events, other.events], [["lobby sees mall"], ["mall sees lobby"]]);
    await world.pass(10 * serverAbsentMsMax);
    assertEquals(one.events.length, 1, "a server at rest is not absent");
    other.stopping.abort();
    await world.pass(serverAbsentMsMax - 5 * otherServersMs);
    assertEquals(one.events.length, 1);
    await world.pass(6 * otherServersMs);
    assertEquals(one.events, ["lobby sees mall", "lobby sees "]);
  }));

Deno.test("a new password at one server ends the visits at the others", () =>
  withTwo(async (one, other, world) => {
    await one.visit("lobby", "first");
    await other.visit("mall", "second");
    const who = { username: "alice", nameHash: idOf("alice"), terminal: idOf("lobby") };
    const change = { op: "end_password_change", ...who, passwordVersion: 1, passed: true } as const;
    await one.submit({ ...change, refused: null, passwordHash: "new" });
    await world.pass(2 * otherServersMs);
    assertEquals(other.events.at(-1), "mall ends");
  }));
