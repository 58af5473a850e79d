/**
 * Randomness that repeats: sfc32 (Chris Doty-Humphrey's small fast counting generator), seeded by the
 * SHA-256 of a path of names. A consumer has a generator under its own name, so that another consumer,
 * or one that draws more, changes nothing for the rest.
 */
import { createHash } from "node:crypto";
import type { Bytes } from "../../lib/bytes.ts";

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  private constructor(private readonly path: string) {
    const seed = createHash("sha256").update(path).digest();
    [this.#a, this.#b, this.#c] = [0, 4, 8].map((at) => seed.readInt32LE(at)) as [
      number,
      number,
      number,
    ];
  }

  static of(seed: number): Random {
    return new Random(`strongroom simulation ${seed}`);
  }

  /** Returns the generator of this name: the same however much was drawn from this one. */
  split(name: string): Random {
    return new Random(`${this.path}/${name}`);
  }

  /** 32 random bits, as an unsigned number. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  fraction(): number {
    return this.bits() / 2 ** 32;
  }

  /** Returns a whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  /** Returns a whole number, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** One of these, each as often as its weight says. */
  weighed<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.fraction() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) if ((left -= weight) < 0) return value;
    return choices.at(-1)![1];
  }

  /** Exponentially distributed waits with this mean, as visitors arrive. */
  wait(meanMs: number): number {
    return -Math.log(1 - this.fraction()) * meanMs;
  }

  bytes(length: number): Bytes {
    const bytes = new Uint8Array(length);
    const words = new DataView(bytes.buffer);
    let at = 0;
    for (; at + 4 <= length; at += 4) words.setUint32(at, this.bits());
    for (; at < length; at++) bytes[at] = this.bits();
    return bytes;
  }
}
