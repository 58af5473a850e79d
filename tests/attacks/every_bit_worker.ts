/// <reference lib="deno.worker" />
/** One thread's share of the sessions that are attacked bit by bit. */
import { attack, type Share, type Tried } from "./every_bit.ts";

export type FromAttacker = { tried: Tried } | { failed: string };

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  let said: FromAttacker;
  try {
    said = { tried: await attack(data) };
  } catch (error) {
    said = { failed: (error as Error).stack ?? String(error) };
  }
  self.postMessage(said);
};
