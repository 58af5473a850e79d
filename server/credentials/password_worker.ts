/// <reference lib="deno.worker" />
/** One Argon2id at a time, off the main thread. */
import { argon2id, argon2Verify } from "hash-wasm";
import type { ToPasswordWorker } from "./passwords.ts";

self.onmessage = async ({ data }: MessageEvent<ToPasswordWorker>) => {
  try {
    self.postMessage({ value: await run(data) });
  } catch (error) {
    self.postMessage({ error: (error as Error).message });
  }
};

async function run(message: ToPasswordWorker): Promise<string | boolean> {
  const { password } = message;
  if (message.type === "verify") return await argon2Verify({ password, hash: message.hash });
  return await argon2id({
    password,
    salt: message.salt,
    iterations: 2,
    memorySize: 19_456,
    parallelism: 1,
    hashLength: 32,
    outputType: "encoded",
  });
}
