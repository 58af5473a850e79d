/**
 * `audit_log_secure.txt`: the log as a file of sealed lines, kept current with the database. It is
 * updated from the database at every start, and whenever it may be behind. A file whose end differs
 * from the database may be the only good copy: it is renamed, never overwritten.
 */
import { equalInConstantTime, hex, utf8 } from "../../lib/bytes.ts";
import { logFileChunkEntries, logFileTailBytes } from "../../lib/limits.ts";
import { isThere } from "../../lib/private_file.ts";
import type { Files, OpenFile, WorldWithFiles } from "../../lib/world.ts";
import type { ChainName, LogPlace, SealedEntry } from "./entry.ts";
import { formatLogLine, parseLogLine } from "./log_line.ts";
import type { LogStore } from "./log_store.ts";

/** The log in its database. */
export type LogSource = Pick<LogStore, "chains" | "entriesAfter">;

type LogFileWorld = Pick<WorldWithFiles, "files" | "nowMs">;

/** The end of a file: where its last whole line ends, and that line's entry in the database. */
interface FileEnd {
  bytes: number;
  /** Null for a file without a whole line. */
  place: LogPlace | null;
}

/** Returns the last whole line of a file, and where it ends; null if there is no whole line at its end. */
function lastLineOf(file: OpenFile): { bytes: number; line: string | null } {
  const start = Math.max(0, file.bytes() - logFileTailBytes);
  const tail = new Uint8Array(file.bytes() - start);
  file.readAt(start, tail);
  const newline = tail.lastIndexOf(10);
  if (newline < 0) return { bytes: 0, line: null };
  const line = tail.subarray(tail.lastIndexOf(10, newline - 1) + 1, newline);
  return { bytes: start + newline + 1, line: new TextDecoder().decode(line) };
}

/** Returns the chain and the number of a log file's last entry; null if there is no such file or entry. */
export function lastEntryOf(
  files: Files,
  path: string,
): { chainId: Uint8Array; sequence: number } | null {
  if (!isThere(files, path)) return null;
  const file = files.open(path, "read");
  try {
    const { line } = lastLineOf(file);
    const found = line === null ? null : parseLogLine(line);
    return found && { chainId: found.chainId, sequence: found.entry.sequence };
  } finally {
    file.close();
  }
}

export class LogFile {
  /** The last entry in the file; null while it may be behind the database. */
  #last: LogPlace | null = null;
  /** The offset of the next line. */
  #end = 0;

  private constructor(
    private readonly world: LogFileWorld,
    private readonly path: string,
    private readonly log: LogSource,
    private readonly onTrouble: (line: string) => void,
    private file: OpenFile,
  ) {}

  /**
   * Opens or creates the file, and updates it from the log.
   * @param onTrouble receives a line for the operator when a file is renamed
   */
  static async open(
    world: LogFileWorld,
    path: string,
    log: LogSource,
    onTrouble: (line: string) => void,
  ): Promise<LogFile> {
    const file = new LogFile(world, path, log, onTrouble, world.files.open(path, "create"));
    try {
      await file.#catchUp();
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /**
   * Appends committed entries of one chain, after any that are missing before them.
   * @throws if they cannot be written: the next call appends them
   */
  async append(chainId: Uint8Array, entries: readonly SealedEntry[]): Promise<void> {
    const [first] = entries;
    if (!first) return;
    const last = this.#last;
    if (last?.chain !== first.chain || last.sequence + 1 !== first.sequence) {
      return await this.#catchUp();
    }
    this.#last = null;
    this.#write(chainId, entries);
    this.#last = entries.at(-1)!;
  }

  close(): void {
    this.file.close();
  }

  /** Appends the entries after the file's last line. */
  async #catchUp(): Promise<void> {
    this.#last = null;
    const chains = await this.log.chains();
    const { bytes, place } = await this.#lastLine(chains) ?? this.#setAside();
    this.file.truncate(bytes);
    this.#end = bytes;
    let last = place;
    for (const { number, id } of chains) {
      if (place && number < place.chain) continue;
      let after = place?.chain === number ? place.sequence : 0;
      for (;;) {
        const entries = await this.log.entriesAfter(number, after, logFileChunkEntries);
        this.#write(id, entries);
        last = entries.at(-1) ?? last;
        if (entries.length < logFileChunkEntries) break;
        after = entries.at(-1)!.sequence;
      }
    }
    this.#last = last;
  }

  /** Returns the end of the file, without a truncated line; null if it is not in the database. */
  async #lastLine(chains: readonly ChainName[]): Promise<FileEnd | null> {
    const { bytes, line } = lastLineOf(this.file);
    if (line === null) {
      return this.file.bytes() <= logFileTailBytes ? { bytes: 0, place: null } : null;
    }
    const found = parseLogLine(line);
    const chain = found && chains.find(({ id }) => hex(id) === hex(found.chainId));
    if (!found || !chain) return null;
    const { sequence, tag } = found.entry;
    const [stored] = await this.log.entriesAfter(chain.number, sequence - 1, 1);
    const isSame = stored?.sequence === sequence && equalInConstantTime(stored.tag, tag);
    return isSame ? { bytes, place: { chain: chain.number, sequence } } : null;
  }

  /** Renames the file, and begins another one. */
  #setAside(): FileEnd {
    const { files, nowMs } = this.world;
    const aside = `${this.path}.differs-${new Date(nowMs()).toISOString().replace(/[:.]/g, "-")}`;
    files.rename(this.path, aside);
    const fresh = files.open(this.path, "new");
    this.file.close();
    this.file = fresh;
    this.onTrouble(
      `${this.path} differs from the database's log and is kept as ${aside}. ` +
        `Run 'deno task bank audit verify --file ${aside}'`,
    );
    return { bytes: 0, place: null };
  }

  #write(chainId: Uint8Array, entries: readonly SealedEntry[]): void {
    if (entries.length === 0) return;
    const lines = entries.map((entry) => `${formatLogLine(chainId, entry)}\n`).join("");
    const bytes = utf8(lines);
    this.file.writeAt(this.#end, bytes);
    this.#end += bytes.length;
  }
}
