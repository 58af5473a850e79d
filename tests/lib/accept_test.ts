/** Listeners whose connections cannot be accepted: each says whose, once. */
import { assertEquals } from "@std/assert";
import { acceptAll } from "../../lib/accept.ts";
import { system } from "../../lib/system.ts";

Deno.test("a listener that cannot accept says once whose connections they are, and goes on", async () => {
  const lines: string[] = [];
  for (const whose of ["ATMs", "operators"]) {
    let tries = 0;
    const accept = () => {
      if (tries++ < 3) throw new Error("Too many open files (os error 24)");
      return Promise.resolve(null);
    };
    await acceptAll({ accept }, system, () => {}, { whose, log: (line) => lines.push(line) });
  }
  assertEquals(lines, [
    "accepting connections of ATMs failed: Too many open files (os error 24)",
    "accepting connections of operators failed: Too many open files (os error 24)",
  ]);
});
