/** Uses N kept pairs of ciphers, ends one half, drops the other, and prints how much memory grew. */
import { Sealer } from "../../lib/seal.ts";
import { filled } from "./helpers.ts";

const { gc } = globalThis as unknown as { gc(): void };
const plain = { aad: filled(4, 10), plaintext: [filled(5, 40)] };

function use(ends: boolean): void {
  const sealer = new Sealer({ enc: filled(1, 16), mac: filled(2, 32) });
  sealer.openNext(plain.aad, sealer.sealNext(filled(3, 16), plain));
  if (ends) sealer.end();
}

async function run(pairs: number): Promise<void> {
  for (let done = 0; done < pairs; done++) {
    use(done % 2 === 0);
    if (done % 1_000 > 0) continue;
    gc();
    await new Promise((resolve) => setTimeout(resolve)); // finalizers run between turns
  }
}

await run(10_000);
const beforeBytes = Deno.memoryUsage().rss;
await run(Number(Deno.args[0]));
console.log(JSON.stringify({ grownBytes: Deno.memoryUsage().rss - beforeBytes }));
