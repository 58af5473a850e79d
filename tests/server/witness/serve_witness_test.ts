/** A witness over HTTP on real sockets: its two resources, and every limit. */
import { assert, assertEquals } from "@std/assert";
import { closeMsMax, witnessBodyBytesMax, witnessConnectionsMax } from "../../../lib/limits.ts";
import { listenTcp, system } from "../../../lib/system.ts";
import type { World } from "../../../lib/world.ts";
import { serveWitness } from "../../../server/witness/serve_witness.ts";

const originHash = "ab".repeat(32);

interface Served {
  hostname: string;
  port: number;
  posted: string[];
  lines: string[];
  /** Ends the time of every connection. */
  elapse(): void;
}

/** Serves a scripted witness while `use` runs. */
async function serving(use: (served: Served) => Promise<void>): Promise<void> {
  const listener = listenTcp({ hostname: "127.0.0.1", port: 0 });
  const ending = Promise.withResolvers<void>();
  const pending = new Set<() => void>();
  const world: World = {
    ...system,
    after(ms, act) {
      if (ms === closeMsMax) return system.after(50, act);
      pending.add(act);
      return () => void pending.delete(act);
    },
  };
  const [posted, lines]: string[][] = [[], []];
  const witness = {
    addCheckpoint(body: string) {
      posted!.push(body);
      if (body === "full") throw new Error("no space left");
      return { status: 409, body: "8\n", contentType: "text/x.tlog.size" } as const;
    },
    checkpoint: (hash: string) => ({ status: 200, body: `checkpoint of ${hash}\n` }) as const,
  };
  const log = (line: string) => void lines!.push(line);
  const served = serveWitness({ witness, listener, world, log }, ending.promise);
  const [hostname = "", port] = listener.address.split(":");
  await use({
    hostname,
    port: Number(port),
    posted: posted!,
    lines: lines!,
    elapse: () => pending.forEach((act) => act()),
  });
  ending.resolve();
  await served;
}

/** Sends bytes and reads all of the answer. */
async function raw({ hostname, port }: Served, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname, port });
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+) /.exec(answer)?.[1]);

Deno.test("a client of HTTP reaches both resources, and gets statuses, bodies and types", () =>
  serving(async (served) => {
    const base = `http://${served.hostname}:${served.port}`;
    const body = "old 0\n\n" + "x".repeat(20_000);
    const added = await fetch(`${base}/add-checkpoint`, { method: "POST", body });
    assertEquals([added.status, await added.text()], [409, "8\n"]);
    assertEquals(added.headers.get("content-type"), "text/x.tlog.size");
    assertEquals(served.posted, [body]);
    const stored = await fetch(`${base}/${originHash}/checkpoint`);
    assertEquals([stored.status, await stored.text()], [200, `checkpoint of ${originHash}\n`]);
    const others: [string, RequestInit, number][] = [
      ["/", {}, 404],
      ["/add-checkpoint", {}, 405],
      [`/${originHash}/checkpoint`, { method: "POST", body: "" }, 405],
      [`/${originHash.toUpperCase()}/checkpoint`, {}, 404],
      [`/${originHash.slice(1)}/checkpoint`, {}, 404],
      ["/..%2fwitness.key/checkpoint", {}, 404],
      ["/add-checkpoint?x=1", { method: "POST", body: "" }, 404],
    ];
    for (const [path, init, status] of others) {
      const answer = await fetch(base + path, init);
      await answer.body?.cancel();
      assertEquals(answer.status, status, path);
    }
    assertEquals(served.posted.length, 1);
  }));

Deno.test("a request that is too long, or not as it should be, is refused before it is read whole", () =>
  serving(async (served) => {
    const post = "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n";
    const cases: [name: string, request: string, status: number][] = [
      ["a long head", `${post}X: ${"x".repeat(9_000)}`, 431],
      ["a long body", `${post}Content-Length: ${witnessBodyBytesMax + 1}\r\n\r\n`, 413],
      ["no number", `${post}Content-Length: -1\r\n\r\n`, 400],
      ["two lengths", `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
      ["chunks", `${post}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 411],
      ["another version", "GET / HTTP/2\r\n\r\n", 400],
      ["no path", "GET HTTP/1.1\r\n\r\n", 400],
      ["no header", `${post}nothing\r\n\r\n`, 400],
      ["a space in a header's name", `${post}Content-Length : 1\r\n\r\na`, 400],
    ];
    for (const [name, request, status] of cases) {
      assertEquals(statusOf(await raw(served, request)), status, name);
    }
    assertEquals(served.posted, []);
    const expecting = await raw(
      served,
      `${post}Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc`,
    );
    assert(expecting.startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 "), expecting);
    assertEquals(served.posted, ["abc"]);
  }));

Deno.test("a folder that fails is an answer 500, and a line of the log", () =>
  serving(async (served) => {
    const post = "POST /add-checkpoint HTTP/1.1\r\nContent-Length: 4\r\n\r\nfull";
    assertEquals(statusOf(await raw(served, post)), 500);
    assertEquals(served.lines, ["nothing was cosigned: no space left"]);
  }));

Deno.test("connections are limited in number and in time", () =>
  serving(async (served) => {
    const { hostname, port } = served;
    const idle = await Promise.all(
      Array.from({ length: witnessConnectionsMax }, () => Deno.connect({ hostname, port })),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const turnedAway = await raw(served, "GET / HTTP/1.1\r\n\r\n").catch(() => "");
    assertEquals(turnedAway, "");
    served.elapse();
    for (const each of idle) {
      assertEquals(await each.read(new Uint8Array(1)).catch(() => null), null);
      each.close();
    }
    assertEquals(statusOf(await raw(served, "GET / HTTP/1.1\r\n\r\n")), 404);
  }));
