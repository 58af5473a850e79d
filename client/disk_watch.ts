/**
 * Watches the disk of an ATM or of a device service. While writing fails, it is out of service; it
 * tries again until a write succeeds.
 */
import { diskRetryMs } from "../lib/limits.ts";
import type { World } from "../lib/world.ts";

export interface DiskWatchDependencies {
  world: Pick<World, "after">;
  /** Writes to the disk. @throws if that fails */
  probe: () => void;
  /** Whose disk it is, and what is out of service without it: "the ATM's", "the ATM is". */
  words: readonly [whose: string, service: string];
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
    const [whose, service] = this.dependencies.words;
    try {
      this.dependencies.probe();
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
    if (this.#failed) {
      this.#failed = false;
      this.#cancel();
      this.dependencies.log(`${whose} disk works again: ${service} in service`);
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
    const [whose, service] = this.dependencies.words;
    this.dependencies.log(
      `${whose} disk failed: ${message}. Make room or mend it; ${service} out of service until then`,
    );
    this.dependencies.onChange();
  }
}
