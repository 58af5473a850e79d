/**
 * Each step of a withdrawal and a deposit, and all that can go wrong there: the ATM is killed, the bank
 * is killed, the line is cut, and every fault of the devices. Afterwards notes and books agree, or what
 * nobody can know is flagged until people have counted. The table is printed, and is what is expected:
 * for devices in the ATM's process, and for devices behind WebSocket, whose service is killed as well,
 * without keys and with keys.
 *
 * A kill of the bank cuts the line, too, and a fault between the notes leaves more to find out than one
 * before or after them: only WHOLE_TABLE=1 has those, which take a minute of computing.
 */
import { assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { openAtmFolder } from "../../client/folder/atm_folder.ts";
import { countCassettes } from "../../client/filling.ts";
import { type NoteCounts, plus, totalOf } from "../../client/cash/note_mix.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { Journal } from "../../client/journal.ts";
import type { DeviceFault, DeviceStep } from "../../lib/atm.ts";
import { type DeviceKeys, parseDeviceKeys } from "../../lib/device_keys.ts";
import { system, systemFiles } from "../../lib/system.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { serveDevices } from "./served_devices.ts";
import { Branch, type BranchAtm, logIn, until } from "./branch.ts";

/**
 * A moment of a movement: the journal has just been written, a request was carried out but its answer
 * is lost, or a device has acted but not returned.
 */
type Moment =
  | "intent written"
  | "authorise lost"
  | "authorised written"
  | "acting written"
  | "acted written"
  | "attested written"
  | "complete lost"
  | "settled written"
  | DeviceStep;
type Blow = "ATM killed" | "bank killed" | "line cut" | "devices killed";
type Transport = "in process" | "by WebSocket" | "with keys";

const isWhole = Deno.env.get("WHOLE_TABLE") === "1";

const blowsOf: Record<Transport, readonly Blow[]> = {
  "in process": ["ATM killed", "bank killed", ...(isWhole ? ["line cut" as const] : [])],
  "by WebSocket": ["ATM killed", "devices killed"],
  "with keys": ["ATM killed", "devices killed"],
};
const whats = ["jam", "lost count", "power cut"] as const;
/** By WebSocket only the partial ones: the devices are the same, and a cell takes twice as long. */
const whensOf: Record<Transport, readonly ("before" | "between" | "after")[]> = {
  "in process": isWhole ? ["before", "between", "after"] : ["between"],
  "by WebSocket": ["between"],
  "with keys": ["between"],
};
const deviceSteps: readonly string[] = [
  "dispense",
  "present",
  "retract",
  "cashIn",
  "cashInEnd",
  "cashInRollback",
] satisfies DeviceStep[];

interface Case {
  transport: Transport;
  deviceKeys: DeviceKeys | undefined;
  kind: "withdrawal" | "deposit";
  moment: Moment;
  blow: Blow | DeviceFault;
}

/**
 * What was booked, in euro, of a withdrawal or a deposit of 80; `?` where people had to count first, `*`
 * where they found notes of the customer's. Faults happen before, between and after the notes.
 */
const expected = `
withdrawal          | ATM killed  | bank killed | line cut    | jam         | lost count  | power cut
intent written      | 0           | 0           | 0
authorise lost      | 0           | 0           | 0
authorised written  | 0           | 80          | 80
acting written      | 0           | 80          | 80
dispense            | 0           | 80          | 80          | 0 0 0       | 0? 0? 0?    | 0 0 0
present             | 80          | 80          | 80          | 0 50 80     | 0? 50? 80?  | 0 50 80
retract             | 0           | 0           | 0           | 0 0 0       | 0? 0? 0?    | 0 0 0
acted written       | 80          | 80          | 80
complete lost       | 80          | 80          | 80
settled written     | 80          | 80          | 80

deposit             | ATM killed  | bank killed | line cut    | jam         | lost count  | power cut
cashIn              | 0*          | 0           | 0           | 0 0 50      | 0 0 50?     | 0 0 0*
intent written      | 0*          | 0           | 0
authorise lost      | 0*          | 0           | 0
authorised written  | 0*          | 80          | 80
acting written      | 0*          | 80          | 80
cashInEnd           | 80          | 80          | 80          | 0 50 80     | 0? 50? 80?  | 0 50 80
cashInRollback      | 0           | 0           | 0           | 0* 0* 0     | 0* 0* 0     | 0* 0* 0
acted written       | 80          | 80          | 80
complete lost       | 80          | 80          | 80
settled written     | 80          | 80          | 80
`;

/** The same by WebSocket. */
const expectedByWebSocket = `
withdrawal          | ATM killed  | devices killed | jam         | lost count  | power cut
intent written      | 0           | 0
authorise lost      | 0           | 0
authorised written  | 0           | 0
acting written      | 0           | 0
dispense            | 0           | 0           | 0           | 0?          | 0
present             | 80          | 80          | 50          | 50?         | 50
retract             | 0           | 0           | 0           | 0?          | 0
acted written       | 80          | 80
complete lost       | 80          | 80
settled written     | 80          | 80

deposit             | ATM killed  | devices killed | jam         | lost count  | power cut
cashIn              | 0*          | 0           | 0           | 0           | 0
intent written      | 0*          | 0
authorise lost      | 0*          | 0, 0*
authorised written  | 0*          | 0
acting written      | 0*          | 0
cashInEnd           | 80          | 80          | 50          | 50?         | 50*
cashInRollback      | 0           | 0           | 0*          | 0*          | 0*
acted written       | 80          | 80
complete lost       | 80          | 80
settled written     | 80          | 80
`;

/**
 * Withdrawals of devices with keys, which attest what they presented; `+` where notes that were presented
 * and drawn back stay booked, and people find them over.
 */
const expectedWithKeys = `
withdrawal          | ATM killed  | devices killed | jam         | lost count  | power cut
intent written      | 0           | 0
authorise lost      | 0           | 0
authorised written  | 0           | 0
acting written      | 0           | 0
dispense            | 0           | 0           | 0           | 0?          | 0
present             | 80          | 80          | 50          | 50?         | 50
retract             | 80+         | 80+         | 80+         | 80?+        | 80+
acted written       | 80          | 80
attested written    | 80          | 80
complete lost       | 80          | 80
settled written     | 80          | 80
`;

Deno.test("whatever breaks at whatever step, notes and books agree afterwards, or it is flagged", (t) =>
  requireTable(t, "in process", isWhole ? expected : thinned(expected)));

Deno.test("the same with devices behind WebSocket", (t) =>
  requireTable(t, "by WebSocket", expectedByWebSocket));

Deno.test("the same with devices that have keys", (t) =>
  requireTable(t, "with keys", expectedWithKeys));

/** Returns a table without its third blow, and with faults between the notes only. */
function thinned(table: string): string {
  return table.split("\n").map((line) => {
    const [moment, ...columns] = line.split("|").map((column) => column.trim());
    if (columns.length === 0) return line;
    const isHead = moment === "withdrawal" || moment === "deposit";
    const kept = columns.filter((_, index) => index !== 2)
      .map((cell, index) => isHead || index < 2 ? cell : cell.split(" ")[1]!);
    return rowOf(moment!, kept);
  }).join("\n");
}

async function requireTable(t: Deno.TestContext, transport: Transport, expected: string) {
  const branch = await Branch.open();
  const cellsOf = new Map<string, string[]>();
  try {
    const deviceKeys = transport === "with keys" ? await enrolDevice(branch) : undefined;
    for (const { kind, moment } of momentsOf(transport)) {
      const cells: string[] = [];
      for (const blow of blowsAt(transport, moment)) {
        await t.step(`${kind}, ${moment}: ${blow}`, async () => {
          cells.push(await strike(branch, { transport, deviceKeys, kind, moment, blow }));
        });
      }
      cellsOf.set(`${kind} ${moment}`, cells);
    }
  } finally {
    await branch.close();
  }
  const blows = blowsOf[transport];
  const table = kinds.filter((kind) => kind === "withdrawal" || transport !== "with keys")
    .map((kind) =>
      [
        rowOf(kind, [...blows, ...whats]),
        ...steps[kind].filter((moment) => cellsOf.has(`${kind} ${moment}`)).map((moment) =>
          rowOf(moment, inColumns(transport, cellsOf.get(`${kind} ${moment}`)!))
        ),
      ].join("\n")
    ).join("\n\n");
  console.log(table);
  assertEquals(`\n${table}\n`, expected);
}

const steps: Record<Case["kind"], Moment[]> = {
  withdrawal: [
    "intent written",
    "authorise lost",
    "authorised written",
    "acting written",
    "dispense",
    "present",
    "retract",
    "acted written",
    "attested written",
    "complete lost",
    "settled written",
  ],
  deposit: [
    "cashIn",
    "intent written",
    "authorise lost",
    "authorised written",
    "acting written",
    "cashInEnd",
    "cashInRollback",
    "acted written",
    "complete lost",
    "settled written",
  ],
};

const kinds = ["withdrawal", "deposit"] as const;

/**
 * Yields the moments; each deposit is withdrawn again, so that neither notes nor money run out. A
 * device's keys play no part in deposits, nor its proof where it has none.
 */
function* momentsOf(transport: Transport): Generator<Pick<Case, "kind" | "moment">> {
  const hasKeys = transport === "with keys";
  const withdrawals = steps.withdrawal.filter((moment) => hasKeys || moment !== "attested written");
  for (const [index, moment] of withdrawals.entries()) {
    if (!hasKeys) yield { kind: "deposit", moment: steps.deposit[index]! };
    yield { kind: "withdrawal", moment };
  }
}

/** Gives the lobby's devices keys. */
async function enrolDevice(branch: Branch): Promise<DeviceKeys> {
  const command = { command: "enrol_device", name: "cash", terminal: "lobby" } as const;
  const answers = await Array.fromAsync(
    runOperatorCommand(branch.bank, { ...command, operator: "t" }),
  );
  return parseDeviceKeys(answers.find((answer) => "keyFile" in answer)!.keyFile, "file");
}

function blowsAt(transport: Transport, moment: Moment): (Blow | DeviceFault)[] {
  const blows = blowsOf[transport];
  if (!deviceSteps.includes(moment)) return [...blows];
  const faults = whats.flatMap((what) =>
    whensOf[transport].map((when) => `${what} ${when} ${moment}`)
  );
  return [...blows, ...faults as DeviceFault[]];
}

/** Faults share a column each: before, between, after. */
function inColumns(transport: Transport, cells: string[]): string[] {
  const [blows, each] = [blowsOf[transport].length, whensOf[transport].length];
  const faults = whats.map((_, index) =>
    cells.slice(blows + each * index, blows + each * (index + 1)).join(" ")
  );
  return [...cells.slice(0, blows), ...faults];
}

function rowOf(name: string, columns: string[]): string {
  return [name.padEnd(19), ...columns.map((column) => column.padEnd(11))].join(" | ")
    .replace(/[ |]+$/, "");
}

/**
 * Runs one cell of the table: a visit with one fault, a restart, and staff if needed.
 */
async function strike(
  branch: Branch,
  { transport, deviceKeys, kind, moment, blow }: Case,
): Promise<string> {
  const byService = transport !== "in process";
  const balance = await branch.balanceOf("alice");
  const differences = await branch.differences();
  const watch = new Watch(moment);
  const lobby = branch.atm("lobby", {
    wrap: (journal) => watch.over(journal),
    equip: (database) => new WatchedDevices(database, moment === "retract", watch),
    ...{ byService, deviceKeys },
  });
  await logIn(lobby);
  // What the bank booked otherwise stays listed for staff.
  const listed = new Set(lobby.journal.flagged().map(({ movement }) => movement));
  const before = totalOf(lobby.devices.everywhere());
  let struck: Promise<void> | null = null;
  if (isFault(blow)) await lobby.atm.armFault(blow);
  else {
    watch.socket = lobby.socket();
    watch.reached = () => struck = deal(branch, lobby, blow);
  }
  await act(lobby, kind, moment === "cashInRollback");
  if (isFault(blow)) assertEquals(lobby.devices.faults(), [], "the fault has happened");
  else await until("the moment has come", () => struck !== null);
  await struck;
  if (blow === "devices killed" && kind === "deposit") {
    // in the same visit, so that its customer gets the notes
    const isBack = () => !lobby.served!.devices.away() && lobby.devices.withheld().size === 0;
    await until("they answer", isBack);
  }
  if (blow !== "ATM killed") await lobby.close();

  let again: BranchAtm;
  const [doubtful, left, drawnBack] = [new Set(), new Set(), new Set()];
  for (;;) {
    again = branch.atm("lobby", { byService, deviceKeys });
    await until("settled", () => isOver(again));
    const flagged = again.journal.flagged().filter(({ movement }) => !listed.has(movement));
    for (const { movement, kind, state } of flagged) {
      (state === "doubtful" ? doubtful : kind === "left" ? left : drawnBack).add(movement);
      if (state === "disputed" && kind === "withdrawal") listed.add(movement);
    }
    const { devices } = again;
    const inBins = totalOf(devices.inside()) !== totalOf(devices.cassettes());
    const isBroken = devices.jammed().length > 0;
    // What the bank has not booked yet is just what is flagged; what a device attests, it has booked.
    const isAttested = flagged.some(({ movement }) => drawnBack.has(movement));
    const isDoubtful = flagged.some(({ state }) => state === "doubtful");
    if (!isDoubtful && !isAttested) await branch.requireAllSettled(again);
    if (!isBroken && !inBins && flagged.length === 0) break;
    await again.close();
    await count(branch, byService, drawnBack.size > 0);
  }
  const booked = await branch.balanceOf("alice") - balance;
  const over = await branch.differences() - differences;
  const moved = totalOf(again.devices.everywhere()) - before;
  assertEquals(booked + over, moved, "notes that moved were booked");
  assertEquals(over > 0n, drawnBack.size > 0);
  if (deviceKeys && moved === -8_000n) await bringBack(again);
  await again.close();
  // The line is cut, too: the devices may return before the visit has ended, or after it.
  const isEither = blow === "devices killed" && kind === "deposit" && moment === "authorise lost";
  if (isEither && booked === 0n && doubtful.size === 0) return "0, 0*";
  const marks = [doubtful.size > 0 ? "?" : "", left.size > 0 ? "*" : "", over > 0n ? "+" : ""];
  return `${booked < 0n ? -booked / 100n : booked / 100n}${marks.join("")}`;
}

function isFault(blow: Blow | DeviceFault): blow is DeviceFault {
  return !Object.values(blowsOf).flat().includes(blow as Blow);
}

/** Deposits what a withdrawal has taken. */
async function bringBack(lobby: BranchAtm): Promise<void> {
  await logIn(lobby);
  await act(lobby, "deposit", false);
  await until("settled", () => isOver(lobby));
}

/** Takes every externally visible step before it returns its promise. */
function deal(branch: Branch, lobby: BranchAtm, blow: Blow): Promise<void> {
  if (blow === "ATM killed") return lobby.kill();
  if (blow === "bank killed") return branch.killBank();
  if (blow === "devices killed") {
    lobby.served!.restart();
    return Promise.resolve();
  }
  lobby.socket().close();
  return Promise.resolve();
}

async function act({ atm }: BranchAtm, kind: Case["kind"], cancels: boolean): Promise<void> {
  if (kind === "withdrawal") return void await atm.withdraw("8000");
  await atm.depositOpen();
  for (const note of ["5000", "1000", "2000"]) await atm.insertNote(note);
  await (cancels ? atm.depositCancel() : atm.depositConfirm());
}

/** Waits for a moment, once. */
class Watch {
  /** Set once it is to be waited for. */
  reached: (() => void) | null = null;
  socket: BranchAtm["socket"] extends () => infer Socket ? Socket | null : never = null;

  constructor(private readonly moment: Moment) {}

  now(moment: Moment): void {
    if (moment !== this.moment) return;
    const { reached } = this;
    this.reached = null;
    reached?.();
  }

  /** Loses the answer of the next request, if this is the moment. */
  asking(moment: Moment): void {
    if (moment === this.moment && this.socket) {
      this.socket.insteadOfReading = () => this.now(moment);
    }
  }

  /** Returns a journal whose writes are moments. */
  over(journal: Journal): Journal {
    const { intend, authorised, acting, acted, attested, settled } = journal;
    const watched = <Args extends unknown[]>(
      write: (...args: Args) => void,
      written: Moment,
      next?: Moment,
    ) =>
    (...args: Args) => {
      write.apply(journal, args);
      this.now(written);
      if (next) this.asking(next);
    };
    journal.intend = watched(intend, "intent written", "authorise lost");
    journal.authorised = watched(authorised, "authorised written");
    journal.acting = watched(acting, "acting written");
    journal.acted = watched(acted, "acted written", "complete lost");
    journal.attested = watched(attested, "attested written");
    journal.settled = watched(settled, "settled written");
    return journal;
  }
}

/** Devices that report what they did. */
class WatchedDevices extends SimulatedDevices {
  constructor(database: DatabaseSync, patient: boolean, private readonly watch: Watch) {
    super(database, patient);
  }
  override dispense(mix: NoteCounts) {
    return this.#report("dispense", super.dispense(mix));
  }
  override present() {
    return this.#report("present", super.present());
  }
  override retract() {
    return this.#report("retract", super.retract());
  }
  override retractTray() {
    return this.#report("retract", super.retractTray());
  }
  override reject() {
    return this.#report("retract", super.reject());
  }
  override cashIn() {
    return this.#report("cashIn", super.cashIn());
  }
  override cashInEnd() {
    return this.#report("cashInEnd", super.cashInEnd());
  }
  override cashInRollback() {
    return this.#report("cashInRollback", super.cashInRollback());
  }
  async #report(step: DeviceStep, done: Promise<void>): Promise<void> {
    await done;
    this.watch.now(step);
  }
}

