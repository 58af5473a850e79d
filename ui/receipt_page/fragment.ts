/** The receipt in a link: the form that QR codes have, as server/audit/FORMAT.md specifies it. */

const characters: Record<string, string> = { _: " ", "~": "\n", "*": "\u2014", "!": "|" };

/**
 * Returns the receipt of a link's fragment, without its `#`.
 * @throws {URIError} when the fragment is damaged
 */
export function receiptOfFragment(fragment: string): string {
  const text = decodeURIComponent(fragment.replace(/[_~*!]/g, (each) => characters[each]!));
  const origin = text.split("\n")[4];
  return text.replace(/\n\n\u2014(?! )/, () => `\n\n\u2014 ${origin} `);
}
