/** Those whom the bank turns away, and who must not be able to find out why. */
import { encodeFrame, frameType } from "../../lib/protocol/frame.ts";
import { createClientHello } from "../../lib/protocol/handshake.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";
import { system } from "../../lib/system.ts";
import { RunningBank } from "../server/helpers/running_bank.ts";

export const kinds = ["unknown", "revoked", "wrong key"] as const;
export type Kind = typeof kinds[number];

/** Returns the key with which each kind says hello; a terminal is revoked on the way. */
export async function keysOfStrangers(
  running: RunningBank,
): Promise<Record<Kind, () => TerminalKey>> {
  const revoked = await running.enrol("thrown-out");
  await Array.fromAsync(running.operate({ command: "revoke_terminal", name: "thrown-out" }));
  const { lobby } = running.keys;
  return {
    "unknown": () => ({ ...lobby, terminal: system.randomBytes(16) }),
    "revoked": () => revoked,
    "wrong key": () => ({ ...lobby, key: system.randomBytes(32) }),
  };
}

const { publicKey: kemKey } = await system.kem.newKey();

/** Returns a fresh hello under this key. */
export function helloUnder(key: TerminalKey): Uint8Array {
  const fresh = { nonce: system.randomBytes(32), shareSecret: system.randomBytes(32), kemKey };
  return encodeFrame(frameType.clientHello, createClientHello(key, fresh).bytes);
}
