/** Finds and opens the key of the operator who runs a program. */
import { UsageError } from "../../lib/errors.ts";
import { isThere, readPrivateFile } from "../../lib/private_file.ts";
import type { OperatorStart } from "../../lib/programs.ts";
import { systemFiles } from "../../lib/system.ts";
import { singleKeyPath } from "../folder/bank_folder.ts";
import { readOperatorKey } from "../operator/operator_key.ts";
import type { Signer } from "../operator/signed_request.ts";
import { readPassphrase } from "./password_prompt.ts";

/** Names a key and how it opens. */
export type KeyChoice = Pick<OperatorStart, "folder" | "operatorKey" | "passphraseFile">;

/**
 * Reads the operator's key.
 * @throws {UsageError} if the key is missing, or does not open
 */
export async function readKey(
  { folder, operatorKey, passphraseFile }: KeyChoice,
): Promise<Signer> {
  const usual = [singleKeyPath(folder), `${homeFolder()}/operator.key`];
  const path = operatorKey ?? usual.find(canRead) ??
    usual.find((path) => isThere(systemFiles, path));
  if (path === undefined) {
    throw new UsageError(
      "the operator's key is missing. Give it with --operator-key FILE, or make one with " +
        "'deno task bank operator key NAME'",
    );
  }
  return await readOperatorKey(systemFiles, path, async (name) => {
    if (passphraseFile === undefined) return await readPassphrase(`Passphrase of ${name}: `);
    const otherwise = "name the file with --passphrase-file FILE";
    return readPrivateFile(systemFiles, passphraseFile, otherwise).split(/\r?\n/)[0]!;
  });
}

/** Returns whether this user may read a file: the bank's account may have the key of another operator. */
function canRead(path: string): boolean {
  try {
    systemFiles.read(path);
    return true;
  } catch {
    return false;
  }
}

/** Returns the folder of an operator's own key. */
export function homeFolder(): string {
  return `${Deno.env.get("HOME") ?? ""}/.strongroom`;
}
