/** Takes checkpoints of the log on a schedule and at every stop, one file each. */
import { formatCheckpoint } from "../audit/checkpoint.ts";
import { type ChainHead, headsOf } from "../audit/heads.ts";
import { replacePrivateFile } from "../../lib/private_file.ts";
import { pause } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";

/** Returns a checkpoint as its file, signed. */
export function signedCheckpoint(bank: Bank, heads: readonly ChainHead[], timeMs: number): string {
  const bankId = Uint8Array.fromHex(bank.settings.bankId);
  return formatCheckpoint({ bankId, timeMs, heads: [...heads] }, bank.keys.checkpoint);
}

export interface CheckpointSchedule {
  /** The folder for checkpoints; created if it is missing. */
  folder: string;
  everyMs: number;
}

/** Takes checkpoints until it is closed. A failed write stops nothing else. */
export class Checkpoints {
  readonly #stopping = new AbortController();
  readonly #regular: Promise<void>;
  /** The heads of the last one: an idle bank has nothing new to sign. */
  #written = "";

  constructor(private readonly bank: Bank, private readonly schedule: CheckpointSchedule) {
    this.#regular = this.#takeRegularly();
  }

  /** Takes the last checkpoint: the bank may close afterwards. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#regular;
    await this.#take();
  }

  async #takeRegularly(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await pause(this.bank.world, this.schedule.everyMs, signal);
      if (signal.aborted) return;
      await this.#take();
    }
  }

  async #take(): Promise<void> {
    const { world, ledger } = this.bank;
    try {
      await this.#write();
    } catch (error) {
      world.log(`no checkpoint in ${this.schedule.folder}: ${(error as Error).message}`);
      const action = "take a checkpoint failed - it cannot be written";
      await ledger.submit(logCommand("bank", action, { outcome: "device_fault" }));
    }
  }

  async #write(): Promise<void> {
    const { files, nowMs } = this.bank.world;
    const heads = await headsOf(this.bank.ledger.read);
    const places = heads.map(({ number, sequence }) => `${number}.${sequence}`).join();
    if (places === this.#written) return;
    const { folder } = this.schedule;
    const timeMs = nowMs();
    const name = new Date(timeMs).toISOString().replace(/[-:.]/g, "");
    files.makeFolder(folder);
    const text = signedCheckpoint(this.bank, heads, timeMs);
    replacePrivateFile(files, `${folder}/checkpoint-${name}.json`, text);
    this.#written = places;
  }
}
