/**
 * Drops whole connections, both ends in memory, in every way in which one can end. Prints the memory
 * after a collection at each 10,000, and ends with 1 if it grows after the first, or a cipher is kept:
 *
 *     deno task drill:dropped [CONNECTIONS]
 */
import { system } from "../../lib/system.ts";
import { countingCiphers } from "./count_ciphers.ts";
import {
  abandonments,
  endingsAfterRecords,
  endingsInHandshake,
  exchange,
} from "./protocol/endings.ts";
import { connected, proved, Time } from "./protocol/ends.ts";

const grownBytesMax = 60e6;
const connectionsOfWindow = 10_000;
/** Connections at once. */
const lanes = 16;
const exchangesMax = 3;
const connectionsUncollectedMax = 1_000;
/** An object that a finalizer releases is collected by the next one. */
const collections = 2;
/** A finalizer may also wait for its turn: the last ones get more. */
const collectionsLateMax = 10;

const { gc } = globalThis as unknown as { gc(): void };

type Way = (time: Time, exchanges: number) => Promise<void>;

const ways: readonly Way[] = [
  ...Object.values(endingsInHandshake).map((end): Way => (time) => end(connected(time))),
  ...Object.values({ ...endingsAfterRecords, ...abandonments }).map(
    (end): Way => async (time, exchanges) => {
      const ends = await proved(time);
      await exchange(ends, exchanges);
      await end(ends);
    },
  ),
];

let dropped = 0;

/** Drops connections until there were so many, each way in turn. */
async function dropUntil(count: number): Promise<void> {
  await Promise.all(Array.from({ length: lanes }, async () => {
    while (dropped < count) {
      const exchanges = Math.floor(dropped / ways.length) % (exchangesMax + 1);
      await ways[dropped++ % ways.length]!(new Time(() => system), exchanges);
    }
  }));
}

/** Returns the memory after a collection. */
async function collected(): Promise<number> {
  for (let count = 0; count < collections; count++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve)); // finalizers run between turns
  }
  return Deno.memoryUsage().rss;
}

/** Returns by how much memory grows after the first window; 0 if there is no other. */
async function dropAll(connections: number, held: () => number): Promise<number> {
  let firstBytes: number | null = null;
  let bytes = 0;
  while (dropped < connections) {
    await dropUntil(Math.min(dropped + connectionsUncollectedMax, connections));
    bytes = await collected();
    if (dropped % connectionsOfWindow > 0 && dropped < connections) continue;
    firstBytes ??= bytes;
    console.log(
      `${dropped} connections dropped: RSS ${(bytes / 1e6).toFixed(1)} MB, ${held()} ciphers kept`,
    );
  }
  return bytes - (firstBytes ?? bytes);
}

if (import.meta.main) {
  const connections = Number(Deno.args[0] ?? 100_000);
  if (!(connections > 0)) {
    console.error("usage: deno task drill:dropped [CONNECTIONS]");
    Deno.exit(2);
  }
  await countingCiphers(async (held) => {
    const grownBytes = await dropAll(connections, held);
    for (let tries = 0; held() > 0 && tries < collectionsLateMax; tries++) await collected();
    console.log(
      `${ways.length} ways; grown by ${(grownBytes / 1e6).toFixed(1)} MB, ${held()} ciphers kept`,
    );
    if (grownBytes > grownBytesMax || held() > 0) Deno.exit(1);
  });
}
