/** Checks that open files are still in their folder: data written to any other file is lost with the process. */
import { isThere } from "../../lib/private_file.ts";
import type { Files } from "../../lib/world.ts";

export class FilesInPlace {
  readonly #ids: ReadonlyMap<string, string | null>;

  /**
   * @param paths files that this process has open
   * @param replaced a file that this process may replace, or null
   */
  constructor(
    private readonly files: Pick<Files, "facts">,
    paths: readonly string[],
    private readonly replaced: string | null,
  ) {
    this.#ids = new Map(paths.map((path) => [path, this.#idOf(path)]));
  }

  /**
   * Returns the first path at which there is no file any more, or another; null when all are in place.
   * @param isReplacing whether this process is replacing a file
   */
  moved(isReplacing: boolean): string | null {
    for (const [path, id] of this.#ids) if (this.#idOf(path) !== id) return path;
    const { replaced } = this;
    return replaced === null || isReplacing || isThere(this.files, replaced) ? null : replaced;
  }

  #idOf(path: string): string | null {
    return this.files.facts(path)?.id ?? null;
  }
}
