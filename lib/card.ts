/**
 * A customer's card: a random number on track 2, its file, and the rule for PINs. A copy of the
 * number is a copy of the card; without the PIN it is worth nothing.
 */
import { hex, utf8 } from "./bytes.ts";
import { UsageError } from "./errors.ts";
import { sha256 } from "./hmac.ts";
import { cardDigits, pinLengthMax, pinLengthMin } from "./limits.ts";
import { parsePrivateFile } from "./private_file.ts";
import type { Files } from "./world.ts";

/** The content of a card's file. */
export interface CardFile {
  /** The customer's username, for people: it is not on the card. */
  readonly customer: string;
  /** The number on track 2. */
  readonly number: string;
}

const formatName = "strongroom card 1";

/** Returns whether a text is the number of a card: as many digits as track 2 takes. */
export function isCardNumber(text: string): boolean {
  return text.length === cardDigits && /^[0-9]*$/.test(text);
}

/** Returns a new number: each digit is random, all equally probable. */
export function newCardNumber(randomBytes: (length: number) => Uint8Array): string {
  let digits = "";
  while (digits.length < cardDigits) {
    const [byte] = randomBytes(1);
    if (byte! < 250) digits += byte! % 10;
  }
  return digits;
}

/** Returns the hash of a number, 64 hex digits: operators' commands have it instead of the number. */
export function cardNumberHash(number: string): string {
  return hex(sha256(utf8(number)));
}

/** Formats a card's file, which is as secret as the card. */
export function formatCard({ customer, number }: CardFile): string {
  return JSON.stringify({ format: formatName, customer, number }, null, 2) + "\n";
}

/**
 * Reads a card's file, which must be private.
 * @throws {UsageError} if it is missing, readable by other users, or not a card's file
 */
export function readCard(files: Pick<Files, "facts" | "read">, path: string): CardFile {
  const otherwise = "make one with 'deno task bank card issue CUSTOMER --out FILE'";
  return parsePrivateFile(files, path, otherwise, (text) => {
    const card = cardOf(text);
    if (card) return card;
    throw new UsageError(`${path} is not a card's file: ${otherwise}`);
  });
}

function cardOf(text: string): CardFile | null {
  try {
    const { format, customer, number } = JSON.parse(text);
    const fits = format === formatName && typeof customer === "string" &&
      typeof number === "string" && isCardNumber(number);
    return fits ? { customer, number } : null;
  } catch {
    return null;
  }
}

/** Returns whether a text has the form of a PIN. */
export function isPin(text: string): boolean {
  return text.length >= pinLengthMin && text.length <= pinLengthMax && /^[0-9]*$/.test(text);
}

/**
 * Returns whether a PIN is among the first that a thief tries: it has fewer than three different
 * digits (0000, 1221), its digits go up or down by the same step (1234, 8642, 7890), its second half
 * repeats the first (123123), or it is a year of birth (19.., 20..).
 */
export function isWeakPin(pin: string): boolean {
  const digits = [...pin].map(Number);
  const steps = new Set(digits.slice(1).map((digit, index) => (digit - digits[index]! + 10) % 10));
  const half = pin.slice(0, pin.length / 2);
  return new Set(digits).size < 3 || steps.size === 1 || half + half === pin ||
    /^(?:19|20)[0-9]{2}$/.test(pin);
}
