/**
 * Watches the ATM's disk. While writing fails, the ATM is out of service; it tries again until a
 * write succeeds.
 */
import { diskRetryMs } from "../lib/limits.ts";
import type { World } from "../lib/world.ts";
import type { Journal } from "./journal.ts";

export interface DiskWatchDependencies {
  world: Pick<World, "after">;
  journal: Pick<Journal, "probe">;
  log: (line: string) => void;
  /** Called when the disk has failed, and when it works again. */
  onChange: () => void;
}

/** SQLite's words for a disk that is full or fails, and for a file that was damaged. */
const diskFailure =
  /disk is full|disk I\/O error|readonly database|unable to open database|image is malformed/;

export class DiskWatch {
  #failed = false;
  #cancel: () => void = () => {};

  constructor(private readonly dependencies: DiskWatchDependencies) {}

  get failed(): boolean {
    return this.#failed;
  }

  /** Returns whether an error is the disk's; if it is, the disk has failed. */
  caught(error: unknown): boolean {
    if (!(error instanceof Error && diskFailure.test(error.message))) return false;
    this.#fail(error);
    return true;
  }

  /** Tries the disk. Returns whether it works, with room for the movements until the next try. */
  check(): boolean {
    try {
      this.dependencies.journal.probe();
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
    if (this.#failed) {
      this.#failed = false;
      this.#cancel();
      this.dependencies.log("the disk works again: the ATM is in service");
      this.dependencies.onChange();
    }
    return true;
  }

  close(): void {
    this.#cancel();
  }

  #fail({ message }: Error): void {
    this.#cancel();
    this.#cancel = this.dependencies.world.after(diskRetryMs, () => void this.check());
    if (this.#failed) return;
    this.#failed = true;
    this.dependencies.log(
      `the ATM's disk failed: ${message}. Make room or mend it; the ATM is out of service until then`,
    );
    this.dependencies.onChange();
  }
}
