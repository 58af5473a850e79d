/**
 * Several servers on one database: the same ids at all of them at once, one busy terminal, and few
 * accounts. Anyone who is asked says the same, and everything happens once.
 */
import { assert, assertEquals } from "@std/assert";
import { ChainVerifier } from "../../../server/audit/chain.ts";
import { checkStore } from "../../../server/ledger/check.ts";
import type { Command, Reply } from "../../../server/ledger/command.ts";
import { Engine } from "../../../server/ledger/engine.ts";
import { PostgresStore } from "../../../server/ledger/postgres/store.ts";
import { filled } from "../../lib/helpers.ts";
import { system, systemWithFiles } from "../../../lib/system.ts";
import { pause } from "../../../lib/world.ts";
import {
  addCustomer,
  byClock,
  enrolTerminal,
  firstKey,
  keyRing,
  writerOn,
} from "../helpers/engine.ts";
import { postgres } from "../helpers/postgres.ts";
import { commandOf, idOf, numberOf, settings } from "../helpers/small_bank.ts";
import { newDatabase, onPostgres } from "../helpers/stores.ts";

const customers = ["alice", "bob", "lena"];
const serverCount = 4;
const batchCount = 40;
const batchCommands = 12;

const chainIdOf = (server: number) => filled(0x50 + server, 16);

/** Returns server number `server` of a bank: its store, and a way to run its batches. */
async function serverOn(url: string, server: number, create?: typeof settings) {
  const store = await PostgresStore.open(systemWithFiles, url, create);
  const errors: string[] = [];
  const clock = { nowMs: () => 1_000_000, monotonicMs: () => 1_000_000 };
  const log = await writerOn(store, chainIdOf(server));
  const engine = await Engine.open({ store: byClock(store, clock.nowMs), log, clock });
  let batches = 0;
  const run = async (commands: Command[]) =>
    (await engine.run(commands, ({ message }) => errors.push(message), batches++ % 3 === 2))
      .replies;
  return { store, run, errors };
}

/** Returns a random number below `count`, the same in every run. */
function dice(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * count);
  };
}

/** Movements that all servers are asked for: withdrawals, deposits and transfers, begun and ended. */
function history(roll: (count: number) => number): string[] {
  return Array.from({ length: 160 }, (_, index) => {
    const who = customers[roll(3)]!, terminal = roll(4) === 0 ? "mall" : "lobby";
    const id = `m${roll(60)}`, amount = 100 * (1 + roll(8));
    const to = customers[roll(3)]!;
    return [
      `${terminal} ${who} withdraw ${id} ${who} ${amount} EUR`,
      `${terminal} ${who} deposit ${id} ${who} ${amount} EUR`,
      `${terminal} ${who} transfer ${id} ${who} ${to} ${amount} EUR`,
      `${terminal} complete ${id} ${amount}`,
      `${terminal} reverse ${id}`,
      `${terminal} void ${id}`,
      `lobby load l${index} 1000 EUR`,
    ][roll(7)]!;
  });
}

onPostgres("two servers give the same number to one account alone", async () => {
  const { url } = await newDatabase();
  const servers = [await serverOn(url, 0, settings), await serverOn(url, 1)];
  const numbers = ["one", "two", "three"].map(numberOf);
  for (const [index, number] of numbers.slice(0, 2).entries()) {
    const replies = await Promise.all(servers.map(({ run }, server) =>
      run([{
        ...addCustomer(`customer-${server}-${index}`, 100n),
        numbers: [number, numbers[index + 1]],
      } as Command])
    ));
    const given = replies.map(([reply]) => reply!.account?.number ?? reply!.outcome);
    assertEquals(
      given.sort(),
      index === 0 ? numbers.slice(0, 2).sort() : [numbers[2], "try_later"],
    );
  }
  assertEquals(servers.map(({ errors }) => errors), [[], []]);
  for (const { store } of servers) await store.close();
});

onPostgres(
  "four servers, the same ids and one busy terminal: one outcome each, and nothing twice",
  async () => {
    const { url } = await newDatabase();
    const first = await serverOn(url, 0, settings);
    await first.run(customers.map((name) => addCustomer(name, 2_000n)));
    await first.run([enrolTerminal("lobby"), enrolTerminal("mall")]);
    const servers = [first];
    for (let server = 1; server < serverCount; server++) servers.push(await serverOn(url, server));

    const asked = history(dice(7));
    const replies: { line: string; reply: Reply }[] = [];
    await Promise.all(servers.map(async ({ run }, server) => {
      const roll = dice(server + 1);
      for (let batch = 0; batch < batchCount; batch++) {
        const lines = Array.from({ length: batchCommands }, () => asked[roll(asked.length)]!);
        (await run(lines.map(commandOf))).forEach((reply, index) =>
          replies.push({ line: lines[index]!, reply })
        );
      }
    }));
    assertEquals(servers.map(({ errors }) => errors), servers.map(() => []));
    assertEquals(replies.length, serverCount * batchCount * batchCommands);

    // What begins a movement has one outcome, at every server, and however often it is asked.
    const outcomes = new Map<string, Set<string>>();
    for (const { line, reply } of replies) {
      if (/complete|reverse|void/.test(line)) continue;
      outcomes.set(line, (outcomes.get(line) ?? new Set()).add(reply.outcome));
    }
    const differing = [...outcomes].filter(([, each]) => each.size > 1);
    assertEquals(differing.map(([line, each]) => `${line}: ${[...each]}`), []);

    // An account has one state for each of its versions.
    const states = new Map<string, string>();
    for (const { reply: { account } } of replies) {
      if (!account) continue;
      const version = `${account.id} ${account.version}`,
        state = `${account.balance} ${account.held}`;
      assertEquals(states.get(version) ?? state, state, version);
      states.set(version, state);
    }
    assert(states.size > 20);

    const { store } = servers[1]!;
    for (const { number, id } of await store.chains()) {
      const verifier = new ChainVerifier(firstKey, id);
      for (const sealed of await store.entriesAfter(number, 0, 100_000)) {
        assertEquals(verifier.next(sealed), null);
      }
      assert(verifier.goodCount > 10, `chain ${number}`);
    }
    const checked = await checkStore(store, keyRing, () => {});
    assertEquals(checked.problem, null);
    assert(checked.movements > 60);
    const deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assertEquals(await (await postgres()).run(url, deadlocks), [{ deadlocks: "0" }]);
    for (const server of servers) await server.store.close();
  },
);

onPostgres(
  "guesses at a name that nobody has count together, tried at two servers at once",
  async () => {
    const { url } = await newDatabase();
    const one = await serverOn(url, 0, settings);
    const other = await serverOn(url, 1);
    const tried = (terminal: string): Command => ({
      op: "begin_log_in",
      username: "nobody",
      nameHash: idOf("nobody"),
      terminal: idOf(terminal),
    });
    await one.run([tried("lobby")]);
    const commit = one.store.commit.bind(one.store);
    const others = Promise.withResolvers<Promise<Reply[]>>();
    one.store.commit = async (...changes) => {
      others.resolve(other.run([tried("mall")]));
      await pause(system, 200);
      await commit(...changes);
    };
    await one.run([tried("lobby")]);
    await others.promise;
    const counts = (await one.store.failures()).map(({ count }) => count);
    assertEquals(counts.sort(), [1, 1, 2, 2, 3]); // at each terminal twice, and everywhere
    assertEquals([one.errors, other.errors], [[], []]);
    for (const { store } of [one, other]) await store.close();
  },
);
