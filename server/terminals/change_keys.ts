/**
 * Changes the terminals' keys: enrolment, rotation, revocation, a new master key. Each change is
 * durable before this process acts on it, and before it is sent to a terminal.
 */
import { equalInConstantTime, hex } from "../../lib/bytes.ts";
import { asOne, type NamedDeviceKeys } from "../../lib/device_keys.ts";
import { type Outcome, UsageError } from "../../lib/errors.ts";
import type { SealKeys } from "../../lib/seal.ts";
import type { NamedTerminalKey } from "../../lib/terminal_key.ts";
import type { World } from "../../lib/world.ts";
import type { AuditKeyRing } from "../audit/keys.ts";
import { notNewest, requireNewestKeys } from "../audit/newest_keys.ts";
import type { BankFolder } from "../folder/bank_folder.ts";
import type { Command, SealedKey } from "../ledger/command.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Settings, Terminal } from "../ledger/model.ts";
import {
  openTerminalKey,
  sealedKeysOf,
  sealTerminalKey,
  type TerminalKeys,
  terminalSealKeys,
} from "./terminal_keys.ts";

/** The parts of a bank that a change of its terminals' keys uses. */
export interface KeyedBank {
  readonly world: Pick<World, "randomBytes">;
  readonly folder: BankFolder;
  readonly settings: Pick<Settings, "bankId" | "currency">;
  readonly ledger: Pick<Ledger, "submit" | "read">;
  readonly terminals: TerminalKeys;
  /** Writes the present terminals to a file next to the database. */
  keepTerminals(rows: readonly Terminal[]): void;
}

/** Creates a key for a terminal with a new id. The bank does not have it yet. */
export function draftFirstKey(bank: KeyedBank, name: string): NamedTerminalKey {
  return draftKey(bank, { id: hex(bank.world.randomBytes(16)), name }, 1);
}

/** Creates a terminal's next key. The bank does not have it yet. */
export function draftNextKey(bank: KeyedBank, terminal: Terminal): NamedTerminalKey {
  const { keyVersion, next } = terminal;
  return draftKey(bank, terminal, Math.max(keyVersion, next?.version ?? 0) + 1);
}

function draftKey(
  { world, settings }: KeyedBank,
  { id, name }: Pick<Terminal, "id" | "name">,
  version: number,
): NamedTerminalKey {
  const [bank, terminal] = [settings.bankId, id].map((text) => Uint8Array.fromHex(text));
  const { currency } = settings;
  return { bank: bank!, terminal: terminal!, name, currency, version, key: world.randomBytes(32) };
}

/** Enrols a terminal with this id and key; idempotent for the same ones. */
export function enrolTerminal(
  bank: KeyedBank,
  key: NamedTerminalKey,
  operator: string,
): Promise<Outcome> {
  const { name } = key;
  return bank.terminals.alone(() =>
    submitKey(bank, key, (sealed) => ({ op: "enrol_terminal", operator, name, ...sealed }))
  );
}

/**
 * Sends a terminal its next key over its channel, while the present one stays valid. The new key is
 * only as secret as that channel's: if that may be compromised, use `replaceKey`.
 */
export function rotateTerminal(
  bank: KeyedBank,
  name: string,
  operator: string,
): Promise<{ outcome: Outcome; version: number }> {
  return bank.terminals.alone(async () => {
    const found = await terminalNamed(bank, name);
    if (!found) return { outcome: "unknown_name", version: 0 };
    const key = draftNextKey(bank, found);
    const rotation = { op: "rotate_terminal", operator, now: false } as const;
    const outcome = await submitKey(bank, key, (sealed) => ({ ...rotation, ...sealed }));
    return { outcome, version: key.version };
  });
}

/**
 * Ends a terminal's present key at once, for one that an operator copies to it; idempotent for the
 * same key.
 */
export function replaceKey(
  bank: KeyedBank,
  key: NamedTerminalKey,
  operator: string,
): Promise<Outcome> {
  const rotation = { op: "rotate_terminal", operator, now: true } as const;
  return bank.terminals.alone(() => submitKey(bank, key, (sealed) => ({ ...rotation, ...sealed })));
}

/**
 * Seals a key and submits it. A key that the database already has is submitted with its present
 * sealing, since sealing it again would make it differ.
 */
function submitKey(
  bank: KeyedBank,
  key: NamedTerminalKey,
  commandOf: (sealed: SealedKey) => Command,
): Promise<Outcome> {
  const { terminal, version: keyVersion } = key;
  return submitSealed(bank, { terminal: hex(terminal), keyVersion }, key.key, commandOf);
}

