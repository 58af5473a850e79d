/**
 * The fields of a short session's handshake bit by bit, its records byte by byte, and every frame cut
 * short; with EVERY_BIT=1 every single bit, and every length.
 */
import { assertEquals } from "@std/assert";
import { kemCiphertextBytes, kemKeyBytes } from "../../lib/kem.ts";
import type { Tried } from "./every_bit.ts";
import type { FromAttacker } from "./every_bit_worker.ts";

/**
 * The session's seven frames: for each byte its eight bits, and a cut before it. Of records and of the
 * KEM's bytes one bit, and of the KEM's cuts an eighth.
 */
const frameBytes = 4_340, recordBytes = 1_796, kemBytes = kemKeyBytes + kemCiphertextBytes;
const leftOut = 7 * (recordBytes + kemBytes) + 7 * kemBytes / 8;
const casesInAll = 9 * frameBytes - (Deno.env.get("EVERY_BIT") === undefined ? leftOut : 0);

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
