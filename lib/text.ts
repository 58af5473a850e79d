/** Texts that people write and others read: names and reasons, which are part of lines of the log. */

/**
 * Checks that a text is one line that shows as it is: without `|`, control characters, line
 * separators, and the characters that change the direction of what follows them.
 */
export function isPlainLine(text: string): boolean {
  return /^[^|\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]+$/u.test(text);
}

/**
 * Returns a text in which characters that do not show as they are, or change how others show, are
 * written as `\u{202e}`.
 */
export function visibleText(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (hidden) => `\\u{${hidden.codePointAt(0)!.toString(16)}}`,
  );
}
