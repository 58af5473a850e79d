/// <reference lib="deno.worker" />
/** A thread that computes one Argon2id hash at a time. */
import { argon2id, argon2Verify } from "hash-wasm";
import { answerOf } from "../threads.ts";
import type { PasswordRequest } from "./passwords.ts";

self.onmessage = async ({ data }: MessageEvent<PasswordRequest>) => {
  self.postMessage(await answerOf(() => run(data)));
};

async function run(request: PasswordRequest): Promise<string | boolean> {
  const { password, secret } = request;
  const given = { password, ...(secret && { secret }) };
  if (request.type === "verify") return await argon2Verify({ ...given, hash: request.hash });
  return await argon2id({
    ...given,
    salt: request.salt,
    iterations: 2,
    memorySize: 19_456,
    parallelism: 1,
    hashLength: 32,
    outputType: "encoded",
  });
}
