/** Reads a policy file (C2SP tlog-policy). */
import { textOf } from "../../lib/bytes.ts";
import { UsageError } from "../../lib/errors.ts";
import { systemFiles } from "../../lib/system.ts";
import { parsePolicy, type Policy } from "../transparency/policy.ts";

/** @throws {UsageError} if the file cannot be read, or is not a policy */
export function readPolicy(path: string): Policy {
  let text: string;
  try {
    text = textOf(systemFiles.read(path));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${path} cannot be read (${(error as Error).message}): name a policy file`,
    );
  }
  return parsePolicy(text, path);
}