async function submitSealed(
  bank: KeyedBank,
  facts: Omit<SealedKey, "sealedKey">,
  key: Uint8Array,
  commandOf: (sealed: SealedKey) => Command,
): Promise<Outcome> {
  const { terminals, ledger, world } = bank;
  for (;;) {
    const found = await sealedAlready(bank, facts, key);
    const sealedKey = found ??
      sealTerminalKey(terminals.sealKeys, facts, key, world.randomBytes(16));
    const { outcome } = await ledger.submit(commandOf({ ...facts, sealedKey }));
    if (outcome === "ok") await refresh(bank, facts.terminal);
    if (outcome === "ok" || found) return outcome;
    // An earlier command with this key may have been committed meanwhile, through another server.
    if (await sealedAlready(bank, facts, key) === null) return outcome;
  }
}

/** Returns this key's sealed form in the database; null if it is not there. */
export async function sealedAlready(
  bank: KeyedBank,
  { terminal, device, keyVersion }: Omit<SealedKey, "sealedKey">,
  key: Uint8Array,
): Promise<Uint8Array | null> {
  const found = sealedKeysOf(await bank.ledger.read.terminals()).find((each) =>
    each.terminal === terminal && each.device === device && each.keyVersion === keyVersion
  );
  const opened = found && bank.terminals.open(found);
  return opened && equalInConstantTime(opened, key) ? found.sealedKey : null;
}

/** Creates the next keys of a terminal's device. The bank does not have them yet. */
export function draftDeviceKeys(
  { world: { randomBytes }, settings }: KeyedBank,
  { id, name: terminal, device }: Terminal,
  name: string,
): NamedDeviceKeys {
  const [bank, terminalId] = [settings.bankId, id].map((text) => Uint8Array.fromHex(text));
  const version = (device?.keyVersion ?? 0) + 1;
  const keys = { host: randomBytes(32), device: randomBytes(32) };
  return { bank: bank!, terminal, terminalId: terminalId!, name, version, ...keys };
}

/** Gives a terminal a device with these keys; idempotent for the same ones. */
export function enrolDevice(
  bank: KeyedBank,
  keys: NamedDeviceKeys,
  operator: string,
): Promise<Outcome> {
  return submitDeviceKeys(bank, keys, { op: "enrol_device", operator, name: keys.name });
}

/** Replaces a device's keys by those that an operator copies to it; idempotent for the same ones. */
export function rotateDevice(
  bank: KeyedBank,
  keys: NamedDeviceKeys,
  operator: string,
): Promise<Outcome> {
  return submitDeviceKeys(bank, keys, { op: "rotate_device", operator });
}

function submitDeviceKeys(
  bank: KeyedBank,
  keys: NamedDeviceKeys,
  change: { op: "enrol_device"; operator: string; name: string } | {
    op: "rotate_device";
    operator: string;
  },
): Promise<Outcome> {
  const { name: device, version: keyVersion } = keys;
  const facts = { terminal: hex(keys.terminalId), device, keyVersion };
  return bank.terminals.alone(() =>
    submitSealed(bank, facts, asOne(keys), ({ terminal, sealedKey }) => ({
      ...change,
      ...{ terminal, keyVersion, sealedKeys: sealedKey },
    }))
  );
}

/** Ends a device's keys permanently: no token is made for it, and no status of it is accepted. */
export function revokeDevice(bank: KeyedBank, name: string, operator: string): Promise<Outcome> {
  return bank.terminals.alone(async () => {
    const found = await terminalOfDevice(bank, name);
    if (!found) return "unknown_name";
    const { outcome } = await bank.ledger.submit({
      op: "revoke_device",
      operator,
      terminal: found.id,
    });
    if (outcome === "ok") await refresh(bank, found.id);
    return outcome;
  });
}

/** Returns the terminal whose device has this name. */
export async function terminalOfDevice(
  bank: KeyedBank,
  name: string,
): Promise<Terminal | undefined> {
  return (await bank.ledger.read.terminals()).find(({ device }) => device?.name === name);
}

/**
 * Changes whether a terminal's keys are accepted, and closes its connection if they are not.
 * @param op revokes it permanently, suspends it, or resumes it
 */
export function changeState(
  bank: KeyedBank,
  op: "revoke_terminal" | "suspend_terminal" | "resume_terminal",
  name: string,
  operator: string,
): Promise<Outcome> {
  return bank.terminals.alone(async () => {
    const found = await terminalNamed(bank, name);
    if (!found) return "unknown_name";
    const { outcome } = await bank.ledger.submit({
      op,
      operator,
      terminal: found.id,
    });
    if (outcome === "ok") await refresh(bank, found.id);
    return outcome;
  });
}

/** Ends the predecessor of the key under which the terminal has finished a handshake. */
export function confirmKey(
  bank: KeyedBank,
  terminal: string,
  keyVersion: number,
): Promise<Outcome> {
  return bank.terminals.alone(async () => {
    const { outcome } = await bank.ledger.submit({ op: "confirm_key", terminal, keyVersion });
    if (outcome === "ok") await refresh(bank, terminal);
    return outcome;
  });
}

