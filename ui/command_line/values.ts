/** Parsers of flags: each returns the value, or throws the expected form. */
import { bankNameLengthMax } from "../../lib/limits.ts";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { isIP } from "node:net";
import { fromHex } from "../../lib/bytes.ts";
import { isInstantOrDay } from "../../lib/instant.ts";
import { type Currency, currencyOf } from "../../lib/money.ts";
import { isName } from "../../lib/terminal_key.ts";
import { isPlainLine } from "../../lib/text.ts";
import type { Address } from "../../lib/programs.ts";

/**
 * Returns a parser of paths relative to the folder where the user started the task, not to the
 * project.
 */
export function pathFrom(startedIn: string): (text: string) => string {
  return (text) => {
    if (text === "") throw new InvalidArgumentError("write a path");
    const absolute = text.startsWith("/") || /^[a-zA-Z]:[\\/]/.test(text);
    return (absolute ? text : `${startedIn}/${text}`).replace(/(.)\/+$/, "$1");
  };
}

/** Returns a parser of files that are separated by commas. */
export const filesOf = (path: (text: string) => string) => (text: string) =>
  text.split(",").map(path);

const sourceFolders = [".git", "client", "docs", "lib", "server", "tests", "ui"];

/** Returns whether a folder is the project's, one above it, or one of its source. */
export function holdsSource(folder: string, project: string): boolean {
  const [path, own] = [`${withoutDots(folder)}/`, `${withoutDots(project)}/`];
  return own.startsWith(path) ||
    sourceFolders.some((name) => path.startsWith(`${own}${name}/`));
}

/** Returns an absolute path without `.` and `..`. */
function withoutDots(path: string): string {
  const parts: string[] = [];
  for (const part of path.split(/[\\/]/)) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.map((part) => `/${part}`).join("");
}

/** Returns a parser of whole numbers. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^[0-9]+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`write a whole number from ${min} to ${max}`);
  };
}

/** Parses IP addresses, separated by commas. */
export function ipAddresses(text: string): string[] {
  const addresses = text.split(",");
  if (addresses.every((address) => isIP(address) !== 0)) return addresses;
  throw new InvalidArgumentError("write IP addresses, such as 10.0.0.5,10.0.0.6");
}

/** Parses the address of a page that verifies receipts: a link in a QR code adds `#` and a receipt. */
export function receiptUrl(text: string): string {
  if (URL.canParse(text) && /^https?:\/\/[\x21-\x22\x24-\x7e]+$/.test(text)) return text;
  throw new InvalidArgumentError("write an https:// address without #");
}

/** The default address of a bank. */
export const bankAddress = "127.0.0.1:4848";

/** Parses `HOST:PORT` or `[IPV6]:PORT`, of something to connect to. */
export function address(text: string): Address {
  const parsed = addressToListen(text);
  return parsed.port === 0 ? addressToListen("") : parsed;
}

/** Parses an address to listen on, as `address`; port 0 selects a free one. */
export function addressToListen(text: string): Address {
  const [, six, four, digits] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const [hostname, port] = [six ?? four, Number(digits)];
  if (hostname && port <= 65_535) return { hostname, port };
  throw new InvalidArgumentError("write HOST:PORT, for example 127.0.0.1:4848");
}

/** Parses the address of an XFS4IoT service publisher. */
export function devicesUrl(text: string): string {
  const { protocol, pathname = "" } = URL.parse(text) ?? {};
  if (["ws:", "wss:"].includes(protocol ?? "") && /^\/xfs4iot\/v1\.0\/?$/.test(pathname)) {
    return text;
  }
  throw new InvalidArgumentError("write ws://HOST:PORT/xfs4iot/v1.0, or the same with wss:");
}

/** Parses the code of a currency. */
export function currency(text: string): Currency {
  try {
    return currencyOf(text);
  } catch {
    throw new InvalidArgumentError("write an ISO 4217 code, such as EUR");
  }
}

/** Parses the name of a time zone. */
export function timeZone(text: string): string {
  try {
    new Intl.DateTimeFormat("en", { timeZone: text });
    return text;
  } catch {
    throw new InvalidArgumentError("write an IANA name, such as Europe/Berlin");
  }
}

/** Parses a bank's name, which is part of lines in the log. */
export function bankName(text: string): string {
  if (isPlainLine(text) && text.length <= bankNameLengthMax) return text;
  throw new InvalidArgumentError(
    `write up to ${bankNameLengthMax} characters (an emoji has two or more), without |, line ` +
      "breaks and marks of direction",
  );
}

/** Parses an operator's public key. */
export function publicKey(text: string): string {
  if (fromHex(text, 32)) return text;
  throw new InvalidArgumentError(
    "write the 64 digits that 'deno task bank operator key NAME' has printed",
  );
}

/** Parses the names and public keys of two admins. */
export function twoAdmins(text: string): { name: string; publicKey: string }[] {
  const admins = text.split(",").map((admin) => {
    const [name = "", key = ""] = admin.split(":");
    return { name, publicKey: key };
  });
  const areGood = admins.every(({ name, publicKey }) => isName(name) && fromHex(publicKey, 32));
  const [one, other, ...more] = admins;
  const areTwo = other !== undefined && more.length === 0 && one!.name !== other.name &&
    one!.publicKey !== other.publicKey;
  if (areGood && areTwo) return admins;
  throw new InvalidArgumentError("write two names with their public keys, NAME:KEY,NAME:KEY");
}

/** Parses a day, or an instant, in UTC. */
export function instant(text: string): string {
  if (isInstantOrDay(text)) return text;
  throw new InvalidArgumentError("write a day or an instant in UTC, such as 2026-11-25T18:00Z");
}
