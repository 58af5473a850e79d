/** Names, reasons and times as operators type them. */
import { inWords, UsageError } from "../../lib/errors.ts";
import { isInstantOrDay } from "../../lib/instant.ts";
import { type OperatorCommand, operatorCommands } from "../../lib/operator_commands.ts";
import { reasonLengthMax } from "../../lib/limits.ts";
import { type Currency, decimalText, parsePlainAmount } from "../../lib/money.ts";
import { isName } from "../../lib/terminal_key.ts";
import { isPlainLine, visibleText } from "../../lib/text.ts";
import { type LogPlace, placeOfText } from "../audit/entry.ts";
import type { ShowFilter } from "../audit/show.ts";

/** @throws {UsageError} when it would break the log's lines, or is empty */
export function requireReason(reason: string): string {
  const isLine = isPlainLine(reason) && reason.trim() !== "";
  if (!isLine || [...reason].length > reasonLengthMax) {
    throw new UsageError(
      `--reason: write why, in up to ${reasonLengthMax} characters, without |, line breaks and marks of direction`,
      2,
    );
  }
  return reason.trim();
}

/**
 * Parses an amount.
 * @param flag names it in the error
 * @throws {UsageError} if it is not an amount of zero or more in its one form
 */
export function requireAmount(flag: string, text: string, { exponent }: Currency): bigint {
  const amount = parsePlainAmount(text, exponent);
  if (amount !== null) return amount;
  const example = decimalText(1500n * 10n ** BigInt(exponent), exponent);
  throw new UsageError(`${flag} ${text}: write an amount, such as ${example}`, 2);
}

/**
 * @param listed the command that lists such movements
 * @throws {UsageError} with exit code 2 when it is not a movement's id
 */
export function requireMovement(text: string, listed: string): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new UsageError(`'${text}' is not a movement's id. See 'deno task ${listed}'`, 2);
}

/**
 * Parses a place in the log.
 * @throws {UsageError} with exit code 2 if it is not one
 */
export function requirePlace(text: string): LogPlace {
  const place = placeOfText(text);
  if (place !== null) return place;
  throw new UsageError(`'${text}' is not a place in the log, such as 1.4711`, 2);
}

/** Fields that are amounts. */
const amounts: ReadonlySet<string> = new Set([
  "opening",
  "amount",
  "complete",
  "withdrawal",
  "day",
  "cashOut",
  "cashIn",
]);

const hidden: ReadonlySet<string> = new Set(["passwordHash", "numberHash", "key"]);

/** A field of a command as people read it. */
interface CommandField {
  name: string;
  value: string;
  isAmount: boolean;
}

/** Returns a field's name in words: "cash out" for `cashOut`. */
export const fieldInWords = (field: string) =>
  field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** Returns the fields of a command without hashes and keys, amounts first. */
export function fieldsOf({ command, ...fields }: OperatorCommand): CommandField[] {
  const given: Readonly<Record<string, string | boolean | undefined>> = fields;
  return Object.keys(operatorCommands[command]).flatMap((field) => {
    const value = given[field];
    if (value === undefined || value === false || hidden.has(field)) return [];
    return [{
      name: fieldInWords(field),
      value: value === true ? "yes" : value,
      isAmount: amounts.has(field),
    }];
  }).sort((one, other) => Number(other.isAmount) - Number(one.isAmount));
}

/**
 * Returns a command as one line. A value that could be taken for more than one is quoted: 'open
 * account, opening: 5.00, username: bob, name: "x, opening: 1.00"'.
 */
export function commandInWords(command: OperatorCommand): string {
  const words = command.command.replaceAll("_", " ");
  const fields = fieldsOf(command);
  return fields.length === 0 ? words : `${words}, ${factsInWords(fields)}`;
}

/** Returns what the bank has already, in words, where a command would change nothing. */
export function presentState(command: OperatorCommand): string {
  switch (command.command) {
    case "revoke_terminal":
      return `terminal ${command.name} is revoked already`;
    case "resume_terminal":
      return `terminal ${command.name} is active already`;
    case "revoke_device":
      return `device ${command.name} is revoked already`;
    case "end_restore":
      return "no restore is open";
    case "confirm_clock":
      return "the clock is not in doubt at this server";
    case "add_operator":
      return `${command.name} is an operator with the role ${command.role} and this key already`;
    default:
      return "it would change nothing";
  }
}

/** Returns why a proposal is neither approved nor rejected. */
export const notOpenInWords =
  `${
    inWords("not_open")
  }. It may be approved, rejected, lapsed, or withdrawn with its operator, by a ` +
  "restore or 'clock back'. See 'deno task bank approvals'";

/** Returns facts as one line, with such quotes. */
export function factsInWords(facts: readonly { name: string; value: string }[]): string {
  return facts.map(({ name, value }) => `${name}: ${quoted(value)}`).join(", ");
}

function quoted(value: string): string {
  if (/^[\w.+-]+$/.test(value)) return value;
  return `"${visibleText(value.replace(/[\\"]/g, "\\$&"))}"`;
}

/** @throws {UsageError} with exit code 2 when it is no name of a terminal or customer */
export function requireName(name: string): void {
  if (isName(name)) return;
  throw new UsageError(
    `${JSON.stringify(name)} is not a name: use up to 32 lower-case letters, digits, and . _ - ` +
      "between them",
    2,
  );
}

/** @throws {UsageError} with exit code 2 when a time is not one */
export function requireInstants({ from, before }: Pick<ShowFilter, "from" | "before">): void {
  for (const [flag, text] of Object.entries({ from, before })) {
    if (text === undefined || isInstantOrDay(text)) continue;
    throw new UsageError(
      `--${flag} ${text}: write a day or an instant in UTC, such as 2026-11-25T18:00Z`,
      2,
    );
  }
}
