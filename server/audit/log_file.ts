/**
 * `audit_log_secure.txt`: the log as a file of sealed lines, kept current with the database. Only the
 * database counts; the file is brought up to it at every start, and after a write that failed.
 */
import { equalInConstantTime, hex, utf8 } from "../../lib/bytes.ts";
import { logFileChunkEntries, logFileTailBytes } from "../../lib/limits.ts";
import type { Files, OpenFile } from "../../lib/world.ts";
import type { ChainName, LogPlace, SealedEntry } from "./entry.ts";
import { formatLogLine, parseLogLine } from "./log_line.ts";
import type { LogStore } from "./log_store.ts";

/** The log in its database. */
export type LogSource = Pick<LogStore, "chains" | "entriesAfter">;

export class LogFile {
  /** Whether the file has every entry that was appended. */
  #current = false;
  /** Where the next line goes. */
  #end = 0;

  private constructor(private readonly file: OpenFile, private readonly log: LogSource) {}

  /** Opens or makes the file, and brings it up to the log. */
  static async open(files: Files, path: string, log: LogSource): Promise<LogFile> {
    const file = new LogFile(files.open(path, "create"), log);
    try {
      await file.#catchUp();
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /**
   * Appends entries that have just been committed.
   * @throws when they cannot be written: the next call makes up for it
   */
  async append(chainId: Uint8Array, entries: readonly SealedEntry[]): Promise<void> {
    if (!this.#current) return await this.#catchUp();
    this.#current = false;
    this.#write(chainId, entries);
    this.#current = true;
  }

  close(): void {
    this.file.close();
  }

  /** Goes on after the last line that is the log's; from the beginning where there is none. */
  async #catchUp(): Promise<void> {
    const chains = await this.log.chains();
    const { end, place } = await this.#lastLine(chains);
    this.file.truncate(end);
    this.#end = end;
    for (const { number, id } of chains) {
      if (place && number < place.chain) continue;
      let after = place?.chain === number ? place.sequence : 0;
      for (;;) {
        const entries = await this.log.entriesAfter(number, after, logFileChunkEntries);
        this.#write(id, entries);
        if (entries.length < logFileChunkEntries) break;
        after = entries.at(-1)!.sequence;
      }
    }
    this.#current = true;
  }

  /** Where the last line that is the log's ends, and which entry it is. */
  async #lastLine(
    chains: readonly ChainName[],
  ): Promise<{ end: number; place: LogPlace | null }> {
    const start = Math.max(0, this.file.bytes() - logFileTailBytes);
    const tail = new Uint8Array(this.file.bytes() - start);
    this.file.readAt(start, tail);
    const newline = tail.lastIndexOf(10);
    const line = tail.subarray(tail.lastIndexOf(10, newline - 1) + 1, Math.max(0, newline));
    const found = newline < 0 ? null : parseLogLine(new TextDecoder().decode(line));
    const chain = found && chains.find(({ id }) => hex(id) === hex(found.chainId));
    if (!found || !chain) return { end: 0, place: null };
    const { sequence, tag } = found.entry;
    const [stored] = await this.log.entriesAfter(chain.number, sequence - 1, 1);
    const same = stored?.sequence === sequence && equalInConstantTime(stored.tag, tag);
    return same
      ? { end: start + newline + 1, place: { chain: chain.number, sequence } }
      : { end: 0, place: null };
  }

  #write(chainId: Uint8Array, entries: readonly SealedEntry[]): void {
    if (entries.length === 0) return;
    const lines = entries.map((entry) => `${formatLogLine(chainId, entry)}\n`).join("");
    const bytes = utf8(lines);
    this.file.writeAt(this.#end, bytes);
    this.#end += bytes.length;
  }
}
