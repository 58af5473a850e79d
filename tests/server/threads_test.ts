import { assertEquals, assertRejects } from "@std/assert";
import { ThreadPool } from "../../server/threads.ts";

/** A thread that waits so long and answers; that fails at "bad", and dies at "die". */
const source = `
  self.onmessage = ({ data }) => {
    if (data === "die") throw new Error("it broke");
    const answer = data === "bad" ? { error: "it was bad" } : { value: "done " + data };
    setTimeout(() => self.postMessage(answer), 5);
  };
`;

function newPool(max: number, log: (line: string) => void = console.error) {
  let started = 0;
  const start = () => {
    started++;
    return new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  };
  const pool = new ThreadPool<string, string>({ start, max, log });
  return { pool, started: () => started };
}

Deno.test("a pool starts threads when they are needed, and never more than it may", async () => {
  const { pool, started } = newPool(2);
  assertEquals(started(), 0);
  assertEquals(await pool.run("a"), "done a");
  assertEquals(await pool.run("b"), "done b");
  assertEquals(started(), 1);
  const all = ["c", "d", "e", "f"].map((request) => pool.run(request));
  assertEquals([started(), pool.waiting], [2, 2]);
  assertEquals(await Promise.all(all), ["done c", "done d", "done e", "done f"]);
  assertEquals([started(), pool.waiting], [2, 0]);
  pool.close();
});

Deno.test("what may run later waits for every other request, and does not count as queued", async () => {
  const { pool } = newPool(1);
  const order: string[] = [];
  const record = (answer: string) => order.push(answer);
  const later = ["a", "b", "c"].map((request) => pool.runLater(request).then(record));
  assertEquals(pool.waiting, 0);
  const soon = ["d", "e"].map((request) => pool.run(request).then(record));
  await Promise.all([...later, ...soon]);
  assertEquals(order, ["done a", "done d", "done e", "done b", "done c"]);
  pool.close();
});

Deno.test("a request that fails fails alone", async () => {
  const { pool, started } = newPool(1);
  const [bad, good] = [pool.run("bad"), pool.run("good")];
  await assertRejects(() => bad, Error, "it was bad");
  assertEquals(await good, "done good");
  assertEquals(started(), 1);
  pool.close();
});

Deno.test("a thread that dies is reported, its request fails, and another takes its place", async () => {
  const reported: string[] = [];
  const { pool, started } = newPool(1, (line) => reported.push(line));
  const requests = ["a", "die", "b", "die", "c"].map((request) =>
    pool.run(request).catch((error: Error) => error.message)
  );
  const died = "its thread failed: Uncaught Error: it broke";
  assertEquals(await Promise.all(requests), ["done a", died, "done b", died, "done c"]);
  assertEquals(started(), 3);
  assertEquals(reported.length, 2);
  assertEquals(reported[0], "a thread failed: Uncaught Error: it broke");
  pool.close();
});

Deno.test("a pool that is closed answers nothing more: what is under way or waits fails", async () => {
  const { pool } = newPool(1);
  const requests = ["a", "b"].map((request) => pool.run(request));
  pool.close();
  for (const request of requests) await assertRejects(() => request, Error, "were closed");
});

Deno.test("where no thread can be started, a request fails, or waits for a thread that runs", async () => {
  let mayStart = false;
  const reported: string[] = [];
  const start = () => {
    if (!mayStart) throw new Error("no handles");
    mayStart = false;
    return new Worker(`data:text/javascript,${encodeURIComponent(source)}`, { type: "module" });
  };
  const log = (line: string) => reported.push(line);
  const pool = new ThreadPool<string, string>({ start, max: 2, log });
  await assertRejects(() => pool.run("a"), Error, "no handles");
  mayStart = true;
  assertEquals(await Promise.all([pool.run("b"), pool.run("c")]), ["done b", "done c"]);
  assertEquals(reported, Array(2).fill("a thread could not be started: no handles"));
  pool.close();
});
