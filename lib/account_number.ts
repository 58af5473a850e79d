/**
 * Account numbers: 12 digits, the first not 0, the last two check digits of ISO 7064 MOD 97-10. One
 * wrong digit, or two that changed places, makes no number. The first ten digits are random: a bank that
 * was restored from a backup does not give out again what it gave out since.
 */

/** From the first ten digits of the smallest number to those of the largest. */
const bodyMin = 10 ** 9;
const bodyCount = 9 * bodyMin;

/** How many random bytes `accountNumberOf` takes. */
export const accountNumberBytes = 8;

export function isAccountNumber(text: string): boolean {
  return /^[1-9][0-9]{11}$/.test(text) && text === withCheckDigits(Number(text.slice(0, 10)));
}

/**
 * The number that random bytes make. All numbers are as likely, but for one part in 2^31.
 * @param bytes `accountNumberBytes` of them
 */
export function accountNumberOf(bytes: Uint8Array): string {
  const random = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  return withCheckDigits(bodyMin + Number(random % BigInt(bodyCount)));
}

/**
 * A number, or the digits that are typed of one, in groups of four: "1234 5678 9012". The spaces do not
 * break, and keep the digits in their order where the text around them runs from right to left.
 */
export function groupedAccountNumber(digits: string): string {
  return digits.replace(/(.{4})(?=.)/g, "$1\u00a0");
}

/** The check digits are 02 to 98, so that the number as a whole leaves 1 when it is divided by 97. */
function withCheckDigits(body: number): string {
  const check = 98 - (body * 100) % 97;
  return `${body}${String(check).padStart(2, "0")}`;
}
