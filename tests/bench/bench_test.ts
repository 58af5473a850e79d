/** The harness, and that each bench runs; never how fast. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseBench } from "./bench.ts";
import { benchAgainst } from "./against.ts";
import { Bench, median } from "./harness.ts";
import { findBrowser } from "../browser.ts";
import { onPostgres } from "../server/helpers/stores.ts";
import { benchAudit } from "./audit.ts";
import { benchConsole } from "./console.ts";
import { benchChannel } from "./channel.ts";
import { benchLedger } from "./ledger.ts";
import { benchOverload } from "./overload.ts";
import { benchPage } from "./page.ts";
import { benchScale } from "./scale.ts";

Deno.test("median() is the middle one, or between the two in the middle", () => {
  const rows: [number[], number][] = [[[7], 7], [[3, 1, 2], 2], [[4, 1, 3, 2], 2.5], [[5, 5], 5]];
  for (const [values, middle] of rows) assertEquals(median(values), middle);
});

Deno.test("a figure is the median of its rounds, warmed up, and is seen against another", async () => {
  const lines: string[] = [];
  const bench = new Bench({ quick: false, print: (line) => lines.push(line) });
  const given = [999, 10, 30, 20, 50, 40];
  await bench.median({ id: "a", unit: "x/s" }, () => given.shift()!);
  await bench.median({ id: "b", unit: "x/s", to: "a" }, () => 60);
  await bench.median({ id: "c", unit: "x/s", to: "none" }, () => 1);
  assertEquals(bench.figures, [
    { id: "a", value: 30, unit: "x/s", ratio: null, to: null },
    { id: "b", value: 60, unit: "x/s", ratio: 2, to: "a" },
    { id: "c", value: 1, unit: "x/s", ratio: null, to: null },
  ]);
  assertEquals(lines.length, 3);
});

Deno.test("a quick bench does little, a large one has much before it", () => {
  const print = () => {};
  assertEquals(new Bench({ quick: true, large: true, print }).size(10, 1, 100), 1);
  assertEquals(new Bench({ quick: false, large: true, print }).size(10, 1, 100), 100);
  assertEquals(new Bench({ quick: false, large: true, print }).size(10, 1), 10);
  assertEquals(new Bench({ quick: false, print }).size(10, 1, 100), 10);
});

Deno.test("the command line of benches is read, and refused where it is wrong", () => {
  assertEquals(parseBench(["ledger", "--quick", "--json", "a.json"]), {
    names: ["ledger"],
    quick: true,
    large: false,
    json: "a.json",
    against: null,
  });
  assertEquals(parseBench(["ledger", "--against", "HEAD~3"]).against, "HEAD~3");
  assertEquals(parseBench(["audit", "--large"]).large, true);

  assertEquals(parseBench([]).names, [
    "channel",
    "ledger",
    "overload",
    "audit",
    "page",
    "console",
    "scale",
  ]);

  for (
    const args of [["leger"], ["--json"], ["--fast"], ["constructor"], ["--against", "a"], [
      "ledger",
      "--against",
    ], ["audit", "--against", "HEAD"]]
  ) {
    assertThrows(() => parseBench(args), Error, "deno task bench channel | ledger");
  }
});

Deno.test("two revisions are measured in turn, and compared figure by figure", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchAgainst(bench, "HEAD", ["engine"]);
  assertEquals(bench.figures.map(({ id }) => id), ["before.engine", "engine", "engine.ratio"]);
  assert(bench.figures.every(({ value }) => Number.isFinite(value) && value > 0));
  await assertRejects(
    () => benchAgainst(bench, "no-such-revision", ["engine"]),
    Error,
    "git failed",
  );
});

/** Names of figures, each with the parts that go with it. */
const withParts = (ids: string[], parts: string[]) =>
  ids.flatMap((id) => ["", ...parts.map((part) => `.${part}`)].map((part) => id + part));