/**
 * Seals every terminal's key under a new master key. The key file holds both until every key in the
 * database opens under the new one, so that neither a crash nor a commit in doubt leaves a key that
 * cannot be opened. Called again, it continues with the new key in the file.
 */
export function rotateMasterKey(bank: KeyedBank, operator: string): Promise<Outcome> {
  return bank.terminals.alone(async () => {
    const { world: { randomBytes }, folder, ledger, terminals } = bank;
    const nextMaster = folder.keys.nextMaster ?? randomBytes(32);
    folder.changeKeys((keys) => ({ ...keys, nextMaster }));
    const sealKeys = terminals.nextSealKeys = terminalSealKeys(nextMaster);
    let rows = await ledger.read.terminals();
    do {
      const keys = sealedOtherwise(rows, sealKeys).map(({ sealedKey, ...facts }) => {
        const key = terminals.open({ ...facts, sealedKey });
        if (!key) {
          throw new UsageError(
            `the key of terminal ${facts.terminal} opens under neither master key`,
          );
        }
        const again = sealTerminalKey(sealKeys, facts, key, randomBytes(16));
        return { ...facts, sealedKey: again, was: sealedKey };
      });
      const { outcome } = await ledger.submit({ op: "reseal_terminals", operator, keys });
      if (outcome !== "ok") return outcome;
      rows = await ledger.read.terminals();
    } while (sealedOtherwise(rows, sealKeys).length > 0);
    folder.changeKeys(({ nextMaster: _, ...keys }) => ({ ...keys, master: nextMaster }));
    terminals.sealKeys = sealKeys;
    terminals.nextSealKeys = null;
    bank.keepTerminals(rows);
    return "ok";
  });
}

/** Ends an interrupted change of the master key at start, unless both keys are still needed. */
export function settleMasterKey(folder: BankFolder, rows: readonly Terminal[]): void {
  const { master, nextMaster } = folder.keys;
  if (!nextMaster) return;
  const opensAll = (key: Uint8Array) => sealedOtherwise(rows, terminalSealKeys(key)).length === 0;
  const settled = opensAll(nextMaster) ? nextMaster : opensAll(master) ? master : null;
  if (!settled) return;
  folder.changeKeys(({ nextMaster: _, ...keys }) => ({ ...keys, master: settled }));
}

/** A bank with the keys that all of its servers share. */
type SharingBank = Pick<KeyedBank, "ledger" | "terminals"> & { readonly auditKeys: AuditKeyRing };

/**
 * Runs a change of the keys that all servers share, at one server at a time.
 * @param change ends after its commit, by which other servers see it
 * @throws {UsageError} if another server changes them now, or has newer ones
 */
export async function changeSharedKeys<Result>(
  bank: SharingBank,
  change: () => Promise<Result>,
): Promise<Result> {
  const { read } = bank.ledger;
  if (!await read.claimKeys()) {
    throw new UsageError(
      "another server changes the bank's keys now. Copy its bank.keys here when it has ended",
    );
  }
  try {
    await requireNewestBankKeys(bank);
    return await change();
  } finally {
    await read.releaseKeys().catch(() => {}); // a lost connection has released them
  }
}

/**
 * Checks that this server has the newest keys that all servers share: from older ones it would make
 * a `bank.keys` that lacks what another server's has.
 * @throws {UsageError} if an entry, or a terminal's key, was sealed under newer ones
 */
async function requireNewestBankKeys(
  { ledger: { read }, terminals, auditKeys }: SharingBank,
): Promise<void> {
  await requireNewestKeys(read, auditKeys);
  const opens = (sealed: SealedKey) => terminals.open(sealed) !== null;
  if (!sealedKeysOf(await read.terminals()).every(opens)) throw notNewest();
}

/** Returns the terminals' keys that open under none of these. */
export function sealedOtherwise(
  rows: readonly Terminal[],
  ...sealKeys: readonly SealKeys[]
): SealedKey[] {
  return sealedKeysOf(rows).filter((sealed) =>
    sealKeys.every((keys) => openTerminalKey(keys, sealed) === null)
  );
}

export async function terminalNamed(bank: KeyedBank, name: string): Promise<Terminal | undefined> {
  return (await bank.ledger.read.terminals()).find((terminal) => terminal.name === name);
}

/** Reloads a terminal's keys from the database. */
async function refresh(bank: KeyedBank, id: string): Promise<void> {
  const rows = await bank.ledger.read.terminals();
  bank.terminals.put(rows.find((terminal) => terminal.id === id)!);
  bank.keepTerminals(rows);
}
