/** A bank's server: its host, the disk that outlives its processes, and the process that runs now. */
import { createHash } from "node:crypto";
import { type Bank, type BankWorld, createBank, joinBank, openBank } from "../../server/bank.ts";
import type { Passwords } from "../../server/credentials/passwords.ts";
import { listen, type Listener } from "../../server/door/listener.ts";
import { keysPath } from "../../server/folder/bank_folder.ts";
import { readBankKeys } from "../../server/folder/bank_keys.ts";
import type { Settings } from "../../server/ledger/model.ts";
import { checkFile, LedgerService, type OpenStore } from "../../server/ledger_service.ts";
import { runSignedRequest } from "../../server/operator/authority.ts";
import { runOperatorCommand } from "../../server/operator/commands.ts";
import { type Signer, signRequest } from "../../server/operator/signed_request.ts";
import type { ReadingWorld } from "../../server/operator/read_log.ts";
import { restoreBank } from "../../server/operator/restore.ts";
import { systemFiles } from "../../lib/system.ts";
import type { OperatorRequest } from "../../lib/operator_commands.ts";
import type { Answers, OperatorAnswer } from "../../server/operator/request.ts";
import type { PinWatch } from "./cards.ts";
import { Disk } from "./disk.ts";
import { Crash, type CrashKind, type Host, type Process } from "./host.ts";
import type { Network } from "./network.ts";
import { filesWithSqlite, realPath } from "./sqlite_files.ts";

export const bankFolder = "/bank";
export const bankPort = 4433;
/** How long checking a password takes. */
const passwordMs = 40;

export interface BankServerWorld {
  readonly network: Network;
  /** The URL of the database that all servers share; none where each has a file. */
  readonly url: string | undefined;
  /** Where the files of SQLite's really are; null where there are none. */
  readonly sqliteFolder: string | null;
  openStore(process: Process): OpenStore;
  log(line: string): void;
  /** Sees the bank make, and compare, hashes of passwords and PINs. */
  readonly pins: Pick<PinWatch, "onHash" | "onCompared">;
}

export class BankServer {
  readonly disk: Disk;
  /** The first keys of the log's chains, as the operator was given them. */
  readonly firstKeys: string[] = [];
  #running: { process: Process; bank: Bank; listener: Listener } | null = null;
  #starting: Process | null = null;
  /** Whether it is started again when it has ended. */
  isKept = true;
  #crashesAtPoint = 0;
  #crashesAtAwait = 0;
  starts = 0;

  constructor(
    readonly name: string,
    readonly host: Host,
    private readonly world: BankServerWorld,
  ) {
    this.disk = new Disk(host);
  }

