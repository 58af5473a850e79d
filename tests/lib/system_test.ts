/** The real world's requests over HTTP. */
import { assertRejects } from "@std/assert";
import { exchangeHttp } from "../../lib/system.ts";

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
