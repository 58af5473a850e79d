import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProtocolError } from "../../../lib/errors.ts";
import { failedSourcesMax } from "../../../lib/limits.ts";
import { system } from "../../../lib/system.ts";
import { Admission } from "../../../server/door/admission.ts";
import { Exchanges } from "../../../server/door/exchanges.ts";
import { canonicalAddress, sourceOf } from "../../../server/door/source.ts";

const roomy = {
  connections: 9,
  pending: 9,
  pendingPerSource: 9,
  failures: 9,
  failuresPerMinute: 1,
};

/** A clock that is stopped. */
const standing = { monotonicMs: () => 0 };

const enter = (admission: Admission, source: string | null, evict = () => {}) =>
  admission.enter(source, evict);

Deno.test("connections are limited in all, and unproved ones by source", () => {
  const cases = [
    { limits: { connections: 3 }, from: ["a", "b", "c"], refused: "d" },
    { limits: { pendingPerSource: 2 }, from: ["a", "b", "a"], refused: "a" },
  ];
  for (const { limits, from, refused } of cases) {
    const admission = new Admission(standing, { ...roomy, ...limits });
    const admitted = from.map((source) => enter(admission, source)!);
    assertEquals(enter(admission, refused), null);
    admitted[0]!.settled("proved");
    admitted[0]!.onDisconnected();
    admitted[0]!.settled("failed");
    assert(enter(admission, refused), "one place became free");
  }
});

Deno.test("when every place is taken, the source with the most loses its oldest", () => {
  const admission = new Admission(standing, { ...roomy, connections: 99, pending: 6 });
  const evicted: string[] = [];
  const come = (name: string) => enter(admission, name[0]!, () => evicted.push(name));
  const [, , , c1] = ["a1", "b1", "b2", "c1", "b3", "a2"].map(come);
  const rows: [comes: string, goes: string][] = [
    ["d1", "b1"], // b had three
    ["e1", "a1"], // a and b have two, and a came first
    ["b4", "b2"], // nobody gains by coming again
    ["b5", "b3"],
    ["b6", "b4"],
  ];
  for (const [comes, goes] of rows) {
    assert(come(comes), comes);
    assertEquals([evicted.pop(), evicted.length], [goes, 0], comes);
  }
  assertEquals(admission.counts.pending, 6);
  c1!.settled("proved");
  assert(come("f1"), "a place was free");
  assertEquals(evicted, []);
});

Deno.test("the one evicted is not taken for one that failed", () => {
  const admission = new Admission(standing, { ...roomy, pending: 1, failures: 1 });
  const first = enter(admission, "a")!;
  assert(enter(admission, "b"));
  first.settled("failed");
  first.onDisconnected();
  assert(enter(admission, "a"));
});

Deno.test("who has proved itself counts only towards connections in all", () => {
  const admission = new Admission(standing, { ...roomy, pending: 1, pendingPerSource: 1 });
  for (let count = 0; count < 9; count++) enter(admission, "a")!.settled("proved");
  assertEquals(admission.counts, { pending: 0, connections: 9 });
  assertEquals(enter(admission, "b"), null);
});

Deno.test("a source that fails too often is turned away until time has passed, and no other", () => {
  let nowMs = 0;
  const admission = new Admission({ monotonicMs: () => nowMs }, {
    ...roomy,
    failures: 3,
    failuresPerMinute: 2,
  });
  const fail = (source: string) => {
    const admitted = enter(admission, source);
    admitted?.settled("failed");
    admitted?.onDisconnected();
    return admitted !== null;
  };
  assertEquals([fail("a"), fail("a"), fail("a"), fail("a")], [true, true, true, false]);
  assert(fail("b"));
  nowMs += 29_000;
  assertEquals(fail("a"), false);
  nowMs += 2_000;
  assertEquals([fail("a"), fail("a")], [true, false]);
  nowMs += 3_600_000;
  assertEquals([fail("a"), fail("a"), fail("a"), fail("a")], [true, true, true, false]);
});

Deno.test("a balancer, which many sources share, is held only to the limits of all", () => {
  const limits = { ...roomy, pending: 5, pendingPerSource: 1, failures: 1 };
  const admission = new Admission(standing, limits);
  for (let count = 0; count < 3; count++) enter(admission, null)!.settled("failed");
  for (let count = 0; count < 5; count++) assert(enter(admission, null));
  assertEquals(enter(admission, null), null);
});

Deno.test("failures are remembered of a bounded number of sources, the latest", () => {
  const admission = new Admission(standing, { ...roomy, failures: 1 });
  const fail = (source: string) => {
    const admitted = enter(admission, source);
    admitted?.settled("failed");
    admitted?.onDisconnected();
  };
  for (let count = 0; count <= failedSourcesMax; count++) fail(`source ${count}`);
  assert(enter(admission, "source 0"));
  assertEquals(enter(admission, `source ${failedSourcesMax}`), null);
});

Deno.test("sources are IPv4 addresses and the networks of IPv6 addresses", () => {
  const cases: Record<string, string> = {
    "10.0.0.1": "10.0.0.1",
    "::ffff:10.0.0.1": "10.0.0.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2::6": "2001:db8:1:2::/64",
    "2001:db8::6": "2001:db8:0:0::/64",
    "::1": "0:0:0:0::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
  };
  for (const [address, source] of Object.entries(cases)) assertEquals(sourceOf(address), source);
});

Deno.test("an address is the same in each of its spellings", () => {
  const cases: Record<string, string[]> = {
    "127.0.0.1": ["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:7f00:1", "0:0:0:0:0:ffff:7f00:0001"],
    "0:0:0:0:0:0:0:1": ["::1", "0:0:0:0:0:0:0:1", "0000::0001"],
    "fe80:0:0:0:0:0:0:1": ["fe80::1", "FE80::1", "fe80::1%eth0"],
    "64:ff9b:0:0:0:0:c000:207": ["64:ff9b::192.0.2.7"],
  };
  for (const [canonical, spellings] of Object.entries(cases)) {
    for (const spelling of spellings) assertEquals(canonicalAddress(spelling), canonical);
  }
});

Deno.test("exchanges run in order, one a turn of the event loop, and no more than so many wait", async () => {
  const exchanges = new Exchanges(system, 4);
  const done: number[] = [];
  const first = [1, 2, 3].map((number) => exchanges.run(() => done.push(number)));
  const fourth = exchanges.run(() => done.push(4));
  await assertRejects(() => exchanges.run(() => done.push(5)), ProtocolError, "too many");
  await first[0];
  assertEquals(done, [1], "the others leave room for whatever else is to be done");
  await Promise.all([...first, fourth]);
  assertEquals(done, [1, 2, 3, 4]);
  await exchanges.run(() => done.push(6));
  await assertRejects(
    () => exchanges.run(() => Promise.reject(new Error("its own"))),
    Error,
    "own",
  );
  assertEquals(await exchanges.run(() => 7), 7);
});

Deno.test("exchanges that run count as those that wait, until they end", async () => {
  const exchanges = new Exchanges(system, 2);
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const running = [first, second].map(({ promise }) => exchanges.run(() => promise));
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve));
  await assertRejects(() => exchanges.run(() => 3), ProtocolError, "too many");
  first.resolve();
  await running[0];
  assertEquals(await exchanges.run(() => 3), 3);
  second.resolve();
  await running[1];
});
