/**
 * The keys of terminals and of their devices: sealed under the bank's master key at rest, decrypted in memory while the
 * server runs. An unknown terminal gets a decoy key, so that checking its hello takes the same
 * time.
 */
import { concat, fromHex, hex, u32, utf8 } from "../../lib/bytes.ts";
import { hkdfExpand } from "../../lib/protocol/key_schedule.ts";
import { type DeviceKeys, deviceKeysFrom } from "../../lib/device_keys.ts";
import type { TerminalKey } from "../../lib/terminal_key.ts";
import { open, seal, type SealKeys } from "../../lib/seal.ts";
import type { SealedKey } from "../ledger/command.ts";
import type { Device, Terminal } from "../ledger/model.ts";
import { keyStands } from "../ledger/rules/key_versions.ts";

/** Returns the keys that seal terminal keys. */
export function terminalSealKeys(master: Uint8Array): SealKeys {
  return {
    enc: hkdfExpand(master, utf8("strongroom/1 terminal key enc"), 16),
    mac: hkdfExpand(master, utf8("strongroom/1 terminal key mac"), 32),
  };
}

/** Seals a terminal's key, or both keys of its device, for the database; `iv` is 16 random bytes. */
export function sealTerminalKey(
  keys: SealKeys,
  { terminal, device, keyVersion }: Omit<SealedKey, "sealedKey">,
  key: Uint8Array,
  iv: Uint8Array,
) {
  return seal(keys, iv, aadOf(terminal, keyVersion, device), key);
}

/**
 * Opens a sealed key from the database; returns null if it was sealed for another terminal, device,
 * version or purpose.
 */
export function openTerminalKey(
  keys: SealKeys,
  { terminal, device, keyVersion, sealedKey }: SealedKey,
) {
  return open(keys, aadOf(terminal, keyVersion, device), sealedKey);
}

/** Returns the sealed keys of terminals and of their devices. */
export function sealedKeysOf(rows: readonly Terminal[]): SealedKey[] {
  return rows.flatMap(({ id: terminal, keyVersion, sealedKey, next, device }) => [
    { terminal, keyVersion, sealedKey },
    ...(next ? [{ terminal, keyVersion: next.version, sealedKey: next.sealedKey }] : []),
    ...[device, device?.previous].flatMap((keys) =>
      keys
        ? [{
          terminal,
          device: device!.name,
          keyVersion: keys.keyVersion,
          sealedKey: keys.sealedKeys,
        }]
        : []
    ),
  ]);
}

/** A terminal from the database, with its keys decrypted, by version. */
interface Known {
  readonly terminal: Terminal;
  readonly keys: ReadonlyMap<number, TerminalKey>;
  readonly deviceKeys: ReadonlyMap<number, DeviceKeys>;
}

/** A terminal's device, with its keys decrypted, by version. */
export interface KnownDevice {
  readonly device: Device;
  readonly keys: ReadonlyMap<number, DeviceKeys>;
}

/** The key for a hello's terminal id and key version; `known` is false for the decoy. */
export interface Found {
  readonly known: boolean;
  readonly key: TerminalKey;
  readonly name: string;
}

export class TerminalKeys {
  readonly #known = new Map<string, Known>();
  readonly #watchers = new Set<(terminal: string) => void>();
  #changing: Promise<unknown> = Promise.resolve();

  /** The next master key's, during a change of the master key. */
  nextSealKeys: SealKeys | null = null;

  /**
   * @param sealKeys the bank's master key's
   * @param decoy 32 random bytes that no terminal has
   */
  constructor(
    public sealKeys: SealKeys,
    private readonly bank: Uint8Array,
    private readonly decoy: Uint8Array,
  ) {}

  /**
   * Loads a terminal from its row and notifies the watchers.
   * @throws if it was not sealed under this bank's master key
   */
  put(terminal: Terminal): void {
    const { id, name } = terminal;
    const keys = new Map<number, TerminalKey>();
    const deviceKeys = new Map<number, DeviceKeys>();
    for (const sealed of sealedKeysOf([terminal])) {
      const { device, keyVersion: version } = sealed;
      const key = this.open(sealed);
      if (key === null) {
        const whose = device === undefined ? `terminal ${name}` : `device ${device}`;
        throw new Error(`the key of ${whose} does not open under this bank's master key`);
      }
      if (device !== undefined) deviceKeys.set(version, deviceKeysFrom(key));
      else keys.set(version, { terminal: fromHex(id, 16)!, version, key, bank: this.bank });
    }
    this.#known.set(id, { terminal, keys, deviceKeys });
    for (const watcher of this.#watchers) watcher(id);
  }

  /** Opens a sealed key from the database; returns null if neither master key opens it. */
  open(sealed: SealedKey): Uint8Array | null {
    return openTerminalKey(this.sealKeys, sealed) ??
      (this.nextSealKeys && openTerminalKey(this.nextSealKeys, sealed));
  }

  /** Returns a terminal's device; null if it never had one with keys. */
  deviceOf(terminal: string): KnownDevice | null {
    const found = this.#known.get(terminal);
    const device = found?.terminal.device;
    return device ? { device, keys: found!.deviceKeys } : null;
  }

  /** Returns whether a terminal's row differs from the loaded one. */
  differs({ id, state, keyVersion, next, device }: Terminal): boolean {
    const known = this.#known.get(id)?.terminal;
    return known?.state !== state || known.keyVersion !== keyVersion ||
      known.next?.version !== next?.version || known.device?.state !== device?.state ||
      known.device?.keyVersion !== device?.keyVersion ||
      known.device?.previous?.keyVersion !== device?.previous?.keyVersion;
  }

  /** Calls the watcher with the id of each terminal whose keys may have changed. */
  watch(watcher: (terminal: string) => void): void {
    this.#watchers.add(watcher);
  }

  /** Returns the key with which a hello must have been made. */
  find(terminal: Uint8Array, version: number, nowMs: number): Found {
    const id = hex(terminal);
    const found = this.#known.get(id);
    const key = found?.keys.get(version);
    if (key && this.accepts(id, version, nowMs)) {
      return { known: true, key, name: found!.terminal.name };
    }
    return { known: false, name: "", key: { terminal, version, key: this.decoy, bank: this.bank } };
  }

  /** Returns whether a channel under this version of a terminal's key may continue. */
  accepts(terminal: string, version: number, nowMs: number): boolean {
    const found = this.#known.get(terminal);
    return found !== undefined && keyStands(found.terminal, version, nowMs);
  }

  /** Returns a terminal's pending next key; null if it has the newest. */
  nextOf(terminal: string): TerminalKey | null {
    const found = this.#known.get(terminal);
    return found?.terminal.next ? found.keys.get(found.terminal.next.version)! : null;
  }

  /** Runs changes of keys one after the other: each sees the result of the previous one. */
  alone<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => {});
    return result;
  }
}

function aadOf(terminal: string, version: number, device?: string) {
  const ids = [fromHex(terminal, 16)!, u32(version)];
  return device === undefined
    ? concat(utf8("strongroom/1 terminal key"), ...ids)
    : concat(utf8("strongroom/1 device keys"), ...ids, utf8(device));
}
