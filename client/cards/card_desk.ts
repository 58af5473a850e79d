/**
 * The card of the customer at the ATM: it is read while nobody is logged in, comes back before notes
 * are handed out or when the visit ends, and is retained if nobody takes it, or if it is an earlier
 * customer's. Its number is only in memory, from the reading to the return.
 */
import { atmIdleMsMax, cardReaderRetryMs, takeCardMsMax } from "../../lib/limits.ts";
import { isCardNumber } from "../../lib/card.ts";
import { pause, type Timers } from "../../lib/world.ts";
import { type CardReader, CardReaderError } from "./card_reader.ts";

export interface CardDeskParts {
  reader: CardReader;
  world: Timers;
  /** Returns whether a card that is inserted now can be used. */
  serves: () => boolean;
  /** Returns whether a customer is logged in with the password. */
  isByPassword: () => boolean;
  /** Called when the card, or where it is, changed. */
  onChange: () => void;
  /** Called when staff must see to the reader, or no longer: a card was retained, or it is jammed. */
  onAttention: () => void;
  log: (line: string) => void;
  /** Shorter in tests. */
  takeCardMsMax?: number;
}

export class CardDesk {
  readonly #closing = new AbortController();
  #number: string | null = null;
  /** Whether the card was read here, and the reader has answered since. */
  #isKnown = false;
  /** Ends waiting until the card is taken. */
  #stopReturning = () => {};
  #returning: Promise<boolean> | null = null;
  #returned = Promise.withResolvers<void>();
  #cancelIdle = () => {};
  /** Why the reader failed last: it is logged once. */
  #why = "";

  /** What was reported to staff. */
  #attention = "0 false";

  constructor(private readonly parts: CardDeskParts) {
    parts.reader.onChange = () => {
      if (parts.reader.away()) this.#isKnown = false;
      if (this.#isGone) void this.giveBack(); // it left without a command of this desk
      parts.onChange();
      this.#tellStaff();
    };
  }

  /** Reports what staff must see to, when that has changed. */
  #tellStaff(): void {
    const { reader, onAttention } = this.parts;
    const attention = `${reader.retained()} ${this.isJammed}`;
    if (attention === this.#attention) return;
    this.#attention = attention;
    onAttention();
  }

  /** Whether a card waits to be used, or to be taken; null while no reader works. */
  get state(): "none" | "inserted" | "returned" | null {
    const { reader } = this.parts;
    if (reader.away() || this.isJammed) return null;
    if (this.#number !== null) return "inserted";
    return reader.media() === "entering" && !this.#isAnothers ? "returned" : "none";
  }

  /** Whether a card in the reader is not that of the customer who is logged in. */
  get #isAnothers(): boolean {
    return this.parts.isByPassword() && !this.#isKnown;
  }

  get isJammed(): boolean {
    return this.parts.reader.media() === "jammed";
  }

  /** Whether the card that was read is no longer in the reader. */
  get #isGone(): boolean {
    const { reader } = this.parts;
    return this.#number !== null && !reader.away() && reader.media() === "notPresent";
  }

  /** The number of the inserted card; null for none. */
  get number(): string | null {
    return this.#number;
  }

  /** Returns a card that an interruption left in the reader, and reads cards until `close`. */
  async start(): Promise<void> {
    const { reader, world } = this.parts;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await reader.ready();
        if (reader.media() === "notPresent") await this.#serveOne();
        else {
          await this.giveBack();
          if (reader.media() !== "notPresent") await pause(world, cardReaderRetryMs, signal);
        }
      } catch (error) {
        if (!(error instanceof CardReaderError)) throw error;
        await pause(world, cardReaderRetryMs, signal);
      }
    }
  }

  /** Reads one card, and resolves once its return has been tried. */
  async #serveOne(): Promise<void> {
    const { reader, serves, onChange } = this.parts;
    const number = await reader.read();
    if (this.#closing.signal.aborted) return;
    this.#isKnown = true;
    if (number === null || !isCardNumber(number) || !serves()) {
      await this.giveBack();
      return;
    }
    this.#number = number;
    this.#returned = Promise.withResolvers();
    this.onTry();
    if (this.#isGone) await this.giveBack();
    onChange();
    await this.#returned.promise;
  }

  /** Called when a PIN is tried: the card is returned after as long without another try. */
  onTry(): void {
    this.#cancelIdle();
    this.#cancelIdle = this.parts.world.after(atmIdleMsMax, () => void this.giveBack());
  }

  /** Called when a visit has begun with the card: it stays until the visit ends. */
  onVisit(): void {
    this.#cancelIdle();
  }

  /** Called when a visit has begun with the password: a card at the exit is an earlier customer's. */
  onVisitByPassword(): void {
    if (this.#returning === null) return;
    this.#isKnown = false;
    this.#stopReturning();
  }

  /**
   * Returns the card, and retains it if it is not taken, or at once if it is an earlier customer's.
   * Returns false if the customer has not taken a card.
   */
  giveBack(): Promise<boolean> {
    this.#cancelIdle();
    this.#number = null;
    return this.#returning ??= this.#giveBack().finally(() => {
      this.#returning = null;
      this.#returned.resolve();
    });
  }

  async #giveBack(): Promise<boolean> {
    const { reader, world, onChange, log } = this.parts;
    if (reader.media() === "notPresent") return true;
    try {
      if (!this.#isAnothers) {
        await reader.eject();
        onChange();
        const over = new AbortController();
        const ends = AbortSignal.any([over.signal, this.#closing.signal]);
        this.#stopReturning = () => over.abort();
        const late = pause(world, this.parts.takeCardMsMax ?? takeCardMsMax, ends);
        await Promise.race([reader.taken(), late]);
        over.abort();
        if (reader.media() === "notPresent") return true;
        if (this.#closing.signal.aborted) return false; // the next start continues here
      }
      await reader.retain();
      this.#why = "";
      log(
        `a card ${this.#isAnothers ? "of an earlier customer" : "was not taken, and"} is retained`,
      );
      return this.#isAnothers;
    } catch (error) {
      if (!(error instanceof CardReaderError)) throw error;
      if (error.message !== this.#why) log(`the card reader failed: ${error.message}`);
      this.#why = error.message;
      return this.#isAnothers;
    } finally {
      onChange();
    }
  }

  /** Stops waiting for customers: a card at the exit is left there for the next start. */
  stopWaiting(): void {
    this.#closing.abort();
  }

  /** Returns the card and stops. */
  async close(): Promise<void> {
    this.stopWaiting();
    if (this.#number !== null) await this.giveBack();
    await this.parts.reader.close?.();
  }
}
