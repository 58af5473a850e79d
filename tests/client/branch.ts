/** A bank and an ATM in one process, joined by real TCP on loopback: what tests of the ATM share. */
import { assertEquals } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { BankAtm } from "../../client/atm.ts";
import { databaseInPlace, openAtmFolder } from "../../client/folder/atm_folder.ts";
import { fillCassettes } from "../../client/filling.ts";
import { totalOf } from "../../client/cash/note_mix.ts";
import type { SimulatedCardReader } from "../../client/cards/simulated_card_reader.ts";
import { SimulatedDevices } from "../../client/cash/simulated_devices.ts";
import { LocalControls } from "../../client/cash/device_controls.ts";
import { Journal } from "../../client/journal.ts";
import { hex } from "../../lib/bytes.ts";
import type { EndToEnd, EndToEndParts } from "../../client/device_service/end_to_end.ts";
import type { DeviceKeys } from "../../lib/device_keys.ts";
import { listenTcp, system, systemFiles } from "../../lib/system.ts";
import {
  type NamedTerminalKey,
  parseTerminalKey,
  type TerminalKey,
} from "../../lib/terminal_key.ts";
import type { Socket } from "../../lib/world.ts";
import { type Bank, createBank, openBank } from "../../server/bank.ts";
import { listen, type Listener } from "../../server/door/listener.ts";
import { hashOf } from "../server/helpers/operators.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { type ServedDevices, serveDevices } from "./served_devices.ts";
import { bankWorld } from "../server/helpers/world.ts";

export const password = "correct horse";

/** A socket that can be cut, and that can lose the next bytes of the bank and end. */
export class FragileSocket implements Socket {
  losesNext = false;
  /** Called when the next bytes of the bank are lost. */
  insteadOfReading: (() => void) | null = null;
  constructor(private readonly socket: Deno.TcpConn) {}

  async read(into: Uint8Array): Promise<number | null> {
    const count = await this.socket.read(into);
    if (!this.losesNext && !this.insteadOfReading) return count;
    this.insteadOfReading?.();
    this.close();
    return null;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.socket.write(bytes);
  }

  close(): void {
    try {
      this.socket.close();
    } catch {
      // closed already
    }
  }
}

/** An ATM and what it is made of. */
export interface BranchAtm {
  atm: BankAtm;
  journal: Journal;
  /** The notes themselves: the ATM has them, or a service that it is connected to. */
  devices: SimulatedDevices;
  /** Where a service has the devices. */
  served: ServedDevices | null;
  database: DatabaseSync;
  /** The line as it is now. */
  socket: () => FragileSocket;
  close: () => Promise<void>;
  /** Kills it at this very moment: the next start finds what is on disk now, and nothing is said any more. */
  kill: () => Promise<void>;
}

export class Branch {
  readonly folder = Deno.makeTempDirSync();
  readonly logged: string[] = [];
  readonly keys = new Map<string, NamedTerminalKey>();
  bank!: Bank;
  /** The text of the log's first key. */
  firstKey = "";
  readonly #sockets = new Set<FragileSocket>();
  #listener!: Listener;
  #port = 0;
  bankFolder = `${this.folder}/bank`;
  #bankIsDown = false;
  #images = 0;

  static async open(): Promise<Branch> {
    const branch = new Branch();
    const settings = {
      bankName: "Test Bank",
      currency: { code: "EUR", exponent: 2 },
      timeZone: "UTC",
      smallestNote: 1n,
    };
    branch.bank = await createBank(
      bankWorld(branch.logged),
      branch.bankFolder,
      settings,
      (text) => {
        branch.firstKey = text;
      },
    );
    for (const name of ["lobby", "hall"]) {
      for await (
        const answer of runOperatorCommand(branch.bank, {
          command: "enrol_terminal",
          operator: "t",
          name,
        })
      ) {
        if ("keyFile" in answer) branch.keys.set(name, parseTerminalKey(answer.keyFile, name));
      }
    }
    for (const username of ["alice", "bob"]) {
      const request = {
        command: "add_customer",
        operator: "t",
        username,
        passwordHash: await hashOf(branch.bank, password),
        opening: "1000",
      } as const;
      for await (const _ of runOperatorCommand(branch.bank, request));
    }
    await branch.serve();
    return branch;
  }