Deno.test("the ledger's bench gives a figure for each number of commands at once", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchLedger(bench);
  const ids = bench.figures.map(({ id }) => id);
  assertEquals(ids, [
    ...["disk.sync", "ledger.1", "ledger.16", "ledger.64", "ledger.256"],
    ...withParts(["https.2", "atms.2"], ["p50", "p99", "main", "others", "load"]),
    "atms.memory",
    ...["young", "grown"].flatMap((age) =>
      ["movement", "balance", "page"].map((what) => `growth.${age}.${what}`)
    ),
  ]);
  assert(bench.figures.every(({ value }) => Number.isFinite(value) && value >= 0));
});

Deno.test("the overload's bench compares requests and memory before, during and after", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchOverload(bench);
  const when = ["before", "during", "after"];
  assertEquals(bench.figures.map(({ id }) => id), [
    ...withParts(when.map((each) => `overload.${each}`), ["p50", "p99"]),
    ...when.map((each) => `overload.memory.${each}`),
  ]);
  assert(bench.figures.every(({ value }) => Number.isFinite(value) && value > 0));
});

Deno.test("the channel's bench compares it with TLS, handshakes and records", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchChannel(bench);
  const ratios = bench.figures.filter(({ to }) => to?.startsWith("channel.tls."));
  assertEquals(ratios.map(({ id }) => id), [
    ...["channel.handshakes", "channel.handshake.server", "channel.openssl.handshake.server"],
    ...["channel.records.128", "channel.records.1024", "channel.records.16000"],
  ]);
  assert(bench.figures.every(({ value }) => Number.isFinite(value) && value > 0));
});

Deno.test("the audit log's bench compares it with a plain table, young and grown", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchAudit(bench);
  assertEquals(bench.figures.map(({ id, to }) => [id, to]), [
    ["audit.plain", null],
    ["audit.append", "audit.plain"],
    ["audit.plain.bytes", null],
    ["audit.bytes", "audit.plain.bytes"],
    ["audit.page", null],
    ["audit.page.grown", "audit.page"],
    ["audit.verify", null],
    ["audit.verify.memory", null],
    ["audit.tree.append", null],
    ["audit.tree.verify", null],
    ...[10_000, 20_000].flatMap((size) =>
      [
        ...["read", "memory", "proof"],
        ...[0, 1, 3].flatMap((witnesses) => [`bytes.${witnesses}`, `version.${witnesses}`]),
      ].map((part) => [`audit.tree.${size}.${part}`, null])
    ),
    ...["receipt.bytes", "receipt.version", "link.bytes", "link.version"].map((
      part,
    ) => [`audit.${part}`, null]),
  ]);
});

Deno.test(
  "the page's bench measures it over both bridges",
  { ignore: findBrowser() === null },
  async () => {
    const bench = new Bench({ quick: true, print: () => {} });
    await benchPage(bench);
    const figures = new Map(bench.figures.map(({ id, value }) => [id, value]));
    for (const host of ["browser", "window"]) {
      assertEquals(figures.get(`page.${host}.layout_shift`), 0, "nothing moves automatically");
      assert(figures.get(`page.${host}.first_screen`)! > 0);
      assert(figures.get(`page.${host}.key_to_screen`)! > 0);
    }
  },
);

onPostgres("the console's bench asks both stores the same", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchConsole(bench);
  const [sqlite, postgres] = ["sqlite", "postgres"].map((store) =>
    bench.figures.flatMap(({ id }) => id.startsWith(`console.${store}.`) ? [id.split(".")[2]] : [])
  );
  assertEquals(sqlite, postgres);
  assertEquals(sqlite!.length, 8);
});

onPostgres("the bench of several servers gives what each way does and costs", async () => {
  const bench = new Bench({ quick: true, print: () => {} });
  await benchScale(bench);
  const ways = [
    "1",
    "2",
    "4",
    "apart.1",
    "apart.4",
    "requests",
    "functions",
    "applied",
    "applied.functions",
  ];
  const ids = ways.flatMap((way) => ["", ".p99", ".server", ".database"].map((end) => way + end));
  const measured = bench.figures.map(({ id }) => id);
  assertEquals(measured.filter((id) => id !== "scale.size"), ids.map((id) => `scale.${id}`));
  assertEquals(measured.length, ids.length + 1);
  assert(bench.figures.every(({ value }) => Number.isFinite(value) && value >= 0));
});
