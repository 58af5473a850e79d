/**
 * The terminals' keys: sealed under the bank's master key at rest, open in memory while the server
 * runs. A terminal that nobody enrolled has a decoy key, so that it costs what a real one costs.
 */
import { concat, fromHex, hex, u32, utf8 } from "../../lib/bytes.ts";
import { hkdfExpand } from "../../lib/protocol/key_schedule.ts";
import type { TerminalKey } from "../../lib/protocol/handshake.ts";
import { open, seal, type SealKeys } from "../../lib/seal.ts";
import type { Terminal } from "../ledger/books.ts";

/** The keys that seal terminal keys. */
export function terminalSealKeys(master: Uint8Array): SealKeys {
  return {
    enc: hkdfExpand(master, utf8("strongroom/1 terminal key enc"), 16),
    mac: hkdfExpand(master, utf8("strongroom/1 terminal key mac"), 32),
  };
}

/** A terminal's key as the database keeps it; `iv` is 16 random bytes. */
export function sealTerminalKey(
  keys: SealKeys,
  terminal: string,
  version: number,
  key: Uint8Array,
  iv: Uint8Array,
) {
  return seal(keys, iv, aadOf(terminal, version), key);
}

export class TerminalKeys {
  readonly #known = new Map<string, { key: TerminalKey; name: string }>();

  /** @param decoy 32 random bytes, shared with nobody */
  constructor(
    private readonly keys: SealKeys,
    private readonly bank: Uint8Array,
    private readonly decoy: Uint8Array,
  ) {}

  /**
   * Takes in what the database holds of a terminal.
   * @throws when it was not sealed under this bank's master key
   */
  add({ id, name, keyVersion, sealedKey, state }: Terminal): void {
    const key = open(this.keys, aadOf(id, keyVersion), sealedKey);
    if (key === null) {
      throw new Error(`the key of terminal ${name} does not open under this bank's master key`);
    }
    if (state !== "active") return;
    const terminal = fromHex(id, 16)!;
    this.#known.set(id, { name, key: { terminal, version: keyVersion, key, bank: this.bank } });
  }

  /** The key that a hello must have been made with; `known` is false for the decoy. */
  find(terminal: Uint8Array, version: number): { known: boolean; key: TerminalKey; name: string } {
    const found = this.#known.get(hex(terminal));
    if (found?.key.version === version) return { known: true, ...found };
    return { known: false, name: "", key: { terminal, version, key: this.decoy, bank: this.bank } };
  }
}

function aadOf(terminal: string, version: number) {
  return concat(utf8("strongroom/1 terminal key"), fromHex(terminal, 16)!, u32(version));
}
