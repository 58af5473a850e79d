/** What operators write into the log in words of their own. */
import { UsageError } from "../../lib/errors.ts";

/** @throws {UsageError} when it would break the log's lines, or says nothing */
export function requireReason(reason: string): string {
  if (!/^[^|\p{Cc}]{1,200}$/u.test(reason) || reason.trim() === "") {
    throw new UsageError(
      "--reason: write why, in up to 200 characters, without | and line breaks",
      2,
    );
  }
  return reason.trim();
}
