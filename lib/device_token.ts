/**
 * Tokens of XFS4IoT's end-to-end security ("End-to-End for XFS/XFS4IoT", CEN, 2021): comma-separated
 * `KEY=VALUE`, NONCE first, then in any order TOKENFORMAT, TOKENLENGTH and the content, HMACSHA256
 * last. The HMAC covers every byte up to and including its own `=`.
 */
import { equalInConstantTime, hex } from "./bytes.ts";
import { hmac } from "./hmac.ts";
import { deviceTokenBytesMax } from "./limits.ts";
import type { Currency } from "./money.ts";

/** Why a token is refused; the names are the completion codes of XFS4IoT. */
export type TokenFault =
  | "invalidTokenFormat"
  | "invalidTokenKeyNoValue"
  | "invalidTokenHMAC"
  | "invalidTokenNonce";

export interface Token {
  nonce: string;
  /** Its content, by key: without NONCE, TOKENFORMAT, TOKENLENGTH and HMACSHA256. */
  content: ReadonlyMap<string, string>;
  /** 64 upper-case hex digits: the name of a dispense token in the status that follows it. */
  id: string;
}

const pattern =
  /^NONCE=([0-9A-F]+),TOKENFORMAT=1,TOKENLENGTH=([0-9]{4}),((?:[A-Z0-9]+=[^,=]+,)+)HMACSHA256=([0-9A-F]{64})$/;
const printable = /^[!-~]*$/;
const hmacHexDigits = 64;
const utf8 = new TextEncoder();

/** Makes a token. `content` has neither a comma nor an equals sign. */
export function makeToken(
  key: Uint8Array,
  nonce: string,
  content: readonly (readonly [key: string, value: string])[],
): string {
  const middle = content.map(([name, value]) => `${name}=${value},`).join("");
  const length = `NONCE=${nonce},TOKENFORMAT=1,TOKENLENGTH=0000,${middle}HMACSHA256=`.length +
    hmacHexDigits;
  const body = `NONCE=${nonce},TOKENFORMAT=1,TOKENLENGTH=${
    String(length).padStart(4, "0")
  },${middle}HMACSHA256=`;
  if (length > deviceTokenBytesMax || !pattern.test(body + "0".repeat(hmacHexDigits))) {
    throw new Error("a token's content must be short, printable, and without , and =");
  }
  return body + upperHex(hmac(key, utf8.encode(body)));
}

/**
 * Checks a token's form, its length, its HMAC and, where one is expected, its nonce, in this order;
 * HMAC and nonce in constant time.
 */
export function readToken(key: Uint8Array, text: string, nonce?: string): Token | TokenFault {
  const token = parsed(text);
  if (typeof token === "string") return token;
  const body = text.slice(0, -hmacHexDigits);
  const right = upperHex(hmac(key, utf8.encode(body)));
  if (!equalInConstantTime(utf8.encode(right), utf8.encode(token.id))) return "invalidTokenHMAC";
  if (nonce !== undefined && !sameNonce(token.nonce, nonce)) return "invalidTokenNonce";
  return token;
}

/** Returns the content of a token whose HMAC was checked before; null for another text. */
export function contentOfToken(text: string): Token | null {
  const token = parsed(text);
  return typeof token === "string" ? null : token;
}

/** Checks a token's form and length. */
function parsed(text: string): Token | TokenFault {
  if (text.length > deviceTokenBytesMax || !printable.test(text)) return "invalidTokenFormat";
  if (/(?:^|,)[A-Z0-9]+=(?:,|$)/.test(text)) return "invalidTokenKeyNoValue";
  const [, given = "", length, middle = "", id = ""] = pattern.exec(text) ?? [];
  if (!id || Number(length) !== text.length) return "invalidTokenFormat";
  const pairs = middle.split(",").slice(0, -1).map((pair) => pair.split("=") as [string, string]);
  const content = new Map(pairs);
  const names = [...content.keys(), "NONCE", "TOKENFORMAT", "TOKENLENGTH", "HMACSHA256"];
  if (content.size < pairs.length || new Set(names).size < names.length) {
    return "invalidTokenFormat";
  }
  return { nonce: given, content, id };
}

function sameNonce(a: string, b: string): boolean {
  return a.length === b.length && equalInConstantTime(utf8.encode(a), utf8.encode(b));
}

/** Formats an amount as tokens have it: "40.00EUR". */
export function tokenAmount(minor: bigint, { code, exponent }: Currency): string {
  const digits = minor.toString().padStart(exponent + 1, "0");
  const cut = digits.length - exponent;
  return exponent === 0
    ? `${digits}${code}`
    : `${digits.slice(0, cut)}.${digits.slice(cut)}${code}`;
}

/**
 * Parses an amount of this currency, with or without all of its decimal digits: "40.00EUR",
 * "40EUR". Null for any other text.
 */
export function amountOfToken(
  text: string | undefined,
  { code, exponent }: Currency,
): bigint | null {
  const [, major, , minor = ""] = /^([0-9]{1,15})(\.([0-9]+))?([A-Z]{3})$/.exec(text ?? "") ?? [];
  if (major === undefined || !text!.endsWith(code)) return null;
  if (minor !== "" && minor.length !== exponent) return null;
  return BigInt(major + minor.padEnd(exponent, "0"));
}

const upperHex = (bytes: Uint8Array) => hex(bytes).toUpperCase();
