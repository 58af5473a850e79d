/// <reference lib="deno.worker" />
/** One thread's share of the sessions that are attacked bit by bit. */
import { attack, type Share, type Tried } from "./every_bit.ts";

export type FromAttacker = { tried: Tried } | { failed: string };

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  let result: FromAttacker;
  try {
    result = { tried: await attack(data) };
  } catch (error) {
    result = { failed: (error as Error).stack ?? String(error) };
  }
  self.postMessage(result);
};
