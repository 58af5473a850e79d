/**
 * A card reader, with the words of XFS4IoT: a card is read in the transport, and comes back at the
 * exit, where it is taken or from where it is retained.
 */

/** Where a card is. `entering`: at the exit. */
export type Media = "notPresent" | "present" | "entering" | "jammed";

/** The reader does not answer, or could not move a card. */
export class CardReaderError extends Error {
  override name = "CardReaderError";
}

export interface CardReader {
  /** Called when a card was inserted or taken. */
  onChange?: () => void;
  /** Ends the connection to the reader. */
  close?(): Promise<void>;
  /** Resolves when the reader answers. */
  ready(): Promise<void>;
  /** Whether the reader does not answer, or does not exist. */
  away(): boolean;
  media(): Media;
  /** Returns how many cards were retained, until staff empty the unit. */
  retained(): number;
  /**
   * Waits for a card and reads its track 2; null for a card that cannot be read.
   * @throws {CardReaderError}
   */
  read(): Promise<string | null>;
  /** Moves the card to the exit. @throws {CardReaderError} */
  eject(): Promise<void>;
  /** Moves the card into the retain unit. @throws {CardReaderError} */
  retain(): Promise<void>;
  /** Resolves when no card is in the reader. */
  taken(): Promise<void>;
}