  /** How likely it crashes at each crash point. */
  set crashesAtPoint(probability: number) {
    this.#crashesAtPoint = probability;
    if (this.#running) this.#running.process.crashesAtPoint = probability;
  }

  /** How likely it crashes where its code would go on after an await. */
  set crashesAtAwait(probability: number) {
    this.#crashesAtAwait = probability;
    if (this.#running) this.#running.process.crashesAtAwait = probability;
  }

  /** People move a database's file. */
  carry(from: string, to: string): void {
    const { sqliteFolder } = this.world;
    systemFiles.rename(realPath(sqliteFolder!, from), realPath(sqliteFolder!, to));
  }

  /** What is in its folder now, as people who look after it see it. */
  look(path: string): string {
    const bytes = this.disk.look(path);
    return bytes === null ? "" : new TextDecoder().decode(bytes);
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Makes the bank on its first server, with an admin if one is given. */
  async create(settings: Omit<Settings, "bankId">, admin?: Signer): Promise<void> {
    const { url } = this.world;
    const keepFirstKey = (text: string) => void this.firstKeys.push(text);
    const begin: Parameters<typeof createBank>[5] = admin && (async (ledger) => {
      const { name, publicKey } = admin;
      const added = { op: "add_operator", operator: "", name, role: "admin", publicKey } as const;
      await ledger.submit(added);
    });
    await this.#begin((world) => createBank(world, bankFolder, settings, keepFirstKey, url, begin));
  }

  /**
   * Makes this one of the servers of another one's bank, or brings it that one's newest keys; starts it.
   * @throws when the bank cannot be opened now
   */
  async join(other: BankServer): Promise<void> {
    const onlooker = other.host.start();
    const keys = readBankKeys(other.disk.filesFor(onlooker), keysPath(bankFolder));
    onlooker.exit();
    const keepFirstKey = (text: string) => void this.firstKeys.push(text);
    await this.#begin((world) => joinBank(world, bankFolder, keys, this.world.url!, keepFirstKey));
  }

  /** @throws when the bank cannot be opened now */
  async start(): Promise<void> {
    if (this.#running || this.#starting) return;
    await this.#begin((world) => openBank(world, bankFolder, this.world.url));
  }

  async #begin(open: (world: BankWorld) => Promise<Bank>): Promise<void> {
    const process = this.#starting = this.host.start();
    this.starts++;
    process.onCrash = (kind) => this.#crashed(kind);
    process.crashesAtPoint = this.#crashesAtPoint;
    process.crashesAtAwait = this.#crashesAtAwait;
    try {
      const running = await process.untilEnd(this.#open(process, open));
      if (running && process.alive) this.#running = running;
    } catch (error) {
      process.exit();
      throw error;
    } finally {
      if (this.#starting === process) this.#starting = null;
    }
  }

  async #open(process: Process, open: (world: BankWorld) => Promise<Bank>) {
    const bank = await open(this.#worldOf(process));
    const listener = await listen(bank, {
      listener: this.world.network.listen(process, bankPort),
    });
    return { process, bank, listener };
  }

  #worldOf(process: Process): BankWorld & ReadingWorld {
    const simulated = this.disk.filesFor(process);
    const { sqliteFolder } = this.world;
    const files = sqliteFolder === null
      ? simulated
      : filesWithSqlite(simulated, sqliteFolder, process);
    const log = (line: string) => process.alive && this.world.log(`${this.name}: ${line}`);
    const openStore = this.world.openStore(process);
    return {
      ...process.world,
      files,
      log,
      giveUp: log,
      openPasswords: () => new ToyPasswords(process, this.world.pins) as unknown as Passwords,
      openStore,
      openReader: openStore,
      rehearseBank: () => Promise.resolve(),
      checkFile: (file) => checkFile(file, openStore),
      openLedger: (parts, events) =>
        LedgerService.open(parts, { openStore, files, world: process.world, ...events }),
    };
  }

  /** Stops it in order; whether that took no longer than it may. */
  async stop(): Promise<boolean> {
    if (!this.#running) {
      this.#starting?.crash("kill", "while it starts");
      return true;
    }
    const { process, bank, listener } = this.#running;
    const stopped = await process.stop(async () => {
      await listener.close();
      await bank.close();
    });
    this.#running = null;
    return stopped;
  }

  /**
   * Puts the bank back to a backup while the server is stopped, and again when that was cut short.
   * @throws {UsageError} when it is refused
   */
  async restore(from: string, operator: string): Promise<void> {
    for (let isDone = false; !isDone;) {
      const process = this.host.start();
      process.onCrash = (kind) => this.#crashed(kind);
      process.crashesAtPoint = this.#crashesAtPoint;
      const keepFirstKey = (text: string) => void this.firstKeys.push(text);
      const restore = { path: bankFolder, from, keepFirstKey, operator };
      const run = restoreBank(this.#worldOf(process), restore);
      isDone = await process.untilEnd(run.catch((error) => {
        if (!(error instanceof Crash)) throw error;
        return null;
      })) !== null;
      process.exit();
    }
  }

  crash(kind: CrashKind, where: string): void {
    (this.#running?.process ?? this.#starting)?.crash(kind, where);
  }

  #crashed(kind: CrashKind): void {
    if (kind === "power cut") this.disk.losePower();
    this.#running = null;
  }

  /**
   * Runs an operator's command, as through the server's socket.
   * @param onAnswer receives each piece of the answer before more is done
   * @param signer signs it, where operators have keys
   * @throws {UsageError} when it is refused
   */
  async operate(
    request: OperatorRequest,
    onAnswer: (answer: OperatorAnswer) => void,
    signer?: Signer,
  ): Promise<OperatorAnswer[]> {
    if (!this.#running) throw new Error("the server is not running");
    const { bank, process } = this.#running;
    const run = async () => {
      const answers: OperatorAnswer[] = [];
      const asked = request.command !== "add_customer" ? request : {
        ...request,
        passwordHash: await bank.passwords.hashLater(
          request.passwordHash,
          bank.world.randomBytes(16),
        ),
      };
      for await (const answer of answersOf(bank, asked, signer)) {
        onAnswer(answer);
        answers.push(answer);
      }
      return answers;
    };
    const answers = await process.untilEnd(run());
    if (answers === null) throw new Error("the server has crashed");
    return answers;
  }
}

function answersOf(bank: Bank, asked: OperatorRequest, signer: Signer | undefined): Answers {
  if (!signer) return runOperatorCommand(bank, asked);
  const { operator: _, ...command } = asked;
  const challenge = { bankId: bank.settings.bankId, nonce: bank.world.randomBytes(32).toHex() };
  return runSignedRequest(bank, challenge, signRequest(signer, challenge, command));
}

/** Cheap hashes, which take their time all the same. */
class ToyPasswords implements Pick<Passwords, "hash" | "hashLater" | "verify" | "busy" | "close"> {
  readonly busy = false;

  constructor(
    private readonly process: Process,
    private readonly pins: BankServerWorld["pins"],
  ) {}

  async hash(password: string, salt: Uint8Array, secret?: Uint8Array): Promise<string> {
    await this.#work();
    const hash = `toy ${salt.toHex()} ${this.#digest(password, salt, secret)}`;
    this.pins.onHash(password, hash);
    return hash;
  }

  hashLater(password: string, salt: Uint8Array): Promise<string> {
    return this.hash(password, salt);
  }

  async verify(password: string, hash: string | null, secret?: Uint8Array): Promise<boolean> {
    await this.#work();
    if (hash === null) return false;
    const [, salt = "", digest] = hash.split(" ");
    const isRight = digest === this.#digest(password, Uint8Array.fromHex(salt), secret);
    this.pins.onCompared(password, hash, isRight);
    return isRight;
  }

  close(): void {}

  #digest(password: string, salt: Uint8Array, secret: Uint8Array = new Uint8Array(0)): string {
    return createHash("sha256").update(secret).update(salt).update(password).digest("hex");
  }

  #work(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.process.world.after(passwordMs, resolve);
    return promise;
  }
}
