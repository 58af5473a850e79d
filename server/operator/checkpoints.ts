/** Signs checkpoints of the log on a schedule and at every stop, one file each. */
import { replacePrivateFile } from "../../lib/private_file.ts";
import { pause } from "../../lib/world.ts";
import type { Bank } from "../bank.ts";
import { logCommand } from "../ledger/command.ts";

export interface CheckpointSchedule {
  /** The folder for checkpoints; created if it is missing. */
  folder: string;
  everyMs: number;
}

/** Signs checkpoints until it is closed. A failed write stops nothing else. */
export class Checkpoints {
  readonly #stopping = new AbortController();
  readonly #regular: Promise<void>;

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
    const { checkpoints, ledger, monitor } = this.bank;
    if (!await checkpoints.hasNews()) {
      monitor.checkpointMs = nowMs();
      return;
    }
    const entry = logCommand("bank", "take a checkpoint");
    const note = await checkpoints.sign(() => ledger.submit(entry));
    const { folder } = this.schedule;
    const name = new Date(nowMs()).toISOString().replace(/[-:.]/g, "");
    files.makeFolder(folder);
    replacePrivateFile(files, `${folder}/checkpoint-${name}`, note);
    monitor.checkpointMs = nowMs();
  }
}
