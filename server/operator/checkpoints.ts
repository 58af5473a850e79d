/** Checkpoints of the log: taken on a schedule and at every stop, each a file of its own. */
import { type ChainHead, formatCheckpoint } from "../audit/checkpoint.ts";
import type { Bank } from "../bank.ts";
import { replacePrivateFile } from "../folder/bank_folder.ts";
import { logCommand } from "../ledger/command.ts";

/** Where every chain has come to by what is committed now; a chain without entries is left out. */
export async function headsOf(bank: Bank): Promise<(ChainHead & { number: number })[]> {
  const { read } = bank.ledger;
  const heads = [];
  for (const { number, id } of await read.chains()) {
    for (const { sequence, epoch, tag } of await read.lastEntries(number, 1)) {
      heads.push({ number, id, sequence, epoch, tag: new Uint8Array(tag) });
    }
  }
  return heads;
}

/** A checkpoint as its file, signed. */
export function signedCheckpoint(bank: Bank, heads: readonly ChainHead[], timeMs: number): string {
  const bankId = Uint8Array.fromHex(bank.settings.bankId);
  return formatCheckpoint({ bankId, timeMs, heads: [...heads] }, bank.keys.checkpoint);
}

export interface CheckpointSchedule {
  /** The operator's place for them; made when it is not there. */
  folder: string;
  everyMs: number;
}

/** Takes checkpoints until it is stopped. A place that cannot be written stops nothing else. */
export class Checkpoints {
  readonly #timer: ReturnType<typeof setInterval>;
  /** How far the last one had come: at rest there is nothing new to sign. */
  #written = "";
  #writing = Promise.resolve();

  constructor(
    private readonly bank: Bank,
    private readonly schedule: CheckpointSchedule,
    private readonly log: (line: string) => void,
  ) {
    this.#timer = setInterval(() => this.#take(), schedule.everyMs);
  }

  /** Takes the last one: after this the bank may close. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#take();
  }

  #take(): Promise<void> {
    return this.#writing = this.#writing.then(() => this.#write()).catch((error) =>
      this.#failed(error as Error)
    );
  }

  async #write(): Promise<void> {
    const heads = await headsOf(this.bank);
    const come = heads.map(({ number, sequence }) => `${number}.${sequence}`).join();
    if (come === this.#written) return;
    const { folder } = this.schedule;
    const timeMs = Date.now();
    const name = new Date(timeMs).toISOString().replace(/[-:.]/g, "");
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const text = signedCheckpoint(this.bank, heads, timeMs);
    replacePrivateFile(folder, `${folder}/checkpoint-${name}.json`, text);
    this.#written = come;
  }

  async #failed({ message }: Error): Promise<void> {
    this.log(`no checkpoint in ${this.schedule.folder}: ${message}`);
    const action = "take a checkpoint failed - it cannot be written";
    await this.bank.ledger.submit(logCommand("bank", action, { outcome: "device_fault" }));
  }
}
