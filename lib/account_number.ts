/**
 * Account numbers: 12 digits, the first not 0, the last two check digits of ISO 7064 MOD 97-10. The
 * check digits detect one wrong digit and two that were swapped. The first ten digits are random,
 * so that a bank that was restored from a backup does not reissue a number.
 */

/** The range of the first ten digits. */
const bodyMin = 10 ** 9;
const bodyCount = 9 * bodyMin;

/** Digits of an account number, the check digits included. */
export const accountNumberDigits = 12;
/** The random bytes that `accountNumberOf` takes. */
export const accountNumberBytes = 8;

export function isAccountNumber(text: string): boolean {
  return /^[1-9][0-9]{11}$/.test(text) && text === withCheckDigits(Number(text.slice(0, 10)));
}

/**
 * Returns the account number made from random bytes. Numbers are equally likely within 2^-31.
 * @param bytes `accountNumberBytes` of them
 */
export function accountNumberOf(bytes: Uint8Array): string {
  const random = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  return withCheckDigits(bodyMin + Number(random % BigInt(bodyCount)));
}

/**
 * Groups the digits of an account number, or of a part of one, in fours: "1234 5678 9012". The
 * spaces are non-breaking and keep the order of digits within right-to-left text.
 */
export function groupedAccountNumber(digits: string): string {
  return digits.replace(/(.{4})(?=.)/g, "$1\u00a0");
}

/** Appends the check digits, 02 to 98: the whole number is 1 modulo 97. */
function withCheckDigits(body: number): string {
  const check = 98 - (body * 100) % 97;
  return `${body}${String(check).padStart(2, "0")}`;
}
