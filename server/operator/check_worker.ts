/// <reference lib="deno.worker" />
/** One part of a log at a time, off the main thread. */
import { UsageError } from "../../lib/errors.ts";
import { LogVerifier } from "../audit/verify.ts";
import { checkPart } from "./check_part.ts";
import type { FromCheckWorker, ToCheckWorker } from "./check_threads.ts";

let verifier: LogVerifier;

self.onmessage = ({ data }: MessageEvent<ToCheckWorker>) => {
  if ("trust" in data) verifier = new LogVerifier(data.trust);
  else self.postMessage(isGood(data) satisfies FromCheckWorker);
};

function isGood(part: Exclude<ToCheckWorker, { trust: unknown }>): boolean {
  try {
    checkPart(verifier, part);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}
