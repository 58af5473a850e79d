/**
 * Every single bit of every frame of a short session turned, and every frame cut at every length; of
 * the KEM's key and ciphertext one bit of each byte, all of them with EVERY_BIT=1.
 */
import { assertEquals } from "@std/assert";
import { kemCiphertextBytes, kemKeyBytes } from "../../lib/kem.ts";
import type { Tried } from "./every_bit.ts";
import type { FromAttacker } from "./every_bit_worker.ts";

/** The session's seven frames: for each byte its eight bits, and a cut before it. */
const frameBytes = 3_588, kemBytes = kemKeyBytes + kemCiphertextBytes;
const casesInAll = 9 * frameBytes - (Deno.env.get("EVERY_BIT") === undefined ? 7 * kemBytes : 0);

Deno.test("no bit turned and no frame cut short is acted on, answered or taken for an end", async () => {
  const parts = Math.max(2, Math.min(4, navigator.hardwareConcurrency));
  const tried = await Promise.all(Array.from({ length: parts }, (_, part) => shareOf(part, parts)));
  const cases = tried.reduce((sum, share) => sum + share.cases, 0);
  const reasons = new Set(tried.flatMap((share) => share.reasons));
  console.log(`${cases} cases; the bank's log names only: ${[...reasons].sort().join(", ")}`);
  assertEquals(cases, casesInAll);
});

/** Returns what a thread makes of its share. */
async function shareOf(part: number, parts: number): Promise<Tried> {
  const worker = new Worker(import.meta.resolve("./every_bit_worker.ts"), { type: "module" });
  const result = Promise.withResolvers<FromAttacker>();
  worker.onmessage = ({ data }: MessageEvent<FromAttacker>) => result.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    result.resolve({ failed: event.message });
  };
  worker.postMessage({ part, parts });
  try {
    const answer = await result.promise;
    if ("failed" in answer) throw new Error(answer.failed);
    return answer.tried;
  } finally {
    worker.terminate();
  }
}