  /** Starts the server again, at the same port. */
  async serve(): Promise<void> {
    if (!this.bank) this.bank = await openBank(bankWorld(this.logged), this.bankFolder);
    this.#listener = await listen(this.bank, {
      listener: listenTcp({ hostname: "127.0.0.1", port: this.#port }),
      lastVisitsMs: 0,
    });
    this.#port = Number(this.#listener.address.split(":")[1]);
  }

  /** Where the bank listens. */
  get address(): string {
    return this.#listener.address;
  }

  /** Ends the server, in order. */
  async unserve(): Promise<void> {
    await this.#listener.close();
    await this.bank.close();
    this.bank = undefined!;
  }

  /** Kills the bank at this very moment: the next one finds what is on disk now. */
  async killBank(): Promise<void> {
    this.#bankIsDown = true;
    for (const socket of this.#sockets) socket.close();
    const image = this.#imageOf(this.bankFolder);
    await this.unserve(); // what it still does, it does to a folder that nobody looks at again
    this.bankFolder = image;
    await this.serve();
    this.#bankIsDown = false;
  }

  /**
   * Returns a folder's files as they are now, the log before what it is written into. Copying takes
   * time: while it lasts, a bank may end an epoch, and the files are copied again.
   */
  #imageOf(folder: string): string {
    const image = `${this.folder}/image-${this.#images++}`;
    Deno.mkdirSync(image);
    const files = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile);
    const names = files.map(({ name }) => name).sort().reverse();
    const hasKey = names.includes("chain.key");
    const key = () => hasKey ? Deno.readFileSync(`${folder}/chain.key`).toHex() : "";
    let copied: string;
    do {
      copied = key();
      for (const name of names) Deno.copyFileSync(`${folder}/${name}`, `${image}/${name}`);
    } while (copied !== key());
    return image;
  }

  async close(): Promise<void> {
    if (this.bank) await this.unserve();
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Opens a terminal's ATM; `wrap` may spy on its journal. Notes are loaded the first time. */
  atm(
    name = "lobby",
    {
      wrap = (journal: Journal) => journal,
      idleMsMax = 60_000,
      outcomeMsMax,
      patient = false,
      equip = (database: DatabaseSync) => new SimulatedDevices(database, patient),
      findKey = (key?: NamedTerminalKey) => key!,
      keepKey,
      behindMs = 0,
      byService = false,
      devicesAway = false,
      deviceKeys,
      attest,
      equipReader,
      takeCardMsMax = 60_000,
    }: {
      wrap?: (journal: Journal) => Journal;
      idleMsMax?: number;
      outcomeMsMax?: number;
      patient?: boolean;
      equip?: (database: DatabaseSync) => SimulatedDevices;
      findKey?: (enrolled?: NamedTerminalKey) => NamedTerminalKey;
      keepKey?: (key: TerminalKey) => void;
      /** How far the ATM's clock is behind. */
      behindMs?: number;
      /** Whether the devices are behind WebSocket. */
      byService?: boolean;
      /** Whether they do not answer until they are restarted. */
      devicesAway?: boolean;
      /** The keys of devices behind WebSocket. */
      deviceKeys?: DeviceKeys;
      /** Makes their end-to-end security. */
      attest?: (parts: EndToEndParts) => EndToEnd;
      /** The ATM's card reader, if it has one. */
      equipReader?: (database: DatabaseSync) => SimulatedCardReader;
      takeCardMsMax?: number;
    } = {},
  ): BranchAtm {
    const folder = `${this.folder}/atm-${name}`;
    const database = openAtmFolder(systemFiles, folder);
    const journal = new Journal(database);
    const served = byService
      ? serveDevices(`${folder}-devices`, database, equip, this.#log, {
        ...(deviceKeys && { keys: deviceKeys }),
        ...(attest && { attest }),
        ...(equipReader && { equipReader }),
      })
      : null;
    if (devicesAway) served?.switchOff();
    const devices = served?.simulated ?? equip(database);
    let socket!: FragileSocket;
    let dead = false;
    const connect = async () => {
      if (dead || this.#bankIsDown) throw new Error("nobody is there");
      socket = new FragileSocket(await Deno.connect({ hostname: "127.0.0.1", port: this.#port }));
      this.#sockets.add(socket);
      return socket;
    };
    const world = { ...system, nowMs: () => system.nowMs() - behindMs };
    const own = served ? null : equipReader?.(database) ?? null;
    const reader = served?.reader ?? own;
    const atm = new BankAtm({
      world,
      connect,
      findKey: () => findKey(this.keys.get(name)),
      journal: wrap(journal),
      requireInPlace: databaseInPlace(systemFiles, folder),
      devices: served?.devices ?? devices,
      demo: new LocalControls(devices, own),
      reader,
      takeCardMsMax,
      log: this.#log,
      idleMsMax,
      outcomeMsMax,
      keepKey,
      takeNotesMsMax: 400,
      onConnected: (currency) => {
        if (served || devices.cassettes().size > 0) return;
        const notes = new Map([[5000n, 10], [2000n, 10], [1000n, 10]]);
        fillCassettes(
          { database, journal, devices, world: system },
          notes,
          currency,
        );
      },
    });
    atm.start();
    if (served) void fillServed(served, { database, journal });
    const close = async () => {
      await atm.stop();
      await served?.close();
      database.close();
    };
    const kill = async () => {
      dead = true;
      socket.close();
      served?.devices.close();
      served?.reader?.close();
      const image = this.#imageOf(folder);
      await close(); // what it still does, it does to a folder that nobody looks at again
      await Deno.remove(folder, { recursive: true });
      await Deno.rename(image, folder);
    };
    return { atm, journal, devices, served, database, socket: () => socket, close, kill };
  }

  /** All the money is where it should be: nothing held, books at zero, notes = the terminal's account. */
  async requireAllSettled({ devices, journal }: BranchAtm, name = "lobby"): Promise<void> {
    assertEquals(journal.open(), []);
    assertEquals(await this.bank.ledger.read.holds(), []);
    const accounts = await this.bank.ledger.read.accounts();
    assertEquals(accounts.reduce((sum, { balance }) => sum + balance, 0n), 0n, "the books");
    assertEquals(accounts.filter(({ held }) => held !== 0n), []);
    const terminal = hex(this.keys.get(name)!.terminal);
    const cash = accounts.find(({ owner }) => owner === terminal)!;
    // Notes that a customer left are in the ATM, and in nobody's books until people see to them.
    const left = journal.flagged().filter(({ kind }) => kind === "left")
      .reduce((sum, { amount }) => sum + amount, 0n);
    assertEquals(totalOf(devices.everywhere()) - left, -cash.balance, "notes");
  }

  async balanceOf(customer: string): Promise<bigint> {
    return (await this.bank.ledger.read.accounts()).find(({ owner }) => owner === customer)!
      .balance;
  }

  /** Returns the balance of the differences account. */
  async differences(): Promise<bigint> {
    const accounts = await this.bank.ledger.read.accounts();
    return accounts.find(({ kind }) => kind === "differences")!.balance;
  }

  #log = (line: string) => void this.logged.push(line);
}

/** Connects an ATM to its devices, and fills them the first time. */
async function fillServed(
  { devices }: ServedDevices,
  atm: { database: DatabaseSync; journal: Journal },
): Promise<void> {
  if (!await devices.start()) return;
  if (devices.cassettes().size === 0) {
    const notes = new Map([[5000n, 10], [2000n, 10], [1000n, 10]]);
    fillCassettes({ ...atm, devices, world: system }, notes, { code: "EUR", exponent: 2 });
    await devices.carryOut();
  }
  devices.onReturn?.();
}

/** Waits until it holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (!await holds()) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits for the bank, and logs in. */
export async function logIn({ atm, served }: BranchAtm, username = "alice"): Promise<void> {
  const isReady = () => served === null || served.devices.cassettes().size > 0;
  await until("online", () => atm.view().bank === "online" && isReady());
  assertEquals(await atm.logIn(username, password), { outcome: "ok" });
}
