/** A simulated card reader. Where its card is, and what was retained, is durable. */
import type { DatabaseSync } from "node:sqlite";
import { readCard } from "../../lib/card.ts";
import { UsageError } from "../../lib/errors.ts";
import type { Files } from "../../lib/world.ts";
import { type CardReader, CardReaderError, type Media } from "./card_reader.ts";

interface Slot {
  /** The card in the reader; null for none. */
  number: string | null;
  at: "transport" | "exit";
  retained: number;
  /** Whether it moves no card until staff have cleared it. */
  jammed?: boolean;
}

const empty: Slot = { number: null, at: "transport", retained: 0 };

/** Returns the cards of a folder by the names of their files: `alice.card` is alice's. */
export function cardsOf(files: Pick<Files, "facts" | "read" | "names">, folder: string) {
  const names = (): string[] =>
    files.facts(folder) === null ? [] : files.names(folder).flatMap((name) => {
      const [, card] = /^(.+)\.card$/.exec(name) ?? [];
      return card === undefined ? [] : [card];
    }).sort();
  return {
    names,
    numberOf: (name: string): string | null =>
      names().includes(name) ? readCard(files, `${folder}/${name}.card`).number : null,
  };
}

export type Cards = ReturnType<typeof cardsOf>;

export class SimulatedCardReader implements CardReader {
  onChange?: () => void;
  #slot: Slot;
  /** Resolves with the track of the card for which a `read` waits; null ends it. */
  #reading: ((number: string | null) => void) | null = null;
  readonly #takers = new Set<() => void>();

  constructor(private readonly database: DatabaseSync, private readonly cards: Cards) {
    const row = database.prepare("SELECT value FROM settings WHERE name = 'card reader'").get();
    this.#slot = row ? JSON.parse(row.value as string) : empty;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  away(): boolean {
    return false;
  }

  media(): Media {
    const { number, at, jammed } = this.#slot;
    if (jammed) return "jammed";
    return number === null ? "notPresent" : at === "exit" ? "entering" : "present";
  }

  retained(): number {
    return this.#slot.retained;
  }

  /** Returns the names of the cards that can be inserted. */
  names(): readonly string[] {
    return this.cards.names();
  }

  /** Returns whether a card can be inserted now. */
  accepting(): boolean {
    return this.#reading !== null;
  }

  // What people do

  /**
   * Inserts a card, while the reader waits for one.
   * @throws {CardReaderError} if its file cannot be read, or the disk fails
   */
  insert(name: string): void {
    const number = this.#numberOf(name);
    if (number === null || !this.#reading) return;
    this.#keep({ ...this.#slot, number, at: "transport" });
    this.#reading(number);
    this.onChange?.();
  }

  /** Takes the card at the exit. */
  take(): void {
    if (this.media() === "entering") this.#remove();
  }

  /** Jams, with or without a card: a read that waits ends. */
  jam(): void {
    this.#keep({ ...this.#slot, jammed: true });
    this.cancelRead();
    this.onChange?.();
  }

  /** Clears a jam, as staff do; a card stays where it is. */
  clear(): void {
    if (!this.#slot.jammed) return;
    this.#keep({ ...this.#slot, jammed: false });
    this.onChange?.();
  }

  /** Takes the cards out of the retain unit, as staff do. */
  empty(): void {
    this.#keep({ ...this.#slot, retained: 0 });
    this.onChange?.();
  }

  // Commands

  async read(): Promise<string | null> {
    this.#requireFree();
    const { number, at } = this.#slot;
    if (number !== null && at === "transport") return number;
    if (number !== null || this.#reading) throw new CardReaderError("occupied");
    const { promise, resolve } = Promise.withResolvers<string | null>();
    this.#reading = resolve;
    try {
      return await promise;
    } finally {
      this.#reading = null;
    }
  }

  /** Ends a `read` that waits for a card. */
  cancelRead(): void {
    this.#reading?.(null);
  }

  // deno-lint-ignore require-await
  async eject(): Promise<void> {
    this.#requireFree();
    if (this.#slot.number === null) throw new CardReaderError("noMedia");
    this.#keep({ ...this.#slot, at: "exit" });
  }

  // deno-lint-ignore require-await
  async retain(): Promise<void> {
    this.#requireFree();
    const { number, retained } = this.#slot;
    if (number === null) throw new CardReaderError("noMedia");
    this.#remove({ retained: retained + 1 });
  }

  /** @throws {CardReaderError} if it is jammed */
  #requireFree(): void {
    if (this.#slot.jammed) throw new CardReaderError("mediaJam");
  }

  async taken(): Promise<void> {
    if (this.#slot.number === null) return;
    await new Promise<void>((resolve) => this.#takers.add(resolve));
  }

  #numberOf(name: string): string | null {
    try {
      return this.cards.numberOf(name);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      throw new CardReaderError(error.message);
    }
  }

  #remove(change: Partial<Slot> = {}): void {
    this.#keep({ ...this.#slot, ...change, number: null });
    for (const resolve of this.#takers) resolve();
    this.#takers.clear();
    this.onChange?.();
  }

  /** @throws {CardReaderError} if the disk fails: the card stays where it is */
  #keep(slot: Slot): void {
    try {
      this.database.prepare("INSERT OR REPLACE INTO settings VALUES ('card reader', ?)")
        .run(JSON.stringify(slot));
    } catch (error) {
      throw new CardReaderError(`the slot could not be stored: ${(error as Error).message}`);
    }
    this.#slot = slot;
  }
}
