/** Terminals' keys: renewed, ended, and sealed under another master key. */
import { equalInConstantTime } from "../../../lib/bytes.ts";
import type { Administer, ConfirmKey, ResealedKey, SealedKey } from "../command.ts";
import type { Terminal } from "../model.ts";
import { type Answer, type Batch, failed } from "./batch.ts";
import { stopWaiting } from "./retell.ts";

type TerminalOp =
  | "rotate_terminal"
  | "revoke_terminal"
  | "suspend_terminal"
  | "resume_terminal"
  | "reseal_terminals";

export function administerKeys(
  batch: Batch,
  command: Extract<Administer, { op: TerminalOp }>,
): Answer {
  const who = `operator ${command.operator}`;
  if (command.op === "reseal_terminals") {
    const outcome = command.keys.some((key) => wasResealed(batch, key)) ? "key_superseded" : "ok";
    if (outcome === "ok") { for (const resealed of command.keys) reseal(batch, resealed); }
    batch.log(who, failed("rotate the master key", outcome), { outcome });
    return { outcome };
  }
  const terminal = batch.books.terminal(command.terminal);
  if (!terminal) return { outcome: "unknown_name" };
  const { name, state, next } = terminal;
  if (command.op === "revoke_terminal") {
    const { device } = terminal;
    batch.books.setTerminal({
      ...{ ...terminal, state: "revoked", next: null },
      ...(device && { device: { ...device, state: "revoked", previous: null } }),
    });
    stopWaiting(batch, [terminal.id]);
    batch.log(who, `revoke terminal ${name}`, { outcome: "ok" });
    return { outcome: "ok" };
  }
  if (command.op !== "rotate_terminal") {
    const outcome = state === "revoked" ? "terminal_revoked" : "ok";
    const [verb, next] = command.op === "suspend_terminal"
      ? ["suspend", "suspended"] as const
      : ["resume", "active"] as const;
    if (outcome === "ok") batch.books.setTerminal({ ...terminal, state: next });
    batch.log(who, failed(`${verb} terminal ${name}`, outcome), { outcome });
    return { outcome };
  }
  const { keyVersion, sealedKey, now } = command;
  const key = { version: keyVersion, sealedKey };
  const isDone = isKeyOf(terminal, key) || (!now && next !== null && isSame(next, key));
  // Repeated, since the first answer was lost.
  if (state === "active" && isDone) return { outcome: "ok" };
  const outcome = state === "revoked"
    ? "terminal_revoked"
    : next !== null && !now
    ? "rotation_under_way"
    : keyVersion <= Math.max(terminal.keyVersion, next?.version ?? 0)
    ? "key_superseded"
    : "ok";
  if (outcome === "ok") {
    batch.books.setTerminal(
      now
        ? { ...terminal, keyVersion, sealedKey, next: null }
        : { ...terminal, next: { version: keyVersion, sealedKey, sinceMs: batch.timeMs } },
    );
  }
  const action = `rotate the key of terminal ${name} to ${keyVersion}${now ? " at once" : ""}`;
  batch.log(who, failed(action, outcome), { outcome });
  return { outcome };
}

interface VersionedKey {
  version: number;
  sealedKey: Uint8Array;
}

/** Returns whether it is the terminal's present key. */
export function isKeyOf(terminal: Terminal, key: VersionedKey): boolean {
  return isSame({ version: terminal.keyVersion, sealedKey: terminal.sealedKey }, key);
}

const isSame = (a: VersionedKey, b: VersionedKey) =>
  a.version === b.version && equalInConstantTime(a.sealedKey, b.sealedKey);

/** Returns whether a key has another sealing than the command replaces: another server sealed it again. */
function wasResealed(
  batch: Batch,
  { terminal: id, device: name, keyVersion, was }: ResealedKey,
): boolean {
  const { device, next, ...terminal } = batch.books.terminal(id)!;
  const sealed = name === undefined
    ? [terminal, ...(next ? [{ keyVersion: next.version, sealedKey: next.sealedKey }] : [])]
    : [device, device?.previous].flatMap((keys) =>
      keys && device?.name === name
        ? [{ keyVersion: keys.keyVersion, sealedKey: keys.sealedKeys }]
        : []
    );
  const present = sealed.find((each) => each.keyVersion === keyVersion);
  return present !== undefined && !equalInConstantTime(present.sealedKey, was);
}

function reseal(
  batch: Batch,
  { terminal: id, device: name, keyVersion, sealedKey }: SealedKey,
): void {
  const terminal = batch.books.terminal(id)!;
  const { device } = terminal;
  if (name !== undefined) {
    if (device?.name !== name) return;
    const again = { keyVersion, sealedKeys: sealedKey };
    if (device.keyVersion === keyVersion) {
      batch.books.setTerminal({ ...terminal, device: { ...device, ...again } });
    } else if (device.previous?.keyVersion === keyVersion) {
      batch.books.setTerminal({ ...terminal, device: { ...device, previous: again } });
    }
  } else if (terminal.keyVersion === keyVersion) {
    batch.books.setTerminal({ ...terminal, sealedKey });
  } else if (terminal.next?.version === keyVersion) {
    batch.books.setTerminal({ ...terminal, next: { ...terminal.next, sealedKey } });
  }
}

/**
 * Records that the terminal has used its next key, which it therefore has stored: the present key
 * ends.
 */
export function confirmKey(batch: Batch, { terminal: id, keyVersion }: ConfirmKey): Answer {
  const terminal = batch.books.terminal(id);
  if (terminal?.next?.version !== keyVersion) return { outcome: "ok" };
  const { name, keyVersion: before, next: { sealedKey } } = terminal;
  batch.books.setTerminal({ ...terminal, keyVersion, sealedKey, next: null });
  const action = `connect with key ${keyVersion} - key ${before} has ended`;
  batch.log(`terminal ${name}`, action, { outcome: "ok", terminal: name });
  return { outcome: "ok" };
}
