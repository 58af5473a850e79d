import { Cipheriv, Decipheriv } from "node:crypto";

/** Runs `work`, which may ask how many of the ciphers that it has made are not yet freed. */
export async function countingCiphers(work: (held: () => number) => Promise<void>): Promise<void> {
  const kept = new WeakSet<object>(); // must not keep a dropped cipher from the collector
  let held = 0;
  const restore = [Cipheriv.prototype, Decipheriv.prototype].map((prototype) => {
    const { setAutoPadding, final } = prototype;
    Object.assign(prototype, {
      setAutoPadding(on: boolean) { // called once for each cipher that is kept
        kept.add(this);
        held++;
        return setAutoPadding.call(this as unknown as Cipheriv, on);
      },
      final() {
        if (kept.delete(this)) held--;
        return final.call(this as unknown as Cipheriv, undefined!);
      },
    });
    return () => Object.assign(prototype, { setAutoPadding, final });
  });
  try {
    await work(() => held);
  } finally {
    for (const each of restore) each();
  }
}
