/** The simulated world keeps its own promises: time, randomness, network, disks and processes. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Disk } from "./disk.ts";
import { Crash, Host } from "./host.ts";
import { Network, quietNetwork } from "./network.ts";
import { Random } from "./random.ts";
import { Scheduler } from "./scheduler.ts";

function world() {
  const errors: unknown[] = [];
  const scheduler = new Scheduler((error) => errors.push(error));
  const random = Random.of(7);
  const host = (name: string, index: number) =>
    new Host(name, `10.0.0.${index}`, scheduler, random.split(name));
  const network = new Network(scheduler, random.split("network"));
  return { scheduler, network, hosts: [host("a", 1), host("b", 2)] as const, errors };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

Deno.test("events take place by time, of equal times as they were asked for, with microtasks between", async () => {
  const { scheduler } = world();
  const order: string[] = [];
  scheduler.after(20, "c", () => order.push("c"));
  scheduler.after(10, "a", () => void Promise.resolve().then(() => order.push("after a")));
  scheduler.after(10, "b", () => order.push("b"));
  scheduler.after(10, "never", () => order.push("never"))();
  await scheduler.run(15);
  assertEquals([order, scheduler.timeMs], [["after a", "b"], 15]);
  await scheduler.run(30);
  assertEquals(order, ["after a", "b", "c"]);
});

Deno.test("a generator's numbers depend on its names alone, and are even", () => {
  const drawn = Random.of(1);
  for (let draws = 0; draws < 100; draws++) drawn.bits();
  assertEquals(drawn.split("x").bits(), Random.of(1).split("x").bits());
  assert(Random.of(1).split("x").bits() !== Random.of(1).split("y").bits());
  const counts = new Array(16).fill(0);
  const random = Random.of(2).split("even");
  for (let draws = 0; draws < 160_000; draws++) counts[random.below(16)]++;
  // 16 classes, 15 degrees of freedom: beyond 37.7 once in a thousand seeds
  const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert(chi < 37.7, `chi-squared ${chi}`);
});

/** Returns a connection from host a to host b. */
async function connected({ network, hosts: [a, b], scheduler }: ReturnType<typeof world>) {
  const [client, server] = [a.start(), b.start()];
  const listener = network.listen(server, 1);
  const connecting = network.connect(client, "10.0.0.2:1");
  const accepting = listener.accept();
  await scheduler.run(scheduler.timeMs + 1_000);
  return { client, server, near: await connecting, far: (await accepting)! };
}

Deno.test("bytes arrive in order and whole, however they are split and delayed", async () => {
  const here = world();
  here.network.faults = { ...quietNetwork, splits: 0.5, stalls: 0.2, stallMsMax: 500 };
  const { near, far } = await connected(here);
  let sent = "";
  for (let count = 0; count < 50; count++) {
    const words = `message ${count} `;
    sent += words;
    await near.write(bytes(words));
  }
  near.close();
  let got = "";
  const reading = (async () => {
    const chunk = new Uint8Array(7);
    for (let count; (count = await far.read(chunk)) !== null;) {
      got += text(chunk.subarray(0, count));
    }
  })();
  await here.scheduler.run(60_000);
  await reading;
  assertEquals(got, sent);
});

Deno.test("a partition holds bytes back, a cut loses them, a killed process resets, a dead host is silent", async () => {
  const here = world();
  const { scheduler, network } = here;
  const read = (socket: { read(into: Uint8Array): Promise<number | null> }) => {
    const state = { got: "nothing" as unknown };
    socket.read(new Uint8Array(9)).then(
      (count) => state.got = count,
      ({ name }) => state.got = name,
    );
    return state;
  };
  const parted = await connected(here);
  network.part("10.0.0.1", "10.0.0.2");
  const held = read(parted.far);
  await parted.near.write(bytes("abc"));
  await scheduler.run(scheduler.timeMs + 60_000);
  assertEquals(held.got, "nothing");
  network.heal();
  await scheduler.run(scheduler.timeMs + 1_000);
  assertEquals(held.got, 3);

  const killed = read(parted.far);
  parted.client.crash("kill", "here");
  await scheduler.run(scheduler.timeMs + 1_000);
  assertEquals(killed.got, "ConnectionReset");
  assertThrows(() => parted.near.read(new Uint8Array(1)), Crash);

  here.hosts[1].start();
  parted.server.crash("kill", "here");
  const silent = await connected(here);
  const waiting = read(silent.far);
  silent.client.crash("power cut", "here");
  await scheduler.run(scheduler.timeMs + 3_600_000);
  assertEquals(waiting.got, "nothing");
});

Deno.test("what was synced survives a power cut; what was not is there, torn or lost", () => {
  const found = new Map<string, number>();
  for (let run = 0; run < 400; run++) {
    const scheduler = new Scheduler(() => {});
    const host = new Host("h", "10.0.0.1", scheduler, Random.of(run));
    const disk = new Disk(host);
    const files = disk.filesFor(host.start());
    const file = files.open("/d/file", "create");
    file.writeAt(0, bytes("old!"));
    file.sync();
    file.writeAt(0, bytes("new"));
    files.open("/d/moving.new", "new").sync();
    files.rename("/d/moving.new", "/d/moving");
    disk.losePower();
    const content = text(disk.look("/d/file")!);
    const names = ["moving", "moving.new"].filter((name) => disk.look(`/d/${name}`)).join(" ");
    for (const what of [content, names]) found.set(what, (found.get(what) ?? 0) + 1);
  }
  assertEquals([...found.keys()].sort(), [
    "moving",
    "moving.new",
    "ned!",
    "new!",
    "nld!",
    "old!",
  ]);
});

Deno.test("a dead process reaches nothing: no timer, no file, no connection", async () => {
  const here = world();
  const { client, near } = await connected(here);
  const files = new Disk(here.hosts[0]).filesFor(client);
  let fired = false;
  client.world.after(10, () => fired = true);
  client.crash("kill", "here");
  await here.scheduler.run(here.scheduler.timeMs + 1_000);
  assertEquals(fired, false);
  assertThrows(() => files.facts("/x"), Crash);
  assertThrows(() => near.write(bytes("x")), Crash);
  const connecting = here.network.connect(client, "10.0.0.2:1");
  await Promise.all([
    here.scheduler.run(here.scheduler.timeMs + 1_000),
    assertRejects(() => connecting, Crash),
  ]);
  assertEquals(here.errors, []);
});
