/** The state of a bank as its operators watch it, gathered from its figures, store and folder. */
import { hex } from "../../lib/bytes.ts";
import { commandNonceMsMax } from "../../lib/limits.ts";
import type { Bank } from "../bank.ts";
import { type DeviceReport, protectionOf } from "../device_words.ts";
import { databasePath } from "../folder/bank_folder.ts";
import { markedMs } from "../folder/marks.ts";
import { approvalsMissing } from "../ledger/approvals.ts";
import type { Movement, MovementId, Terminal } from "../ledger/model.ts";
import type { TerminalContact } from "../watch/monitor.ts";

/** What the books have of terminals and open movements, at one moment. */
export interface OpenRows {
  terminals: Terminal[];
  /** Movements that are authorised and not settled, oldest first. */
  holds: Movement[];
  /** Withdrawals among them of which a device gives no proof. */
  doubts: ReadonlySet<MovementId>;
}

/** Reads them. */
export async function openRowsOf({ read }: Bank["ledger"]): Promise<OpenRows> {
  return {
    terminals: await read.terminals(),
    holds: await read.holds(),
    doubts: new Set(await read.doubts()),
  };
}

/** An open movement, as operators see it. */
export interface OpenMovement {
  hold: Movement;
  /** The terminal's name. */
  terminal: string;
  /** Whether an operator alone settles it; its terminal settles another. */
  inDoubt: boolean;
}

/** Returns the open movements, oldest first. */
export function openMovements({ terminals, holds, doubts }: OpenRows): OpenMovement[] {
  const known = new Map(terminals.map((terminal) => [terminal.id, terminal]));
  return holds.map((hold) => {
    const { name = hold.terminal, state } = known.get(hold.terminal) ?? {};
    const inDoubt = hold.kind === "transfer" || doubts.has(hold.id) || state === "revoked";
    return { hold, terminal: name, inDoubt };
  });
}

export interface TerminalState {
  name: string;
  state: "active" | "suspended" | "revoked";
  keyVersion: number;
  /** Whether its dispenser obeys the bank's tokens alone, in words. */
  protection: string;
  /** That dispenser's device; null for none. */
  device: string | null;
  /**
   * Why that dispenser gets no token: it is revoked, its service has no keys, or it has not proved the
   * end of an earlier one in time; or why it may get none: it has not used its newest keys yet.
   */
  withheld: "revoked" | "keyless" | "unproved" | "unused_keys" | null;
  /** Its withdrawals in doubt: their device gives no proof of their outcome. */
  doubts: number;
  /** All its movements that are authorised and not settled. */
  open: number;
  /** Minor units: the notes that a revoked terminal has in the books, as text; null for another. */
  notes: string | null;
  /** Since when its next key waits; null if none does. */
  nextKeyMs: number | null;
  /** `elsewhere`: at another server of the bank. `unseen`: not since this server's start. */
  contact: "connected" | "lost" | "elsewhere" | "unseen";
  /** Its last message to this server; null for none since its start. */
  lastMs: number | null;
  /** When it was enrolled; null if the bank had it at this server's start. */
  enrolledMs: number | null;
  report: DeviceReport | null;
  /** When the devices' state last changed; null without a report. */
  reportedMs: number | null;
  /** Whether it has never moved a note. */
  isNew: boolean;
  /** The last comparison with the books; null for none. */
  reconciled: TerminalContact["reconciled"];
}

export interface BankState {
  nowMs: number;
  operators: {
    count: number;
    fourEyes: boolean;
    /** What needs two of them, and has too few; null if nothing. */
    unapprovable: string | null;
  };
  /** When the oldest key of an operator was added: a bank is not younger. */
  sinceMs: number;
  /** Whether this process serves ATMs; otherwise no server runs. */
  isServing: boolean;
  startedMs: number;
  terminals: TerminalState[];
  /** Ages of the open movements. */
  holdAgesMs: number[];
  /** How many of them are in doubt. */
  inDoubt: number;
  /** The names of terminals that a restored bank waits for; null for none. */
  waiting: string[] | null;
  /** The names of terminals whose device has yet to attest its state after a restore. */
  unattested: string[];
  /** What devices paid before the restore on tokens that the bank does not have. */
  unknownPayments: { terminal: string; amount: string }[];
  clockDoubt: string | null;
  /** When each was last done; null for never, or not since the start. */
  checkpointMs: number | null;
  backupMs: number | null;
  verifiedMs: number | null;
  /** Whether the bank is in PostgreSQL, which has its own tools for backups. */
  isShared: boolean;
  freeBytes: number | null;
  databaseBytes: number | null;
  auditHead: { chain: number; entries: number }[];
  auditKeyVersion: number;
  folderMode: number | null;
}

function withheldFrom(
  device: Terminal["device"],
  isUnproved: boolean,
  report: DeviceReport | null,
): TerminalState["withheld"] {
  if (!device) return null;
  if (device.state === "revoked") return "revoked";
  if (report?.keyless) return "keyless";
  if (isUnproved) return "unproved";
  return device.previous ? "unused_keys" : null;
}

