/**
 * Changes of the terminals' keys: enrolment, rotation, revocation, a new master key. Each change is
 * durable before this process acts on it, and before it is sent to anyone.
 */
import { hex } from "../../lib/bytes.ts";
import { type Outcome, UsageError } from "../../lib/errors.ts";
import type { SealKeys } from "../../lib/seal.ts";
import { formatTerminalKey } from "../../lib/terminal_key.ts";
import type { World } from "../../lib/world.ts";
import type { BankFolder } from "../folder/bank_folder.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Settings, Terminal } from "../ledger/model.ts";
import {
  openTerminalKey,
  sealTerminalKey,
  type TerminalKeys,
  terminalSealKeys,
} from "./terminal_keys.ts";

/** A bank, as far as a change of its terminals' keys needs it. */
export interface KeyedBank {
  readonly world: Pick<World, "randomBytes">;
  readonly folder: BankFolder;
  readonly settings: Pick<Settings, "bankId">;
  readonly ledger: Pick<Ledger, "submit" | "read">;
  readonly terminals: TerminalKeys;
  /** Writes the terminals beside the database, as they are now. */
  keepTerminals(rows: readonly Terminal[]): void;
}

/** The outcome, and the text of the key file where there is one to be carried. */
export interface KeyChange {
  outcome: Outcome;
  version: number;
  keyFile?: string;
}

/** Makes a terminal with a fresh id and a fresh key. */
export function enrolTerminal(bank: KeyedBank, name: string, operator: string): Promise<KeyChange> {
  return bank.terminals.alone(async () => {
    const terminal = hex(bank.world.randomBytes(16));
    const version = 1;
    const { sealedKey, keyFile } = newKey(bank, { id: terminal, name }, version);
    const { outcome } = await bank.ledger.submit({
      op: "enrol_terminal",
      operator,
      terminal,
      name,
      keyVersion: version,
      sealedKey,
    });
    if (outcome !== "ok") return { outcome, version };
    await refresh(bank, terminal);
    return { outcome, version, keyFile };
  });
}

/**
 * Gives a terminal its next key: over its channel, while the present one stays good; or `now`, in a
 * file to be carried, and the present key ends at once. A key sent over a channel is as secret as that
 * channel's key: where that may have leaked, only the file is safe.
 */
export function rotateTerminal(
  bank: KeyedBank,
  name: string,
  operator: string,
  now: boolean,
): Promise<KeyChange> {
  return bank.terminals.alone(async () => {
    const found = await terminalNamed(bank, name);
    if (!found) return { outcome: "unknown_name", version: 0 };
    const version = Math.max(found.keyVersion, found.next?.version ?? 0) + 1;
    const { sealedKey, keyFile } = newKey(bank, found, version);
    const { outcome } = await bank.ledger.submit({
      op: "rotate_terminal",
      operator,
      terminal: found.id,
      keyVersion: version,
      sealedKey,
      now,
    });
    if (outcome === "ok") await refresh(bank, found.id);
    return { outcome, version, ...(now && outcome === "ok" && { keyFile }) };
  });
}

/** Ends a terminal for good: its keys are worth nothing, its connection is closed. */
export function revokeTerminal(bank: KeyedBank, name: string, operator: string): Promise<Outcome> {
  return bank.terminals.alone(async () => {
    const found = await terminalNamed(bank, name);
    if (!found) return "unknown_name";
    const { outcome } = await bank.ledger.submit({
      op: "revoke_terminal",
      operator,
      terminal: found.id,
    });
    if (outcome === "ok") await refresh(bank, found.id);
    return outcome;
  });
}

/** Ends the key before the one under which the terminal has finished a handshake. */
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
 * Seals every terminal's key under a new master key. The key file holds both until every key that the
 * database has opens under the new one, so that neither a crash nor a commit in doubt at any moment
 * leaves a key that nothing opens. Called again, it goes on with the new one that the file holds.
 */
export function rotateMasterKey(bank: KeyedBank, operator: string): Promise<Outcome> {
  return bank.terminals.alone(async () => {
    const { world: { randomBytes }, folder, ledger, terminals } = bank;
    const nextMaster = folder.keys.nextMaster ?? randomBytes(32);
    folder.changeKeys((keys) => ({ ...keys, nextMaster }));
    const sealKeys = terminals.nextSealKeys = terminalSealKeys(nextMaster);
    let rows = await ledger.read.terminals();
    do {
      const keys = sealedOtherwise(rows, sealKeys).map(({ terminal, keyVersion, sealedKey }) => {
        const key = terminals.open(terminal, keyVersion, sealedKey);
        if (!key) throw new UsageError(`a key of terminal ${terminal} opens under no master key`);
        const again = sealTerminalKey(sealKeys, terminal, keyVersion, key, randomBytes(16));
        return { terminal, keyVersion, sealedKey: again };
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

/** At the start: ends a change of the master key, unless both keys still have something to open. */
export function settleMasterKey(folder: BankFolder, rows: readonly Terminal[]): void {
  const { master, nextMaster } = folder.keys;
  if (!nextMaster) return;
  const opensAll = (key: Uint8Array) => sealedOtherwise(rows, terminalSealKeys(key)).length === 0;
  const settled = opensAll(nextMaster) ? nextMaster : opensAll(master) ? master : null;
  if (!settled) return;
  folder.changeKeys(({ nextMaster: _, ...keys }) => ({ ...keys, master: settled }));
}

/** The terminals' keys that do not open under these. */
function sealedOtherwise(rows: readonly Terminal[], sealKeys: SealKeys): SealedKey[] {
  const all = rows.flatMap(({ id: terminal, keyVersion, sealedKey, next }) => [
    { terminal, keyVersion, sealedKey },
    ...(next ? [{ terminal, keyVersion: next.version, sealedKey: next.sealedKey }] : []),
  ]);
  return all.filter(({ terminal, keyVersion, sealedKey }) =>
    openTerminalKey(sealKeys, terminal, keyVersion, sealedKey) === null
  );
}

interface SealedKey {
  terminal: string;
  keyVersion: number;
  sealedKey: Uint8Array;
}

function newKey(bank: KeyedBank, { id, name }: Pick<Terminal, "id" | "name">, version: number) {
  const { randomBytes } = bank.world;
  const key = randomBytes(32);
  const [terminal, bankId] = [id, bank.settings.bankId].map((text) => Uint8Array.fromHex(text));
  return {
    sealedKey: sealTerminalKey(bank.terminals.sealKeys, id, version, key, randomBytes(16)),
    keyFile: formatTerminalKey({ bank: bankId!, terminal: terminal!, name, version, key }),
  };
}

async function terminalNamed(bank: KeyedBank, name: string): Promise<Terminal | undefined> {
  return (await bank.ledger.read.terminals()).find((terminal) => terminal.name === name);
}

/** Reloads a terminal's keys from the database. */
async function refresh(bank: KeyedBank, id: string): Promise<void> {
  const rows = await bank.ledger.read.terminals();
  bank.terminals.put(rows.find((terminal) => terminal.id === id)!);
  bank.keepTerminals(rows);
}
