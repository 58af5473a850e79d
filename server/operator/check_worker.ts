/// <reference lib="deno.worker" />
/** A thread that checks a log: the first message has the trusted inputs, each other one a part. */
import { UsageError } from "../../lib/errors.ts";
import { type ChainPieces, type LogTrust, LogVerifier } from "../audit/verify.ts";
import { answerOf } from "../threads.ts";
import { checkPart, type LogPart } from "./check_part.ts";

self.onmessage = ({ data: trust }: MessageEvent<LogTrust>) => {
  const verifier = new LogVerifier(trust);
  self.onmessage = async ({ data: part }: MessageEvent<LogPart>) => {
    self.postMessage(await answerOf(() => piecesOf(verifier, part)));
  };
};

function piecesOf(verifier: LogVerifier, part: LogPart): ChainPieces[] | null {
  try {
    checkPart(verifier, part);
    return verifier.finishPieces();
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}
