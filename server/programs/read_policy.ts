/** Reads a policy file (C2SP tlog-policy). */
import { systemFiles } from "../../lib/system.ts";
import { readTextFile } from "../../lib/text_file.ts";
import { parsePolicy, type Policy } from "../transparency/policy.ts";

/** @throws {UsageError} if the file cannot be read, or is not a policy */
export function readPolicy(path: string): Policy {
  return parsePolicy(readTextFile(systemFiles, path), path);
}