/**
 * Returns the state of a bank. It changes nothing.
 * @param open what was read just before, if it was
 */
export async function bankStateOf(bank: Bank, open?: OpenRows): Promise<BankState> {
  const { ledger, monitor, folder, world, keys, auditKeys } = bank;
  const { files, host } = world;
  const nowMs = world.nowMs();
  const openRows = open ?? await openRowsOf(ledger);
  const { terminals: rows, holds, doubts } = openRows;
  const own = hex(keys.chainId);
  const lines = ledger.isShared ? await ledger.read.linesOf(rows.map(({ id }) => id), []) : [];
  const elsewhere = new Set(
    lines.filter(({ server }) => server !== own).map(({ terminal }) => terminal),
  );
  const restoring = await ledger.read.restoring();
  const names = new Map(rows.map(({ id, name }) => [id, name]));
  const chains = await ledger.read.chains();
  const heads = await Promise.all(chains.map(async ({ number }) => {
    const [last] = await ledger.read.lastEntries(number, 1);
    return { chain: number, entries: last?.sequence ?? 0 };
  }));
  const staff = await ledger.read.staff();
  const { operators, fourEyes } = staff;
  const counted = countsOf(holds, ({ terminal }) => terminal);
  const doubted = countsOf(holds.filter(({ id }) => doubts.has(id)), ({ terminal }) => terminal);
  const empty = rows.map(({ id }) => id).filter((id) =>
    monitor.terminals.get(id)?.report?.cassettes.every(({ count }) => count === 0)
  );
  const unused = new Set<string>();
  for (const id of empty) if (await ledger.read.booksOf(id) === null) unused.add(id);
  const unproved = new Set(
    holds.filter(({ id, token, timeMs }) =>
      token !== "" && !doubts.has(id) && nowMs - timeMs > commandNonceMsMax
    ).map(({ terminal }) => terminal),
  );
  const notes = new Map<string, string>();
  for (const { id } of rows.filter(({ state }) => state === "revoked")) {
    notes.set(id, String((await ledger.read.booksOf(id))?.cash ?? 0n));
  }
  return {
    operators: { count: operators.length, fourEyes, unapprovable: approvalsMissing(staff) },
    sinceMs: Math.min(nowMs, ...operators.map(({ sinceMs }) => sinceMs)),
    nowMs,
    isServing: monitor.isServing,
    startedMs: monitor.startedMs,
    terminals: rows.map(({ id, name, state, keyVersion, next, device }) => {
      const contact = monitor.terminals.get(id);
      return {
        name,
        state,
        keyVersion,
        protection: protectionOf({ device }),
        device: device?.state === "active" ? device.name : null,
        withheld: withheldFrom(device, unproved.has(id), contact?.report ?? null),
        doubts: doubted.get(id) ?? 0,
        open: counted.get(id) ?? 0,
        notes: notes.get(id) ?? null,
        nextKeyMs: next?.sinceMs ?? null,
        contact: contact?.connected
          ? "connected"
          : elsewhere.has(id)
          ? "elsewhere"
          : contact
          ? "lost"
          : "unseen",
        lastMs: contact?.lastMs ?? null,
        enrolledMs: monitor.enrolledMs.get(id) ?? null,
        report: contact?.report ?? null,
        reportedMs: contact?.report ? contact.reportedMs : null,
        isNew: unused.has(id),
        reconciled: monitor.reconciled.get(id) ?? null,
      };
    }),
    holdAgesMs: holds.map(({ timeMs }) => Math.max(0, nowMs - timeMs)),
    inDoubt: openMovements(openRows).filter(({ inDoubt }) => inDoubt).length,
    waiting: restoring && restoring.waiting.map((id) => names.get(id) ?? id),
    unattested: restoring?.unattested.map(({ terminal }) => names.get(terminal) ?? terminal) ?? [],
    unknownPayments: restoring?.unknown.map(({ terminal, amount }) => ({
      terminal: names.get(terminal) ?? terminal,
      amount: amount.toString(),
    })) ?? [],
    clockDoubt: await ledger.clockDoubt(),
    checkpointMs: monitor.checkpointMs,
    backupMs: markedMs(files, folder.path, "backup"),
    verifiedMs: markedMs(files, folder.path, "verification"),
    isShared: ledger.isShared,
    freeBytes: host?.freeBytes(folder.path) ?? null,
    databaseBytes: files.facts(databasePath(folder.path))?.bytes ?? null,
    auditHead: heads,
    auditKeyVersion: auditKeys.newest.version,
    folderMode: files.facts(folder.path)?.mode ?? null,
  };
}

/** Returns how many of the rows have each key. */
function countsOf<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(keyOf(row), (counts.get(keyOf(row)) ?? 0) + 1);
  return counts;
}
