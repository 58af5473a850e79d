/** OpenSSL's own program: certificates, and what benches are held against. */
import { UsageError } from "../../../lib/errors.ts";

/** @throws {UsageError} where OpenSSL is not installed */
export function openssl(
  args: string[],
  options: Pick<Deno.CommandOptions, "stdin" | "stdout" | "stderr"> = {},
): Deno.ChildProcess {
  try {
    return new Deno.Command("openssl", { args, stderr: "null", ...options }).spawn();
  } catch {
    throw new UsageError("openssl is missing: install the package openssl");
  }
}