function isOver({ atm, journal, devices, served }: BranchAtm): boolean {
  return atm.view().bank === "online" && journal.open().length === 0 &&
    devices.withheld().size === 0 && served?.devices.away() !== true;
}

/**
 * Counts the notes correctly, as staff do: separates what customers left, and counts the rest.
 * @param finds whether notes may be over
 */
async function count(branch: Branch, byService: boolean, finds: boolean): Promise<void> {
  const folder = `${branch.folder}/atm-lobby`;
  const database = openAtmFolder(systemFiles, folder);
  const journal = new Journal(database);
  const equip = (database: DatabaseSync) => new SimulatedDevices(database);
  const served = byService ? serveDevices(`${folder}-devices`, database, equip) : null;
  await served?.devices.start();
  const devices = served?.devices ?? equip(database);
  let counted = (served?.simulated ?? devices as SimulatedDevices).everywhere();
  for (const { kind, notes } of journal.flagged()) {
    if (kind === "left") counted = plus(counted, notes, -1);
  }
  const people = { database, journal, devices, world: system };
  const euro = { code: "EUR", exponent: 2 };
  const over = countCassettes(people, counted, euro);
  assertEquals(over === 0n || finds && over > 0n, true, `${over} is missing or over`);
  await devices.carryOut();
  await served?.close();
  database.close();
}
