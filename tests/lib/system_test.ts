/** The real world's requests over HTTP and WebSocket. */
import { assertEquals, assertRejects } from "@std/assert";
import { connectMessages, exchangeHttp } from "../../lib/system.ts";

Deno.test("a request to a closed port says that the connection was refused", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://127.0.0.1:${port}/checkpoint`;
  const { signal } = new AbortController();
  const limits = { msMax: 60_000, bodyBytesMax: 10, signal };
  await assertRejects(
    () => exchangeHttp({ method: "GET", url }, limits),
    Error,
    "Connection refused",
  );
});

Deno.test("a WebSocket that is accepted and never answered is given up, and closed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  const url = `ws://127.0.0.1:${listener.addr.port}/`;
  await assertRejects(() => connectMessages(url, undefined, 50), Error, "does not answer");
  const silent = await accepted;
  const buffer = new Uint8Array(1_024);
  let read = await silent.read(buffer);
  while (read !== null) read = await silent.read(buffer);
  assertEquals(read, null);
  silent.close();
  listener.close();
});
