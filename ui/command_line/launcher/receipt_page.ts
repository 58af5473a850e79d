/** Writes the page that checks receipts. */
import { UsageError } from "../../../lib/errors.ts";
import { say } from "../../../lib/process.ts";
import { receiptDocument } from "../../receipt_page/receipt_document.ts";
import type { ReceiptPageLaunch } from "../launch.ts";

/** @throws {UsageError} when the policy cannot be read, or the file exists or cannot be written */
export async function writeReceiptPage({ out, policy }: ReceiptPageLaunch): Promise<number> {
  const text = policy === undefined ? "" : readPolicy(policy);
  const html = await receiptDocument(text);
  try {
    Deno.writeTextFileSync(out, html, { createNew: true });
  } catch (error) {
    const exists = error instanceof Deno.errors.AlreadyExists;
    throw new UsageError(
      exists
        ? `${out} already exists: move it, or choose another path`
        : `${out} cannot be written (${(error as Error).message}): choose another path`,
    );
  }
  return say(`${out} checks receipts. Open it in a browser, or put it on a web site.`);
}

function readPolicy(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(
      `${path} cannot be read (${(error as Error).message}): name a policy file`,
    );
  }
}
